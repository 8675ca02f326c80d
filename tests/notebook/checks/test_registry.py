"""How an answer is graded, whatever the exercise: what learners give, and what a message says."""

import pytest
import torch

from nstlib.errors import CourseError
from nstlib.notebook import checks
from nstlib.notebook.checks import call, expect_tensor

FEATURES = torch.arange(24.0).reshape(1, 2, 3, 4) / 10
GRAM = torch.tensor([[[5.06, 12.98], [12.98, 38.18]]]) / 12


@pytest.fixture(autouse=True)
def toy_exercise(monkeypatch):
    """One exercise with the Gram matrix of a known feature map, in a registry of its own."""
    monkeypatch.setattr(checks.registry, "_REGISTRY", {})

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
