"""Count what stands between the reader and a painted picture: the files and lines of nstlib that one `stylize` runs.

    python tools/measure/trace.py             # a table of files
    python tools/measure/trace.py --lines     # and every line, to read the walk through

A toy picture, the course's own network, default options but for the progress bar, which is drawn by one file more. A line
counts once, however often it runs; files that are only imported do not count.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import torch

import nstlib
from nstlib.optimization.search import stylize

HOME = Path(nstlib.__file__).parent
SIDE = 64  # pixels of the toy picture: one level of the pyramid

# The files with mathematics that the lessons explain. All others are machinery: options, weights, pictures, records.
MATHEMATICS = {
    "features/extractor.py": "the network: convolutions, ReLUs, pooling, normalisation of its input",
    "losses/terms.py": "Gram matrix; content loss, style loss, total variation",
    "losses/objective.py": "their weighted sum, over layers and styles",
    "losses/statistics.py": "what else may be remembered of a style",
    "optimization/search.py": "the canvas and its spectrum, the pyramid, the loop",
    "optimization/lbfgs.py": "the quasi-Newton step",
    "control/color.py": "whose colours the picture has",
    "control/masks.py": "regions at the size of a feature map",
}


def lines_run(function: Callable, *arguments: object, **options: object) -> dict[str, set[int]]:
    """Return {file of nstlib, in whatever folder: numbers of the lines that run} while the function is called."""
    seen, inside, before = defaultdict(set), str(HOME) + os.sep, sys.gettrace()

    def trace(frame: FrameType, event: str, argument: object) -> Callable | None:
        if not frame.f_code.co_filename.startswith(inside):
            return None
        if event == "line":
            seen[Path(frame.f_code.co_filename).relative_to(HOME).as_posix()].add(frame.f_lineno)
        return trace

    sys.settrace(trace)
    try:
        function(*arguments, **options)
    finally:
        sys.settrace(before)
    return dict(seen)


def walk() -> dict[str, set[int]]:
    """Return what one `stylize` runs."""
    content, style = torch.rand(2, 1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return lines_run(stylize, content, style, backbone="mini", progress=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", action="store_true", help="print every line, too")
    args = parser.parse_args()
    seen = walk()
    for name, lines in sorted(seen.items(), key=lambda item: -len(item[1])):
        print(f"{len(lines):4} lines of {name:24} {MATHEMATICS.get(name, '-')}")
        source = (HOME / name).read_text(encoding="utf-8").splitlines()
        for number in sorted(lines) if args.lines else ():
            print(f"          {number:4} {source[number - 1]}")
    print(f"{sum(map(len, seen.values())):4} lines in {len(seen)} files, {len(MATHEMATICS.keys() & seen)} of them mathematics")


if __name__ == "__main__":
    main()
