"""Our L-BFGS against torch's on the same function and start, and what torch's cannot do."""

import pytest
import torch

from nstlib import LBFGS
from nstlib.errors import NstError


def quadratic(n=50, seed=0):
    """A convex quadratic with known, uneven curvature."""
    random = torch.Generator().manual_seed(seed)
    a = torch.randn(n, n, generator=random, dtype=torch.float64)
    a, b = a @ a.T / n + 0.1 * torch.eye(n), torch.randn(n, generator=random, dtype=torch.float64)
    return lambda x: x @ a @ x / 2 - b @ x


def walk(optimiser, canvas, function, steps):
    """The canvas after each step."""
    path = []
    for _ in range(steps):

        def closure():
            optimiser.zero_grad()
            loss = function(canvas)
            loss.backward()
            return loss

        optimiser.step(closure)
        path.append(canvas.detach().clone())
    return torch.stack(path)


def ours(function, start, steps, **options):
    canvas = start.clone().requires_grad_()
    return walk(LBFGS(canvas, **options), canvas, function, steps)


def torchs(function, start, steps, history=20):
    canvas = start.clone().requires_grad_()
    options = {"max_iter": 1, "history_size": history, "tolerance_grad": 0, "tolerance_change": 0}
    return walk(torch.optim.LBFGS([canvas], **options), canvas, function, steps)


def flat(function):
    return lambda canvas: function(canvas.reshape(-1))


@pytest.mark.parametrize("history", [1, 3, 20])
def test_the_path_is_torchs(history):
    """Also when the history is full and its oldest pair gives way."""
    start, function = torch.zeros(1, 50, dtype=torch.float64), flat(quadratic())
    torch.testing.assert_close(
        ours(function, start, 10, history=history), torchs(function, start, 10, history), rtol=1e-4, atol=1e-8
    )


def test_the_first_step_follows_the_gradient():
    """As long as the learning rate where the gradient's numbers sum to more than 1; else as long as the gradient itself."""
    start = torch.zeros(1, 4, dtype=torch.float64)
    slopes = torch.tensor([[1.0, -2.0, 3.0, 0.0]], dtype=torch.float64)
    for scale, length in ((1.0, 1 / 6), (0.1, 1.0)):
        for share in (1.0, 0.5):
            path = ours(lambda x, scale=scale: (scale * slopes * x).sum(), start, 1, learning_rate=share)
            torch.testing.assert_close(path[0], -scale * slopes * length * share)


def test_updates_are_not_dropped_because_the_loss_is_small():
    """torch keeps a pair only if y s > 1e-10, and creeps along the gradient; ours walks as if the loss were large."""
    start, function = torch.zeros(1, 50, dtype=torch.float64), flat(quadratic())
    best = function(ours(function, start, 60)[-1])
    small = ours(lambda x: 1e-12 * function(x), start, 60)
    creeping = torchs(lambda x: 1e-12 * function(x), start, 60)
    assert function(small[-1]) < 0.99 * best < 0.5 * function(creeping[-1])  # all negative: the minimum is below zero


def test_pairs_without_curvature_do_no_harm():
    """On a straight slope every pair has y = 0: none is used, and nothing becomes NaN."""
    path = ours(lambda x: x.sum(), torch.zeros(1, 4), 5)
    assert path.isfinite().all() and (path.diff(dim=0) < 0).all()


def test_each_picture_of_a_batch_has_its_own_history():
    functions = [quadratic(seed=1), quadratic(seed=2)]
    alone = [ours(flat(f), torch.zeros(1, 50, dtype=torch.float64), 12)[:, 0] for f in functions]
    both = ours(lambda x: sum(f(row) for f, row in zip(functions, x, strict=True)), torch.zeros(2, 50, dtype=torch.float64), 12)
    torch.testing.assert_close(both, torch.stack(alone, 1))


def test_the_memory_format_of_a_canvas_changes_nothing():
    target = torch.rand(1, 3, 9, 7, generator=torch.Generator().manual_seed(0)).double()
    start = torch.zeros_like(target)

    def function(x):
        return ((x - target) * (1 + target)).square().sum()

    usual = ours(function, start, 8)
    last = ours(function, start.contiguous(memory_format=torch.channels_last), 8)
    torch.testing.assert_close(last, usual)


def test_what_is_kept_is_two_matrices():
    """2 m + 2 pictures: half of what torch's default history of 100 takes, with m = 20 a fifth."""
    canvas = torch.zeros(1, 1000).requires_grad_()
    optimiser = LBFGS(canvas, history=20)
    walk(optimiser, canvas, lambda x: (x - 1).square().sum(), 30)
    kept = sum(v.numel() for v in vars(optimiser).values() if isinstance(v, torch.Tensor)) - canvas.numel()
    assert kept <= (2 * 20 + 2) * 1000 + 3 * 20 * 20


def test_max_step_bounds_each_pictures_step():
    start = torch.stack([torch.zeros(9), torch.full((9,), 5.0)])
    path = ours(lambda x: 1e-3 * (x - 7).square().sum(), start, 12, max_step=0.03)  # unbounded, the second step arrives
    sizes = torch.cat([start[None], path]).diff(dim=0).square().mean(2).sqrt()
    assert sizes.max() <= 0.03 + 1e-6 and sizes[1:].max() >= 0.03 - 1e-6


def rosenbrock(x):
    return (1 - x[:, 0]).square().sum() + 100 * (x[:, 1] - x[:, 0] ** 2).square().sum()


def test_backtracking_never_climbs_and_arrives():
    start = torch.tensor([[-1.2, 1.0]], dtype=torch.float64)
    path = ours(rosenbrock, start, 80, line_search="backtracking")
    losses = torch.stack([rosenbrock(point) for point in path])
    assert (losses.diff() <= 1e-12).all() and losses[-1] < 1e-8


def test_a_step_is_taken_where_the_loss_falls_by_a_share_of_what_the_slope_promises():
    """1e-4 of it (Armijo): half the first step promises 0.125, so a fall of 1e-5 is too little, and the quarter is taken."""
    losses, tried = {0.0: 0.0, 0.5: 1.0, 0.25: -1e-5, 0.125: -1.0}, []
    canvas = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)

    def closure():
        tried.append(canvas.item())
        canvas.grad = torch.full_like(canvas, -0.5)
        return torch.tensor(losses[canvas.item()], dtype=torch.float64)

    LBFGS(canvas, line_search="backtracking").step(closure)
    assert tried == [0.0, 0.5, 0.25, 0.125] and canvas.item() == 0.125
    losses[0.25], tried[:] = -1.5e-5, []
    canvas.data.zero_()
    LBFGS(canvas, line_search="backtracking").step(closure)
    assert canvas.item() == 0.25


def test_a_line_search_evaluates_no_point_twice():
    canvas, seen = torch.tensor([[-1.2, 1.0]], dtype=torch.float64, requires_grad=True), []

    def function(x):
        seen.append(tuple(x.flatten().tolist()))
        return rosenbrock(x)

    optimiser = LBFGS(canvas, line_search="backtracking")
    walk(optimiser, canvas, function, 30)
    assert len(set(seen)) == len(seen) == optimiser.evaluations


@pytest.mark.parametrize(
    ("canvas", "options", "words"),
    [
        (torch.zeros(1, 3), {}, "requires_grad_"),
        (torch.zeros(1, 3, requires_grad=True), {"history": 0}, "history=0"),
        (torch.zeros(1, 3, requires_grad=True), {"line_search": "wolfe"}, "backtracking"),
    ],
)
def test_bad_arguments_are_named(canvas, options, words):
    with pytest.raises(NstError, match=words):
        LBFGS(canvas, **options)
