"""What a server can do to a download: it drips, floods, redirects, packs, lies about lengths, and asks for secrets."""

import base64
import gzip
import logging
import re
import socket
import ssl
import traceback
import zlib
from contextlib import suppress

import pytest
import requests
from servers import BODY, WHOLE

from nstlib.errors import DownloadError
from nstlib.files import addresses, connections, transport
from nstlib.files.addresses import is_public, shown
from nstlib.files.downloads import download
from nstlib.images.files import load_image

SECRETS = ("hunter2", "s3cret", "t0ken", "aHVudGVy", base64.b64encode(b"me:hunter2").decode())


def redirect(where: str) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % where.encode()


def refused(url, folder, match="", **options):
    """The message and the whole traceback of a download that must fail, and must leave nothing behind."""
    with pytest.raises(DownloadError, match=match) as caught:
        download(url, cache=folder, **options)
    assert not list(folder.iterdir())
    return "".join(traceback.format_exception(caught.value))


# ---------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"H"),  # a status line
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: x\r\n"[:1]),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"[:5]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),  # the size of a piece
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),  # a remark beside it
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"X: x\r\n"),  # trailers
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nabc", b""),  # silence
    ],
    ids=str,
)
def test_a_server_that_drips_has_the_seconds_of_the_timeout(server, tmp_path, start, drop):
    server.drips(start, drop)
    refused(server.url + "/a", tmp_path, "no answer within 0.2 seconds", timeout=0.2)


def test_a_body_that_drips_is_given_up(server, tmp_path):
    server.drips(b"HTTP/1.1 200 OK\r\n\r\n")
    refused(server.url + "/a", tmp_path, r"only \d+ bytes came", timeout=0.2)


def test_all_redirects_share_one_clock(server, tmp_path):
    def answer(connection, head):
        server.release.wait(0.08)
        connection.sendall(redirect("/a"))

    server.answer = answer
    refused(server.url + "/a", tmp_path, "no answer within 0.2 seconds", timeout=0.2)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_takes_the_connection_and_says_nothing(tmp_path, server, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        refused(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/a", tmp_path, "no answer within 0.2", timeout=0.2)


def test_a_name_that_is_looked_up_without_end(server, tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: server.release.wait(5))
    refused("http://somewhere.example/a", tmp_path, "no answer within 0.1", timeout=0.1)


def test_a_slow_but_honest_file_takes_longer_than_the_timeout(server, tmp_path, monkeypatch):
    def answer(connection, head):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        for start in range(0, len(BODY), 1024):
            connection.sendall(BODY[start : start + 1024])
            server.release.wait(0.05)

    server.answer = answer
    assert download(server.url + "/a", cache=tmp_path, timeout=0.3).read_bytes() == BODY


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e9])
def test_seconds_that_are_none(tmp_path, timeout):
    refused("http://127.0.0.1/a", tmp_path, "timeout=", timeout=timeout)


# ---------------------------------------------------------------- redirects


def test_what_a_redirect_says_is_not_read(server, tmp_path):
    taken = []

    def answer(connection, head):
        if head.startswith("GET /b "):
            return connection.sendall(WHOLE)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n")
        with suppress(OSError):
            for _ in range(1024):
                connection.sendall(bytes(65536))
                taken.append(65536)

    server.answer = answer
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY
    assert sum(taken) < 32 * 2**20  # of 64 MB, what the system keeps ready for a reader


def test_redirects_end(server, tmp_path):
    server.answer = lambda connection, head: connection.sendall(redirect(f"/{len(server.heads)}"))
    refused(server.url + "/a", tmp_path, "redirects more than 8 times")
    assert len(server.heads) == 9


@pytest.mark.parametrize(
    "where",
    [
        "ftp://127.0.0.1/a",
        "file:///etc/hosts",
        "javascript:alert(1)",
        "data:,x",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/a",
        "http://127.0.0.1:x/a",
        "//",
        "http:///a",
    ],
)
def test_only_to_addresses_on_the_web(server, tmp_path, where):
    server.sends(redirect(where))
    refused(server.url + "/a", tmp_path, "no address on the web|redirects more than")


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 302 Found\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n", b"HTTP/1.1 300 Many\r\nLocation: /b\r\n\r\n"]
)
def test_a_redirect_to_nowhere(server, tmp_path, head):
    server.sends(head)
    refused(server.url + "/a", tmp_path, "answered 30")


def test_redirects_within_and_between_servers_in_any_writing(server, other, tmp_path):
    server.answer = lambda connection, head: connection.sendall(
        redirect("b c/ü?x=1") if "/a" in head.split()[1] else redirect(other.url)
    )
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY
    assert [head.split()[1] for head in server.heads + other.heads] == ["/a", "/b%20c/%C3%BC?x=1", "/"]


# ---------------------------------------------------------------- lengths, ranges, packing


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


def packed(data: bytes, packing: bytes = b"gzip") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (packing, len(data)) + data


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


# ---------------------------------------------------------------- secrets


def test_user_and_password_go_to_their_server_and_nowhere_else(server, other, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password aHVudGVy\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    cookie = b"HTTP/1.1 302 Found\r\nSet-Cookie: t0ken=1; Path=/\r\nLocation: %s\r\n\r\n"
    server.answer = lambda connection, head: connection.sendall(
        cookie % b"/b" if head.startswith("GET /a") else redirect(f"http://you:s3cret@127.0.0.1:{other.port}/x")
    )
    path = download(server.url.replace("//", "//me:hunter2@") + "/a?key=s3cret#t0ken", cache=tmp_path / "cache")
    assert [re.findall("(?im)^(?:authorization|cookie|referer): .*", head) for head in server.heads + other.heads] == [
        ["Authorization: Basic " + SECRETS[-1] + "\r"],
        [],
        [],
    ]
    assert server.heads[0].startswith("GET /a?key=s3cret HTTP")  # the server gets what it asks for
    told = path.name + path.with_name(path.name + ".json").read_text()
    assert not any(secret in told for secret in SECRETS) and f"{server.url}/a" in told


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 401 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"garbage\r\n",
        b"",
        redirect("http://you:hunter2@/?t0ken"),
        redirect("ftp://you:hunter2@there/t?t0ken"),
        redirect("http://127.0.0.1:1/?t0ken"),
        b"HTTP/1.1 200 OK\r\nX Y\r\nContent-Length: 0\r\n\r\n",
        packed(BODY),
        None,
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_failure_tells_a_secret(server, tmp_path, caplog, capsys, answer, scheme):
    """Not in the message, the traceback, the log at its most talkative, or the bar."""
    caplog.set_level(logging.DEBUG)
    server.sends(answer) if answer is not None else server.drips(b"HTTP/1.1 200 OK\r\nX: ")
    said = refused(
        f"{scheme}://me:hunter2@127.0.0.1:{server.port}/a;s3cret?t0ken=s3cret#t0ken", tmp_path, "127.0.0.1", timeout=0.2
    )
    said += caplog.text + "".join(capsys.readouterr())
    assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.org/b/c.png", "https://a.org/b/c.png"),
        ("https://a.org:8080/b@2x.png?token=s3cret#t0ken", "https://..."),
        ("https://me:hunter2@a.org/b.png;id=s3cret", "https://a.org/b.png"),
        ("https://me:hunter2@[::1]:80", "https://[::1]:80"),
        ("https://me:a@b@c@a.org/", "https://a.org/"),
        ("https://me:hun/ter2@a.org/", "https://..."),
        ("https://me:hun?ter2@a.org/", "https://..."),
        ("https://me:12/hunter2@a.org/", "https://..."),
        ("me:hunter2@a.org/x", "a.org/x"),
        ("", ""),
    ],
)
def test_what_is_shown_of_an_address(url, expected):
    assert shown(url).startswith(expected) and not any(secret in shown(url) for secret in (*SECRETS, "ter2", "hun"))


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hun/ter2@127.0.0.1/a",
        "http://me:hun#ter2@127.0.0.1/a",
        "http://a b/c",
        "http://127.0.0.1:0/a",
        "http://127.0.0.1:99999/",
        "http://a\\b/",
        "http://127.0.0.1/a\nb",
        "http:///a",
        "http://?",
        "http://me:ter2@/",
    ],
)
def test_addresses_that_are_none(tmp_path, url):
    assert "ter2" not in refused(url, tmp_path, "not an address|refuses")


# ---------------------------------------------------------------- proxies, names, certificates


@pytest.fixture
def proxy(server, other, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", other.url.replace("//", "//you:s3cret@"))
    monkeypatch.setenv("HTTPS_PROXY", other.url.replace("//", "//you:s3cret@"))
    return other


def test_a_proxy_of_the_environment_is_used_and_its_password_kept(proxy, tmp_path):
    assert download("http://me:hunter2@nowhere.example/a?t0ken", cache=tmp_path / "a").read_bytes() == BODY
    assert proxy.heads[0].startswith("GET http://nowhere.example/a?t0ken HTTP")
    assert "Proxy-Authorization: Basic " + base64.b64encode(b"you:s3cret").decode() in proxy.heads[0]
    proxy.sends(b"HTTP/1.1 407 Who are you\r\n\r\n")
    for scheme in ("http", "https"):
        (tmp_path / scheme).mkdir()
        said = refused(f"{scheme}://me:hunter2@nowhere.example/a?t0ken", tmp_path / scheme, "proxy")
        assert not [secret for secret in SECRETS if secret in said] and "407" in said


def test_a_proxy_that_drips(proxy, tmp_path):
    proxy.drips(b"HTTP/1.1 200 ")
    refused("https://nowhere.example/a", tmp_path, "no answer within 0.2", timeout=0.2)


def test_a_proxy_that_is_not_there(server, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{gone.getsockname()[1]}")
    refused("http://nowhere.example/a", tmp_path, "the proxy 127.0.0.1 refuses connections")


def test_certificates_that_are_not_there(server, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    refused(server.url.replace("http", "https"), tmp_path, "REQUESTS_CA_BUNDLE .*none.pem")


def test_a_certificate_that_is_not_trusted(tmp_path):
    """Its reason is told, from beneath what the libraries wrap it into, which holds the whole address."""
    error = ssl.SSLCertVerificationError(1, "unable to get local issuer")
    error.verify_message = "self-signed certificate"
    wrapped = requests.exceptions.SSLError("https://a.org/?t0ken")
    wrapped.__context__ = error
    said = transport._in_words(wrapped, connections.Clock(1))
    assert "cannot be verified (self-signed certificate)" in said and "t0ken" not in said


def test_what_the_caller_was_dealing_with_is_not_the_reason(server, tmp_path):
    server.sends(b"")
    try:
        raise TimeoutError("long ago")
    except TimeoutError:
        refused(server.url + "/a", tmp_path, "broke off")


def test_a_server_that_needs_no_proxy(proxy, server, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY
    assert not proxy.heads


def test_a_proxy_would_reach_what_is_private(proxy, tmp_path):
    said = refused("http://nowhere.example/a", tmp_path, "NO_PROXY", public_only=True)
    assert not proxy.heads and "s3cret" not in said


def test_a_name_that_nobody_knows(server, tmp_path):
    refused("http://nowhere.invalid/a", tmp_path, "no server is known by the name nowhere.invalid")


def test_https_where_there_is_none(server, tmp_path):
    server.sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    refused(server.url.replace("http", "https") + "/a", tmp_path, "secure connection|broke off", timeout=1)


# ---------------------------------------------------------------- private addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "127.255.255.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fc00::1]",
        "[fd12::1]",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[ff02::1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fec0::1]",
        "192.0.2.1",
        "198.18.0.1",
        "127。0。0。1",
        "[::127.0.0.1]",
    ],
)
def test_a_server_that_serves_strangers_reaches_nothing_private(server, tmp_path, host, monkeypatch):
    monkeypatch.setenv("NSTLIB_PUBLIC_ONLY", "1")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was connected to"))
    refused(f"http://{host}:{server.port}/a", tmp_path, "only public addresses|not an address")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:4001:82a::200e", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::8.8.8.8", True),
        ("2002:808:808::1", True),
        ("192.168.0.1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::1", False),
    ],
)
def test_public_addresses(address, expected):
    assert is_public(address) is expected


@pytest.fixture
def names(monkeypatch):
    """Names and the addresses that they lead to, one after the other; all of 127.0.0.1 counts as public, the rest does not."""
    known, look_up = {}, socket.getaddrinfo

    def lookup(host, port, *args, **options):
        return look_up(known[host].pop(0) if known.get(host) else host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(connections, "is_public", lambda address: address == "127.0.0.1")
    return known


def test_a_name_that_leads_elsewhere_once_it_was_looked_at(server, names, tmp_path):
    names["rebinds.example"] = ["127.0.0.1", "127.0.0.2", "127.0.0.2"]
    url = f"http://rebinds.example:{server.port}"
    assert download(url + "/a", cache=tmp_path / "a", public_only=True).read_bytes() == BODY
    assert len(names["rebinds.example"]) == 2  # it was asked for once, and that address was taken
    (tmp_path / "b").mkdir()
    refused(url + "/b", tmp_path / "b", "only public addresses", public_only=True)


def test_a_name_with_a_public_and_a_private_address(server, names, tmp_path, monkeypatch):
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **options: look_up("127.0.0.1", *args, **options) + look_up("127.0.0.2", *args, **options),
    )
    refused(f"http://two.example:{server.port}/a", tmp_path, "only public addresses", public_only=True)
    assert not server.heads


def test_redirects_are_looked_at_again(server, names, tmp_path):
    names["inside.example"] = ["127.0.0.2"]
    server.sends(redirect(f"http://inside.example:{server.port}/a"))
    refused(server.url + "/a", tmp_path, "inside.example lies inside", public_only=True)
    assert len(server.heads) == 1


def test_what_was_fetched_without_a_look_is_not_given_out(server, tmp_path, monkeypatch):
    monkeypatch.setenv("NSTLIB_CACHE", str(tmp_path / "cache"))
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY
    with pytest.raises(DownloadError, match="only public"):
        download(server.url + "/a", cache=tmp_path, public_only=True)
    monkeypatch.setenv("NSTLIB_PUBLIC_ONLY", "yes")
    with pytest.raises(DownloadError, match="only public"):
        load_image(server.url + "/a")
    monkeypatch.setenv("NSTLIB_PUBLIC_ONLY", "0")
    assert download(server.url + "/a", cache=tmp_path).read_bytes() == BODY


def test_every_address_is_checked_in_one_place():
    assert connections.is_public is addresses.is_public
