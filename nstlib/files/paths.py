"""Names of files as people type them."""

from __future__ import annotations

import os
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files.addresses import is_address, shown


def expanded(path: str | os.PathLike, error: type[NstError] = NstError) -> Path:
    """Return a path with ~ and ~user written out. Raises `error` for what can be no name of a file, and for addresses."""
    try:
        found = Path(path).expanduser()
        os.fsencode(found)
    except (TypeError, ValueError, RuntimeError) as wrong:  # no path, letters that no name can have, an unknown ~user
        given = os.fspath(path) if isinstance(path, os.PathLike) else path
        raise error(f"{given!r} is no name of a file: {wrong}") from wrong
    if "\0" in str(found):
        raise error(f"{str(found)!r} is no name of a file: it cannot hold the letter \\0")
    if is_address(found) and not os.path.isdir(found.parts[0]):  # a folder may be called "mine:"
        raise error(f"{shown(str(path))!r} is an address: expected a file or folder on this machine")
    return found
