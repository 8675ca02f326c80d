"""The exercise machinery, with the answers that learners give; the settings cell, hints and the setup cell."""

import pytest
import torch

from nstlib import course
from nstlib.errors import CourseError, NstError
from nstlib.notebook import checks
from nstlib.notebook.checks import Wrong, call, expect_close, expect_number, expect_range, expect_tensor, expect_type

FEATURES = torch.arange(24.0).reshape(1, 2, 3, 4) / 10
GRAM = torch.tensor([[[5.06, 12.98], [12.98, 38.18]]]) / 12


@pytest.fixture(autouse=True)
def toy_exercise(monkeypatch):
    """One exercise with the Gram matrix of a known feature map, in a registry of its own."""
    monkeypatch.setattr(checks.registry, "_REGISTRY", {})
    monkeypatch.setattr(course, "_hints_shown", {})

    @checks.exercise("toy_gram", hints=["Flatten the pixels.", "Multiply by the transpose."])
    def check_gram(answer):
        expect_tensor(call(answer, FEATURES), GRAM, look="Divide by the number of pixels.")


def right(features):
    flat = features.flatten(2)
    return flat @ flat.mT / flat.shape[-1]


def test_a_right_answer_is_right():
    result = checks.grade("toy_gram", right)
    assert result and result.status == "right"


def stub_pass(features):
    pass


def stub_ellipsis(features):
    return ...


def stub_raises(features):
    raise NotImplementedError


@pytest.mark.parametrize("answer", [None, ..., stub_pass, stub_ellipsis, stub_raises])
def test_a_stub_is_not_attempted(answer):
    result = checks.grade("toy_gram", answer)
    assert result.status == "not attempted" and not result


def forgot_return(features):
    right(features)


def test_a_forgotten_return_is_pointed_at():
    assert "`return`" in checks.grade("toy_gram", forgot_return).message


def breaks(features):
    wrong_name = features.flatten(2)
    return wrong_name @ wrong_name


WRONG_ANSWERS = {
    "no function": (GRAM, "Expected a function, got Tensor"),
    "list": (lambda f: right(f).tolist(), "Type: the result is a list, expected a Tensor"),
    "double": (lambda f: right(f).double(), "Dtype: the result has torch.float64, expected torch.float32"),
    "no batch": (lambda f: right(f)[0], "Shape: the result has (2, 2), expected (1, 2, 2)"),
    "nan": (lambda f: right(f) / 0 * 0, "NaN"),
    "no division": (lambda f: 12 * right(f), "12 times what is expected, everywhere"),
    "one value": (lambda f: right(f) + torch.tensor([[0, 0], [0, 1.0]]), "at [0, 1, 1]"),
    "crash": (breaks, "line "),
    "arguments": (lambda: None, "TypeError"),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_wrong_answers_say_what_to_look_at(name):
    answer, clue = WRONG_ANSWERS[name]
    result = checks.grade("toy_gram", answer)
    assert result.status == "wrong" and not result
    assert clue in result.message


def test_every_wrong_answer_has_a_message_of_its_own():
    messages = {checks.grade("toy_gram", answer).message for answer, _ in WRONG_ANSWERS.values()}
    assert len(messages) == len(WRONG_ANSWERS)


def test_an_exception_names_the_learners_line():
    message = checks.grade("toy_gram", breaks).message
    assert "RuntimeError" in message and "of breaks: `return wrong_name @ wrong_name`" in message


def test_an_answer_that_breaks_the_check_itself_is_wrong_and_no_crash():
    class Odd:
        shape = property(lambda self: 1 / 0)

    @checks.exercise("odd", hints=["none"])
    def check_odd(answer):
        assert answer.shape == (1,)

    assert checks.grade("odd", Odd()).status == "wrong"


def test_a_learner_who_changes_the_input_does_not_spoil_it():
    before = FEATURES.clone()
    checks.grade("toy_gram", lambda f: right(f.mul_(2)))
    assert torch.equal(FEATURES, before)
    assert checks.grade("toy_gram", right)


def test_a_check_leaves_the_random_state_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    checks.grade("toy_gram", lambda f: torch.rand(1, 2, 2))
    assert torch.equal(torch.rand(3), expected)


def test_expectations_on_numbers():
    expect_number(torch.tensor([2.0]), 2)
    for value, clue in [([2.0], "expected one number"), (True, "one number"), (float("nan"), "NaN"), (3, "expected 2")]:
        with pytest.raises(Wrong, match=clue):
            expect_number(value, 2)


def test_expectations_on_types_and_ranges():
    with pytest.raises(Wrong, match="int or float"):
        expect_type("1", (int, float))
    with pytest.raises(Wrong, match=r"runs from -1 to 2, expected 0 to 1"):
        expect_range(torch.tensor([-1.0, 2.0]), 0, 1)


def test_a_scalar_difference_has_no_place():
    with pytest.raises(Wrong, match="is 1, expected 2"):
        expect_close(torch.tensor(1.0), torch.tensor(2.0))


def test_an_unknown_exercise_names_the_known_ones():
    with pytest.raises(CourseError, match="toy_gram"):
        checks.grade("no_such_exercise", None)


def test_two_lessons_cannot_share_a_name():
    def same_name(answer):
        pass

    same_name.__module__ = "another_lesson"
    with pytest.raises(CourseError, match="toy_gram"):
        checks.exercise("toy_gram", hints=["x"])(same_name)


@pytest.mark.parametrize("hints", [[], "one string"])
def test_an_exercise_needs_a_list_of_hints(hints):
    with pytest.raises(CourseError, match="hints"):
        checks.exercise("without", hints=hints)


def test_every_exercise_of_the_lessons_loads():
    assert all(entry.hints for entry in checks.exercises().values())


def test_check_prints_one_line(capsys):
    assert not course.check("toy_gram", None)
    assert capsys.readouterr().out.startswith("toy_gram: not attempted yet.")


def test_hints_come_one_by_one(capsys):
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
