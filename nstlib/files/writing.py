"""How every file of the course is written: checked before the work, whole or not at all, never over what it is made from."""

from __future__ import annotations

import errno
import os
import signal
import stat
import tempfile
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files.paths import expanded

LONGEST_SIDE = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500}  # pixels, by the formats' encoders; PNG has no such limit
TRIAL = bytes(2**16)  # a full disk still takes empty files
STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
REASONS = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "your share of the disk is used up; make room",
    errno.EFBIG: "files may not be so large there; choose another folder",
    errno.EACCES: "you may not write there, or another program has it open; choose another name or folder",
    errno.EPERM: "you may not write there; choose another folder",
    errno.EROFS: "the place is read-only; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; most disks take 255 bytes",
    errno.ELOOP: "it is a link that leads back to itself; delete the link",
    errno.ENOTDIR: "what stands before its name is a file, no folder; choose a folder",
}


def write_whole(path: str | os.PathLike, data: bytes | Callable[[Path], object]) -> Path:
    """Write bytes, or what `data` writes into the empty file that it is handed, whole or not at all; return the path.

    Written aside in the same folder and renamed, so a failure leaves what was there. A replaced file keeps its mode, and
    a symbolic link stays: the file behind it is written. Ctrl-C and SIGTERM wait until it is done. Raises NstError.
    """
    path = expanded(path)
    with undisturbed():
        try:
            target = _behind(path)
            part = _aside(target)
            try:
                _fill(part, data, target.stat() if target.exists() else None)
                os.replace(part, target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise NstError(f"{path} cannot be written: {reason(error)}") from error
    return path


def check_output(
    path: str | os.PathLike, suffixes: Collection[str] = (), inputs: Iterable[object] = (), size: Sequence[int] | None = None
) -> Path:
    """Return the path, ~ expanded, if a file can be written there; to be asked before minutes of work, not after them.

    `suffixes`: endings to choose from, any where there are none. `inputs`: what the file is made from; files among them,
    also behind links, are not written over. `size`: (height, width) of the picture in pixels. Raises NstError.
    """
    path = expanded(path)
    if suffixes and path.suffix.lower() not in suffixes:
        raise NstError(f"{path}: the output's name should end in {', '.join(suffixes)}")
    try:
        target = _behind(path)
        check_apart([path], inputs)
        longest = LONGEST_SIDE.get(path.suffix.lower())
        if size is not None and longest is not None and max(size) > longest:
            raise NstError(
                f"{path}: {path.suffix[1:].upper()} cannot hold a picture of {size[1]}x{size[0]} px, "
                f"{longest} px a side at most: use .png or a smaller size"
            )
        _try(target)
    except OSError as error:
        raise NstError(f"{path} cannot be written: {reason(error)}") from error
    return path


def check_apart(outputs: Iterable[Path], inputs: Iterable[object]) -> None:
    """Raise NstError where a file that shall be written is, also behind links, one of those among `inputs`."""
    read = {_identity(os.path.expanduser(source)): source for source in inputs if _is_file(source)}
    for path in outputs:
        if os.path.isfile(path) and (source := read.get(_identity(path))) is not None:
            raise NstError(f"{path} is read as {source}, and would be written over: choose another name for the output")


def save_somewhere(path: Path, save: Callable[[Path], object]) -> None:
    """Call `save(path)`; where that fails, save in the temporary folder, else at home, and name the place in the error.

    For results that took long to make. Raises NstError, also where the result could be kept elsewhere.
    """
    try:
        save(path)
    except NstError as error:
        for root in (tempfile.gettempdir, Path.home):
            try:
                kept = Path(tempfile.mkdtemp(prefix="nstlib-", dir=root())) / path.name
                save(kept)
            except (NstError, OSError, RuntimeError):  # full, not there, or what is to be saved is wrong
                continue
            raise NstError(f"{error}. The result is in {kept}") from error
        raise


def reason(error: OSError) -> str:
    """Say why a file could not be written, and what to do."""
    return REASONS.get(error.errno) or error.strerror or str(error)


@contextmanager
def undisturbed() -> Iterator[list[int]]:
    """Hold Ctrl-C, SIGTERM and the like back until the block is done, then let them act.

    Yields the list of those that came; what the block removes from it counts as answered. Only the main thread is
    interrupted by either, so nothing is held back in another one.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    kept = {number: signal.getsignal(number) for number in STOPPING}
    kept = {number: handler for number, handler in kept.items() if handler not in (None, signal.SIG_IGN)}
    try:
        for number in kept:
            signal.signal(number, lambda number, _: came.append(number))
        yield came
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        for number in sorted(set(came), reverse=True):  # Ctrl-C last: the others may end the process
            signal.raise_signal(number)


def _behind(path: Path) -> Path:
    """The file to write, behind all links. Raises NstError where there is no folder for it or something else stands there."""
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise NstError(f"{path} cannot be written: there is no folder {target.parent}; make it first") from None
        return target
    if stat.S_ISDIR(mode):
        raise NstError(f"{path} cannot be written: it is a folder; add the name of a file in it")
    if not stat.S_ISREG(mode):
        raise NstError(f"{path} cannot be written: it is a device or a pipe; name a file")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise NstError(f"{path} cannot be written: it is there and write-protected; choose another name, or allow writing")
    return target


def _aside(target: Path) -> Path:
    return target.with_name(f".{uuid.uuid4().hex}.part")


def _fill(part: Path, data: bytes | Callable[[Path], object], like: os.stat_result | None) -> None:
    """Make the file, with the mode and owner of the one that it shall replace, and see it onto the disk."""
    part.touch(exist_ok=False)
    mode = stat.S_IMODE((like or part.stat()).st_mode)
    if like is not None and hasattr(os, "chown"):
        with suppress(PermissionError):  # only root may give a file to somebody else
            os.chown(part, like.st_uid, like.st_gid)
    _set_mode(part, mode)
    if callable(data):
        data(part)
        _set_mode(part, mode)  # some writers make the file anew
    with part.open("ab") as file:
        if not callable(data):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())  # a name must never stand for a file that the disk does not have yet


def _set_mode(part: Path, mode: int) -> None:
    if stat.S_IMODE(part.stat().st_mode) != mode:  # memory sticks have one mode for all and refuse to set it
        part.chmod(mode)


def _is_file(source: object) -> bool:
    return isinstance(source, str | os.PathLike) and os.path.isfile(os.path.expanduser(source))


def _identity(path: str | os.PathLike) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _try(target: Path) -> None:
    """Write a little where the file shall stand, under its very name if that is free, and take it away again."""
    trial = _aside(target) if target.exists() else target
    with undisturbed(), trial.open("xb") as file:
        try:
            file.write(TRIAL)
            file.flush()
        finally:
            file.close()
            trial.unlink()
