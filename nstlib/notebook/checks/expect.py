"""The questions that a check asks of an answer, in this order: type, dtype, shape, range, value.

Each raises `Wrong` with a sentence of its own: what came, what was expected, and what to look at. `look` is one more
sentence, from the exercise, for the mistake that usually stands behind this difference.
"""

import math
import numbers
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class Wrong(Exception):
    """The answer is wrong; the text says what to look at."""


class NotAttempted(Exception):
    """There is no answer yet; the text says how that was seen."""


def expect_type(value: Any, kind: type | tuple[type, ...], name: str = "the result", look: str = "") -> None:
    """Wrong unless the value is an instance of `kind`."""
    if isinstance(value, kind):
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    wanted = " or ".join(k.__name__ for k in kinds)
    raise _wrong(f"Type: {name} is a {type(value).__name__}, expected a {wanted}", look)


def expect_dtype(value: Tensor, dtype: torch.dtype, name: str = "the result", look: str = "") -> None:
    """Wrong unless the tensor has this dtype."""
    if value.dtype != dtype:
        raise _wrong(f"Dtype: {name} has {value.dtype}, expected {dtype}", look)


def expect_shape(value: Tensor, shape: tuple[int, ...], name: str = "the result", look: str = "") -> None:
    """Wrong unless the tensor has this shape."""
    if tuple(value.shape) != tuple(shape):
        raise _wrong(f"Shape: {name} has {tuple(value.shape)}, expected {tuple(shape)}", look)


def expect_range(value: Tensor, low: float = -math.inf, high: float = math.inf, name: str = "the result", look: str = "") -> None:
    """Wrong unless every number is finite and in [low, high]."""
    bad = int((~torch.isfinite(value)).sum())
    if bad:
        raise _wrong(f"Range: {name} has {bad} values that are NaN or infinite", look or "Is something divided by zero?")
    if value.numel() and (value.min() < low or value.max() > high):
        spans = f"runs from {float(value.min()):.4g} to {float(value.max()):.4g}"
        raise _wrong(f"Range: {name} {spans}, expected {low:g} to {high:g}", look)


def expect_close(
    value: Tensor, expected: Tensor, name: str = "the result", look: str = "", rtol: float = 1e-4, atol: float = 1e-6
) -> None:
    """Wrong unless the values agree; says where they differ most, and whether one factor explains it all."""
    value, expected = value.detach().double().cpu(), expected.detach().double().cpu()
    if torch.allclose(value, expected, rtol=rtol, atol=atol):
        return
    factor = _common_factor(value, expected, max(rtol, 1e-3))
    if factor is not None:
        raise _wrong(f"Value: {name} is {factor:.4g} times what is expected, everywhere", look or "Look at the scaling.")
    worst = int((value - expected).abs().argmax())
    place = [int(i) for i in torch.unravel_index(torch.tensor(worst), expected.shape)]
    where = f" at {place}" if place else ""
    values = f"{value.flatten()[worst]:.6g}{where}, expected {expected.flatten()[worst]:.6g}"
    raise _wrong(f"Value: {name} is {values}", look)


def expect_number(
    value: Any, expected: float, name: str = "the result", look: str = "", rtol: float = 1e-4, atol: float = 1e-6
) -> None:
    """Wrong unless the value is one number (Python's, numpy's or a tensor with one element) close to `expected`."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        kind = f"tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise _wrong(f"Type: {name} is a {kind}, expected one number", look if isinstance(value, Tensor) else "")
    tensor = torch.tensor(float(value), dtype=torch.float64)
    expect_range(tensor, name=name)
    expect_close(tensor, torch.tensor(float(expected), dtype=torch.float64), name, look, rtol, atol)


def expect_tensor(
    value: Any, expected: Tensor, name: str = "the result", look: str = "", rtol: float = 1e-4, atol: float = 1e-6
) -> None:
    """All the questions in their order, answered by the expected tensor; `look` belongs to the last one, the value."""
    expect_type(value, Tensor, name)
    expect_dtype(value, expected.dtype, name)
    expect_shape(value, tuple(expected.shape), name)
    expect_range(value, name=name)
    expect_close(value, expected, name, look, rtol, atol)


def advice_for(found: Any, usual: Mapping[str, Any], rtol: float = 1e-3, atol: float = 1e-4) -> str:
    """Return the advice of the first of the usual wrong answers, {advice: tensor or number}, that was given; "" for others."""
    if isinstance(found, bool) or not isinstance(found, Tensor | numbers.Real):
        return ""
    given = torch.as_tensor(found).detach().double().cpu()
    for advice, answer in usual.items():
        wrong = torch.as_tensor(answer).double()
        alike = given.shape == wrong.shape or given.numel() == wrong.numel() == 1
        if alike and torch.allclose(given.reshape(wrong.shape), wrong, rtol=rtol, atol=atol):
            return advice
    return ""


def _wrong(sentence: str, look: str) -> Wrong:
    return Wrong(f"{sentence}. {look}".strip())


def _common_factor(value: Tensor, expected: Tensor, rtol: float) -> float | None:
    """The factor between two tensors of several values when it is the same everywhere, else None."""
    energy = float((expected * expected).sum())
    if value.numel() < 2 or value.shape != expected.shape or energy == 0:
        return None
    factor = float((value * expected).sum()) / energy
    if factor == 0 or not torch.allclose(value, factor * expected, rtol=rtol, atol=1e-9 * abs(factor)):
        return None
    return factor
