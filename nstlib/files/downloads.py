"""Downloads that are checked before anybody opens them: size, completeness, kind, and SHA-256 against the last time."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from filelock import FileLock, Timeout

from nstlib.errors import DownloadError, NstError
from nstlib.files.addresses import check_url, shown
from nstlib.files.paths import expanded
from nstlib.files.writing import reason, write_whole

if TYPE_CHECKING:
    from nstlib.files.transport import Limits

MAX_BYTES = 64 * 2**20  # bytes
TIMEOUT = 20.0  # seconds until a server has answered
LONGEST_TIMEOUT = 24 * 3600.0  # seconds
NOTE_BYTES = 2**16  # a note has some hundred
LONGEST_NAME = 200  # bytes: file systems take 255, and we add a few letters
ELSEWHERE = "another folder is named by cache=, NSTLIB_CACHE or, for torchvision's weights, TORCH_HOME"
OFF = ("", "0", "false", "no", "off")  # what NSTLIB_PUBLIC_ONLY says where it asks for nothing


def cache_folder() -> Path:
    """Return the folder of downloads: the environment variable NSTLIB_CACHE, or the platform's cache folder for nstlib."""
    import pooch  # here, because it brings requests along, which most callers never need

    return expanded(os.environ.get("NSTLIB_CACHE") or pooch.os_cache("nstlib"))


def download(
    url: str,
    *,
    sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
    timeout: float = TIMEOUT,
    mirrors: Sequence[str] = (),
    cache: str | os.PathLike | None = None,
    name: str | None = None,
    check: Callable[[Path], object] | None = None,
    resume: bool = False,
    public_only: bool = False,
) -> Path:
    """Return the file behind `url`, from the cache or the network, once it has passed every check.

    sha256: the expected checksum, 64 hexadecimal digits. Without it the first download's is written beside the file
        (`<name>.json`) and later downloads, and the cached file itself, are compared with it.
    max_bytes: a larger file is given up, whether or not the server announced its size.
    timeout: seconds until a source's answer has begun, through all its redirects, and then between two pieces of it; a
        body that brings less than 1 KB a second is given up, too. mirrors: further URLs of the same file, in order.
    cache: the folder (default: `cache_folder()`). name: the file's name in it.
    check: called with the path of the complete file before it is put into place; an NstError from it refuses the file.
    resume: keep what came before a connection broke off, and ask for the rest the next time; for large files whose
        checksum is known, by sha256 or by `check`.
    public_only: refuse addresses in this machine and in private networks, behind redirects, too: for a server that
        loads what strangers name. The environment variable NSTLIB_PUBLIC_ONLY=1 asks for it everywhere.

    A user and password in `url` are sent to its server only and stand in no file or message; .netrc is not read. Of
    several downloads of one file at once, one works and the others wait for it.
    Raises DownloadError listing what each source answered and what to do; but for `resume`, the cache is as before then.
    """
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise DownloadError(f"timeout={timeout!r}: expected seconds, above 0 and at most {LONGEST_TIMEOUT:,.0f}")
    public_only = public_only or os.environ.get("NSTLIB_PUBLIC_ONLY", "").strip().lower() not in OFF
    folder = expanded(cache) if cache is not None else cache_folder()
    target, given = folder / _file_name(url, name, public_only), _checksum(sha256) if sha256 else None
    if _is_there(target, given):
        return target
    _check_place(target)
    from nstlib.files.transport import Limits  # here, because requests is slow to import

    with _alone(target, patience=(2 + len(mirrors)) * timeout):
        if _is_there(target, given):  # by now
            return target
        return _first_good([url, *mirrors], target, given, Limits(max_bytes, timeout, public_only), check, resume)


def _first_good(
    sources: Sequence[str], target: Path, given: str | None, limits: Limits, check: Callable[[Path], object] | None, resume: bool
) -> Path:
    """The file of the first source that gives it whole and right, put into place."""
    failures = []
    for number, source in enumerate(sources):
        part = _hidden(target, f"part{number or ''}")  # each source its own: a mirror may have another file
        try:
            _put_into_place(source, part, target, given, limits, check, resume)
            for left in _parts(target):
                left.unlink(missing_ok=True)
            return target
        except NstError as error:
            failures.append(f"{shown(source)}: {error}")
        except OSError as error:
            failures.append(f"{shown(source)}: it cannot be stored in {target.parent} ({reason(error)}); {ELSEWHERE}")
    raise DownloadError("the download failed.\n  " + "\n  ".join(failures))


def _put_into_place(
    source: str, part: Path, target: Path, given: str | None, limits: Limits, check: Callable[[Path], object] | None, resume: bool
) -> None:
    from nstlib.files.transport import fetch

    whole = not resume
    if not resume:
        part.unlink(missing_ok=True)  # of a download that was killed
    try:
        found = fetch(source, part, limits)
        whole = True
        _compare(found, given or _remembered(target), target, given=given is not None)
        if check is not None:
            check(part)
        _remember(target, source, found, part.stat().st_size)
        os.replace(part, target)
    finally:
        if whole:
            part.unlink(missing_ok=True)


def _file_name(url: str, name: str | None, public_only: bool) -> str:
    """The given name, or one from the URL: never shared by two URLs, nor by a checked and an unchecked address."""
    check_url(url)
    if name is None:
        stem = re.sub(r"[^\w.-]", "_", unquote(shown(url).partition("://")[2].partition("/")[2]).rsplit("/", 1)[-1])
        stem = stem.encode()[-80:].decode(errors="ignore").lstrip(".")
        return f"{hashlib.sha256(('public ' * public_only + url).encode()).hexdigest()[:12]}-{stem or 'file'}"
    if not re.fullmatch(r"[\w-][\w .-]*", name) or len(name.encode()) > LONGEST_NAME:
        raise DownloadError(f"name={name[:80]!r}: expected a plain file name without folders, at most {LONGEST_NAME} bytes")
    return name


def _checksum(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise DownloadError(f"sha256={text!r}: expected 64 hexadecimal digits")
    return text.lower()


def _is_there(target: Path, given: str | None) -> bool:
    """Whether the cache holds the file, as it was given or remembered."""
    expected = given or _remembered(target)
    try:
        return expected is not None and target.is_file() and _sha256(target) == expected
    except OSError as error:
        raise DownloadError(f"{target} cannot be read ({reason(error)}): delete it and try again") from error


def _sha256(path: Path) -> str:
    import pooch

    return pooch.file_hash(str(path), alg="sha256")


def _check_place(target: Path) -> None:
    """Refuse a folder that takes no file before anything is fetched."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = reason(error)
        raise DownloadError(f"the cache folder {target.parent} cannot be made ({why}); {ELSEWHERE}") from error
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise DownloadError(f"the cache folder {target.parent} is read-only; {ELSEWHERE}")
    if target.exists() and not target.is_file():
        raise DownloadError(f"{target} is in the way: a file will be stored there; move it elsewhere")


# ---------------------------------------------------------------- one at a time


def _hidden(target: Path, kind: str) -> Path:
    return target.with_name(f".{target.name}.{kind}")


@contextmanager
def _alone(target: Path, patience: float) -> Iterator[None]:
    """Wait until no other thread or process downloads this file. Raises DownloadError once `patience` s bring nothing."""
    path = _hidden(target, "lock")
    lock, progress = FileLock(path), _progress(target)
    try:
        while not (lock.is_locked and path.exists()):  # not there: whoever had it took it away while we took hold of it
            lock.release()
            try:
                lock.acquire(timeout=patience, poll_interval=0.05)
            except Timeout:
                if progress == (progress := _progress(target)):
                    raise DownloadError(
                        f"another download of {target.name} is under way and has not moved for "
                        f"{patience:g} seconds: end that program, or try again later (its lock: {path})"
                    ) from None
    except OSError as error:
        raise DownloadError(f"{path} cannot be made ({reason(error)}); {ELSEWHERE}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps a file that others have open
            path.unlink()  # while it is held: who waits opens a new one
        lock.release()


def _parts(target: Path) -> list[Path]:
    """What has come so far, of each source."""
    return sorted(target.parent.glob(f"{_hidden(target, 'part').name}*"))


def _progress(target: Path) -> list[tuple[str, int]]:
    """What changes while a download goes on."""
    found = []
    for part in _parts(target):
        with suppress(OSError):  # it may be put into place just now
            found.append((part.name, part.stat().st_mtime_ns))
    return found


# ---------------------------------------------------------------- the note beside the file


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _remembered(target: Path) -> str | None:
    """The checksum in the note; None where there is no note. Raises DownloadError for anything else in its place."""
    note = _note(target)
    try:
        if not note.exists():
            return None
        if not note.is_file() or note.stat().st_size > NOTE_BYTES:
            raise DownloadError("it is no note of a download")
        return _checksum(json.loads(note.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DownloadError(f"{note} cannot be read ({error}): move it away or delete it, and try again") from error


def _remember(target: Path, source: str, sha256: str, size: int) -> None:
    write_whole(_note(target), json.dumps({"url": shown(source), "sha256": sha256, "bytes": size}, indent=1).encode())


def _compare(found: str, expected: str | None, target: Path, given: bool) -> None:
    if expected is None or found == expected:
        return
    remedy = (
        "Do not use it; look for another source" if given else f"If you trust the new file, delete {_note(target)} and try again"
    )
    raise DownloadError(f"the file has changed: its SHA-256 is {found[:12]}..., expected {expected[:12]}... {remedy}")
