"""Checkpoints of a training: written whole or not at all, checked when they are read, the last few kept."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nstlib.errors import NstError
from nstlib.files.fingerprint import tensor_bytes
from nstlib.files.locks import hold
from nstlib.files.writing import write_whole

log = logging.getLogger(__name__)

KEEP = 2  # the last one, and the one before it should the last one be damaged
PATTERN = "checkpoint-*.safetensors"
NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")
OURS = {"step", "notes", "sha256"}  # what stands in the metadata of a checkpoint of this course
PARTS = ("network", "optimiser", "mean", "history")
NOTES = {"seconds": (int, float), "settings": dict, "identity": dict, "scaler": (dict, type(None))}  # of a training
FOREIGN = (
    SafetensorError,
    KeyError,
    ValueError,
    TypeError,
    OSError,
    RuntimeError,
)  # of files that are damaged or another program's


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
        where = f"{kept} is kept, and training goes on from there" if kept else "nothing is kept"
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
    """Return the newest checkpoint that is whole and of this course, or None where there is none; one that is not is named in a warning.

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
    if not parts["network"] or lengths != ({(checkpoint.step,)} if checkpoint.step else set()):
        raise ValueError(f"its weights or losses are not those after {checkpoint.step} steps")


def set_aside(folder: Path) -> Path | None:
    """Move a folder's checkpoints into a new folder inside it, so that a training begins anew; return that one, if any were there.

    Raises NstError while a training works there, and where they cannot be moved.
    """
    folder = Path(folder).expanduser()
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
    try:
        with safe_open(path, "pt") as file:
            return OURS <= set(file.metadata() or {})
    except FOREIGN:
        return False


def _read(path: Path) -> Checkpoint:
    with safe_open(path, "pt") as file:
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
