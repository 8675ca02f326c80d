"""How one run of pytest takes the library's tests and the lessons: what nbval's kernels get, and who works on what.

It stands here and not in tests/ because pytest asks only the conftest files above a notebook.
"""

import os
from collections.abc import Iterator

import pytest

OUTPUT_TIMEOUT = 120  # seconds; nbval waits 5, which a loaded machine exceeds after a long cell
QUIET = {"NO_COLOR": "1", "TQDM_DISABLE": "1"}  # nothing in an output that comes and goes with the terminal

# Workers that each use every core would wait for one another. It is said before anything imports torch.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _is_cell(item: pytest.Item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Wait long enough for the outputs of a cell; workers begin with what takes longest, so that all end together."""
    for item in filter(_is_cell, items):
        item.output_timeout = OUTPUT_TIMEOUT
        item.parent.skip_compare = (*item.parent.skip_compare, "text/html")  # pictures differ between machines
    if "PYTEST_XDIST_WORKER" in os.environ:
        weights: dict[os.PathLike, int] = {}
        for item in items:
            weights[item.path] = max(weights.get(item.path, 0), _weight(item))
        items.sort(key=lambda item: -weights[item.path])


def _weight(item: pytest.Item) -> int:
    """Lessons take longest, then tests in a browser, then files with a slow test."""
    if _is_cell(item):
        return 3
    return 2 if item.get_closest_marker("browser") else 1 if item.get_closest_marker("slow") else 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start a lesson's kernel quietly and in the fast profile.

    A profile that is set (a GPU runner's) stays. The library's tests of the same run keep their environment.
    """
    if not _is_cell(item):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"NSTLIB_PROFILE": os.environ.get("NSTLIB_PROFILE", "fast"), **QUIET}.items():
            patch.setenv(name, value)
        return (yield)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    """Skip what follows in a lesson after a cell that failed: the rest would only fail because of it, and hide what matters."""
    if _is_cell(item) and call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        after = pytest.mark.skip(reason=f"an earlier cell of {item.path.name} failed")
        for other in item.session.items:
            if other.path == item.path:
                other.add_marker(after)
