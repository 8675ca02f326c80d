"""The exercises: a registry of checks, the learner's code called safely, and the verdict on an answer.

The modules of the lessons, `lesson_0X.py`, are imported when the first exercise is looked up.
"""

import importlib
import pkgutil
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nstlib.errors import CourseError
from nstlib.notebook.checks.expect import NotAttempted, Wrong

NOT_ATTEMPTED, WRONG, RIGHT = "not attempted", "wrong", "right"
_REGISTRY: dict[str, "Exercise"] = {}


@dataclass(frozen=True)
class Exercise:
    """One exercise: its check takes the learner's answer; its hints go from vague to plain."""

    name: str
    check: Callable[[Any], None]
    hints: tuple[str, ...]


@dataclass(frozen=True)
class CheckResult:
    """What a check found: true only when the answer is right."""

    exercise: str
    status: str  # "not attempted", "wrong" or "right"
    message: str

    def __bool__(self) -> bool:
        return self.status == RIGHT

    def __str__(self) -> str:
        return f"{self.exercise}: {self.message}"

    def _ipython_display_(self) -> None:
        """Show nothing: `course.check` has printed the line, also where it is not the last one of its cell."""


def exercise(name: str, *, hints: Sequence[str]) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register the decorated function as the check of the exercise `name`, with at least one hint."""
    if isinstance(hints, str) or not hints:
        raise CourseError(f"exercise {name!r}: hints is a list of one sentence or more, got {hints!r}")

    def register(check: Callable[[Any], None]) -> Callable[[Any], None]:
        known = _REGISTRY.get(name)
        if known is not None and known.check.__module__ != check.__module__:
            raise CourseError(f"exercise {name!r} is there already, in {known.check.__module__}; choose another name")
        _REGISTRY[name] = Exercise(name, check, tuple(hints))
        return check

    return register


def exercises() -> dict[str, Exercise]:
    """Every exercise of the course, by name; imports the lessons' checks."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("lesson_"):
            importlib.import_module(f"{__package__}.{module.name}")
    return dict(_REGISTRY)


def find(name: str) -> Exercise:
    """The exercise of that name; raises CourseError with the names there are."""
    known = _REGISTRY if name in _REGISTRY else exercises()
    if name not in known:
        raise CourseError(f"there is no exercise {name!r}: choose one of {', '.join(sorted(known)) or 'none yet'}")
    return known[name]


def grade(name: str, answer: Any) -> CheckResult:
    """Judge an answer. Whatever the answer does, the verdict is a result; the random state stays as it was."""
    chosen = find(name)
    if answer is None or answer is ...:
        return CheckResult(name, NOT_ATTEMPTED, "not attempted yet. Fill in the cell above, run it, then run this again.")
    try:
        with torch.random.fork_rng(devices=[]):
            chosen.check(answer)
    except NotAttempted as reason:
        return CheckResult(name, NOT_ATTEMPTED, f"not attempted yet. {reason}")
    except Wrong as reason:
        return CheckResult(name, WRONG, f"not right yet. {reason}")
    except Exception as error:  # noqa: BLE001 - the answer broke the check itself: still a verdict, never a crash
        return CheckResult(name, WRONG, f"not right yet. The check could not use your answer: {_in_words(error)}")
    return CheckResult(name, RIGHT, "right.")


def call(function: Callable, *arguments: Any, **options: Any) -> Any:
    """Call the learner's function on copies of the tensors given, and return what it returns.

    Raises NotAttempted when it is a stub (it returns None or ..., or raises NotImplementedError) and Wrong when it is
    no function or fails, with the error's text and the line in the learner's code.
    """
    if not callable(function):
        raise Wrong(f"Expected a function, got {type(function).__name__}: hand over its name, without brackets.")
    arguments = tuple(a.clone() if isinstance(a, torch.Tensor) else a for a in arguments)
    try:
        result = function(*arguments, **options)
    except NotImplementedError as stub:
        raise NotAttempted("Your function still raises NotImplementedError.") from stub
    except Exception as error:
        raise Wrong(f"Your code stopped with {_in_words(error)}") from error
    if result is None or result is ...:
        raise NotAttempted("Your function returns nothing: if you have written it, does it end in `return`?")
    return result


def _in_words(error: Exception) -> str:
    """The error's class and text, and the last line of the learner's own code on its way."""
    text = f"{type(error).__name__}: {error}".rstrip(".:")
    own = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    if not own:
        return f"{text}."
    where = f"line {own[-1].lineno} of {own[-1].name}" if own[-1].name != "<module>" else f"line {own[-1].lineno}"
    return f"{text} ({where}: `{own[-1].line}`)."


def _is_library(filename: str) -> bool:
    path = Path(filename)
    return "site-packages" in path.parts or Path(__file__).parents[2] in path.parents or filename.startswith("<frozen")
