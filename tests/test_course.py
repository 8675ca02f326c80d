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


def scaled(monkeypatch, scale, fast, full, profile="full"):
    monkeypatch.setenv("NSTLIB_PROFILE", profile)
    monkeypatch.setenv("NSTLIB_SCALE", scale)
    return course.choose(fast={"it": fast}, laptop={"it": full}, full={"it": full}).it


@pytest.mark.parametrize(
    ("scale", "fast", "full", "expected"),
    [
        ("0.25", 64, 512, 128),
        ("0.25", 64, 100, 64),  # not below fast,
        ("0.25", 5, 3, 5),  # which may have the larger number,
        ("0.25", [48, 96], [256, 512], [64, 128]),  # entry by entry,
        ("0.25", (3, 7, 11), (5, 11, 23), (3, 7, 11)),
        ("0.25", [96, 128], [256, 384, 1024], [96, 128, 256]),  # and its last for those beyond
        ("0.1", [96, 128], [256, 384, 640], [96, 128, 128]),
        ("0.25", [[2], [4]], [[40, 80], [4]], [[10, 20], [4]]),
        ("0.5", 3, 23, 11),  # odd stays odd,
        ("0.5", 2, 24, 12),
        ("0.25", 1, 1, 1),
        ("2", 64, 512, 1024),
        ("0.25", 0, 40, 10),
        ("0.25", 2e-2, 8e-2, 8e-2),  # a rate is neither size nor count
        ("0.25", True, True, True),
        ("0.25", "waves", "glass", "glass"),
    ],
)
def test_the_scale_multiplies_sizes_and_counts(scale, fast, full, expected, monkeypatch):
    got = scaled(monkeypatch, scale, fast, full)
    assert got == expected and type(got) is type(expected)


def test_a_scale_of_1_leaves_the_settings_alone(monkeypatch, capsys):
    assert scaled(monkeypatch, "1", 64, 24) == 24
    assert "profile full: it = 24" in capsys.readouterr().out


def test_the_scale_is_printed_with_the_settings(monkeypatch, capsys):
    scaled(monkeypatch, "0.5", 64, 512)
    assert "profile full times 0.5: it = 256" in capsys.readouterr().out


def test_the_fast_profile_does_not_shrink(monkeypatch):
    assert scaled(monkeypatch, "0.25", 64, 512, profile="fast") == 64


def test_a_wrong_scale_is_said_where_settings_are_chosen(monkeypatch):
    with pytest.raises(NstError, match="NSTLIB_SCALE='half'"):
        scaled(monkeypatch, "half", 64, 512)


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


@pytest.mark.parametrize(("count", "words"), [(1, "device cpu (1 core) |"), (4, "device cpu (4 cores) |")])
def test_start_counts_the_cores(count, words, monkeypatch, capsys):
    monkeypatch.setattr(course.settings, "cores", lambda: count)
    monkeypatch.setenv("NSTLIB_DEVICE", "cpu")
    course.start()
    assert words in capsys.readouterr().out


def test_the_report_names_what_the_machine_has(capsys):
    course.report()
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert rows == ["Python", "torch", "device", "cores", "memory", "backbone", "profile"]


def test_a_wrong_profile_names_the_three(monkeypatch):
    monkeypatch.setenv("NSTLIB_PROFILE", "turbo")
    with pytest.raises(NstError, match="fast, laptop, full"):
        course.choose(fast={}, laptop={}, full={})
