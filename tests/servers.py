"""Web servers on this machine for tests of downloads: one that serves a file in every bad way, one that sends any bytes."""

import base64
import hashlib
import http.server
import io
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from PIL import Image

from nstlib.errors import DownloadError
from nstlib.files.downloads import download

BODY = bytes(range(256)) * 40
SHA = hashlib.sha256(BODY).hexdigest()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
SECRETS = ("hunter2", "s3cret", "t0ken", "aHVudGVy", base64.b64encode(b"me:hunter2").decode())


def picture_bytes(colour: str = "red") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 36), colour).save(data, format="PNG")
    return data.getvalue()


class Answers(http.server.BaseHTTPRequestHandler):
    """One behaviour per path; `server.body` is what /file holds, `server.asked` what was requested."""

    def do_GET(self):
        self.server.asked.append(self.path)
        getattr(self, "answer_" + self.path.strip("/").partition(".")[0].partition("?")[0], self.answer_missing)()

    def send(self, body: bytes, kind: str = "application/octet-stream", length: int | None = None, status: int = 200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def answer_file(self):
        self.send(self.server.body, length=len(self.server.body))

    def answer_broken(self):
        """Breaks off in the middle of the body; goes on from where it is asked to."""
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.server.ranges.append(start)
        rest = self.server.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.server.body) - 1}/{len(self.server.body)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest if start else rest[: len(rest) // 2])

    def answer_unannounced(self):
        self.send(self.server.body)

    def answer_missing(self):
        self.send(b"gone", status=404, length=4)

    def answer_busy(self):
        self.send(b"slow down", status=429, length=9)

    def answer_truncated(self):
        self.send(self.server.body[:100], length=len(self.server.body))

    def answer_empty(self):
        self.send(b"", length=0)

    def answer_page(self):
        self.send(b"<html>please log in</html>", kind="text/html", length=26)

    def answer_disguised(self):
        self.send(b"\n<!DOCTYPE html><html></html>", length=29)

    def answer_slow(self):
        self.server.release.wait(5)

    def answer_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.server.release.wait(0.05):
            self.wfile.write(b"x")

    def answer_other(self):
        self.send(self.server.other, length=len(self.server.other))

    def answer_pausing(self):
        self.send(self.server.body[:5000], length=len(self.server.body))
        self.server.paused.set()
        self.server.release.wait(5)
        self.wfile.write(self.server.body[5000:])

    def answer_dribbling(self):
        self.send(b"", length=len(self.server.body))
        for start in range(0, len(self.server.body), 1024):
            self.wfile.write(self.server.body[start : start + 1024])
            self.server.release.wait(0.05)

    def answer_moved(self):
        self.send_response(302)
        self.send_header("Location", "/file")
        self.end_headers()

    def answer_circle(self):
        self.send_response(302)
        self.send_header("Location", "/circle")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def file_server() -> Iterator[http.server.ThreadingHTTPServer]:
    """Serve BODY, or what `body` holds, as Answers does; `url` is its address."""
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    running.daemon_threads = True
    running.handle_error = lambda *_: None  # a client that gives up is what these tests are about
    running.body, running.asked, running.ranges = BODY, [], []
    running.release, running.paused = threading.Event(), threading.Event()
    running.url = f"http://127.0.0.1:{running.server_address[1]}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.release.set()
    running.shutdown()
    running.server_close()


class RawServer:
    """Answers each request with `answer(connection, head of the request)`, in a thread, on a port of this machine."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.heads: list[str] = []
        self.release = threading.Event()
        self.answer = lambda connection, head: connection.sendall(WHOLE)
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self):
        with suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self.socket.accept()[0],), daemon=True).start()

    def _one(self, connection):
        with suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head and not head.startswith(b"\x16"):  # TLS, which begins so, is answered at once
                if not (piece := connection.recv(4096)):
                    return
                head += piece
            self.heads.append(head.decode("latin1"))
            self.answer(connection, self.heads[-1])

    def sends(self, *pieces: bytes):
        """Answer with these bytes, whatever is asked."""
        self.answer = lambda connection, head: connection.sendall(b"".join(pieces))

    def drips(self, start: bytes, drop: bytes = b"x"):
        """Begin like this, then send a little again and again, for at most five seconds."""

        def answer(connection, head):
            connection.sendall(start)
            for _ in range(250):
                connection.sendall(drop)
                if self.release.wait(0.02):
                    return

        self.answer = answer

    def stop(self):
        self.release.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # or its thread waits on
        self.socket.close()


def redirect(where: str) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % where.encode()


def refused(url, folder, match="", **options):
    """The message and the whole traceback of a download that must fail, and must leave nothing behind."""
    with pytest.raises(DownloadError, match=match) as caught:
        download(url, cache=folder, **options)
    assert not list(folder.iterdir())
    return "".join(traceback.format_exception(caught.value))


def packed(data: bytes, packing: bytes = b"gzip") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (packing, len(data)) + data
