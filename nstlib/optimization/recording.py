"""What watches over an optimisation: its history, the best picture, progress, stopping, and trouble put into words."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import torch
from torch import Tensor
from tqdm import tqdm

from nstlib.errors import NstError
from nstlib.files.progress import bar
from nstlib.images.tensors import resampled
from nstlib.settings import is_lack_of_memory, memory_advice

log = logging.getLogger(__name__)

LOOK_EVERY = 10  # evaluations between two looks at the losses of a GPU: each look makes it wait for the host


@dataclass
class Stylized:
    """A painted picture (1, 3, H, W) in [0, 1] and how it came about.

    `history`: lists of equal length, one entry an evaluation: "evaluations" (1, 2, ...), "seconds" since the start,
    "side" (pixels, longer side of the canvas), "backbone" (the network that saw it) and the weighted losses "content",
    "style", "tv", "total". `backbone`: all the networks that saw it, in their order.
    """

    image: Tensor
    history: dict[str, list] = field(repr=False)
    seconds: float
    backbone: str
    stopped: str | None = None  # why it ended early, if it did

    @property
    def evaluations(self) -> int:
        """How many times the network was run forward and backward."""
        return len(self.history["evaluations"])


class OptimizationError(NstError):
    """An optimisation that broke off; `result` is the Stylized of its last good picture, or None."""

    def __init__(self, message: str, result: Stylized | None):
        super().__init__(message)
        self.result = result


class Stopped(Exception):
    """Raised inside a Recorder's block to leave it early; the block swallows it."""


class Recorder:
    """Use as `with recorder:` around the steps; `add` each Step, then ask for `result()`.

    `develop` makes the picture of the canvas: colours may be kept apart. `backbone` is the network that sees the next Step.
    """

    seconds: list[float]  # since the start, one entry a Step, as in the next two
    seen: list[tuple[int, str]]  # pixels of the longer side, and by which network
    losses: list[dict[str, Tensor]]
    best: tuple[float, Tensor] | None = None  # of the current size and network: other losses cannot be compared
    good: Tensor | None = None  # the best of the last size and network that was looked at, not clamped
    stopped: str | None = None  # why
    develop: Callable[[Tensor], Tensor] = staticmethod(lambda image: image)

    def __init__(
        self,
        backbone: str,
        weights: object,
        shape: Sequence[int],
        steps: int,
        progress: bool,
        callback: Callable[[object], object] | None,
    ):
        self.backbone, self.weights, self.shape, self.callback = backbone, weights, tuple(shape), callback
        self.bar = bar(total=steps, desc=f"{backbone} {max(shape)} px", unit="eval") if progress else tqdm(disable=True)
        self.began = time.perf_counter()
        self.seconds, self.seen, self.losses = [], [], []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self.bar.close()
        if kind is KeyboardInterrupt and self.good is not None:
            self.stopped = "interrupted"
            log.warning("interrupted after %d evaluations: this is the best picture so far", len(self.losses))
        elif error is not None and is_lack_of_memory(error):
            raise OptimizationError(memory_advice(self.shape), self.result() if self.good is not None else None) from error
        return kind is Stopped or self.stopped == "interrupted"

    def add(self, step: object) -> None:
        """Record a Step. Raises Stopped where the callback says so, OptimizationError where a loss is not finite."""
        picture, seen = step.canvas, (max(step.canvas.shape[-2:]), self.backbone)
        if self.seen and self.seen[-1] != seen:
            self.best = None
        self.losses.append(step.losses)
        self.seconds.append(time.perf_counter() - self.began)
        self.seen.append(seen)
        self.bar.update()
        if picture.device.type == "cpu" or step.index % LOOK_EVERY == 0:
            self._look(step.losses, picture)
        if self.callback is not None and self.callback(step):
            self.stopped = "the callback stopped it"
            raise Stopped

    def _look(self, losses: dict[str, Tensor], picture: Tensor) -> None:
        total = float(losses["total"])
        if not total < float("inf"):  # also NaN
            values = ", ".join(f"{name} {float(loss):.3g}" for name, loss in losses.items())
            self.stopped = "a loss was not finite"
            raise OptimizationError(
                f"after {len(self.losses)} evaluations the losses are {values} with {self.weights}: "
                "take smaller weights or another start",
                self.result() if self.good is not None else None,
            )
        if self.best is None or total <= self.best[0]:
            self.best, self.good = (total, picture), picture
            self.bar.set_postfix_str(f"loss {total:.3g}", refresh=False)

    def result(self) -> Stylized:
        """Everything so far; a picture of a smaller size is enlarged to the one asked for."""
        values = {name: torch.stack([step[name] for step in self.losses]).tolist() for name in self.losses[0]}
        sides, backbones = map(list, zip(*self.seen, strict=True))
        history = {"evaluations": [*range(1, len(sides) + 1)], "seconds": self.seconds, "side": sides, "backbone": backbones}
        seconds = time.perf_counter() - self.began
        image = self.develop(resampled(self.good, self.shape).clamp(0, 1)).clamp(0, 1).cpu().contiguous()
        return Stylized(image, history | values, seconds, ", ".join(dict.fromkeys(backbones)), self.stopped)
