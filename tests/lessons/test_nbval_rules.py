"""The conftest for nbval, on notebooks of two cells, in a pytest of its own."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from checkout import ROOT
from nbformat.v4 import new_code_cell, new_notebook, new_output


@pytest.fixture
def nbval(tmp_path):
    """Write a notebook of these cells, run nbval on it as `make test` does; its report."""
    shutil.copy(ROOT / "conftest.py", tmp_path)

    def run(*cells, **environment):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(new_notebook(cells=list(cells), metadata=kernel), tmp_path / "07_small.ipynb")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "nbval.plugin"]
        command += ["--nbval-lax", "--nbval-current-env", "."]
        clean = {k: v for k, v in os.environ.items() if k != "NSTLIB_PROFILE" and not k.startswith("PYTEST_")}
        clean |= environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # nbval is enough, and it starts faster
        return subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False).stdout

    return run


def stored(source, text, *tags):
    output = [new_output("stream", text=text)]
    return new_code_cell(source, execution_count=1, outputs=output, metadata={"tags": list(tags)})


PROFILE = "import os; print(os.environ['NSTLIB_PROFILE'])"


def test_a_failure_ends_its_lesson(nbval):
    report = nbval(new_code_cell("x = 1"), new_code_cell("1 / 0"), new_code_cell("x"), new_code_cell("x"))
    assert "1 failed, 1 passed, 2 skipped" in report and "ZeroDivisionError" in report


def test_lessons_run_in_the_fast_profile(nbval):
    assert "1 passed" in nbval(stored(PROFILE, "fast\n", "nbval-check-output"))


def test_a_profile_that_is_set_stays(nbval):
    assert "1 passed" in nbval(stored(PROFILE, "full\n", "nbval-check-output"), NSTLIB_PROFILE="full")


def test_outputs_are_compared_where_a_tag_asks_for_it_and_only_there(nbval):
    report = nbval(stored("print(1)", "2\n"), stored("print(1)", "2\n", "nbval-check-output"))
    assert "1 failed, 1 passed" in report


def test_pictures_are_not_compared(nbval):
    cell = stored("from IPython.display import HTML, display\nprint(1)\ndisplay(HTML('<img>'))", "1\n", "nbval-check-output")
    picture = {"text/html": "<img alt='another'>", "text/plain": "<IPython.core.display.HTML object>"}
    cell.outputs.append(new_output("display_data", data=picture))
    assert "1 passed" in nbval(cell)
