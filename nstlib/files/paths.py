"""Names of files as people type them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from nstlib.errors import NstError


def expanded(path: str | os.PathLike, error: type[NstError] = NstError) -> Path:
    """Return a path with ~ and ~user written out. Raises `error` for what can be no name of a file."""
    try:
        found = Path(path).expanduser()
        os.fsencode(found)
    except (TypeError, ValueError, RuntimeError) as wrong:  # no path, letters that no name can have, an unknown ~user
        shown = os.fspath(path) if isinstance(path, os.PathLike) else path
        raise error(f"{shown!r} is no name of a file: {wrong}") from wrong
    if not os.fspath(path):  # Path("") is this folder, which nobody means who gives an empty variable
        raise error("'' is no name of a file: it is empty")
    if "\0" in str(found):
        raise error(f"{str(found)!r} is no name of a file: it cannot hold the letter \\0")
    if _is_too_long(found):
        raise error(f"{str(found)[:80]!r}... is no name of a file: it is too long; most disks take 255 bytes")
    return found


def _is_too_long(path: Path) -> bool:
    """Whether no file can have this name; pathlib's questions would raise an OSError."""
    try:
        os.stat(path)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False
