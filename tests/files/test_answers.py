"""What a server says of its file: lengths, ranges, packing, and lies about each of them."""

import gzip
import zlib

import pytest
from servers import BODY, WHOLE, packed, refused

from nstlib.errors import DownloadError
from nstlib.files.downloads import download


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nabcd", "a part of the file"),
        (b"HTTP/1.1 206 P\r\nContent-Length: 4\r\n\r\nabcd", "a part of the file"),
        (b"HTTP/1.1 416 R\r\nContent-Length: 0\r\n\r\n", "answered 416"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd", "broke off|only 4 of 9"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 4\r\n\r\nabcd", "failed|only 4 of 9|broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabcd", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcd", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 99999, "broke off"),
        (b"HTTP/1.1 204 No\r\n\r\n", "answered 204"),
        (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 999 + b"\r\n", "broke off|failed"),
        (b"", "broke off"),
    ],
)
def test_answers_that_are_none(server, tmp_path, answer, match):
    server.sends(answer)
    refused(server.url + "/a", tmp_path, match)


@pytest.mark.parametrize(
    "head", [b"Content-Length: -1\r\n", b"Content-Length: abc\r\n", b"Content-Length: " + b"9" * 5000 + b"\r\n", b""]
)
def test_without_a_length_to_believe_the_file_ends_with_the_connection(server, tmp_path, head):
    server.sends(b"HTTP/1.1 200 OK\r\n", head, b"\r\n", BODY)
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY


def resumed(server, folder, **options):
    (folder / ".a.bin.part").write_bytes(BODY[:100])
    return download(server.url + "/a", cache=folder, name="a.bin", resume=True, check=lambda path: None, **options)


@pytest.mark.parametrize(
    "extent",
    [
        "bytes 99-10239/10240",
        "bytes 100-10239/10239",
        "bytes 100-10238/10240",
        "bytes 100-99/10240",
        "100-10239",
        "bytes */10240",
        "items 100-10239/10240",
        f"bytes 100-{'9' * 5000}/*",
    ],
)
def test_a_rest_that_does_not_fit_is_not_put_behind_the_beginning(server, tmp_path, extent):
    rest = b"HTTP/1.1 206 P\r\nContent-Range: %s\r\nContent-Length: 10140\r\n\r\n" % extent.encode() + BODY[100:]
    server.answer = lambda connection, head: connection.sendall(rest if "Range:" in head else WHOLE)
    assert resumed(server, tmp_path).read_bytes() == BODY
    assert len(server.heads) == 2 and "Range:" not in server.heads[1]


@pytest.mark.parametrize("extent", ["bytes 100-10239/10240", "bytes 100-10239/*"])
def test_a_rest_that_fits_is(server, tmp_path, extent):
    server.sends(b"HTTP/1.1 206 P\r\nContent-Range: %s\r\nContent-Length: 10140\r\n\r\n" % extent.encode(), BODY[100:])
    assert resumed(server, tmp_path).read_bytes() == BODY
    assert len(server.heads) == 1 and "Range: bytes=100-" in server.heads[0]


def test_nothing_is_missing(server, tmp_path):
    server.sends(b"HTTP/1.1 416 R\r\nContent-Range: bytes */100\r\nContent-Length: 0\r\n\r\n")
    assert resumed(server, tmp_path).read_bytes() == BODY[:100]


def test_a_rest_of_a_file_that_is_too_large(server, tmp_path):
    server.sends(b"HTTP/1.1 206 P\r\nContent-Range: bytes 100-10239/10240\r\nContent-Length: 10140\r\n\r\n", BODY[100:])
    with pytest.raises(DownloadError, match="10,240 bytes: at most 10,200"):
        resumed(server, tmp_path, max_bytes=10200)
    assert (tmp_path / ".a.bin.part").read_bytes() == BODY[:100]


@pytest.mark.parametrize(
    "answer",
    [
        packed(gzip.compress(BODY)),
        packed(gzip.compress(BODY), b"X-GZIP"),
        packed(zlib.compress(BODY), b"deflate"),
        packed(BODY, b"identity"),
    ],
    ids=["gzip", "x-gzip", "deflate", "identity"],
)
def test_a_file_that_was_packed_for_the_way(server, tmp_path, answer):
    server.sends(answer)
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (packed(gzip.compress(BODY)[:-9]), "only 10,2|only .* came"),
        (packed(gzip.compress(BODY)[:40] + bytes(60)), "damaged"),
        (packed(BODY), "damaged"),
        (packed(gzip.compress(BODY) * 2), "follows the end"),
        (packed(gzip.compress(bytes(50_000_000))), "more than the 1,000,000"),
        (packed(b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\0\0\0\xff\xff" * 300_000), "1,500,010 bytes: at most"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\0\0\0\xff\xff" * 300_000,
            "more than the 1,000,000",
        ),
        (packed(BODY, b"br"), "packed the file .br."),
        (packed(BODY, b"gzip, gzip"), "packed the file"),
    ],
    ids=range(9),
)
def test_packing_that_is_broken_or_hides_something(server, tmp_path, answer, match):
    server.sends(answer)
    refused(server.url + "/a", tmp_path, match, max_bytes=1_000_000)
