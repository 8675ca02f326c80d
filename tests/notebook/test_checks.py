"""Every exercise of the lessons against right and wrong answers, from the tables RIGHT, WRONG and STUBS of answers/."""

import importlib
from pathlib import Path

import pytest
import torch

from nstlib.notebook import checks

MODULES = [importlib.import_module(f"answers.{path.stem}") for path in sorted(Path(__file__).parent.glob("answers/lesson_*.py"))]
RIGHT = {name: answer for module in MODULES for name, answer in module.RIGHT.items()}
WRONG = [(name, answer, clue) for module in MODULES for name, cases in module.WRONG.items() for answer, clue in cases]
STUBS = [(name, stub) for module in MODULES for name, stubs in getattr(module, "STUBS", {}).items() for stub in stubs]
WRONG_IDS = [f"{name}-{clue}" for name, _, clue in WRONG]
# Two of its wrong answers fail at the empty plan, and hear of that only.
SHARES_A_MESSAGE = "receptive_field"


@pytest.mark.parametrize("name", sorted(checks.exercises()))
def test_every_exercise_has_a_right_and_three_wrong_answers_with_messages_of_their_own(name):
    assert name in RIGHT
    messages = {checks.grade(name, answer).message for exercise, answer, _ in WRONG if exercise == name}
    assert len(messages) >= 3, f"{name}: {len(messages)} different messages to wrong answers, expected three or more"


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_right_answers_are_right(name):
    result = checks.grade(name, RIGHT[name])
    assert result, str(result)


@pytest.mark.parametrize(("name", "answer", "clue"), WRONG, ids=WRONG_IDS)
def test_wrong_answers_are_wrong_and_say_what_to_look_at(name, answer, clue):
    result = checks.grade(name, answer)
    assert result.status == "wrong" and clue in result.message, str(result)


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_each_wrong_answer_has_a_message_of_its_own(name):
    messages = [checks.grade(name, answer).message for exercise, answer, _ in WRONG if exercise == name]
    assert len(set(messages)) == len(messages) - (name == SHARES_A_MESSAGE)


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_nothing_is_not_attempted(name):
    assert checks.grade(name, None).status == "not attempted"


@pytest.mark.parametrize(("name", "stub"), STUBS)
def test_stubs_are_not_attempted(name, stub):
    assert checks.grade(name, stub).status == "not attempted"


def test_the_direction_keeps_the_measured_fact():
    """The secant equation: the estimate of the inverse curvature maps y to s."""
    s, y = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 1.0, 4.0])
    torch.testing.assert_close(RIGHT["one_pair_direction"](y, s, y), -s)
