"""Checks of lesson 6: structural similarity, the sliced Wasserstein distance, agreement of two orders."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from nstlib.notebook.checks.expect import Wrong, advice_for, expect_number
from nstlib.notebook.checks.registry import call, exercise

C1, C2 = 0.01**2, 0.03**2
WAVE = torch.linspace(0, 1, 12).sin().reshape(3, 4)
PAIR = WAVE, torch.linspace(1, 0, 12).square().reshape(3, 4) * 0.5 + 0.2


def _ssim(x: Tensor, y: Tensor, correction: int = 0, c1: float = C1, c2: float = C2) -> float:
    mean_x, mean_y = x.mean(), y.mean()
    covariance = ((x - mean_x) * (y - mean_y)).sum() / (x.numel() - correction)
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(above / ((mean_x**2 + mean_y**2 + c1) * (x.var(correction=correction) + y.var(correction=correction) + c2)))


@exercise(
    "ssim",
    hints=[
        "x.mean(), x.var(correction=0), and the covariance ((x - x.mean()) * (y - y.mean())).mean().",
        "Above the line: (2 * mean_x * mean_y + c1) times (2 * covariance + c2).",
        "Below it: (mean_x**2 + mean_y**2 + c1) times (variance of x + variance of y + c2).",
    ],
)
def check_ssim(answer: Callable[..., Any]) -> None:
    """Equal windows, two that differ, a window against its own negative, and black against grey, where c1 and c2 count."""
    expect_number(call(answer, WAVE, WAVE), 1.0, name="your SSIM of a window with itself")
    found = call(answer, *PAIR)
    expect_number(found, _ssim(*PAIR), name="your SSIM of two windows", look=_ssim_advice(found))
    mirrored = 1 - WAVE
    expect_number(
        call(answer, WAVE, mirrored),
        _ssim(WAVE, mirrored),
        name="your SSIM of a window with its negative",
        look="It is below 0: the covariance has a sign, which a product of two deviations has not.",
    )
    black, grey = torch.zeros(3, 3), torch.full((3, 3), 0.01)
    expect_number(
        call(answer, black, grey),
        _ssim(black, grey),
        name="your SSIM of black and nearly black",
        look="Are both constants there, above the line and below it?",
    )


def _ssim_advice(found: Any) -> str:
    """What stands behind the wrong values that are often given."""
    x, y = PAIR
    spread = float(x.std(correction=0) * y.std(correction=0))
    usual = {
        "Divide variances and covariance by n: x.var(correction=0).": _ssim(x, y, correction=1),
        "These constants belong to values up to 255: c1 = 0.01**2, c2 = 0.03**2.": _ssim(x, y, c1=255**2 * C1, c2=255**2 * C2),
        "The constants c1 and c2 are missing.": _ssim(x, y, c1=0, c2=0),
        "The constants are squares: 0.01**2 and 0.03**2.": _ssim(x, y, c1=0.01, c2=0.03),
        "Above stands the covariance, not the product of the two deviations.": _ssim(x, y)
        * (2 * spread + C2)
        / (2 * _covariance(x, y) + C2),
    }
    return advice_for(found, usual, rtol=1e-4, atol=1e-5)


def _covariance(x: Tensor, y: Tensor) -> float:
    return float(((x - x.mean()) * (y - y.mean())).mean())


def _clouds() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    first = torch.rand(7, 4, generator=generator)
    second = torch.rand(7, 4, generator=generator) * 2
    directions = torch.randn(4, 5, generator=generator)
    return first, second, directions / directions.norm(dim=0)


@exercise(
    "sliced",
    hints=[
        "first @ directions is (n, k): each column is the cloud seen from one direction.",
        ".sort(dim=0).values sorts each column for itself. Do the same for the second cloud.",
        "(a - b).square().mean().sqrt() over all n x k differences.",
    ],
)
def check_sliced(answer: Callable[..., Any]) -> None:
    """A cloud in another order, one moved along the only direction, and two clouds at random."""
    first, second, directions = _clouds()
    expect_number(
        call(answer, first, first.flip(0), directions),
        0.0,
        name="your distance of a cloud from itself in another order",
        look="A cloud has no order: is each projection sorted?",
        atol=1e-5,
    )
    line, one = torch.tensor([[0.0, 0], [1, 0], [2, 0]]), torch.tensor([[1.0], [0]])
    expect_number(
        call(answer, line, line + 0.5, one),
        0.5,
        name="your distance of a cloud moved by 0.5",
        look="The root of the mean square of a difference of 0.5 everywhere is 0.5.",
    )
    found = call(answer, first, second, directions)
    expect_number(
        found,
        _sliced(first, second, directions),
        name="your distance of two clouds",
        look=_sliced_advice(found, first, second, directions),
    )


def _sliced(first: Tensor, second: Tensor, directions: Tensor) -> float:
    a, b = ((cloud @ directions).sort(dim=0).values for cloud in (first, second))
    return float((a - b).square().mean().sqrt())


def _sliced_advice(found: Any, first: Tensor, second: Tensor, directions: Tensor) -> str:
    a, b = ((cloud @ directions).sort(dim=0).values for cloud in (first, second))
    before = [cloud.sort(dim=0).values @ directions for cloud in (first, second)]
    rows = [(cloud @ directions).sort(dim=1).values for cloud in (first, second)]
    usual = {
        "Square the differences, take the mean, then the root; this is the mean of their sizes.": (a - b).abs().mean(),
        "Project first, then sort: the coordinates themselves have no say.": (before[0] - before[1]).square().mean().sqrt(),
        "Sort each column, dim=0: the n points seen from one direction.": (rows[0] - rows[1]).square().mean().sqrt(),
        "The root is missing.": (a - b).square().mean(),
        "A mean, not a sum: it must not grow with the number of points.": (a - b).square().sum().sqrt(),
    }
    return advice_for(found, usual, rtol=1e-4, atol=1e-5)


LISTS = [([0.3, 0.9, 0.1, 0.6], [3.0, 8.0, 1.0, 9.0]), ([1.0, 2, 3, 4, 5], [2.0, 1, 4, 5, 3])]


@exercise(
    "kendall",
    hints=[
        "itertools.combinations(range(len(first)), 2) gives each pair i, j once.",
        "A pair agrees when (first[i] - first[j]) * (second[i] - second[j]) is above 0.",
        "Count those that agree, take away those that do not, divide by the number of pairs.",
    ],
)
def check_kendall(answer: Callable[..., Any]) -> None:
    """The same order, the opposite one, and two lists between them."""
    rising = [1.0, 2.0, 5.0]
    expect_number(
        call(answer, list(rising), [10.0, 20.0, 21.0]),
        1.0,
        name="your agreement of two lists in the same order",
        look="Only the order counts, not the values: every pair agrees.",
    )
    opposite = call(answer, list(rising), [3.0, 2.0, 1.0])
    look = advice_for(opposite, {"Take the pairs in opposite order away from those that agree.": 0.0})
    expect_number(opposite, -1.0, name="your agreement of two lists in opposite order", look=look)
    for first, second in LISTS:
        found = call(answer, list(first), list(second))
        expect_number(
            found, _tau(first, second), name=f"your agreement of {first} and {second}", look=_tau_advice(found, first, second)
        )
    if _changes_its_arguments(answer):
        raise Wrong("Your function sorts the lists that it was given in place: work on copies, with sorted(...).")


def _tau(first: list[float], second: list[float]) -> float:
    signs = [(first[i] - first[j]) * (second[i] - second[j]) for i, j in combinations(range(len(first)), 2)]
    return sum(1 if sign > 0 else -1 for sign in signs) / len(signs)


def _tau_advice(found: Any, first: list[float], second: list[float]) -> str:
    count, pairs = len(first), len(first) * (len(first) - 1) / 2
    tau, values = _tau(first, second), torch.tensor([first, second], dtype=torch.float64)
    ranks = values.argsort(1).argsort(1).double()
    usual = {
        "Divide by the number of pairs.": tau * pairs,
        "Divide by the number of pairs, n (n - 1) / 2, not by n.": tau * pairs / count,
        "Each pair counts once, and nothing is a pair with itself: n (n - 1) / 2 pairs.": tau * pairs / count**2,
        "This is Spearman's correlation of the ranks: count pairs in the same order instead.": torch.corrcoef(ranks)[0, 1],
        "This is Pearson's correlation of the values: only the order may count.": torch.corrcoef(values)[0, 1],
    }
    return advice_for(found, usual, rtol=1e-4, atol=1e-5)


def _changes_its_arguments(answer: Callable[..., Any]) -> bool:
    lists = [3.0, 1.0, 2.0], [1.0, 3.0, 2.0]
    call(answer, *lists)
    return lists != ([3.0, 1.0, 2.0], [1.0, 3.0, 2.0])
