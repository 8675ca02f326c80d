"""What a caller may give for an option: each function returns it as Python's own type, or refuses it in words.

NumPy's numbers are taken like Python's; truth values are no numbers.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from nstlib.errors import NstError

LARGEST_SEED = 2**63 - 1  # what torch's generators take on every device


def whole(value: Any, name: str, low: int = 1, high: float = math.inf) -> int:
    """Return a whole number from `low` to `high`. Raises NstError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
        raise NstError(f"{name}={shortened(value)}: expected a whole number {_range(low, high)}")
    return int(value)


def number(value: Any, name: str, low: float = 0.0, high: float = math.inf) -> float:
    """Return a finite number from `low` to `high`. Raises NstError."""
    found = _finite(value)
    if found is None or not low <= found <= high:
        raise NstError(f"{name}={shortened(value)}: expected a {'finite ' if high == math.inf else ''}number {_range(low, high)}")
    return found


def flag(value: Any, name: str) -> bool:
    """Return True or False. Raises NstError."""
    if not isinstance(value, bool | np.bool_):
        raise NstError(f"{name}={shortened(value)}: expected True or False")
    return bool(value)


def choice(value: Any, name: str, table: Iterable[str]) -> str:
    """Return one of the names in the table. Raises NstError."""
    if not isinstance(value, str) or value not in table:
        raise NstError(f"{name}={shortened(value)}: choose one of {', '.join(table)}")
    return value


def seed(value: Any) -> int:
    """Return a seed for torch's generators. Raises NstError."""
    return whole(value, "seed", 0, LARGEST_SEED)


def entries(value: Any, name: str, count: int) -> list:
    """Return a sequence with one entry for each of `count` styles, as a list. Raises NstError."""
    listed = None if isinstance(value, str | bytes | dict) or not hasattr(value, "__getitem__") else _listed(value)
    if listed is None:
        raise NstError(f"{name} is {shortened(value)} for {count} styles: give one for each, in a list")
    if len(listed) != count:
        raise NstError(f"{name} has {len(listed)} entries for {count} styles: give one for each, in a list")
    return listed


def shares(value: Any, name: str, count: int) -> list[float]:
    """Return the shares of `count` styles: finite numbers from 0 up, one above 0, with a finite sum. Raises NstError."""
    found = [_finite(share) for share in entries(value, name, count)]
    if any(share is None or share < 0 for share in found) or not 0 < sum(found) < math.inf:
        raise NstError(
            f"{name}={shortened(value)}: expected finite numbers from 0 up, one of them above 0, such as "
            f"{[round(1 / max(count, 1), 2)] * count}"
        )
    return found


def names(value: Any, name: str, known: Container[str] | None = None, again: bool = False) -> tuple[str, ...]:
    """Return names, such as of layers, each once or also `again`; one alone may stand without a list. Raises NstError."""
    given = [value] if isinstance(value, str) else _listed(value)
    if given is None or not all(isinstance(one, str) for one in given):
        raise NstError(f"{name}={shortened(value)}: expected names in a list, such as ['relu4_2']")
    if not again and (twice := [one for number, one in enumerate(given) if one in given[:number]]):
        raise NstError(f"{name} holds {twice[0]!r} twice: give each name once")
    if known is not None and (unknown := [one for one in given if one not in known]):
        raise NstError(f"{name}: there is no {unknown[0]!r}, only {', '.join(known)}")
    return tuple(given)


def shortened(value: Any) -> str:
    """Return what was given, for a message of one line."""
    text = f"a tensor {tuple(value.shape)}" if hasattr(value, "shape") and len(value.shape) else " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _listed(value: Any) -> list | None:
    """What can be gone through, as a list; None for anything else, such as a tensor or array of no dimension."""
    try:
        return list(value)
    except TypeError:
        return None


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        found = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return found if math.isfinite(found) else None


def _range(low: float, high: float) -> str:
    # 2**63 - 1 is known by that name, not by its nineteen digits.
    last = f"2**{high.bit_length()} - 1" if isinstance(high, int) and high >= 2**32 - 1 else f"{high:g}"
    return f"from {low:g} up" if high == math.inf else f"from {low:g} to {last}"
