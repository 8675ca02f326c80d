"""What a lesson says to its reader: the settings cell, checks and hints, and the report on the machine."""

import pytest
import torch

from nstlib import course
from nstlib.errors import CourseError, NstError
from nstlib.notebook import checks


@pytest.fixture
def toy_exercise(monkeypatch):
    """An exercise of two hints, in a registry of its own."""
    monkeypatch.setattr(checks.registry, "_REGISTRY", {})
    monkeypatch.setattr(course, "_hints_shown", {})
    checks.exercise("toy_gram", hints=["Flatten the pixels.", "Multiply by the transpose."])(lambda answer: None)


def test_check_prints_one_line(toy_exercise, capsys):
    assert not course.check("toy_gram", None)
    assert capsys.readouterr().out.startswith("toy_gram: not attempted yet.")


def test_hints_come_one_by_one(toy_exercise, capsys):
    for expected in ["hint 1 of 2: Flatten", "hint 2 of 2: Multiply", "no more hints", "no more hints"]:
        course.hint("toy_gram")
        assert expected in capsys.readouterr().out


@pytest.mark.parametrize("name", ["fast", "laptop", "full"])
def test_choose_takes_the_profiles_settings(name, monkeypatch, capsys):
    monkeypatch.setenv("NSTLIB_PROFILE", name)
    options = course.choose(fast={"size": 64}, laptop={"size": 256}, full={"size": 512})
    assert options.size == {"fast": 64, "laptop": 256, "full": 512}[name]
    assert f"profile {name}: size = {options.size}" in capsys.readouterr().out


def test_choose_wants_the_same_names_in_each_profile():
    with pytest.raises(CourseError, match="steps"):
        course.choose(fast={"size": 64}, laptop={"size": 256, "steps": 1}, full={"size": 512, "steps": 1})


def test_start_seeds_and_reports(monkeypatch, capsys):
    monkeypatch.setenv("NSTLIB_PROFILE", "fast")
    course.start(seed=3)
    first = torch.rand(2)
    course.start(seed=3)
    assert torch.equal(first, torch.rand(2))
    out = capsys.readouterr().out
    assert "profile fast" in out and "backbone" in out and torch.__version__ in out


def test_start_takes_a_profile_for_the_session(monkeypatch, capsys):
    monkeypatch.setenv("NSTLIB_PROFILE", "laptop")
    course.start(profile="fast")
    assert "profile fast" in capsys.readouterr().out
    with pytest.raises(CourseError, match="fast, laptop, full"):
        course.start(profile="quick")


def test_colab_without_a_gpu_gets_advice(monkeypatch, capsys):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab-test")
    monkeypatch.setenv("NSTLIB_DEVICE", "cpu")
    course.start()
    assert "T4 GPU" in capsys.readouterr().out


def test_the_report_names_what_the_machine_has(capsys):
    course.report()
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert rows == ["Python", "torch", "device", "cores", "memory", "backbone", "profile"]


def test_a_wrong_profile_names_the_three(monkeypatch):
    monkeypatch.setenv("NSTLIB_PROFILE", "turbo")
    with pytest.raises(NstError, match="fast, laptop, full"):
        course.choose(fast={}, laptop={}, full={})
