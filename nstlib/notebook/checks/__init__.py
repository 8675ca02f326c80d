"""The exercises: a registry of checks, and the questions that a check asks of an answer.

A lesson's checks live in `nstlib/notebook/checks/lesson_0X.py`, each a function under the `exercise` decorator. A check returns
when the answer is right and raises `Wrong` with a sentence that says what to look at. It calls the learner's code only
through `call`, which never lets it crash.
"""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.notebook.checks.expect import (
    NotAttempted,
    Wrong,
    advice_for,
    expect_close,
    expect_dtype,
    expect_number,
    expect_range,
    expect_shape,
    expect_tensor,
    expect_type,
)
from nstlib.notebook.checks.registry import CheckResult, Exercise, call, exercise, exercises, find, grade

__all__ = [
    "CheckResult",
    "Exercise",
    "NotAttempted",
    "Wrong",
    "advice_for",
    "call",
    "exercise",
    "exercises",
    "expect_close",
    "expect_dtype",
    "expect_number",
    "expect_range",
    "expect_shape",
    "expect_tensor",
    "expect_type",
    "find",
    "grade",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
