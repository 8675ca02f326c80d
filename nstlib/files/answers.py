"""What a server's answer says of the file that follows: how much comes, from where on, packed how; and the unpacking."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import requests

from nstlib.errors import DownloadError

CHUNK = 2**18  # bytes, of a read and of a piece that is unpacked
ADVICE = {
    401: "it wants another user or password",
    403: "the server refuses this file to programs",
    404: "the file is not there (any more)",
    407: "the proxy wants a user and a password, in HTTPS_PROXY",
    429: "too many requests: wait a minute and try again",
}


def continues(response: requests.Response, there: int) -> bool:
    """Return whether the answer goes on behind the bytes that are there."""
    known = stretch(response)
    if response.status_code != 206 or known is None or packing(response):
        return False
    first, last, total = known
    return first == there and first <= last < total and announced(response) in (-1, last + 1 - first)


def stretch(response: requests.Response) -> tuple[int, int, int] | None:
    """Return first byte, last byte and total in Content-Range; a total that is not told is the least it can be."""
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", response.headers.get("Content-Range", ""))
    if found is None:
        return None
    first, last = int(found[1]), int(found[2])
    return first, last, last + 1 if found[3] == "*" else int(found[3])


def announced(response: requests.Response) -> int:
    """Return how many bytes will come, -1 where nobody says."""
    length = response.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"\d{1,18}", length) and "Transfer-Encoding" not in response.headers else -1


def packing(response: requests.Response) -> str:
    """Return how the file is packed, though nobody asked for it; "" as a rule."""
    return response.headers.get("Content-Encoding", "").strip().lower().removeprefix("identity")


def check_answer(response: requests.Response, there: int, max_bytes: int) -> None:
    """Refuse an answer that does not bring the file, or one of more than `max_bytes`. Raises DownloadError."""
    if response.status_code == 206 and not there:
        raise DownloadError("the server sent a part of the file (206) where the whole was asked for: try again")
    if response.status_code != (206 if there else 200):
        raise DownloadError(
            f"the server answered {response.status_code} {str(response.reason)[:40]}: "
            + ADVICE.get(response.status_code, "try again later")
        )
    if packing(response) not in ("", "gzip", "x-gzip", "deflate"):
        raise DownloadError(f"the server packed the file ({packing(response)[:40]}), which was not asked for: try another source")
    expected = max(there + announced(response), stretch(response)[2] if there else 0)
    if expected > max_bytes:
        raise DownloadError(f"the file has {expected:,} bytes: at most {max_bytes:,} are accepted")


class Unpacked:
    """Undo the packing of a body, piece by piece: a small body never becomes a large piece."""

    def __init__(self, packing: str):
        self.tool = zlib.decompressobj(wbits=47) if packing else None  # 47: gzip or zlib, as its head says

    def __call__(self, data: bytes) -> Iterator[bytes]:
        if self.tool is None:
            yield data
            return
        try:
            while piece := self.tool.decompress(data, CHUNK):
                yield piece
                data = self.tool.unconsumed_tail
        except zlib.error:
            raise DownloadError("what came is packed, and damaged: try again") from None
        if self.tool.unused_data:
            raise DownloadError("something follows the end of the packed file: try another source")

    @property
    def complete(self) -> bool:
        """Return whether the packed file has come to its end."""
        return self.tool is None or self.tool.eof


def is_web_page(head: bytes, response: requests.Response) -> bool:
    """Return whether a web page came, by its announced kind or its first bytes."""
    kind = response.headers.get("Content-Type", "").lower()
    return kind.startswith("text/html") or head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
