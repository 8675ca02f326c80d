"""Checks of lesson 4."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nstlib.notebook.checks.expect import Wrong, advice_for, expect_close, expect_number, expect_tensor, expect_type
from nstlib.notebook.checks.registry import call, exercise
from nstlib.optimization.lbfgs import LBFGS


def _direction(g: Tensor, s: Tensor, y: Tensor) -> Tensor:
    """-H g with the matrix written out: what the learner reaches without it."""
    rho, one = 1 / (s @ y), torch.eye(len(g), dtype=g.dtype)
    left = one - rho * torch.outer(s, y)
    return -((left * ((s @ y) / (y @ y))) @ left.T + rho * torch.outer(s, s)) @ g


@exercise(
    "one_pair_direction",
    hints=[
        "Read the formula from the right: first alpha = rho (s . g), then r = gamma (g - alpha y).",
        "Then the left bracket: r - rho s (y . r), and at last add rho s (s . g), which is alpha s. The direction is minus that.",
        "The test: if s @ y <= 1e-8 * s.norm() * y.norm(), return -gradient.",
    ],
)
def check_one_pair_direction(answer: Callable[..., Any]) -> None:
    """Against the matrix written out; then a pair that bends the wrong way, and one of a tiny loss."""
    g, s, y = torch.tensor([[1.0, -2, 0.5, 3], [0.3, 0.1, -0.2, 0.4], [1.0, 0.5, -1, 2]], dtype=torch.float64)
    expected = _direction(g, s, y)
    found = call(answer, g, s, y)
    expect_tensor(found, expected, name="your direction", look=_look(found, g, s, y, expected))
    bent = call(answer, g, s, -y)
    expect_tensor(
        bent,
        -g,
        name="your direction where s and y point apart",
        look="The curvature test failed, so it is plain descent: -gradient.",
    )
    tiny = call(answer, g * 1e-12, s, y * 1e-12)
    expect_tensor(
        tiny * 1e12,
        expected * 1e12,
        name="your direction for a loss 1e12 times smaller (times 1e12)",
        look="Compare s @ y with 1e-8 * s.norm() * y.norm(), not with a fixed number.",
    )


def _look(found: Any, g: Tensor, s: Tensor, y: Tensor, expected: Tensor) -> str:
    usual = {
        "The sign: you return +H g, which goes uphill.": -expected,
        "Is gamma there, between the two brackets?": _direction_without_scale(g, s, y),
    }
    return advice_for(found, usual) or "Compute alpha, then r, and read the formula from the right."


def _direction_without_scale(g: Tensor, s: Tensor, y: Tensor) -> Tensor:
    alpha = (s @ g) / (s @ y)
    r = g - alpha * y
    return -(r + s * (alpha - (y @ r) / (s @ y)))


@exercise(
    "total_variation",
    hints=[
        "image[..., 1:, :] - image[..., :-1, :] is each pixel minus the one above it.",
        "Square, take the mean; the same along the last axis; add the two means.",
    ],
)
def check_total_variation(answer: Callable[..., Any]) -> None:
    """Ramps with a slope in one direction and in the other, and a flat picture."""
    down = torch.linspace(0, 1, 5).view(1, 1, 5, 1).expand(2, 3, 5, 9).contiguous()  # 0.25 a row
    across = torch.linspace(0, 1, 9).view(1, 1, 1, 9).expand(2, 3, 5, 9).contiguous()  # 0.125 a column
    found = call(answer, down)
    expect_type(found, Tensor, name="your total variation", look="Return the scalar tensor itself, not a float.")
    if found.ndim == 0 and torch.isclose(found, torch.tensor(0.25)):
        raise Wrong("Value: got 0.25, expected 0.0625. The differences are squared here, not taken as absolute values.")
    if found.ndim == 0 and torch.isclose(found, torch.tensor(0.0)):
        raise Wrong("Value: 0 for a picture that grows brighter from row to row. The vertical differences are missing.")
    expect_tensor(
        found,
        torch.tensor(0.0625),
        name="your total variation of a vertical ramp",
        look="The mean of the squared differences, over all of them.",
    )
    expect_tensor(
        call(answer, across),
        torch.tensor(0.015625),
        name="your total variation of a horizontal ramp",
        look="Are the horizontal differences there, too?",
    )
    expect_close(
        call(answer, down + across),
        torch.tensor(0.0625 + 0.015625),
        name="your total variation of both ramps",
        look="Add the two means.",
    )


@exercise(
    "count_evaluations",
    hints=[
        "Inside the closure write `nonlocal count` and `count += 1`.",
        "The closure also sets x.grad to None, computes the loss, calls loss.backward() and returns the loss.",
    ],
)
def check_count_evaluations(answer: Callable[..., Any]) -> None:
    """Against a count of our own, for three optimisers that differ in evaluations a call."""
    makers = {
        "torch.optim.LBFGS": lambda x: torch.optim.LBFGS([x], max_iter=7, tolerance_grad=0, tolerance_change=0),
        "Adam": lambda x: torch.optim.Adam([x], lr=0.01),
        "nstlib.LBFGS with a line search": lambda x: LBFGS(x, line_search="backtracking"),
    }
    for name, make in makers.items():
        start, calls = torch.tensor([[1.0, -2.0, 0.5]]), 3
        expected = _count(start, make, calls)
        found = call(answer, _quartic, start, make, calls)
        if found == calls != expected:
            raise Wrong(f"Value: with {name} you count {calls}, the calls of step(). Count the runs of the closure instead.")
        if found == _count(start, make, 1) != expected:
            raise Wrong(f"Value: with {name} you count {found}, as for one call. Call optimiser.step(closure) in a loop.")
        expect_number(found, expected, name=f"your count with {name}", look="Add 1 each time the closure runs, and only there.")


def _quartic(x: Tensor) -> Tensor:
    return (x**4).sum() + (x[:, 0] - x[:, 1]).square().sum()


def _count(start: Tensor, make: Callable[[Tensor], Any], calls: int) -> int:
    """Runs of the closure in `calls` calls of step()."""
    x, runs = start.clone().requires_grad_(), []
    optimiser = make(x)

    def closure() -> Tensor:
        runs.append(1)
        x.grad = None
        loss = _quartic(x)
        loss.backward()
        return loss

    for _ in range(calls):
        optimiser.step(closure)
    return len(runs)
