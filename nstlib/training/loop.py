"""One training loop for every network of the course, on Accelerate: one CPU, one GPU, or many of either.

`training_steps` is the loop, as a generator; `train` drains it with a progress bar. Killed and started again with the same
folder, a training goes on from its last checkpoint and ends with the same weights, to the bit. Another training, known by
`Run.identity`, does not. For several processes: `accelerate launch --num_processes 2 -m nstlib train ...`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.files import fingerprint
from nstlib.files.locks import hold
from nstlib.files.paths import expanded
from nstlib.files.progress import bar
from nstlib.files.writing import undisturbed
from nstlib.settings import device, has_bf16
from nstlib.training.checkpoints import load_latest, save_checkpoint
from nstlib.training.resuming import capture, check_training, restore
from nstlib.training.schedule import TrainingSettings, rate

log = logging.getLogger(__name__)

ACCELERATES = {"_is_accelerate_prepared", "forward"}  # attributes that it leaves on a network
BESIDE = ("checkpoint_every",)  # settings that change nothing of the result


class Loss(Protocol):
    """The losses of a training: named scalars, "total" among them. `numbers` (N,) counts the pictures since the start.

    One with a method `identity() -> dict` says what it is known by when a training goes on, see `nstlib.files.fingerprint`.
    """

    def __call__(self, network: nn.Module, images: Tensor, numbers: Tensor) -> dict[str, Tensor]: ...


class Batches(Protocol):
    """Return pictures `first` to `first + count - 1` of a step, always the same ones.

    The method of an object with a method `identity() -> dict`, too, says what it is known by.
    """

    def __call__(self, step: int, count: int, first: int = 0) -> Tensor: ...


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


class TrainingError(NstError):
    """A training that broke off; the network has its last good weights. `result`: what it has come to, from `train`."""

    def __init__(self, message: str, result: Trained | None = None):
        super().__init__(message)
        self.result = result


class Run:
    """A training under way: iterating over it trains. What moves from step to step stands in its checkpoints.

    With a folder, no other training may work there, and only one of the same identity goes on there: network, loss,
    pictures, settings, and what `known` names beside them. Raises NstError.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Loss,
        batches: Batches,
        settings: TrainingSettings,
        folder: Path | None,
        known: Mapping[str, object] | None = None,
    ):
        self.accelerator = make_accelerator(settings.precision)
        self.settings, self.folder, self.plain = settings, expanded(folder) if folder is not None else None, network
        self.loss, self.batches, self.known = loss, batches, dict(known or {})
        self.history: dict[str, list[float]] = {}
        self.step, self.saved, self.before, self.began = 0, -1, 0.0, time.perf_counter()
        self.bare = set(vars(network))
        network.to(self.accelerator.device)
        self.mean = (
            torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.ema))
            if settings.ema
            else None
        )
        learned = [p for p in network.parameters() if p.requires_grad]
        if not learned:
            raise NstError("no weight of the network may learn: set requires_grad on those that should")
        with undisturbed():  # the first optimiser imports much of torch; an interrupt would leave that half done, for good
            optimiser = torch.optim.AdamW(learned, lr=settings.learning_rate, weight_decay=0.0)
        self.network, self.optimiser = self.accelerator.prepare(network.train(), optimiser)
        self.lock = None
        try:
            if self.folder:
                self.lock = hold(self.folder, "training") if self.accelerator.is_main_process else None
                self._resume()
        except BaseException:
            self._let_go()
            raise

    @property
    def seconds(self) -> float:
        """Return the seconds of training, including those before it was resumed."""
        return self.before + time.perf_counter() - self.began

    @cached_property
    def identity(self) -> dict[str, object]:
        """Return what decides the result, by name; another training in the folder differs in it."""
        options = {f"network's {name}": value for name, value in getattr(self.plain, "options", {}).items()}
        settings = {name.replace("_", " "): value for name, value in asdict(self.settings).items() if name not in BESIDE}
        settings["precision"] = str(self.accelerator.mixed_precision)  # what "auto" is on this machine
        parts = fingerprint.of_part(self.loss, "loss", self.plain) | fingerprint.of_part(self.batches, "pictures", self.plain)
        return fingerprint.plain(settings | {"network": type(self.plain).__name__} | options | parts | self.known)

    def advance(self) -> TrainStep:
        """One step, done whole or not at all. Raises TrainingError where the loss or its gradient is not finite."""
        self.optimiser.optimizer.param_groups[0]["lr"] = self.settings.learning_rate * rate(self.step, self.settings)
        buffers = [(buffer, buffer.clone()) for buffer in self.plain.buffers()]
        try:
            losses = self._gradients()
        except BaseException:
            for buffer, before in buffers:  # batch normalisation counts while it is computed
                buffer.copy_(before)
            raise
        with undisturbed():  # half a step would be in the checkpoint
            self.optimiser.step()
            self.step += 1
            if self.mean is not None:
                self.mean.update_parameters(self.plain)
            for name, value in losses.items():
                self.history.setdefault(name, []).append(value)
        return TrainStep(self.step - 1, losses, self.plain)

    def _gradients(self) -> dict[str, float]:
        """Return the losses of the step's batch, and leave their gradient in the network."""
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
        return dict(zip(losses, means[:-1], strict=True))

    def _check(self, values: dict[str, float]) -> None:
        # In float16 a gradient that overflows is ordinary: the scaler skips the step and takes a smaller scale.
        judged = values if self.accelerator.scaler is None else {k: v for k, v in values.items() if k != "gradient"}
        if not all(math.isfinite(value) for value in judged.values()):
            kept = f", also in {self.folder}" if self.folder else ""
            what = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
            advice = f"take a smaller learning rate than {self.settings.learning_rate:g}, or smaller loss weights"
            if self.step == 0:
                advice = "nothing was learned yet: look at the weights of the losses, the pictures, and the network to start with"
            raise TrainingError(f"step {self.step}: {what}. The weights are those before this step{kept}; {advice}")

    def save(self) -> Path | None:
        """Write a checkpoint, from one process of all."""
        if self.folder is None or not self.accelerator.is_main_process:
            return None
        path = save_checkpoint(self.folder, capture(self))
        self.saved = self.step
        return path

    def _resume(self) -> None:
        found, _ = load_latest(self.folder, check_training), self.identity  # as it is before the first step
        if found is not None:
            restore(self, found)
            log.info("going on from step %d of %d, in %s", self.step, self.settings.steps, self.folder)

    def __iter__(self) -> Iterator[TrainStep]:
        try:
            while self.step < self.settings.steps:
                yield self.advance()
                if self.step % self.settings.checkpoint_every == 0 or self.step == self.settings.steps:
                    self.save()
        finally:  # however it ends, nothing of it is lost
            try:
                if self.saved != self.step:
                    self.save()
            finally:
                if self.mean is not None:
                    self.plain.load_state_dict(self.mean.module.state_dict())
                self.plain.eval()
                self._let_go()

    def _let_go(self) -> None:
        """Take from the network what Accelerate has put on it, and release the folder."""
        self.accelerator.unwrap_model(self.network, keep_fp32_wrapper=False)
        for name in ACCELERATES - self.bare:
            vars(self.plain).pop(name, None)
        if self.lock is not None:
            self.lock.release()


def training_steps(
    network: nn.Module, loss: Loss, batches: Batches, settings: TrainingSettings, folder: Path | None = None
) -> Iterator[TrainStep]:
    """Train `network` in place; yields after each step. With a folder, it is saved there and goes on from there.

    `batches(step, count, first)` gives pictures, `loss(network, images, numbers)` the named losses; how they and the network
    are told from others, and what cannot be told, is said in `nstlib.files.fingerprint`. A network goes on that is as it was
    at the beginning (random weights need a seed), or as this training left it. At the end, also when the caller stops early,
    the network is in evaluation mode, with the mean of its weights where `settings.ema` is set.
    Raises TrainingError where a loss is not finite, NstError where a checkpoint cannot be read or written, where the folder
    holds another training, and where one works there.
    """
    yield from _begun(network, loss, batches, settings, folder)


def train(
    network: nn.Module,
    loss: Loss,
    batches: Batches,
    settings: TrainingSettings,
    folder: Path | None = None,
    *,
    progress: bool = True,
    callback: Callable[[TrainStep], object] | None = None,
) -> Trained:
    """Train `network` to the end, with a bar; see `training_steps`. `callback` sees each step; a true answer stops.

    Ctrl-C stops too, and keeps what was learned. Returns the network, with the whole history, also of earlier lives. Where it
    breaks off, also for a disk that is full, the TrainingError has them as `result`.
    """
    return finish(_begun(network, loss, batches, settings, folder), progress, callback)


def _begun(network: nn.Module, loss: Loss, batches: Batches, settings: TrainingSettings, folder: Path | None) -> Run:
    """A training of a network as it comes, which is known by that."""
    return Run(network, loss, batches, settings, folder, fingerprint.of_network(network) if folder is not None else None)


def finish(run: Run, progress: bool = True, callback: Callable[[TrainStep], object] | None = None) -> Trained:
    """Go on with a training to its end, as `train` does. Raises TrainingError, with what was learned, where it breaks off."""
    steps, quiet = iter(run), not progress or not run.accelerator.is_main_process
    try:
        with closing(steps), bar(total=run.settings.steps, initial=run.step, unit="step", disable=quiet) as shown:
            for step in steps:
                shown.set_postfix({name: f"{value:.3g}" for name, value in step.losses.items()}, refresh=False)
                shown.update()
                if callback is not None and callback(step):
                    break
    except KeyboardInterrupt:
        log.warning("interrupted after %d of %d steps", run.step, run.settings.steps)
    except NstError as error:
        raise TrainingError(str(error), Trained(run.plain, run.history, run.seconds)) from error
    return Trained(run.plain, run.history, run.seconds)


def share_of_batch(batch: int, processes: int, number: int) -> tuple[int, int]:
    """(count, first) of the pictures of process `number`. Raises NstError where the batch cannot be shared equally."""
    if batch % processes:
        raise NstError(f"batch={batch} cannot be shared by {processes} processes: take a multiple of {processes}")
    return batch // processes, batch // processes * number


def make_accelerator(precision: str):
    """Return an Accelerator of this precision on the course's device; its state, one for a whole process, is renewed."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()
    if precision == "auto":
        precision = "bf16" if has_bf16() else "no"
    return Accelerator(mixed_precision=precision, cpu=device().type == "cpu")
