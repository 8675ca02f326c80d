"""The tool that runs the tests under other arithmetic: what it covers, and that no run hides another."""

import os
import subprocess
import sys

import pytest
import test_elsewhere as tool

TESTS = """
import os

import pytest


def test_two_threads():
    assert os.environ["OMP_NUM_THREADS"] == "2"


@pytest.mark.sampled
def test_seed():
    assert os.environ.get("NSTLIB_TEST_SEED") != "4"
"""


@pytest.fixture
def elsewhere(tmp_path):
    """Run the tool on two small tests with these options: its exit code, and the lines below the last report."""
    (tmp_path / "test_small.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = sampled: draws numbers\n")
    mine = {"OMP_NUM_THREADS": "2", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NSTLIB_"))} | mine

    def run(*options):
        command = [sys.executable, tool.__file__, "-p", "no:cacheprovider", "-p", "xdist.plugin", str(tmp_path), *options]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, [line for line in done.stdout.splitlines() if line.startswith(("passed", "FAILED  "))]

    return run


def test_every_arithmetic_and_five_seeds_are_tried():
    set_there = {pair for run in tool.RUNS.values() for pair in run.environment.items()}
    assert set_there >= {("ATEN_CPU_CAPABILITY", value) for value in ("default", "avx2")}
    assert set_there >= {("ONEDNN_MAX_CPU_ISA", value) for value in ("SSE41", "AVX2")}
    assert set_there >= {("OMP_NUM_THREADS", value) for value in "123"}
    assert len({value for name, value in set_there if name == "NSTLIB_TEST_SEED"} - {"0"}) == 5


def test_a_run_that_fails_is_named_and_hides_no_other(elsewhere):
    code, lines = elsewhere("--only", "sse", "--only", "threads-2", "--only", "seed-4", "--only", "seed-5")
    assert code == 1
    words = [line.split()[:4] for line in lines]
    assert words == [
        ["FAILED", "sse", "1", "failed,"],
        ["passed", "threads-2", "2", "passed"],
        ["FAILED", "seed-4", "1", "failed,"],
        ["passed", "seed-5", "1", "passed,"],
    ]


def test_all_well_is_code_0_and_arguments_go_to_pytest(elsewhere):
    code, (line,) = elsewhere("--only", "threads-2", "-k", "threads")
    assert code == 0 and "1 passed, 1 deselected" in line


def test_named_files_without_a_draw_are_no_failure(elsewhere):
    code, (line,) = elsewhere("--only", "seed-1", "-k", "threads")
    assert code == 0 and "2 deselected" in line
