"""How far it is from `stylize` to the mathematics: few files, few lines, and most of the files are mathematics."""

import importlib.util
import sys

import pytest
import torch
from checkout import ROOT

from nstlib.control.color import luminance
from nstlib.options import whole


@pytest.fixture(scope="module")
def tool():
    """By its path: Python has a module `trace` of its own."""
    spec = importlib.util.spec_from_file_location("trace_of_stylize", ROOT / "tools" / "measure" / "trace.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lines_are_counted_once_in_any_folder_and_only_those_that_run(tool):
    found = tool.lines_run(lambda: [luminance(torch.rand(1, 3, 4, 4)) for _ in range(3)])
    assert {name: len(lines) for name, lines in found.items()} == {"control/color.py": 1}
    found = tool.lines_run(whole, 3, "steps")
    assert {name: len(lines) for name, lines in found.items()} == {"options.py": 2}  # the condition, and the return
    assert tool.lines_run(max, 1, 2) == {}


def test_who_traced_before_goes_on_afterwards(tool):
    def other(*_):
        return None

    before = sys.gettrace()
    sys.settrace(other)
    try:
        with pytest.raises(ZeroDivisionError):
            tool.lines_run(lambda: 1 / 0)
        found = sys.gettrace()
    finally:
        sys.settrace(before)
    assert found is other


def test_the_walk_is_short_and_mostly_mathematics(tool):
    seen = tool.walk()
    mathematics = tool.MATHEMATICS.keys() & seen
    assert all((tool.HOME / name).is_file() for name in tool.MATHEMATICS)
    assert len(seen) <= 11 and len(mathematics) >= 6, sorted(seen)
    assert sum(map(len, seen.values())) <= 320
    assert sum(len(seen[name]) for name in mathematics) >= 2 / 3 * sum(map(len, seen.values()))
