"""Connections: proxies, names, certificates, and addresses inside a private network."""

import base64
import socket
import ssl

import pytest
import requests
from servers import BODY, SECRETS, redirect, refused

from nstlib.errors import DownloadError
from nstlib.files import addresses, connections, transport
from nstlib.files.downloads import download
from nstlib.images.files import load_image


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
