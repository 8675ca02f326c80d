"""Judge every method of the course on the same pairs of pictures, beside the baselines, and store the table.

    python tools/measure/compare_methods.py                       # what is missing: every method on 10 x 10 pairs
    python tools/measure/compare_methods.py --methods gram patches    # these, measured anew
    python tools/measure/compare_methods.py --seconds             # take the time again, of ten pairs a method
    python tools/measure/compare_methods.py --show                # the stored table as Markdown, nothing is computed

A lesson that brings a method adds a line to CONTENDERS. Each row of ten pairs is stored as soon as it is done, in
nstlib/judging/measured/methods.json (every score) and methods.md (the table); a run that was stopped goes on where it was.
The seconds are those of the processor, of all its cores together, so that they do not depend on what else it does; on a
GPU they say little. LPIPS is measured too where its weights can be had, and style and content as VGG-19 sees them where it
is installed: rows that lack these two are measured anew. No method was optimised against VGG-19, but the one that ends by it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import torch
from machine import machine
from torch import Tensor

from nstlib import NstError, photo, style, stylize
from nstlib.features import vgg19
from nstlib.features.extractor import MINI_WEIGHTS, FeatureExtractor
from nstlib.files.weights import sha256
from nstlib.images.files import resize
from nstlib.judging.metrics import BASELINES, MEASURED, METRICS, bootstrap_mean, lpips, measure
from nstlib.judging.seen import seen_distances
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, Weights
from nstlib.nets.any_style import AnyStyle, paint_like
from nstlib.nets.bands import paint
from nstlib.nets.fast import FastNet
from nstlib.nets.files import load_fast
from nstlib.settings import device
from nstlib.training.recipes import STYLE_SIZE

PHOTOS = ("temple", "flower", "astronaut", "cat", "coffee", "rocket", "galaxies", "tissue", "retina", "photographer")
STYLES = ("swirls", "dots", "mosaic", "waves", "glass", "hatching", "ink", "halftone", "marbling", "geometry")
SIZE = 128  # pixels, longer side
SEEN = {"VGG-19 style": "style", "VGG-19 content": "content"}  # scores, and what `seen_distances` calls them


@dataclass(frozen=True)
class Pair:
    """A photograph and a style by name, and both as pictures (1, 3, H, W) of the table's size."""

    photo: str
    style: str
    content: Tensor
    manner: Tensor


Method = Callable[[Pair], Tensor]


def on_pictures(function: Callable[..., Tensor]) -> Method:
    return lambda pair: function(pair.content, pair.manner)


def by_optimisation(**options: object) -> Method:
    return lambda pair: stylize(pair.content, pair.manner, backbone="mini", progress=False, **options).image


@cache
def network_of_many() -> FastNet:
    return load_fast("many")


def by_network(pair: Pair) -> Tensor:
    """In one pass, at the size for which the network's strokes were made; then reduced, strokes and all."""
    painted = paint(network_of_many(), photo(pair.photo, STYLE_SIZE), pair.style)
    return resize(painted, pair.content.shape[-2:])


@cache
def painter_for(method: str) -> AnyStyle:
    return AnyStyle(method)


def in_any_style(method: str) -> Method:
    """In one pass, by a network that does not know the style: as `by_network`, at the size of its training, then reduced."""

    def painted(pair: Pair) -> Tensor:
        made = paint_like(painter_for(method), photo(pair.photo, STYLE_SIZE), [style(pair.style, STYLE_SIZE)])
        return resize(made, pair.content.shape[-2:])

    return painted


CONTENDERS: dict[str, Method] = {
    **{name: on_pictures(function) for name, function in BASELINES.items()},
    "gram": by_optimisation(),
    "gram, then VGG-19": by_optimisation(finish=10),
    "gram, luminance": by_optimisation(color="luminance"),
    "gram, style / 10": by_optimisation(style_weight=Weights.style / 10),
    "gram, style x 10": by_optimisation(style_weight=Weights.style * 10),
    "gram, affine": by_optimisation(color="affine"),
    **{name: by_optimisation(statistic=name) for name in ("mean_std", "wasserstein", "sliced", "histogram", "patches")},
    "one pass, many styles": by_network,
    **{name: in_any_style(name) for name in ("adain", "sanet")},
}


@cache
def vgg() -> FeatureExtractor | None:
    """VGG-19 to judge by; None where it is not installed."""
    if vgg19.original_file() is None:
        print(f"without VGG-19: {vgg19.INSTALL}")
        return None
    return FeatureExtractor("vgg19", (*STYLE_LAYERS, *CONTENT_LAYERS))


def judged(method: Method, pair: Pair, has_lpips: bool) -> dict[str, float]:
    """Scores of one result, and its seconds."""
    began = time.process_time()
    result = method(pair).cpu()
    content, manner = pair.content.cpu(), pair.manner.cpu()
    scores = {"seconds": time.process_time() - began, **measure(result, content, manner)}
    found = seen_distances(result, content, manner, vgg()) if vgg() else {}
    scores |= {name: found[key] for name, key in SEEN.items() if key in found}
    return scores | ({"LPIPS": lpips(result, content)} if has_lpips else {})


@cache
def sized(load: Callable[[str, int], Tensor], name: str, size: int) -> Tensor:
    """A picture of the course on the device; each is read once, not once a pair."""
    return load(name, size).to(device())


def pair_of(picture: str, manner: str, size: int) -> Pair:
    return Pair(picture, manner, sized(photo, picture, size), sized(style, manner, size))


def compare(names: list[str], path: Path, size: int, rows_left: int) -> None:
    """Measure the named methods and store each row: {method: {score: {photograph: [one number a style]}}}."""
    stored = read(path, size)
    has_lpips, wanted = can_have_lpips(), [*METRICS, *(SEEN if vgg() else ())]
    for name in names:
        rows = stored["methods"].setdefault(name, {})
        for number, picture in enumerate(PHOTOS):
            if all(picture in rows.get(metric, {}) for metric in wanted):
                continue
            if not rows_left:
                return
            rows_left -= 1
            row = [judged(CONTENDERS[name], pair_of(picture, manner, size), has_lpips) for manner in STYLES]
            for metric in row[0]:
                rows.setdefault(metric, {})[picture] = [round(scores[metric], 4) for scores in row]
            write(stored, path)
            print(f"{name}: {number + 1} of {len(PHOTOS)}, {median(s['seconds'] for s in row):.2f} CPU s a picture", flush=True)


def time_again(names: list[str], path: Path, size: int) -> None:
    """Take the seconds of the named methods anew, for each photograph with the first style."""
    stored = read(path, size)
    for name in set(names) & set(stored["methods"]):
        rows = stored["methods"][name]["seconds"] = {}
        for picture in PHOTOS:
            pair, began = pair_of(picture, STYLES[0], size), time.process_time()
            CONTENDERS[name](pair)
            rows[picture] = [round(time.process_time() - began, 4)]
        write(stored, path)


def can_have_lpips() -> bool:
    flat = torch.full((1, 3, 64, 64), 0.5)
    try:
        lpips(flat, flat)
    except NstError as error:
        print(f"without LPIPS: {error}")
        return False
    return True


def read(path: Path, size: int) -> dict:
    """What is stored, or the beginning of it; rows that another network painted are not gone on with."""
    painter = f"mini ({sha256(MINI_WEIGHTS)[:8]})"
    pairs = {"size": size, "photos": list(PHOTOS), "styles": list(STYLES), "painter": painter}
    fresh = pairs | {"machine": machine(), "methods": {}}
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else fresh
    if wrong := [key for key in pairs if stored[key] != fresh[key]]:
        raise SystemExit(f"{path} is of other pairs, sizes or weights ({', '.join(wrong)}): move it away, or name another --out")
    return stored


def write(stored: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    order = {name: stored["methods"][name] for name in CONTENDERS if name in stored["methods"]}
    path.write_text(json.dumps(stored | {"methods": order}, indent=None) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(markdown(stored | {"methods": order}), encoding="utf-8")


def markdown(stored: dict) -> str:
    """The table: a row a method, mean [95 % interval] over photographs and styles, median seconds."""
    complete = {name: rows for name, rows in stored["methods"].items() if all(len(rows[m]) == len(PHOTOS) for m in METRICS)}
    more = [m for m in (*SEEN, "LPIPS") if all(len(rows.get(m, ())) == len(PHOTOS) for rows in complete.values())]
    columns = [*METRICS, *more] if complete else []
    arrows = {name: "↑" if metric.better == "higher" else "↓" for name, metric in METRICS.items()}
    arrows |= dict.fromkeys((*SEEN, "LPIPS"), "↓")
    about = (
        f"{len(PHOTOS)} photographs x {len(STYLES)} styles at {stored['size']} px; mean [95 % interval, bootstrap over "
        f"photographs and styles]; methods that search see with {stored['painter']}; CPU seconds: median, all cores, "
        f"{stored['machine']}."
    )
    lines = [
        about,
        "Made by `python tools/measure/compare_methods.py`.",
        "",
        f"| method | {' | '.join(f'{name} {arrows[name]}' for name in columns)} | CPU s |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name, rows in complete.items():
        cells = ["{:.2f} [{:.2f}, {:.2f}]".format(*bootstrap_mean(list(rows[metric].values()))) for metric in columns]
        seconds = median(value for row in rows["seconds"].values() for value in row)
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=CONTENDERS, help="measure these anew (default: what is missing)")
    parser.add_argument("--size", type=int, default=SIZE, help="pixels, longer side")
    parser.add_argument("--out", type=Path, default=MEASURED)
    parser.add_argument("--rows", type=int, default=-1, help="stop after so many rows of pairs, and go on another time")
    parser.add_argument("--seconds", action="store_true", help="take only the time again")
    parser.add_argument("--show", action="store_true", help="print the stored table")
    args = parser.parse_args()
    if args.show:
        print(markdown(json.loads(args.out.read_text(encoding="utf-8"))))
        return
    if args.seconds:
        time_again(args.methods or list(CONTENDERS), args.out, args.size)
        return
    if args.methods and args.out.is_file():
        stored = read(args.out, args.size)
        write(stored | {"methods": {k: v for k, v in stored["methods"].items() if k not in args.methods}}, args.out)
    compare(args.methods or list(CONTENDERS), args.out, args.size, args.rows)


if __name__ == "__main__":
    main()
