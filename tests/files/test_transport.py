"""What a server can do to a download: it drips, floods, redirects, and asks for secrets."""

import logging
import re
import socket
from contextlib import suppress

import pytest
from servers import BODY, SECRETS, WHOLE, packed, redirect, refused

from nstlib.files.downloads import download

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
