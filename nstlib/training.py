"""One training loop for every network of the course, on Accelerate: one CPU, one GPU, or many of either.

`training_steps` is the loop, as a generator; `train` drains it with a progress bar. Killed and started again with the same
folder, a training goes on from its last checkpoint and ends with the same weights, to the bit. For several processes:
`accelerate launch --num_processes 2 -m nstlib train ...`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from nstlib.checkpoints import Checkpoint, load_latest, save_checkpoint
from nstlib.errors import NstError
from nstlib.settings import device, has_bf16

log = logging.getLogger(__name__)

PRECISIONS = ("auto", "no", "bf16", "fp16")
LOWEST = 1e-3  # of the learning rate's peak, at the end


class TrainingError(NstError):
    """A training that broke off; the network has its last good weights."""


class Loss(Protocol):
    """What a training lessens: named scalars, "total" among them. `numbers` (N,) counts the pictures since the start."""

    def __call__(self, network: nn.Module, images: Tensor, numbers: Tensor) -> dict[str, Tensor]: ...


class Batches(Protocol):
    """Pictures number `first` to `first + count - 1` of a step, the same whenever they are asked for."""

    def __call__(self, step: int, count: int, first: int = 0) -> Tensor: ...


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
        wrong = [f"{name}={getattr(self, name)!r}" for name in ("steps", "batch", "checkpoint_every")
                 if not isinstance(getattr(self, name), int) or getattr(self, name) < 1]
        wrong += [f"{name}={getattr(self, name)!r}" for name in ("learning_rate", "clip") if not 0 < getattr(self, name) < math.inf]
        wrong += [f"{name}={getattr(self, name)!r}" for name in ("warmup", "ema") if not 0 <= getattr(self, name) < 1]
        wrong += [] if self.precision in PRECISIONS else [f"precision={self.precision!r}, not one of {', '.join(PRECISIONS)}"]
        if wrong:
            raise NstError(f"settings that cannot be: {'; '.join(wrong)}")


@dataclass(frozen=True)
class TrainStep:
    """One step: its number from 0, the losses of its batch before it, the network after it."""

    index: int
    losses: dict[str, float]
    network: nn.Module


@dataclass
class Trained:
    """A trained network in evaluation mode, its losses by name, one entry a step, and the seconds that it took."""

    network: nn.Module
    history: dict[str, list[float]] = field(repr=False)
    seconds: float


class Run:
    """A training under way: iterating over it trains. What moves from step to step stands in its checkpoints."""

    def __init__(self, network: nn.Module, loss: Loss, batches: Batches, settings: TrainingSettings, folder: Path | None):
        self.accelerator = make_accelerator(settings.precision)
        self.settings, self.folder, self.plain = settings, Path(folder) if folder is not None else None, network
        self.loss, self.batches = loss, batches
        self.history: dict[str, list[float]] = {}
        self.step, self.before, self.began = 0, 0.0, time.perf_counter()
        network.to(self.accelerator.device)
        self.mean = torch.optim.swa_utils.AveragedModel(
            network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.ema)) if settings.ema else None
        learned = [p for p in network.parameters() if p.requires_grad]
        if not learned:
            raise NstError("no weight of the network may learn: set requires_grad on those that should")
        optimiser = torch.optim.AdamW(learned, lr=settings.learning_rate, weight_decay=0.0)
        self.network, self.optimiser = self.accelerator.prepare(network.train(), optimiser)
        self._resume()

    @property
    def seconds(self) -> float:
        """Spent on training, in this life and in those before it."""
        return self.before + time.perf_counter() - self.began

    def advance(self) -> TrainStep:
        """One step. Raises TrainingError, before anything is changed, where the loss or its gradient is not finite."""
        self.optimiser.optimizer.param_groups[0]["lr"] = self.settings.learning_rate * rate(self.step, self.settings)
        accelerator, index = self.accelerator, self.step
        count, first = share_of_batch(self.settings.batch, accelerator.num_processes, accelerator.process_index)
        images = self.batches(index, count, first).to(accelerator.device)
        numbers = index * self.settings.batch + first + torch.arange(count)
        with accelerator.autocast():
            losses = self.loss(self.network, images, numbers)
        self.optimiser.zero_grad()
        accelerator.backward(losses["total"])
        length = accelerator.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        means = accelerator.reduce(torch.stack([*losses.values(), torch.as_tensor(length)]).detach().float(), "mean").tolist()
        self._check(dict(zip([*losses, "gradient"], means, strict=True)))
        self.optimiser.step()
        self.step += 1
        if self.mean is not None:
            self.mean.update_parameters(self.plain)
        found = dict(zip(losses, means[:-1], strict=True))
        for name, value in found.items():
            self.history.setdefault(name, []).append(value)
        return TrainStep(index, found, self.plain)

    def _check(self, values: dict[str, float]) -> None:
        # In float16 a gradient that overflows is ordinary: the scaler skips the step and takes a smaller scale.
        judged = values if self.accelerator.scaler is None else {k: v for k, v in values.items() if k != "gradient"}
        if not all(math.isfinite(value) for value in judged.values()):
            kept = self.save() if self.folder else None
            what = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
            raise TrainingError(f"step {self.step}: {what}. The weights are those before this step"
                                f"{f', also in {kept}' if kept else ''}; take a smaller learning rate than "
                                f"{self.settings.learning_rate:g}, or smaller loss weights")

    def save(self) -> Path | None:
        """Write a checkpoint, from one process of all."""
        if self.folder is None or not self.accelerator.is_main_process:
            return None
        tensors = {f"network.{key}": value for key, value in self.plain.state_dict().items()}
        for index, slots in self.optimiser.optimizer.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{slot}": torch.as_tensor(value) for slot, value in slots.items()}
        if self.mean is not None:
            tensors |= {f"mean.{key}": value for key, value in self.mean.state_dict().items()}
        tensors |= {f"history.{name}": torch.tensor(values, dtype=torch.float64) for name, values in self.history.items()}
        scaler = self.accelerator.scaler.state_dict() if self.accelerator.scaler else None
        notes = {"seconds": self.seconds, "settings": asdict(self.settings), "scaler": scaler}
        return save_checkpoint(self.folder, Checkpoint(self.step, tensors, notes))

    def _resume(self) -> None:
        found = load_latest(self.folder) if self.folder else None
        if found is None:
            return
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "optimiser": {}, "mean": {}, "history": {}}
        for key, tensor in found.tensors.items():
            part, _, name = key.partition(".")
            parts[part][name] = tensor
        self._check_same(found.notes["settings"])
        try:
            self.plain.load_state_dict(parts["network"])
        except RuntimeError as error:
            raise NstError(f"the checkpoint in {self.folder} is of another network: name another folder ({error})") from error
        stored = self.optimiser.optimizer.state_dict()
        for key, tensor in parts["optimiser"].items():
            index, slot = key.split(".")
            stored["state"].setdefault(int(index), {})[slot] = tensor
        self.optimiser.optimizer.load_state_dict(stored)
        if self.mean is not None:
            self.mean.load_state_dict(parts["mean"])
        if self.accelerator.scaler and found.notes["scaler"]:
            self.accelerator.scaler.load_state_dict(found.notes["scaler"])
        self.history = {name: values.tolist() for name, values in parts["history"].items()}
        self.step, self.before = found.step, found.notes["seconds"]
        log.info("going on from step %d of %d, in %s", self.step, self.settings.steps, self.folder)

    def _check_same(self, stored: dict) -> None:
        """Other settings would make of two halves something that no training from the start gives."""
        now = asdict(self.settings)
        other = [f"{name} {stored.get(name)} there, {now[name]} here" for name in now
                 if name != "checkpoint_every" and stored.get(name) != now[name]]
        if other:
            raise NstError(f"{self.folder} holds a training with other settings ({'; '.join(other)}): name another folder")

    def __iter__(self) -> Iterator[TrainStep]:
        try:
            while self.step < self.settings.steps:
                yield self.advance()
                if self.step % self.settings.checkpoint_every == 0 or self.step == self.settings.steps:
                    self.save()
        finally:
            self.accelerator.unwrap_model(self.network, keep_fp32_wrapper=False)
            if self.mean is not None:
                self.plain.load_state_dict(self.mean.module.state_dict())
            self.plain.eval()


def training_steps(network: nn.Module, loss: Loss, batches: Batches, settings: TrainingSettings,
                   folder: Path | None = None) -> Iterator[TrainStep]:
    """Train `network` in place; yields after each step. With a folder, it is saved there and goes on from there.

    `batches(step, count, first)` gives pictures, `loss(network, images, numbers)` the named losses. At the end, also when
    the caller stops early, the network is in evaluation mode, with the mean of its weights where `settings.ema` is set.
    Raises TrainingError where a loss is not finite, NstError where a checkpoint cannot be read or written.
    """
    yield from Run(network, loss, batches, settings, folder)


def train(network: nn.Module, loss: Loss, batches: Batches, settings: TrainingSettings, folder: Path | None = None, *,
          progress: bool = True, callback: Callable[[TrainStep], object] | None = None) -> Trained:
    """Train `network` to the end, with a bar; see `training_steps`. `callback` sees each step; a true answer stops.

    Ctrl-C stops too, and keeps what was learned. Returns the network, with the whole history, also of earlier lives.
    """
    run = Run(network, loss, batches, settings, folder)
    steps = iter(run)
    with tqdm(total=settings.steps, initial=run.step, unit="step",
              disable=not progress or not run.accelerator.is_main_process) as bar:
        try:
            for step in steps:
                bar.set_postfix({name: f"{value:.3g}" for name, value in step.losses.items()}, refresh=False)
                bar.update()
                if callback is not None and callback(step):
                    break
        except KeyboardInterrupt:
            log.warning("interrupted after %d of %d steps", run.step, settings.steps)
        finally:
            steps.close()
    return Trained(run.plain, run.history, run.seconds)


def rate(step: int, settings: TrainingSettings) -> float:
    """Share of the peak learning rate: rises linearly over the warm-up, then falls along a cosine."""
    rising = max(1, round(settings.warmup * settings.steps))
    if step < rising:
        return (step + 1) / rising
    share = (step - rising) / max(1, settings.steps - rising)
    return LOWEST + (1 - LOWEST) * (1 + math.cos(math.pi * share)) / 2


def share_of_batch(batch: int, processes: int, number: int) -> tuple[int, int]:
    """(count, first) of the pictures of process `number`. Raises NstError where the batch cannot be shared equally."""
    if batch % processes:
        raise NstError(f"batch={batch} cannot be shared by {processes} processes: take a multiple of {processes}")
    return batch // processes, batch // processes * number


def make_accelerator(precision: str):
    """An Accelerator of this precision on the course's device. Accelerate keeps its state for a whole process: it is renewed."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()
    if precision == "auto":
        precision = "bf16" if has_bf16() else "no"
    return Accelerator(mixed_precision=precision, cpu=device().type == "cpu")
