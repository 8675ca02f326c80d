"""Checks of lesson 0: how an exercise works, on two small ones."""

from typing import Any

import torch

from nstlib.notebook.checks.expect import (
    Wrong,
    expect_close,
    expect_dtype,
    expect_number,
    expect_range,
    expect_shape,
    expect_type,
)
from nstlib.notebook.checks.registry import call, exercise

PHOTOGRAPH = torch.linspace(0.6, 1.0, 24).reshape(1, 3, 2, 4)
MANNER = torch.linspace(0.9, 0.1, 24).reshape(1, 3, 2, 4)


@exercise(
    "double_exposure",
    hints=[
        "Two pictures of one shape can be multiplied by numbers and added, as numbers can.",
        "With share = 0.25, a quarter of the light comes from `manner` and three quarters from `photograph`.",
        "return share * manner + (1 - share) * photograph",
    ],
)
def check_double_exposure(answer: Any) -> None:
    """The learner's blend at a quarter, at nothing and at everything."""
    for share in (0.25, 0.0, 1.0):
        name = f"your picture for share = {share}"
        result = call(answer, PHOTOGRAPH, MANNER, share)
        expected = share * MANNER + (1 - share) * PHOTOGRAPH
        expect_type(result, torch.Tensor, name)
        expect_dtype(result, torch.float32, name)
        expect_shape(result, tuple(expected.shape), name)
        expect_range(result, 0, 1 + 1e-6, name, "The two shares must add up to 1.")
        if torch.allclose(result, share * PHOTOGRAPH + (1 - share) * MANNER, atol=1e-5):
            raise Wrong(f"Value: {name} has the two exchanged. `share` belongs to `manner`, the rest to `photograph`.")
        expect_close(result, expected, name, "Is `share` used for one and `1 - share` for the other?")


HISTORIES = (
    {"evaluations": [1, 2, 3], "content": [0.0, 0.5, 0.6], "style": [8.0, 5.0, 2.0], "total": [8.0, 5.5, 2.6]},
    {"evaluations": [1, 2], "content": [0.0, 0.3], "style": [9.0, 3.0], "total": [9.0, 3.3]},
)


@exercise(
    "style_fall",
    hints=[
        'history["style"] is a list: its first entry is at [0], its last at [-1].',
        'return history["style"][0] / history["style"][-1]',
    ],
)
def check_style_fall(answer: Any) -> None:
    """How many times smaller the style loss has become, for two short histories."""
    for history in HISTORIES:
        result = call(answer, {name: list(values) for name, values in history.items()})
        expect_number(result, history["style"][0] / history["style"][-1], "your factor", look=_usual_mistake(result, history))


def _usual_mistake(result: Any, history: dict[str, list[float]]) -> str:
    first, last = history["style"][0], history["style"][-1]
    mistakes = {
        last / first: "That is the last over the first: turn it round.",
        first - last: "That is a difference: how many times smaller is a quotient.",
        history["total"][0] / history["total"][-1]: "That is the total loss: the question is about the style loss.",
        last: "That is the last loss itself: divide the first by it.",
    }
    known = [look for value, look in mistakes.items() if isinstance(result, int | float) and abs(result - value) < 1e-6]
    return known[0] if known else "The first style loss, divided by the last."
