"""Measure what the course claims: seconds, evaluations and memory of `stylize`, beside a plain loop, in one run.

    python tools/measure/stylize.py defaults            # seconds of stylize with its defaults, medians
    python tools/measure/stylize.py plain               # seconds to the loss that a plain loop has after 100 evaluations
    python tools/measure/stylize.py memory              # peak resident memory at 1024 px, each in a process of its own
    python tools/measure/stylize.py large               # seconds and peak memory of stylize in tiles, up to 7680 x 4320

The plain loop is torch.optim.LBFGS, as it comes, on the pixels at full size: same network, same loss, same start.
"vgg19-random" is VGG-19 with random weights.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from functools import cache
from statistics import median

import torch
from machine import alone, peak_mib, run
from torch import Tensor

from nstlib import FeatureExtractor, photo, style, stylize
from nstlib.features.extractor import DEFAULT_LAYERS
from nstlib.images.files import resize
from nstlib.losses.objective import StyleObjective
from nstlib.optimization.search import OPTIMIZERS, Canvas, optimization_steps
from nstlib.settings import device

PAIRS = (
    ("temple", "swirls"),
    ("astronaut", "waves"),
    ("cat", "mosaic"),
    ("coffee", "glass"),
    ("flower", "marbling"),
    ("rocket", "geometry"),
)
EVALUATIONS = 100  # of the plain loop
PATIENCE = 3  # times as many evaluations may ours take before it counts as never


@cache
def extractor_for(backbone: str) -> FeatureExtractor:
    name, _, random = backbone.partition("-")
    return FeatureExtractor(name, DEFAULT_LAYERS, weights=random or None).to(device())


def pictures(pair: tuple[str, str], size: int) -> tuple[Tensor, Tensor]:
    return photo(pair[0], size).to(device()), style(pair[1], size).to(device())


def plain_loop(objective: StyleObjective, content: Tensor, evaluations: int) -> list[tuple[float, float]]:
    """(seconds, loss) of each evaluation of torch's L-BFGS on the pixels."""
    canvas = content.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([canvas], max_iter=evaluations, max_eval=evaluations, tolerance_grad=0, tolerance_change=0)
    trace, began = [], time.perf_counter()

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = objective(canvas)["total"]
        loss.backward()
        trace.append((time.perf_counter() - began, loss.item()))
        return loss

    optimiser.step(closure)
    return trace


def our_loop(objective: StyleObjective, content: Tensor, evaluations: int) -> Iterator[tuple[float, float]]:
    """(seconds, loss) of each evaluation of our L-BFGS on the spectral canvas, at full size too."""
    began = time.perf_counter()
    canvas = Canvas(content)
    for step in optimization_steps(canvas, objective, OPTIMIZERS["lbfgs"](canvas.z), evaluations):
        yield time.perf_counter() - began, step.losses["total"].item()


def reached(trace: Iterator[tuple[float, float]], loss: float) -> tuple[float, float]:
    """(seconds, evaluations) until the loss is reached; infinite where it never is."""
    for number, (seconds, value) in enumerate(trace, 1):
        if value <= loss:
            return seconds, number
    return float("inf"), float("inf")


def against_plain(args: argparse.Namespace) -> None:
    print(
        "| network | size, px | pair | plain, s | ours, s | ours, evaluations | ratio of seconds |\n|---|---|---|---|---|---|---|"
    )
    for backbone in args.backbones:
        for size in args.sizes:
            ratios = []
            for pair in PAIRS[: args.pairs]:
                content, manner = pictures(pair, size)
                objective = StyleObjective(extractor_for(backbone), content, manner)
                objective(content)  # the first call pays for choosing kernels
                repeats = [compare(objective, content) for _ in range(args.repeats)]
                plain, ours, evaluations = (median(values) for values in zip(*repeats, strict=True))
                ratios.append(median(one[1] / one[0] for one in repeats))
                print(
                    f"| {backbone} | {size} | {' x '.join(pair)} | {plain:.2f} | {ours:.2f} | {evaluations:.0f} "
                    f"| {ratios[-1]:.2f} |",
                    flush=True,
                )
            print(f"| **{backbone}** | **{size}** | **median of {len(ratios)}** | | | | **{median(ratios):.2f}** |", flush=True)


def compare(objective: StyleObjective, content: Tensor) -> tuple[float, float, float]:
    gc.collect()
    seconds, loss = plain_loop(objective, content, EVALUATIONS)[-1]
    ours, evaluations = reached(our_loop(objective, content, PATIENCE * EVALUATIONS), loss)
    return seconds, ours, evaluations


def defaults(args: argparse.Namespace) -> None:
    print("| size, px | evaluations | seconds, median | least | most |\n|---|---|---|---|---|")
    for size in args.sizes:
        content, manner = photo("temple", size), style("swirls")
        stylize(content, manner, backbone="mini", steps=3, progress=False)  # the first call pays for choosing kernels
        runs = [stylize(content, manner, backbone="mini", progress=False) for _ in range(args.repeats)]
        seconds = [run.seconds for run in runs]
        print(f"| {size} | {runs[0].evaluations} | {median(seconds):.2f} | {min(seconds):.2f} | {max(seconds):.2f} |", flush=True)


def memory(args: argparse.Namespace) -> None:
    """Peak resident memory of a whole process that does 100 evaluations, ours and plain in turn."""
    print("| network | size, px | loop | peak, MiB |\n|---|---|---|---|")
    for backbone in args.backbones:
        for loop in ("nothing", "plain", "ours"):
            *_, peak = alone(__file__, "--loop", loop, "--backbones", backbone, "--sizes", args.sizes[-1])
            print(f"| {backbone} | {args.sizes[-1]} | {loop} | {peak} |", flush=True)


def large(args: argparse.Namespace) -> None:
    """Seconds an evaluation and peak resident memory of whole processes that stylize in tiles, 16:9, mini."""
    print("| width, px | tile, px | evaluations | s an evaluation at full size | s a megapixel | peak, MiB |")
    print("|---|---|---|---|---|---|")
    for width in args.sizes:
        options = ("--loop", "tiled", "--sizes", width, "--tile", args.tile, "--evaluations", args.evaluations)
        *_, count, seconds, peak = alone(__file__, *options)
        pixels = width * width * 9 // 16 / 1e6
        print(f"| {width} | {args.tile} | {count} | {float(seconds):.2f} | {float(seconds) / pixels:.2f} | {peak} |", flush=True)


def tiled(width: int, tile: int, evaluations: int) -> None:
    """Paint a 16:9 picture in tiles; prints evaluations and the median seconds of one at full size."""
    content = resize(photo("temple"), (width * 9 // 16, width))
    painted = stylize(content, style("swirls"), backbone="mini", steps=evaluations, tile=tile, progress=False)
    times = [
        b - a
        for a, b, side in zip(painted.history["seconds"], painted.history["seconds"][1:], painted.history["side"])
        if side == width
    ]
    print(painted.evaluations, median(times))


def one(args: argparse.Namespace) -> None:
    """What the processes of `memory` and `large` do: one loop, then the peak in MiB."""
    if args.loop == "tiled":
        tiled(args.sizes[0], args.tile, args.evaluations)
    else:
        extractor = extractor_for(args.backbones[0])
        if args.loop != "nothing":
            content = resize(photo("astronaut"), args.sizes[0])
            objective = StyleObjective(extractor, content, resize(style("swirls"), args.sizes[0]))
            loop = {"plain": plain_loop, "ours": our_loop}[args.loop]
            list(loop(objective, content, args.evaluations))
    print(f"{peak_mib():.0f}")


SIZES = {"memory": [1024], "large": [1920, 3840, 7680]}
COMMANDS = {"defaults": defaults, "plain": against_plain, "memory": memory, "large": large, "one": one}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--sizes", type=int, nargs="+", help="pixels, longer side")
    parser.add_argument("--backbones", nargs="+", choices=("mini", "vgg19", "vgg19-random"), default=["mini", "vgg19"])
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS, help="of a process that measures memory")
    parser.add_argument("--tile", type=int, default=512, help="pixels, of `large`")
    parser.add_argument("--loop", choices=("nothing", "plain", "ours", "tiled"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.sizes = args.sizes or SIZES.get(args.command, [256, 512])
    run(COMMANDS, args)


if __name__ == "__main__":
    main()
