"""Checkpoints of a training: written whole or not at all, checked when they are read, the last few kept."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from nstlib.errors import NstError
from nstlib.files.fingerprint import tensor_bytes
from nstlib.files.locks import hold
from nstlib.files.paths import expanded
from nstlib.files.weights import opened
from nstlib.files.writing import write_whole

log = logging.getLogger(__name__)

KEEP = 2  # the last one, and the one before it should the last one be damaged
PATTERN = "checkpoint-*.safetensors"
NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")
OURS = {"step", "notes", "sha256"}  # what stands in the metadata of a checkpoint of this course
# Of files that are damaged or another program's.
FOREIGN = (SafetensorError, KeyError, ValueError, TypeError, OSError, RuntimeError)


@dataclass
class Checkpoint:
    """The state of a training after `step` steps: tensors by name, and notes that JSON can hold."""

    step: int
    tensors: dict[str, Tensor]
    notes: dict


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into the folder and delete all of ours but the last two. Raises NstError where the disk refuses it.

    A file of another program by this name is renamed, not written over.
    """
    if checkpoint.step < 0:
        raise NstError(f"step={checkpoint.step}: a checkpoint stands after 0 steps or more")
    path = folder / f"checkpoint-{checkpoint.step:08d}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and not _is_ours(path):
            path.rename(_free(path.with_suffix(".other")))
        write_whole(path, _bytes(checkpoint))
        for old in [one for one in _newest_first(folder) if 0 <= _step(one) < checkpoint.step and _is_ours(one)][KEEP - 1 :]:
            old.unlink()
    except (OSError, NstError) as error:
        kept = latest_path(folder)
        where = f"{kept} is kept, and training goes on from there" if kept else "there is no earlier one"
        raise NstError(f"no checkpoint can be written into {folder}: {error}. {where}") from error
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
        digest.update(tensor_bytes(tensors[name]))
    return digest.hexdigest()


def latest_path(folder: Path) -> Path | None:
    """Return the newest checkpoint's file, whether or not it is whole."""
    return next(iter(_newest_first(folder)), None)


def _newest_first(folder: Path) -> list[Path]:
    """Return the files named like checkpoints; names without a step come last."""
    return sorted((path for path in folder.glob(PATTERN) if path.is_file()), key=_step, reverse=True)


def _step(path: Path) -> int:
    named = NAME.fullmatch(path.name)
    return int(named[1]) if named else -1


def load_latest(folder: Path, check: Callable[[Checkpoint], None] = lambda _: None) -> Checkpoint | None:
    """Return the newest checkpoint that is whole and of this course, or None; one that is not is named in a warning.

    `check` raises ValueError for a checkpoint that the caller cannot use either. Raises NstError where there are checkpoints
    and none can be used; all files stay as they are.
    """
    refused = []
    for path in _newest_first(folder):
        try:
            found = _read(path)
            check(found)
        except FOREIGN as error:
            refused.append(f"{path.name}: {_one_line(error)}")
            log.warning("%s is damaged or of another program (%s): the checkpoint before it is taken", path, _one_line(error))
        else:
            return found
    if refused:
        raise NstError(
            f"every checkpoint in {folder} is damaged or of another program ({'; '.join(refused)}): "
            "name another folder, or begin anew (--anew; in Python nstlib.training.checkpoints.set_aside)"
        )
    return None


def set_aside(folder: Path) -> Path | None:
    """Move a folder's checkpoints into a new folder inside it, so that a training begins anew; return it, or None.

    Raises NstError while a training works there, and where they cannot be moved.
    """
    folder = expanded(folder)
    if not latest_path(folder):
        return None
    lock = hold(folder, "training")
    try:
        aside = _free(folder / "before")
        aside.mkdir()
        for path in _newest_first(folder):
            path.rename(aside / path.name)
    except OSError as error:
        raise NstError(f"the checkpoints in {folder} cannot be moved: {error}") from error
    finally:
        lock.release()
    return aside


def _free(path: Path) -> Path:
    """Return the path, or the first numbered one that nothing stands at."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__


def _is_ours(path: Path) -> bool:
    if not path.is_file():  # to open a pipe would be to wait for its other end
        return False
    try:
        with opened(path) as file:
            return OURS <= set(file.metadata() or {})
    except FOREIGN:
        return False


def _read(path: Path) -> Checkpoint:
    with opened(path) as file:
        meta = file.metadata() or {}
        if not OURS <= set(meta):
            raise ValueError("it is no checkpoint of this course: its metadata say neither step nor checksum")
        tensors = {name: file.get_tensor(name) for name in list(file.keys())}
    if _digest(tensors) != meta["sha256"]:
        raise ValueError("its checksum is wrong")
    if _step(path) != int(meta["step"]) or int(meta["step"]) < 0:
        raise ValueError(f"its name does not fit its step, {meta['step']}")
    notes = json.loads(meta["notes"])
    if not isinstance(notes, dict):
        raise TypeError("its notes are damaged")
    return Checkpoint(int(meta["step"]), tensors, notes)
