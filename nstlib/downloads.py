"""Downloads that are checked before anybody opens them: size, completeness, kind, and SHA-256 against the last time."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tqdm import tqdm

from nstlib.errors import DownloadError, NstError

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 2**20  # bytes
TIMEOUT = 20.0  # seconds without an answer
SLOWEST = 1024  # bytes a second, on average, once the timeout has passed
BAR_FROM = 8 * 2**20  # bytes: smaller files need no progress bar
CHUNK = 2**18  # bytes
AGENT = "nstlib (a course on neural style transfer; python-requests)"  # Wikimedia refuses nameless programs


def cache_folder() -> Path:
    """Where downloads are kept: the environment variable NSTLIB_CACHE, or the platform's cache folder for nstlib."""
    import pooch  # here, because it brings requests along, which most callers never need

    return Path(os.environ.get("NSTLIB_CACHE") or pooch.os_cache("nstlib")).expanduser()


def download(url: str, *, sha256: str | None = None, max_bytes: int = MAX_BYTES, timeout: float = TIMEOUT,
             mirrors: Sequence[str] = (), cache: str | os.PathLike | None = None, name: str | None = None,
             check: Callable[[Path], object] | None = None, resume: bool = False) -> Path:  # fmt: skip
    """The file behind `url`, from the cache or the network; what is returned has passed every check.

    sha256: the expected checksum, 64 hexadecimal digits. Without it the first download's is written beside the file
        (`<name>.json`) and later downloads, and the cached file itself, are compared with it.
    max_bytes: a larger file is given up, whether or not the server announced its size.
    timeout: seconds that a source may be silent. mirrors: further URLs of the same file, tried in order.
    cache: the folder (default: `cache_folder()`). name: the file's name in it.
    check: called with the path of the complete file before it is put into place; an NstError from it refuses the file.
    resume: keep what came before a connection broke off, and ask for the rest the next time; for large files whose
        checksum is known, by sha256 or by `check`.

    Raises DownloadError listing what each source answered and what to do; but for `resume`, nothing is left in the cache then.
    """
    folder = _made(Path(cache).expanduser() if cache is not None else cache_folder())
    target = folder / _file_name(url, name)
    expected = _checksum(sha256) if sha256 else _remembered(target)
    if expected and target.is_file() and _sha256(target) == expected:
        return target
    failures = []
    for source in (url, *mirrors):
        part, whole = target.with_name(f".{target.name if resume else uuid.uuid4().hex}.part"), False
        try:
            found = _fetch(source, part, max_bytes, timeout)
            whole = True
            _compare(found, expected, target, given=bool(sha256))
            if check is not None:
                check(part)
            _remember(target, source, found, part.stat().st_size)
            os.replace(part, target)
            return target
        except NstError as error:
            failures.append(f"{source}: {error}")
        except OSError as error:
            failures.append(f"{source}: it cannot be stored in {folder} ({error}); NSTLIB_CACHE names another folder")
        finally:
            if whole or not resume:
                part.unlink(missing_ok=True)
    raise DownloadError("the download failed.\n  " + "\n  ".join(failures))


def _file_name(url: str, name: str | None) -> str:
    """The given name, or one from the URL that two different URLs never share."""
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        raise DownloadError(f"{url!r}: expected an address that begins with https:// or http://")
    if name is None:
        stem = re.sub(r"[^\w.-]", "_", unquote(url.partition("?")[0]).rsplit("/", 1)[-1])[-80:].lstrip(".")
        return f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{stem or 'file'}"
    if not re.fullmatch(r"[\w-][\w .-]*", name):
        raise DownloadError(f"name={name!r}: expected a plain file name without folders")
    return name


def _checksum(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise DownloadError(f"sha256={text!r}: expected 64 hexadecimal digits")
    return text.lower()


def _sha256(path: Path) -> str:
    import pooch

    return pooch.file_hash(str(path), alg="sha256")


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    except OSError as error:
        raise DownloadError(f"the cache folder {folder} cannot be made ({error}): name another in NSTLIB_CACHE"
                            ) from error  # fmt: skip


# ---------------------------------------------------------------- the note beside the file


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _remembered(target: Path) -> str | None:
    try:
        return _checksum(json.loads(_note(target).read_text(encoding="utf-8"))["sha256"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DownloadError(f"{_note(target)} cannot be read ({error}): delete it and try again") from error


def _remember(target: Path, source: str, sha256: str, size: int) -> None:
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_text(json.dumps({"url": source, "sha256": sha256, "bytes": size}, indent=1), encoding="utf-8")
        os.replace(part, _note(target))
    finally:
        part.unlink(missing_ok=True)


def _compare(found: str, expected: str | None, target: Path, given: bool) -> None:
    if expected is None or found == expected:
        return
    remedy = ("Do not use it; look for another source" if given else
              f"If you trust the new file, delete {_note(target)} and try again")  # fmt: skip
    raise DownloadError(f"the file has changed: its SHA-256 is {found[:12]}..., expected {expected[:12]}... {remedy}")


# ---------------------------------------------------------------- over the wire


def _fetch(url: str, part: Path, max_bytes: int, timeout: float) -> str:
    """Stream `url` into `part`, behind what is there already, watching size and time; return the SHA-256. Raises DownloadError."""
    import requests
    import urllib3

    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}  # so that Content-Length counts what arrives
    there = part.stat().st_size if part.exists() else 0
    if there:
        headers["Range"] = f"bytes={there}-"
    try:
        with requests.get(url, stream=True, timeout=timeout, headers=headers) as response:
            if there and response.status_code in (200, 206, 416) and not _continues(response, there):
                part.unlink()  # the server sends the whole file, or has another one now
                if response.status_code != 200:
                    return _fetch(url, part, max_bytes, timeout)
            _check_answer(response, max_bytes)
            return _stream(response, part, max_bytes, timeout)
    except DownloadError:
        raise
    except (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
        raise DownloadError(f"no answer for {timeout:g} seconds: try again later, or with a larger timeout") from error
    except (urllib3.exceptions.IncompleteRead, urllib3.exceptions.ProtocolError) as error:
        raise DownloadError("the connection broke off before the end of the file: try again") from error
    except requests.exceptions.SSLError as error:
        raise DownloadError(f"its certificate cannot be verified ({error})") from error
    except requests.ConnectionError as error:
        raise DownloadError("it cannot be reached; is this machine offline?") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise DownloadError(f"the request failed ({error})") from error


def _continues(response: Any, there: int) -> bool:
    """Does the answer go on behind the bytes that are there?"""
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {there}-")


def _check_answer(response: Any, max_bytes: int) -> None:
    if response.status_code not in (200, 206):
        advice = {404: "the file is not there (any more)", 429: "too many requests: wait a minute and try again",
                  403: "the server refuses this file to programs"}  # fmt: skip
        raise DownloadError(f"the server answered {response.status_code} {response.reason}: "
                            + advice.get(response.status_code, "try again later"))  # fmt: skip
    if _announced(response) > max_bytes:
        raise DownloadError(f"the file has {_announced(response):,} bytes: at most {max_bytes:,} are accepted")


def _announced(response: Any) -> int:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else -1


def _stream(response: Any, part: Path, max_bytes: int, timeout: float) -> str:
    there = part.stat().st_size if part.exists() else 0
    announced, began = _announced(response), there
    total, size, digest, started = announced if announced < 0 else announced + there, there, hashlib.sha256(), time.monotonic()
    label = unquote(urlsplit(response.url).path).rsplit("/", 1)[-1]
    if total >= BAR_FROM:
        log.info("downloading %s: %.0f MB, once, into %s%s", label, total / 1e6, part.parent,
                 f"; {there / 1e6:.0f} MB are there already" if there else "")
    with part.open("a+b") as file, tqdm(total=total, initial=there, unit="B", unit_scale=True, desc=label, leave=False,
                                        disable=total < BAR_FROM) as bar:  # fmt: skip
        file.seek(0)
        while known := file.read(CHUNK):
            digest.update(known)
        while chunk := response.raw.read1(CHUNK, decode_content=True):  # what has come, without waiting for more
            if size == began == 0 and _is_web_page(chunk, response):
                raise DownloadError("a web page came in place of the file (a log-in or an error page?)")
            size += len(chunk)
            if size > max_bytes:
                raise DownloadError(f"the file has more than the {max_bytes:,} bytes that are accepted")
            seconds = time.monotonic() - started
            if seconds > timeout and size - began < SLOWEST * seconds:
                raise DownloadError(f"only {size - began:,} bytes came in {seconds:.0f} seconds: try again later")
            digest.update(chunk)
            file.write(chunk)
            bar.update(len(chunk))
    if size == 0 or (total >= 0 and size < total and "Content-Encoding" not in response.headers):
        raise DownloadError(f"only {size:,} of {max(total, 1):,} bytes came: try again")
    return digest.hexdigest()


def _is_web_page(head: bytes, response: Any) -> bool:
    kind = response.headers.get("Content-Type", "").lower()
    return kind.startswith("text/html") or head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
