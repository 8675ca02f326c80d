"""Count what stands between the reader and a painted picture: the files and lines of nstlib that one `stylize` runs.

python tools/measure/trace.py
"""

import sys
from collections import defaultdict
from pathlib import Path
from types import FrameType

import torch

import nstlib
from nstlib.optimization.search import stylize

HOME = Path(nstlib.__file__).parent


def lines_run(function, *arguments, **options) -> dict[str, set[int]]:
    """{file of nstlib: numbers of the lines that ran} while the function is called."""
    seen = defaultdict(set)

    def trace(frame: FrameType, event: str, argument: object):
        path = Path(frame.f_code.co_filename)
        if path.parent != HOME:
            return None
        if event == "line":
            seen[path.name].add(frame.f_lineno)
        return trace

    sys.settrace(trace)
    try:
        function(*arguments, **options)
    finally:
        sys.settrace(None)
    return dict(seen)


def main() -> None:
    seen = lines_run(stylize, torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64), backbone="mini", steps=4, progress=False)
    for name, lines in sorted(seen.items(), key=lambda item: -len(item[1])):
        print(f"{len(lines):4} lines of {name}")
    print(f"{sum(map(len, seen.values())):4} lines in {len(seen)} files")


if __name__ == "__main__":
    main()
