"""One job at a time in a folder: a lock that goes with the process that holds it."""

from __future__ import annotations

import logging
import os

from filelock import FileLock, Timeout

from nstlib.errors import NstError
from nstlib.files.paths import expanded
from nstlib.files.writing import reason

LOCK = ".nstlib.lock"  # its name; the empty file stays: to delete it would let two others in
log = logging.getLogger(__name__)


def hold(folder: str | os.PathLike, job: str) -> FileLock:
    """Return a lock on the folder, which is made if need be; held until its `release()`, or until the process ends.

    `job`: what is done there, such as "training". Raises NstError where another process or notebook holds it.
    """
    folder = expanded(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0, thread_local=False)  # a notebook's panel may end it in another thread
        lock.acquire()
    except Timeout as error:
        raise NstError(
            f"another {job} works in {folder}, in another process or in an unfinished loop of this one: "
            "wait for its end, stop it, or name another folder"
        ) from error
    except FileExistsError as error:
        raise NstError(f"{folder} is a file: name a folder") from error
    except OSError as error:
        raise NstError(f"{folder} cannot be written into: {reason(error)}") from error
    return lock
