"""Measure what the course claims of its networks that paint in one pass: seconds, memory, style losses, beside `stylize`.

    python tools/measure/fast.py paint                     # seconds and peak memory at 512 px, 4K and 8K; many beside single
    python tools/measure/fast.py frames                    # frames a second, at 256, 512, 1024 px and 4K
    python tools/measure/fast.py learn mosaic --photos F   # a style from nothing: seconds, style loss beside stylize's
    python tools/measure/fast.py equal                     # seconds of stylize to the network's style loss, beside Johnson's

Photographs are held out: `learn` trains on another folder's, or on the course's without the five that judge. Style losses
are relative ones, of Gram matrices of the five style layers, against the style picture of 384 px; photographs of 384 px.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from statistics import fmean, median

import torch
from machine import alone, peak_mib, run, seconds
from torch import Tensor

from nstlib import FeatureExtractor, gram_matrix, photo, style, style_loss, stylize
from nstlib.images.files import resize
from nstlib.images.gallery import PHOTOS
from nstlib.losses.objective import STYLE_LAYERS, Weights
from nstlib.nets.bands import paint
from nstlib.nets.files import load_fast, save_network
from nstlib.settings import device
from nstlib.training.datasets import bundled, folder
from nstlib.training.fast_loss import FAST_LOSS
from nstlib.training.loop import TrainingSettings
from nstlib.training.recipes import STYLE_SIZE, FastRecipe, train_fast

HELD_OUT = ("temple", "astronaut", "cat", "coffee", "flower")
SIZES = {"512x512": (512, 512), "3840x2160": (2160, 3840), "7680x4320": (4320, 7680)}
SINGLES = ("swirls", "mosaic", "waves")
EVALUATIONS = 100  # of stylize
JOHNSON = {256: (0.015, 15.86), 512: (0.05, 54.85), 1024: (0.21, 214.44)}  # s: one pass, 500 iterations; GTX Titan X (2016)


def style_losses(pictures: dict[str, Tensor], name: str) -> list[float]:
    """The mean relative style loss of each picture (1, 3, H, W) over the style layers."""
    extractor = FeatureExtractor("auto", STYLE_LAYERS).to(device())
    with torch.no_grad():
        wanted = {layer: gram_matrix(maps) for layer, maps in extractor(style(name, STYLE_SIZE).to(device())).items()}
        seen = [extractor(picture.to(device())) for picture in pictures.values()]
    return [fmean(float(style_loss(gram_matrix(maps[layer]), gram)) for layer, gram in wanted.items()) for maps in seen]


def measure_paint(args: argparse.Namespace) -> None:
    """Seconds, each size in a process of its own whose peak memory counts; then many beside single, in turn."""
    print("| picture | seconds, median | peak, MiB |\n|---|---|---|")
    for size in SIZES:
        taken, peak = alone(__file__, "--size", size, "--repeats", args.repeats if size == "512x512" else 3)
        print(f"| {size} | {float(taken):.3f} | {peak} |", flush=True)
    single, many, picture = load_fast("waves"), load_fast("many"), resize(photo("temple"), SIZES["512x512"])
    ratios = [
        seconds(lambda: paint(many, picture, "waves"), 1) / seconds(lambda: paint(single, picture), 1)
        for _ in range(4 * args.repeats)
    ]
    print(f"\nmany / single at 512x512, median of {len(ratios)} pairs: {median(ratios):.3f}")


def one(args: argparse.Namespace) -> None:
    """What the processes of `paint` do: seconds and the peak in MiB of one size."""
    network, picture = load_fast("waves"), resize(photo("temple"), SIZES[args.size])
    taken = seconds(lambda: paint(network, picture), args.repeats)
    print(f"{taken} {peak_mib():.0f}")


def frames(args: argparse.Namespace) -> None:
    """Pictures that stay on the device, one after the other, as a film's would."""
    print("| picture | frames a second |\n|---|---|")
    network = load_fast("waves").to(device(), memory_format=torch.channels_last)
    for size in ((256, 256), (512, 512), (1024, 1024), (2160, 3840)):
        picture = resize(photo("temple"), size).to(device(), memory_format=torch.channels_last)
        with torch.inference_mode():
            print(f"| {size[1]}x{size[0]} | {1 / seconds(partial(network, picture), args.repeats):.1f} |", flush=True)


def learn(args: argparse.Namespace) -> None:
    """Train a style from nothing and judge it on photographs that it has not seen."""
    pictures = folder(args.photos, 256) if args.photos else bundled(256, [name for name in PHOTOS if name not in HELD_OUT])
    recipe = FastRecipe(Weights(FAST_LOSS.content, args.style_weight, FAST_LOSS.tv))
    trained = train_fast(
        {args.name: style(args.name, STYLE_SIZE)}, pictures, TrainingSettings(args.steps, ema=0.99), recipe=recipe
    )
    if args.keep:
        save_network(trained.network, args.keep)
    print(
        f"trained on {len(pictures)} photographs, {args.steps} steps, style weight {args.style_weight:g}: "
        f"{trained.seconds:.0f} s\n"
    )
    contents = {name: photo(name, STYLE_SIZE) for name in HELD_OUT}
    fast = style_losses({name: paint(trained.network, content) for name, content in contents.items()}, args.name)
    slow = style_losses(
        {name: stylize(content, style(args.name), steps=EVALUATIONS, progress=False).image for name, content in contents.items()},
        args.name,
    )
    print(f"| held out | network | stylize, {EVALUATIONS} evaluations | ratio |\n|---|---|---|---|")
    for name, ours, theirs in zip(HELD_OUT, fast, slow, strict=True):
        print(f"| {name} | {ours:.4f} | {theirs:.4f} | {ours / theirs:.2f} |")
    print(f"| **mean** | {fmean(fast):.4f} | {fmean(slow):.4f} | **{fmean(fast) / fmean(slow):.2f}** |")


def equal(args: argparse.Namespace) -> None:
    """How long `stylize` takes until its style loss, weighted as its own, is that of the shipped network's picture."""
    print(
        "| size, px | one pass, s | stylize to its style loss: evaluations | s | speed-up | 500 evaluations, s | speed-up "
        "| Johnson: one pass, s | 500 iterations, s | speed-up |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for size, (theirs, theirs_slow) in JOHNSON.items():
        rows = [_one_pair(size, name, content) for name in SINGLES for content in HELD_OUT[: args.pairs]]
        passed, needed, slow = (median(values) for values in zip(*rows, strict=True))
        each = median(row[2] / row[1] for row in rows)
        print(
            f"| {size} | {passed:.3f} | {needed:.0f} | {slow:.2f} | {slow / passed:.0f} "
            f"| {500 * each:.0f} | {500 * each / passed:.0f} "
            f"| {theirs} | {theirs_slow} | {theirs_slow / theirs:.0f} |",
            flush=True,
        )


def _one_pair(size: int, name: str, content_name: str) -> tuple[float, int, float]:
    """(seconds of one pass, evaluations of stylize to the same style loss, their seconds); the style picture as in training."""
    content, network = photo(content_name, size), load_fast(name)
    passed = seconds(lambda: paint(network, content), 3)
    wanted = style_losses({name: paint(network, content)}, name)[0]
    found = []

    def look(step: object) -> bool:
        found.append((time.perf_counter(), step.losses["style"] / Weights().style))
        return found[-1][1] <= wanted

    began = time.perf_counter()
    stylize(content, style(name, STYLE_SIZE), style_scale=STYLE_SIZE / size, pyramid=False, callback=look, progress=False)
    return passed, len(found), found[-1][0] - began


COMMANDS = {"paint": measure_paint, "one": one, "frames": frames, "learn": learn, "equal": equal}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("name", nargs="?", default="mosaic", help="the style, of `learn`")
    parser.add_argument("--photos", type=Path, help="a folder of photographs to learn from")
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--style-weight", type=float, default=FAST_LOSS.style)
    parser.add_argument("--keep", type=Path, help="a file for the network of `learn`")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--pairs", type=int, default=2, help="photographs a style, of `equal`")
    parser.add_argument("--size", choices=SIZES, default="512x512", help=argparse.SUPPRESS)
    run(COMMANDS, parser.parse_args())


if __name__ == "__main__":
    main()
