"""Checkpoints of a training: written whole or not at all, checked when they are read, the last few kept."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nstlib.errors import NstError

log = logging.getLogger(__name__)

KEEP = 2  # the last one, and the one before it should the last one be damaged
PATTERN = "checkpoint-*.safetensors"


@dataclass
class Checkpoint:
    """Where a training stands after `step` steps: tensors by name, and whatever else JSON can hold."""

    step: int
    tensors: dict[str, Tensor]
    notes: dict


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into the folder and delete all but the last two. Raises NstError where the disk refuses it."""
    path = folder / f"checkpoint-{checkpoint.step:08d}.safetensors"
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(_bytes(checkpoint))
            file.flush()
            os.fsync(file.fileno())  # a name must never stand for a file that the disk does not have yet
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NstError(_refused(folder, error)) from error
    for old in sorted(folder.glob(PATTERN))[:-KEEP]:
        old.unlink()
    return path


def _bytes(checkpoint: Checkpoint) -> bytes:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    meta = {"step": str(checkpoint.step), "notes": json.dumps(checkpoint.notes), "sha256": _digest(tensors)}
    return save(tensors, meta)


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of names and contents: safetensors itself would not notice a flipped bit."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).numpy().tobytes())
    return digest.hexdigest()


def _refused(folder: Path, error: OSError) -> str:
    kept = latest_path(folder)
    why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else str(error)
    where = f"{kept} is kept: make room and start again, and training goes on from there" if kept else "make room and start again"
    return f"a checkpoint cannot be written into {folder}, {why}; {where}"


def latest_path(folder: Path) -> Path | None:
    """The newest checkpoint's file, whether or not it is whole."""
    return max(folder.glob(PATTERN), default=None)


def load_latest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None where there is none; a damaged one is named in a warning.

    Raises NstError where there are checkpoints and none of them is whole.
    """
    paths = sorted(folder.glob(PATTERN), reverse=True)
    for path in paths:
        try:
            return _read(path)
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            log.warning("%s is damaged (%s): the checkpoint before it is taken", path, error)
    if paths:
        raise NstError(f"every checkpoint in {folder} is damaged: delete them to train from the start")
    return None


def _read(path: Path) -> Checkpoint:
    with safe_open(path, "pt") as file:
        meta, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.offset_keys()}
    if _digest(tensors) != meta["sha256"]:
        raise ValueError("its checksum is wrong")
    return Checkpoint(int(meta["step"]), tensors, json.loads(meta["notes"]))
