"""L-BFGS for pictures: the optimiser of Gatys et al., on the device, without host round trips.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989), in the compact form of Byrd,
Nocedal and Schnabel, "Representations of quasi-Newton matrices and their use in limited memory methods" (1994): the
inverse Hessian is a few matrix products with the history, which a GPU runs without asking the host anything.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.errors import NstError

LINE_SEARCHES = (None, "backtracking")


class LBFGS:
    """Minimises a function of one tensor (N, ...): each of its N pictures has a history of its own.

    `canvas`: the tensor, any memory format, `requires_grad`. `history`: pairs (step, change of gradient) kept, 2 x history
    pictures of memory. `learning_rate`: share of the quasi-Newton step taken. A pair is used if the cosine between its
    step and its change of gradient exceeds `curvature`: a relative test, so that nothing depends on the loss's scale.
    `max_step` bounds a step's root mean square over the pixels: for pictures in [0, 1], 0.1 keeps a wrong guess of the
    curvature from throwing the canvas far away. `line_search="backtracking"` halves a step until the loss falls enough
    (Armijo); it asks the host after each evaluation.
    """

    evaluations = 0
    gradient: Tensor | None = None  # where the canvas was before the last move
    known: Tensor | None = None  # the loss where the canvas is, if a line search has just evaluated there

    def __init__(
        self,
        canvas: Tensor,
        *,
        history: int = 20,
        learning_rate: float = 1.0,
        curvature: float = 1e-8,
        max_step: float = float("inf"),
        line_search: str | None = None,
    ):
        if not canvas.requires_grad or not canvas.is_leaf:
            raise NstError("canvas must be a leaf that requires a gradient: write canvas.requires_grad_() first")
        if history < 1:
            raise NstError(f"history={history}: expected at least 1 pair")
        if line_search not in LINE_SEARCHES:
            raise NstError(f"line_search={line_search!r}: choose one of {', '.join(map(str, LINE_SEARCHES))}")
        self.canvas, self.size, self.learning_rate, self.max_step = canvas, history, learning_rate, max_step
        self.curvature, self.line_search = curvature, line_search
        self.order: list[int] = []  # slots of the history, oldest first

    def zero_grad(self) -> None:
        """Forget the canvas's gradient, as closures written for `torch.optim` ask; `step` does it by itself."""
        self.canvas.grad = None

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Evaluate once (more with a line search), then move the canvas; returns the loss before the move, a scalar.

        `closure` returns the loss as a scalar, summed or averaged over the pictures, and leaves its gradient in
        `canvas.grad`.
        """
        loss = self._evaluate(closure) if self.known is None else self.known
        gradient = self._flat(self.canvas.grad)
        if self.gradient is None:
            self._allocate(gradient)
            # As in torch.optim.LBFGS: the first step, of unknown scale, changes the picture by 1 in sum at most.
            length = (1 / gradient.abs().sum(1, keepdim=True)).clamp(max=1.0)
            self.move = -gradient * length * self.learning_rate
        else:
            projections = self._remember(self.move, gradient - self.gradient, gradient)
            self.move = self._bounded(self._direction(gradient, *projections).mul_(self.learning_rate))
        self.gradient = gradient
        if self.line_search:
            self.known = self._backtrack(closure, loss)
        else:
            self._add(self.move)
        return loss

    def _evaluate(self, closure: Callable[[], Tensor]) -> Tensor:
        self.canvas.grad = None
        self.evaluations += 1
        with torch.enable_grad():
            return closure().detach()

    def _flat(self, x: Tensor) -> Tensor:
        return x.detach().reshape(len(x), -1)  # (N, ...) -> (N, n)

    def _allocate(self, gradient: Tensor) -> None:
        pictures, n = gradient.shape
        self.steps = gradient.new_zeros(pictures, self.size, n)  # S, one row a pair
        self.changes = gradient.new_zeros(pictures, self.size, n)  # Y
        self.sy = gradient.new_zeros(pictures, self.size, self.size)  # S Y^T, kept up to date pair by pair
        self.yy = gradient.new_zeros(pictures, self.size, self.size)  # Y Y^T
        self.scale = gradient.new_ones(pictures, 1)  # gamma: the inverse Hessian to begin with

    def _remember(self, s: Tensor, y: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Put the pair (N, n), (N, n) into the history; returns S g and Y g, (N, m), read in the same pass."""
        slot = self.order.pop(0) if len(self.order) == self.size else len(self.order)
        self.order.append(slot)
        dot, norms = _dot(s, y), s.norm(dim=1, keepdim=True) * y.norm(dim=1, keepdim=True)
        good = dot > self.curvature * norms  # (N, 1), on the device: a bad pair becomes zeros, nobody asks the host
        torch.mul(s, good, out=self.steps[:, slot])  # straight into the history: pictures may be large
        torch.mul(y, good, out=self.changes[:, slot])
        y = self.changes[:, slot]
        s_y, s_g = self.steps @ y[:, :, None], self.steps @ gradient[:, :, None]  # each (N, m, 1)
        y_y, y_g = self.changes @ y[:, :, None], self.changes @ gradient[:, :, None]
        s_y, s_g, y_y, y_g = (x.squeeze(2) for x in (s_y, s_g, y_y, y_g))
        self.sy[:, :, slot] = s_y  # older steps with the new change: the triangle that is read
        self.sy[:, slot, slot] = torch.where(good, dot, 1.0).squeeze(1)
        self.yy[:, :, slot] = self.yy[:, slot, :] = y_y
        self.scale = torch.where(good, dot / y_y[:, slot, None].clamp_min(torch.finfo(y.dtype).tiny), self.scale)
        return s_g, y_g

    def _direction(self, gradient: Tensor, s_g: Tensor, y_g: Tensor) -> Tensor:
        """- H g by the compact form: (N, n)."""
        order = torch.tensor(self.order, device=gradient.device)
        s_g, y_g = s_g[:, order, None], y_g[:, order, None]  # oldest first
        sy, yy = (x[:, order][:, :, order] for x in (self.sy, self.yy))
        r, d, gamma = sy.triu(), torch.diag_embed(sy.diagonal(dim1=1, dim2=2)), self.scale[:, :, None]
        a = torch.linalg.solve_triangular(r, s_g, upper=True)  # R^-1 S g
        b = torch.linalg.solve_triangular(r.mT, (d + gamma * yy) @ a - gamma * y_g, upper=False)
        along_s, along_y = torch.zeros_like(self.sy[:, :1]), torch.zeros_like(self.sy[:, :1])
        along_s[:, 0, order], along_y[:, 0, order] = b[:, :, 0], a[:, :, 0]
        direction = along_s @ self.steps  # (N, 1, n)
        direction.baddbmm_(-self.scale[:, :, None] * along_y, self.changes)
        return direction[:, 0].addcmul_(gradient, self.scale).neg_()

    def _bounded(self, move: Tensor) -> Tensor:
        size = move.norm(dim=1, keepdim=True) / move.shape[1] ** 0.5
        return move.mul_((self.max_step / size).clamp(max=1.0))

    @torch.no_grad()
    def _add(self, move: Tensor) -> None:
        self.canvas.add_(move.view_as(self.canvas))

    def _backtrack(self, closure: Callable[[], Tensor], before: Tensor, tries: int = 8) -> Tensor:
        """Move by the largest of 1, 1/2, 1/4, ... of the step that lowers the loss enough; the loss there."""
        slope = (self.move * self.gradient).sum()
        self._add(self.move)
        loss = self._evaluate(closure)
        for _ in range(tries):
            if loss <= before + 1e-4 * slope:
                break
            self.move, slope = self.move / 2, slope / 2
            self._add(-self.move)
            loss = self._evaluate(closure)
        return loss


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Inner products of the rows of two (N, n): (N, 1)."""
    return (a[:, None] @ b[:, :, None]).squeeze(2)
