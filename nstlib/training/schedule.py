"""How to train: settings, and the learning rate of each step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nstlib.errors import NstError

PRECISIONS = ("auto", "no", "bf16", "fp16")
LOWEST = 1e-3  # of the learning rate's peak, at the end


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; what it trains and on what is said elsewhere."""

    steps: int = 2000
    batch: int = 4  # pictures a step, over all processes
    learning_rate: float = 1.5e-3  # of AdamW, at its peak
    warmup: float = 0.05  # share of the steps in which the rate rises; then it falls along a cosine
    clip: float = 1.0  # length of the gradient at most
    precision: str = "auto"  # "bf16" where the hardware has it, else "no"; or one of these, or "fp16"
    ema: float = 0.0  # share of the old in a running mean of the weights; 0: no mean
    checkpoint_every: int = 100  # steps

    def __post_init__(self) -> None:
        wrong = [
            f"{name}={getattr(self, name)!r}"
            for name in ("steps", "batch", "checkpoint_every")
            if not is_number(getattr(self, name), int) or getattr(self, name) < 1
        ]
        wrong += [
            f"{name}={getattr(self, name)!r}"
            for name in ("learning_rate", "clip")
            if not is_number(getattr(self, name)) or not 0 < getattr(self, name) < math.inf
        ]
        wrong += [
            f"{name}={getattr(self, name)!r}"
            for name in ("warmup", "ema")
            if not is_number(getattr(self, name)) or not 0 <= getattr(self, name) < 1
        ]
        wrong += [] if self.precision in PRECISIONS else [f"precision={self.precision!r}, not one of {', '.join(PRECISIONS)}"]
        if wrong:
            raise NstError(f"settings that cannot be: {'; '.join(wrong)}")


def rate(step: int, settings: TrainingSettings) -> float:
    """Share of the peak learning rate: rises linearly over the warm-up, then falls along a cosine."""
    rising = max(1, round(settings.warmup * settings.steps))
    if step < rising:
        return (step + 1) / rising
    share = (step - rising) / max(1, settings.steps - rising)
    return LOWEST + (1 - LOWEST) * (1 + math.cos(math.pi * share)) / 2


def is_number(value: object, kinds: type | tuple[type, ...] = (int, float)) -> bool:
    """Is it a number of these kinds? True and False are none."""
    return isinstance(value, kinds) and not isinstance(value, bool)
