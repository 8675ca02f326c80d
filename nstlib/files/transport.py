"""One file over HTTP: every step under one clock, redirects without their bodies, no secrets in any sentence."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPException, RemoteDisconnected
from pathlib import Path
from ssl import SSLCertVerificationError, SSLError
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
import urllib3
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL, ProxyError
from requests.utils import get_environ_proxies, requote_uri, select_proxy
from tqdm.auto import tqdm

from nstlib.errors import DownloadError
from nstlib.files.addresses import check_url, shown, without_user
from nstlib.files.answers import CHUNK, Unpacked, announced, check_answer, continues, is_web_page, packing, stretch
from nstlib.files.connections import Adapter, Clock, unlogged
from nstlib.files.progress import bar

log = logging.getLogger(__name__)

SLOWEST = 1024  # bytes a second, on average, once the timeout has passed
REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 8
BAR_FROM = 8 * 2**20  # bytes: smaller files need no progress bar
AGENT = "nstlib (a course on neural style transfer; python-requests)"  # Wikimedia refuses nameless programs
FAILURES = (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError)  # of the network, below our own


@dataclass(frozen=True)
class Limits:
    """What a download may take."""

    max_bytes: int
    timeout: float  # seconds until the answer has begun, through all redirects, and between two pieces of it
    public_only: bool = False  # refuse addresses inside this machine or a private network


def fetch(url: str, part: Path, limits: Limits) -> str:
    """Stream `url` into `part`, behind what is there already; return the SHA-256 of the whole. Raises DownloadError."""
    check_url(url)
    digest, there = _digest(part)
    with Clock(limits.timeout) as clock, unlogged(), closing(Adapter(clock, limits.public_only)) as adapter:
        response = _answer(adapter, url, there)
        if there and response.status_code == 416 and response.headers.get("Content-Range") == f"bytes */{there}":
            return digest.hexdigest()  # nothing was missing
        if there and response.status_code in (200, 206, 416) and not continues(response, there):
            part.unlink()  # the server sends the whole file, or has another one now
            digest, there = hashlib.sha256(), 0
            if response.status_code != 200:
                clock.shut()
                response = _answer(adapter, url, there)
        check_answer(response, there, limits.max_bytes)
        return _stream(response, part, digest, clock, limits)


def _digest(part: Path) -> tuple[Any, int]:
    """The running SHA-256 and the size of what is there."""
    digest, size = hashlib.sha256(), 0
    if part.exists():
        with part.open("rb") as file:
            while known := file.read(CHUNK):
                digest.update(known)
                size += len(known)
    return digest, size


# ---------------------------------------------------------------- the question


def _answer(adapter: Adapter, url: str, there: int) -> requests.Response:
    """The first answer that is no redirect."""
    for _ in range(MOST_REDIRECTS + 1):
        response = _ask(adapter, url, there)
        if response.status_code not in REDIRECTS or "Location" not in response.headers:
            return response
        adapter.clock.shut()  # what a redirect says is left unread: it may be endless
        where = response.headers["Location"].encode("latin1", "replace").decode("utf8", "replace")
        try:
            url = without_user(urljoin(without_user(url), requote_uri(where)))  # no password goes along
            check_url(url)
        except (ValueError, requests.RequestException):
            raise DownloadError(f"it redirects to {shown(where)!r}, which is no address on the web") from None
    raise DownloadError(f"it redirects more than {MOST_REDIRECTS} times: look for the file's own address")


def _ask(adapter: Adapter, url: str, there: int) -> requests.Response:
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    if there:
        headers["Range"] = f"bytes={there}-"
    proxies = get_environ_proxies(url)
    proxy = select_proxy(url, proxies)
    if proxy and adapter.public_only:
        raise DownloadError(
            f"the proxy {shown(proxy)} would reach private addresses unseen, and only public ones are "
            "allowed here: name the server in NO_PROXY"
        )
    certificates = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    if certificates is not True and not os.path.exists(certificates):
        raise DownloadError(f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names {certificates}, and there is no such file")
    try:  # without a Session, which would read .netrc, keep cookies and follow redirects
        request = requests.Request("GET", url, headers).prepare()
        return adapter.send(request, stream=True, timeout=adapter.clock.seconds, verify=certificates, proxies=proxies)
    except DownloadError:
        raise
    except FAILURES as error:
        raise DownloadError(_in_words(error, adapter.clock, proxy)) from None  # its text holds the whole address


def _in_words(error: BaseException, clock: Clock, proxy: str | None = None) -> str:
    """What went wrong and what to do, without the address, which the libraries repeat with its secrets."""
    chain = list(_causes(error, clock.outer))

    def cause(*kinds: type) -> Any:
        return next((one for one in chain if isinstance(one, kinds)), None)

    if clock.over or cause(TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError):
        return str(clock.error())
    if refused := cause(SSLCertVerificationError):
        return (
            f"its certificate cannot be verified ({refused.verify_message}): is this machine's date right? Where a "
            "company reads the traffic, REQUESTS_CA_BUNDLE names the file with its certificate"
        )
    if failed := cause(SSLError):
        return f"no secure connection could be made ({failed.reason}): if the server does not speak https, try http://"
    if cause(InvalidSchema):
        return "the proxy speaks SOCKS, which needs another package: pip install pysocks"
    if proxy and cause(ProxyError, InvalidProxyURL):
        said = re.search(r"Tunnel connection failed: (\d{3}[\w -]*)", str(chain[-1]))
        return (
            f"the proxy {shown(proxy)} did not let it through ({said[1] if said else 'no answer'}): it is named by "
            "HTTPS_PROXY or HTTP_PROXY; NO_PROXY names servers that need none"
        )
    if cause(InvalidURL, UnicodeError):
        return "it is not an address: the server's name is malformed"
    if cause(BadStatusLine) and not cause(RemoteDisconnected):
        return "what answers there does not speak HTTP: is the address right?"
    if cause(requests.ConnectionError, urllib3.exceptions.ProtocolError):
        return "the connection broke off before the end of the file: try again"
    return f"the request failed ({type(chain[-1]).__name__})"


def _causes(error: BaseException | None, outer: BaseException | None) -> Iterator[BaseException]:
    while error is not None and error is not outer:
        yield error
        error = error.__cause__ or error.__context__


# ---------------------------------------------------------------- the answer


def _stream(response: requests.Response, part: Path, digest: Any, clock: Clock, limits: Limits) -> str:
    """Write what comes behind what is there, and return the SHA-256 of both."""
    there = size = part.stat().st_size if part.exists() else 0
    coming, came, started = announced(response), 0, time.monotonic()
    total, unpacked = stretch(response)[2] if there else coming, Unpacked(packing(response))
    with part.open("ab") as file, _bar(response, there, total, part.parent) as drawn:
        for chunk in _chunks(response, clock):
            came += len(chunk)
            _check_size(came, limits)
            for piece in unpacked(chunk):
                if size == 0 and is_web_page(piece, response):
                    raise DownloadError("a web page came in place of the file (a log-in or an error page?)")
                size += len(piece)
                _check_size(size, limits)
                digest.update(piece)
                file.write(piece)
            drawn.update(len(chunk))
            seconds = time.monotonic() - started
            if seconds > limits.timeout and came < SLOWEST * seconds:
                raise DownloadError(f"only {came:,} bytes came in {seconds:.0f} seconds: try again later")
    if size == 0 or came < coming or (there and size < total) or not unpacked.complete:
        raise DownloadError(f"only {size:,} of {max(total, 1):,} bytes came: try again")
    return digest.hexdigest()


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise DownloadError(f"the file has more than the {limits.max_bytes:,} bytes that are accepted")


def _bar(response: requests.Response, there: int, total: int, folder: Path) -> tqdm:
    """A bar for a file that takes a while, and a line in the log."""
    label = unquote(urlsplit(shown(response.url)).path).rsplit("/", 1)[-1]
    if total >= BAR_FROM:
        already = f"; {there / 1e6:.0f} MB are there already" if there else ""
        log.info("downloading %s: %.0f MB, once, into %s%s", label, total / 1e6, folder, already)
    return bar(total=total, initial=there, unit="B", unit_scale=True, desc=label, leave=False, disable=total < BAR_FROM)


def _chunks(response: requests.Response, clock: Clock) -> Iterator[bytes]:
    """What comes, as it comes: a read gets all seconds of the clock again."""
    while True:
        clock.restart()
        try:
            chunk = response.raw.read1(CHUNK, decode_content=False)  # without waiting for more
        except FAILURES as error:
            raise DownloadError(_in_words(error, clock)) from None
        if clock.over:
            raise clock.error()
        if not chunk:
            return
        yield chunk
