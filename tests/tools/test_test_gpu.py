"""The run on a GPU: what it starts, and what it says where there is none."""

import subprocess
from types import SimpleNamespace

import pytest
import test_gpu
import torch

from nstlib import settings


@pytest.fixture
def started(monkeypatch):
    """What would have been started, as (words after Python, profile); nothing is. `codes` are what the two end with."""
    found = SimpleNamespace(runs=[], codes=[0, 0])

    def run(command, env, **options):
        found.runs.append((command[1:], env["NSTLIB_PROFILE"]))
        return SimpleNamespace(returncode=found.codes[len(found.runs) - 1])

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_without_a_gpu_one_line_says_so(started, monkeypatch, capsys):
    monkeypatch.setenv("NSTLIB_DEVICE", "cpu")
    assert test_gpu.main([]) == 0
    assert capsys.readouterr().out == f"{test_gpu.NO_GPU}\n" and not started.runs


def test_a_gpu_that_was_promised_and_is_not_there_is_an_error(started, monkeypatch, capsys):
    monkeypatch.setenv("NSTLIB_DEVICE", "cuda:999")
    assert test_gpu.main([]) == 1
    assert "cuda:999" in capsys.readouterr().err and not started.runs


@pytest.mark.parametrize(("codes", "expected"), [([0, 0], 0), ([1, 0], 1), ([0, 1], 1), ([5, 0], 1)])
def test_with_a_gpu_tests_and_budgets_run_in_the_full_profile(codes, expected, started, monkeypatch):
    monkeypatch.setattr(settings, "device", lambda: torch.device("cuda"))
    started.codes = codes
    assert test_gpu.main(["notebooks", "-x"]) == expected
    (tests, budgets), profiles = zip(*started.runs, strict=True)
    assert tests[:3] == ["-m", "pytest", "-q"] and tests[-2:] == ["notebooks", "-x"]
    assert budgets == ["tools/run/run_lessons.py", "--profile", "full", "--check"] and profiles == ("full", "full")
