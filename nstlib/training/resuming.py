"""What a training needs to go on: its state as a checkpoint, and back from one to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nstlib.errors import NstError
from nstlib.files import fingerprint
from nstlib.training.checkpoints import Checkpoint

if TYPE_CHECKING:
    from nstlib.training.loop import Run

PARTS = ("network", "optimiser", "mean", "history")
NOTES = {"seconds": (int, float), "settings": dict, "identity": dict, "scaler": (dict, type(None))}  # of a training


def capture(run: Run) -> Checkpoint:
    """Return the state of a training: weights, optimiser, running mean, losses; and what it is known by."""
    slots = run.optimiser.optimizer.state_dict()["state"].items()
    tensors = joined(
        {
            "network": run.plain.state_dict(),
            "optimiser": {f"{index}.{slot}": torch.as_tensor(value) for index, held in slots for slot, value in held.items()},
            "mean": {} if run.mean is None else run.mean.state_dict(),
            "history": {name: torch.tensor(values, dtype=torch.float64) for name, values in run.history.items()},
        }
    )
    scaler = run.accelerator.scaler.state_dict() if run.accelerator.scaler else None
    notes = {"seconds": run.seconds, "settings": asdict(run.settings), "scaler": scaler, "identity": run.identity}
    return Checkpoint(run.step, tensors, notes)


def restore(run: Run, found: Checkpoint) -> None:
    """Put a training into the state of a checkpoint. Raises NstError for the checkpoint of another training or network."""
    _check_same(run, found)
    parts = parted(found.tensors)
    try:
        run.plain.load_state_dict(parts["network"])
        stored = run.optimiser.optimizer.state_dict()
        for key, tensor in parts["optimiser"].items():
            index, slot = key.split(".")
            stored["state"].setdefault(int(index), {})[slot] = tensor
        run.optimiser.optimizer.load_state_dict(stored)
        if run.mean is not None:
            run.mean.load_state_dict(parts["mean"])
        if run.accelerator.scaler and found.notes["scaler"]:
            run.accelerator.scaler.load_state_dict(found.notes["scaler"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise NstError(f"the checkpoint in {run.folder} is of another network: name another folder ({error})") from error
    run.history = {name: values.tolist() for name, values in parts["history"].items()}
    run.step, run.saved, run.before = found.step, found.step, found.notes["seconds"]


def _check_same(run: Run, found: Checkpoint) -> None:
    """Refuse to resume another training: the result would match no single one."""
    first = found.notes["identity"].get(fingerprint.FIRST_WEIGHTS)
    if run.identity.get(fingerprint.FIRST_WEIGHTS) == fingerprint.weights(_left_behind(found)):
        run.identity[fingerprint.FIRST_WEIGHTS] = first  # the same network, in the same process
    other = fingerprint.differences(found.notes["identity"], run.identity)
    shapes = [
        {name: tensor.shape for name, tensor in state.items()}
        for state in (run.plain.state_dict(), parted(found.tensors)["network"])
    ]
    if other or shapes[0] != shapes[1]:
        raise NstError(
            f"{run.folder} holds another training ({'; '.join(other) or 'of another network'}): name another folder, "
            "or begin anew (--anew; in Python nstlib.training.checkpoints.set_aside)"
        )


def _left_behind(found: Checkpoint) -> dict[str, Tensor]:
    """The weights that a training leaves in its network where it stops at this checkpoint."""
    parts, inner = parted(found.tensors), "module."
    mean = {name.removeprefix(inner): tensor for name, tensor in parts["mean"].items() if name.startswith(inner)}
    return mean or parts["network"]


def joined(parts: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the tensors of several parts as one dict, {"part.name": tensor}, as a checkpoint holds them."""
    return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def parted(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Return {part: {name: tensor}} of what `joined` made; raise ValueError for parts that no training has."""
    parts: dict[str, dict[str, Tensor]] = {name: {} for name in PARTS}
    for key, tensor in tensors.items():
        part, _, name = key.partition(".")
        if part not in parts:
            raise ValueError(f"it holds {key!r}, which no training has")
        parts[part][name] = tensor
    return parts


def check_training(checkpoint: Checkpoint) -> None:
    """Raise ValueError unless a training can go on from the checkpoint, as far as the checkpoint itself tells."""
    notes, parts = checkpoint.notes, parted(checkpoint.tensors)
    if "identity" not in notes and "settings" in notes:
        raise ValueError("an earlier version of nstlib wrote it, which did not note what was trained on what")
    for name, kinds in NOTES.items():
        if name not in notes or not isinstance(notes[name], kinds):
            raise TypeError(f"its notes have no {name} that can be understood")
    if not 0 <= notes["seconds"] < float("inf"):
        raise ValueError(f"it took {notes['seconds']} seconds")
    lengths = {tuple(values.shape) for values in parts["history"].values()}
    if not all(values.is_floating_point() for values in parts["history"].values()):
        raise ValueError("its losses are no floating-point numbers")
    if not parts["network"] or lengths != ({(checkpoint.step,)} if checkpoint.step else set()):
        raise ValueError(f"its weights or losses are not those after {checkpoint.step} steps")
