"""How nbval runs the lessons: in the fast profile, quietly, and no further than the first cell that fails.

It stands here and not in tests/ because pytest asks only the conftest files above a notebook.
"""

import os

import pytest

OUTPUT_TIMEOUT = 120  # seconds; nbval waits 5, which a loaded machine exceeds after a long cell
QUIET = {"NO_COLOR": "1", "TQDM_DISABLE": "1"}  # nothing in an output that comes and goes with the terminal
_failed_lessons = pytest.StashKey[set]()


def pytest_configure(config: pytest.Config) -> None:
    """Kernels inherit the environment of pytest; a profile that is set already (a GPU runner's) stays."""
    config.stash[_failed_lessons] = set()
    if config.option.nbval or config.option.nbval_lax:
        os.environ.update(QUIET)
        os.environ.setdefault("NSTLIB_PROFILE", "fast")


def _is_cell(item: pytest.Item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Wait long enough for the outputs of a cell."""
    for item in filter(_is_cell, items):
        item.output_timeout = OUTPUT_TIMEOUT


def pytest_runtest_setup(item: pytest.Item) -> None:
    """After a failure the rest of the lesson would only fail because of it, and hide the cell that matters."""
    if _is_cell(item) and item.path in item.config.stash[_failed_lessons]:
        pytest.skip(f"an earlier cell of {item.path.name} failed")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    """Remember the lessons in which a cell failed."""
    if _is_cell(item) and call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        item.config.stash[_failed_lessons].add(item.path)
