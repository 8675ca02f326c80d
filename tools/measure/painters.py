"""Measure how a network paints that sees for `stylize`, judged by VGG-19: mini, mini with VGG-19 to finish, VGG-19 itself.

    python tools/measure/painters.py --ways mini VGG-19 --size 256 --evaluations 100     # is mini an eye like VGG-19's?
    python tools/measure/painters.py --ways finish VGG-19 --size 320 --evaluations 90    # what do ten evaluations more bring?
    python tools/measure/painters.py --ways mini --cross                                 # all hundred pairs
    python tools/measure/painters.py --ways mini --mini FILE        # weights that tools/make/prune_backbone.py has written

Ten photographs, each with one of ten drawn styles (with --cross each with all ten); distances are `seen_distances`; seconds
are those of the processor, of all its cores together, so that they do not depend on what else it does.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, median

from compare_methods import PHOTOS, STYLES
from machine import machine

from nstlib import photo, style, stylize
from nstlib.features import extractor
from nstlib.features.extractor import FeatureExtractor
from nstlib.judging.seen import seen_distances

WAYS = {"mini": {"backbone": "mini"}, "finish": {"backbone": "mini", "finish": 10}, "VGG-19": {"backbone": "vgg19"}}


def pairs(cross: bool) -> Iterator[tuple[str, str]]:
    """Names of photographs and styles: one style for each, or all."""
    if cross:
        return ((picture, manner) for picture in PHOTOS for manner in STYLES)
    return zip(PHOTOS, STYLES, strict=True)


def in_words(row: dict[str, float]) -> str:
    """Return the cells of a row of the table."""
    layers = " ".join(f"{value:.3f}" for name, value in row.items() if name.startswith("relu"))
    return f"{row['seconds']:.1f} | {row['content']:.3f} | {row['style']:.4f} | {layers}"


def main() -> None:
    """Print a line a picture as soon as it is painted, then mean and worst of each way, and what they are of VGG-19's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--size", type=int, default=256, help="pixels, longer side")
    parser.add_argument("--evaluations", type=int, default=100, help="without those that finish")
    parser.add_argument("--cross", action="store_true", help="every photograph with every style")
    parser.add_argument("--mini", type=Path, default=extractor.MINI_WEIGHTS, help="weights of mini that are not the course's")
    args = parser.parse_args()
    extractor.MINI_WEIGHTS = args.mini
    judge, rows = FeatureExtractor("vgg19"), {way: [] for way in args.ways}
    print(f"{machine()}; {args.size} px, {args.evaluations} evaluations\n\n| pair | way | CPU s | content | style | by layer |")
    print("|---|---|---|---|---|---|")
    for picture, manner in pairs(args.cross):
        content, wanted = photo(picture, args.size), style(manner, args.size)
        for way in args.ways:
            began = time.process_time()
            painted = stylize(content, wanted, steps=args.evaluations, progress=False, **WAYS[way])
            seconds = time.process_time() - began
            found = seen_distances(painted.image, content, wanted, judge)
            rows[way].append({"seconds": seconds, **found})
            print(f"| {picture} x {manner} | {way} | {in_words(rows[way][-1])} |", flush=True)
    for way, found in rows.items():
        for name, of_all in (("mean", fmean), ("worst", max)):
            values = {key: of_all(row[key] for row in found) for key in found[0]}
            print(f"| **{name} of {len(found)}** | {way} | {in_words(values)} |")
    if "VGG-19" in rows:
        for way in [way for way in rows if way != "VGG-19"]:
            for key in ("seconds", "content", "style"):
                shares = [mine[key] / its[key] for mine, its in zip(rows[way], rows["VGG-19"], strict=True)]
                said = f"mean {fmean(shares):.2f}, median {median(shares):.2f}, worst {max(shares):.2f}"
                print(f"{way}, {key} over VGG-19's own: {said}")


if __name__ == "__main__":
    main()
