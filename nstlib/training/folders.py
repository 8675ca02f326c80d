"""Which pictures are in a folder: the one answer, for every command and for the lessons."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from PIL import Image

from nstlib.errors import NstError
from nstlib.files.paths import expanded
from nstlib.images.decoding import FORMATS
from nstlib.training.checkpoints import latest_path

JUNK = ("__MACOSX", "@eaDir", "$RECYCLE.BIN")  # what systems leave in folders, with pictures of their own
# Endings of pictures of other kinds: of phones, cameras and drawing programs. Who has some in a folder means them, too.
UNREAD = (
    *(".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2"),
    *(".dng", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"),
    *(".psd", ".xcf", ".kra", ".svg", ".exr"),
)
READERS = {"MPO": "JPEG"}  # formats that another one's reader opens
log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def suffixes() -> tuple[str, ...]:
    """Return the endings, in small letters, of the formats that can be read here."""
    return tuple(
        sorted(
            suffix
            for suffix, kind in Image.registered_extensions().items()
            if kind in FORMATS and READERS.get(kind, kind) in Image.OPEN
        )
    )


def picture_files(path: str | os.PathLike, without: Iterable[str | os.PathLike] = ()) -> list[Path]:
    """Return the files in a folder, and in those inside it, that are named like pictures, sorted.

    Left out are hidden files and folders, what systems leave, the folders `without`, those where a training keeps its
    checkpoints, and pictures of kinds that are not read here, of which a warning says how many there are. Links are
    followed, to each place once. Raises NstError where there is no such folder.
    """
    path = expanded(path)
    if not os.path.isdir(path):  # pathlib's questions raise where one may not look
        raise NstError(f"there is no folder {path}")
    seen = {os.path.realpath(expanded(one)) for one in without}
    if os.path.realpath(path) in seen:
        raise NstError(f"{path} is read, and results would be put there: name another folder for them")
    return sorted(_walk(path, seen | {os.path.realpath(path)}))


def _walk(top: Path, seen: set[str]) -> Iterator[Path]:
    """The pictures below a folder; links come last, and count only where they lead to what was not `seen` without them."""
    waiting, links = [top], []
    while waiting or links:
        here = waiting.pop() if waiting else links.pop(0)
        if here.is_symlink() and here != top:
            if not _first_time(os.path.realpath(here), seen):
                continue
            if os.path.isfile(here):
                yield here
                continue
        real = os.path.realpath(here)
        for entry in _entries(here):
            if entry.is_symlink():
                links.append(entry)
            elif os.path.isdir(entry):
                waiting += [entry] if _first_time(os.path.realpath(entry), seen) else []
            elif _first_time(os.path.join(real, entry.name), seen):
                yield entry


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, sorted, without what nobody means by its pictures."""
    try:
        inside = [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".") and entry.name not in JUNK]
    except OSError as error:
        log.warning("skipped %s: %s", folder, error)
        return []
    others = set(UNREAD).difference(suffixes())
    unread = [entry.suffix.lower() for entry in inside if entry.suffix.lower() in others and os.path.isfile(entry)]
    if unread:
        kinds = ", ".join(sorted(set(unread)))
        log.warning("skipped %d of the files in %s (%s): not read here; export them as JPEG or PNG", len(unread), folder, kinds)
    return [entry for entry in inside if _is_picture(entry) or (os.path.isdir(entry) and not _is_run(entry))]


def _is_picture(entry: Path) -> bool:
    if entry.suffix.lower() not in suffixes() or os.path.isdir(entry):
        return False
    if not os.path.exists(entry):
        log.warning("skipped %s: a link that leads nowhere", entry)
    return os.path.isfile(entry)


def _is_run(folder: Path) -> bool:
    try:
        return latest_path(folder) is not None
    except OSError:  # a folder that may not be read is skipped, and named, when its turn comes
        return False


def _first_time(place: str, seen: set[str]) -> bool:
    new = place not in seen
    seen.add(place)
    return new
