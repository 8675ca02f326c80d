"""Measure what the course claims of its networks for any style: AdaIN, WCT, SANet, beside `stylize` and the papers.

    python tools/measure/adaptive.py papers       # seconds of every method at 256 and 512 px, beside the published ones
    python tools/measure/adaptive.py memory       # peak memory at 2048x2048, each in a process of its own; seconds at 512x512
    python tools/measure/adaptive.py style --styles FOLDER     # style losses on 10 photographs x 10 styles that were held out
    python tools/measure/adaptive.py start --styles FOLDER     # stylize(init="adain"): seconds to the loss of a plain loop

Styles that were held out of training are pictures in folders: `--styles DRAWN PAINTINGS`; those of the course where none is
given. Photographs are those of the course, or of `--photos FOLDER`, of 384 px for style losses, as are the styles. These are
relative losses, by Gram matrices as `stylize` has them, and by means and deviations as AdaIN has them. The plain loop is
that of tools/measure/stylize.py: torch's L-BFGS on the pixels, 100 evaluations. `--weights FOLDER` measures other networks than
those that the course ships.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean, median

import torch
from compare_methods import PHOTOS, STYLES
from machine import alone, peak_mib, run, seconds
from stylize import EVALUATIONS, PATIENCE, plain_loop
from torch import Tensor

from nstlib import FeatureExtractor, load_fast, load_image, paint, photo, style, stylize
from nstlib.features.extractor import DEFAULT_LAYERS
from nstlib.images.files import resize
from nstlib.judging.metrics import ssim
from nstlib.losses.objective import STYLE_LAYERS, StyleObjective
from nstlib.losses.statistics import STATISTICS
from nstlib.nets.any_style import LOADERS, AnyStyle, paint_like
from nstlib.optimization.search import OPTIMIZERS, Canvas, Step, optimization_steps
from nstlib.settings import device
from nstlib.training.folders import picture_files
from nstlib.training.recipes import STYLE_SIZE

FILES = {"adain": "adain", "wct": "adain", "sanet": "sanet"}
ITERATIONS = 500  # of Gatys' method in the papers' tables
SAMPLED = 12  # evaluations whose seconds stand for all of them
MOST = 500  # evaluations until "never"
NEARLY = 1.03  # of the loss that is asked for: there the exact one is computed
LARGE = 2048  # pixels a side, of `memory`
JOHNSON, HUANG = "Titan X, Johnson 2016", "Pascal Titan X, Huang 2017"
PUBLISHED = {  # seconds at 256 and 512 px, and where they were measured
    "optimisation, 500 evaluations": (15.86, 54.85, JOHNSON),
    "fast": (0.015, 0.05, JOHNSON),
    "adain, style encoded before": (0.018, 0.065, HUANG),
    "adain": (0.027, 0.098, HUANG),
}
Named = dict[str, Callable[[], Tensor]]  # pictures that are read when they are needed


def painter(method: str, args: argparse.Namespace) -> AnyStyle:
    return AnyStyle(method, args.weights / f"{FILES[method]}.safetensors" if args.weights else None)


def spread(files: list[Path], count: int) -> list[Path]:
    """So many of them, from all over the list."""
    return [files[number * len(files) // count] for number in range(min(count, len(files)))]


def photographs(args: argparse.Namespace, size: int) -> Named:
    if args.photos:
        return {file.stem: partial(load_image, file, size) for file in spread(picture_files(args.photos), args.count)}
    return {name: partial(photo, name, size) for name in PHOTOS[: args.count]}


def manners(args: argparse.Namespace, size: int) -> Named:
    """Style pictures: the same number of each folder, and of the course's where there is none."""
    if not args.styles:
        return {name: partial(style, name, size) for name in STYLES[: args.count]}
    each = -(-args.count // len(args.styles))
    found = [file for folder in args.styles for file in spread(picture_files(folder), each)]
    return {file.stem: partial(load_image, file, size) for file in found[: args.count]}


# ---------------------------------------------------------------- seconds and memory


def papers(args: argparse.Namespace) -> None:
    """Every method, the sizes side by side."""
    rows: dict[str, list[float]] = {}
    for size in args.sizes:
        for name, taken in seconds_of_all(size, args):
            rows.setdefault(name, []).append(taken)
            print(f"{size} px, {name}: {taken:.4f} s", file=sys.stderr, flush=True)
    sizes = " | ".join(f"{size} px, s" for size in args.sizes)
    print(f"| method | {sizes} | published: 256 px, s | 512 px, s | on |\n|---|{'---|' * len(args.sizes)}---|---|---|")
    for name, taken in rows.items():
        theirs = " | ".join(map(str, PUBLISHED.get(name, ("", "", ""))))
        print(f"| {name} | {' | '.join(f'{value:.3g}' for value in taken)} | {theirs} |")


def seconds_of_all(size: int, args: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """(method, seconds) for square pictures; medians."""
    content, manner = (resize(picture, (size, size)) for picture in (photo("temple"), style("swirls")))
    yield f"optimisation, {ITERATIONS} evaluations", ITERATIONS * seconds_an_evaluation(content, manner)
    runs = [stylize(content, manner, backbone="mini", progress=False).seconds for _ in range(args.slow_repeats)]
    if runs:
        yield "optimise", median(runs)
    fast = load_fast("waves")
    yield "fast", seconds(lambda: paint(fast, content), args.repeats)
    for method in LOADERS:
        network = painter(method, args)
        encoded = [network.encode(manner)]
        yield f"{method}, style encoded before", seconds(partial(network.paint, content, encoded), args.repeats)
        yield method, seconds(partial(paint_like, network, content, [manner]), args.repeats)


def seconds_an_evaluation(content: Tensor, manner: Tensor) -> float:
    """The median, at full size."""
    times = stylize(content, manner, backbone="mini", steps=SAMPLED, pyramid=False, progress=False).history["seconds"]
    return median(after - before for before, after in pairwise(times))


def memory(args: argparse.Namespace) -> None:
    """Peak memory of whole processes, which encode a style and paint one large picture; then seconds of a small one."""
    print(f"| method | {LARGE}x{LARGE}: peak, MiB | of a GPU, MiB | s | 512x512 with the style encoded, s |")
    print("|---|---|---|---|---|")
    weights = ("--weights", args.weights) if args.weights else ()
    for method in ("fast", *LOADERS):
        found = alone(__file__, "--method", method, "--repeats", args.repeats, "--large", args.large, *weights)
        print(f"| {method} | {' | '.join(found)} |", flush=True)


def one(args: argparse.Namespace) -> None:
    """What the processes of `memory` do."""
    manner = style("swirls")
    if args.method == "fast":
        paint_it = partial(paint, load_fast("waves"))
    else:
        network = painter(args.method, args)

        def paint_it(content: Tensor) -> Tensor:
            return paint_like(network, content, [manner])

    large, small = (resize(photo("temple"), (side, side)) for side in (args.large, 512))
    began = time.perf_counter()
    paint_it(large)
    taken = time.perf_counter() - began
    on_gpu = torch.cuda.max_memory_allocated() / 2**20 if device().type == "cuda" else 0
    print(f"{peak_mib():.0f} {on_gpu:.0f} {taken:.2f} {seconds(partial(paint_it, small), args.repeats):.3f}")


# ---------------------------------------------------------------- quality


class Judge:
    """How far pictures are from a style, as `stylize` judges (Gram matrices of relu1_1 to relu5_1) and as AdaIN's training
    does (means and deviations of relu1_1 to relu4_1); relative losses."""

    def __init__(self, manner: Tensor):
        self.extractor = FeatureExtractor("auto", STYLE_LAYERS).to(device())
        self.kinds = [(STATISTICS["gram"], STYLE_LAYERS), (STATISTICS["mean_std"], STYLE_LAYERS[:4])]
        self.targets = self.measures(manner)

    @torch.inference_mode()
    def measures(self, picture: Tensor) -> list[list[Tensor]]:
        seen = self.extractor(picture.to(device()))
        return [[statistic.measure(seen[layer], None) for layer in layers] for statistic, layers in self.kinds]

    def __call__(self, picture: Tensor) -> list[float]:
        """[by Gram matrices, by means and deviations]."""
        found = zip(self.kinds, self.measures(picture), self.targets, strict=True)
        return [
            fmean(float(statistic.distance(*pair)) for pair in zip(measured, target, strict=True))
            for (statistic, _), measured, target in found
        ]


def measure_style(args: argparse.Namespace) -> None:
    """A row for each style, means over the photographs; then means and medians over all pairs."""
    contents = {name: load() for name, load in photographs(args, args.side).items()}
    networks = {method: painter(method, args) for method in LOADERS}
    columns = [
        *(f"{method}: Gram" for method in networks),
        *(f"{method}: mean, deviation" for method in networks),
        "stylize reaches adain's Gram after",
        "adain's mean, deviation after",
        *(f"{method}: SSIM" for method in networks),
        "stylize there",
    ]
    print(f"{len(contents)} photographs of {args.side} px; evaluations are at full size, at most {MOST}\n")
    print(f"| style | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}", flush=True)
    found = []
    for name, load in manners(args, args.side).items():
        rows = [judged(content, load(), networks) for content in contents.values()]
        print(line(name, [fmean(column) for column in zip(*rows, strict=True)]), flush=True)
        found += rows
    for kind, center in (("mean", fmean), ("median", median)):
        print(line(f"**{kind} of {len(found)} pairs**", [center(column) for column in zip(*found, strict=True)]))


def line(name: str, values: list[float]) -> str:
    return f"| {name} | {' | '.join(f'{value:.1f}' if value >= 1 else f'{value:.4f}' for value in values)} |"


def judged(content: Tensor, manner: Tensor, networks: dict[str, AnyStyle]) -> list[float]:
    """Style losses of one pair by every method, evaluations of `stylize` to AdaIN's, and SSIM to the photograph."""
    judge = Judge(manner)
    painted = {
        method: paint_like(network, content, [manner], style_size=max(manner.shape)) for method, network in networks.items()
    }
    losses = [judge(picture) for picture in painted.values()]
    reached_at, there = [MOST, MOST], [content]

    def look(step: Step) -> bool:
        for number, (loss, wanted) in enumerate(zip(judge(step.canvas), losses[0], strict=True)):
            if loss <= wanted and reached_at[number] == MOST:
                reached_at[number] = step.index + 1
                there[0] = step.canvas if number == 0 else there[0]
        return max(reached_at) < MOST

    scale = max(manner.shape) / max(content.shape)
    stylize(content, manner, style_scale=scale, pyramid=False, steps=MOST, callback=look, progress=False)
    pictures = [*painted.values(), there[0].clamp(0, 1).cpu()]
    by_gram, by_moments = zip(*losses, strict=True)
    return [*by_gram, *by_moments, *reached_at, *(ssim(picture, content) for picture in pictures)]


def start(args: argparse.Namespace) -> None:
    """Against the plain loop, as `python tools/measure/stylize.py plain` measures: same network, loss and content."""
    network = painter("adain", args)
    exact, ours = (FeatureExtractor("mini", DEFAULT_LAYERS, half=half).to(device()) for half in (False, args.half))
    print("| size, px | pair | plain, s | one pass and ours, s | the pass, s | ours, evaluations | ratio of seconds |")
    print("|---|---|---|---|---|---|---|")
    for size in args.sizes:
        ratios = []
        pairs = zip(photographs(args, size).items(), manners(args, size).items(), strict=False)
        for (name, content), (other, manner) in islice(pairs, args.pairs):
            content, manner = content().to(device()), manner().to(device())
            objectives = [StyleObjective(extractor, content, manner) for extractor in (exact, ours)]
            for objective in objectives:
                objective(content)  # the first calls pay for choosing kernels
            from_one_pass(network, content, manner)
            repeats = [against_plain(*objectives, network, content, manner) for _ in range(args.slow_repeats)]
            ratios.append(median(seconds / plain for plain, seconds, _, _ in repeats))
            plain, seconds, passed, evaluations = (median(values) for values in zip(*repeats, strict=True))
            found = f"{plain:.2f} | {seconds:.2f} | {passed:.2f} | {evaluations:.0f} | {ratios[-1]:.2f}"
            print(f"| {size} | {name} x {other} | {found} |", flush=True)
        print(f"| **{size}** | **median of {len(ratios)}** | | | | | **{median(ratios):.2f}** |", flush=True)


def from_one_pass(network: AnyStyle, content: Tensor, manner: Tensor) -> Tensor:
    return network.paint(content, [network.encode(manner)]).to(content)


def against_plain(
    exact: StyleObjective, ours: StyleObjective, network: AnyStyle, content: Tensor, manner: Tensor
) -> tuple[float, float, float, float]:
    """(seconds of the plain loop, ours with the pass, of the pass, our evaluations); both are judged by the exact loss."""
    gc.collect()
    plain, loss = plain_loop(exact, content, EVALUATIONS)[-1]
    began = time.perf_counter()
    first = from_one_pass(network, content, manner)
    passed = seconds = time.perf_counter() - began
    began, canvas = time.perf_counter(), Canvas(first)
    for step in optimization_steps(canvas, ours, OPTIMIZERS["lbfgs"](canvas.z), PATIENCE * EVALUATIONS):
        seconds += time.perf_counter() - began
        if step.losses["total"] <= NEARLY * loss:  # else it need not be asked, which takes time, but not the clock's
            with torch.no_grad():
                if exact(step.canvas)["total"] <= loss:
                    return plain, seconds, passed, step.index + 1
        began = time.perf_counter()
    return plain, float("inf"), passed, float("inf")


COMMANDS = {"papers": papers, "memory": memory, "one": one, "style": measure_style, "start": start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512], help="pixels, of `papers` and `start`")
    parser.add_argument("--side", type=int, default=STYLE_SIZE, help="pixels, longer side, of `style`")
    parser.add_argument("--photos", type=Path, help="a folder of photographs")
    parser.add_argument("--styles", type=Path, nargs="+", help="folders of styles that were held out")
    parser.add_argument("--count", type=int, default=10, help="photographs, and styles")
    parser.add_argument("--pairs", type=int, default=6, help="of `start`")
    parser.add_argument("--weights", type=Path, help="a folder with adain.safetensors and sanet.safetensors")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--half", action="store_true", help="our loop of `start` sees in bfloat16")
    parser.add_argument("--slow-repeats", type=int, default=3, help="of whole optimisations")
    parser.add_argument("--large", type=int, default=LARGE, help=argparse.SUPPRESS)
    parser.add_argument("--method", choices=("fast", *LOADERS), help=argparse.SUPPRESS)
    run(COMMANDS, parser.parse_args())


if __name__ == "__main__":
    main()
