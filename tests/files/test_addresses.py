"""Addresses: what is shown of them, which are none, and which lie inside a private network."""

from pathlib import Path

import pytest
from servers import SECRETS, refused

from nstlib.files.addresses import hide_secrets, is_address, is_public, shown


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
        ("https:/me:hunter2@a.org/x", "https:/a.org/x"),  # as a Path writes it
        ("https:\\me:hunter2@a.org\\x", "https:\\a.org\\x"),  # and on Windows
        ("https:///me:hunter2@a.org/x", "https:///a.org/x"),
        (" ftp://me:hunter2@a.org/x", " ftp://a.org/x"),
        ("", ""),
    ],
)
def test_what_is_shown_of_an_address(url, expected):
    assert shown(url).startswith(expected) and not any(secret in shown(url) for secret in (*SECRETS, "ter2", "hun"))


@pytest.mark.parametrize(
    "url", ["https://{}a.org/x", "https:/{}a.org/x", "ftp:\\{}a.org\\x", "h://{}a.org/x", "htps:///{}a.org/x"]
)
def test_no_secret_is_left_in_a_text_however_its_address_is_written(url):
    assert "hunter2" not in hide_secrets(f"there is no file {url.format('me:hunter2@')} (looked from C:/a)")
    assert hide_secrets(f"no {url.format('')}, in C:/a@b or d/e:f") == f"no {shown(url.format(''))}, in C:/a@b or d/e:f"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://a.org/x", True),
        (Path("https://a.org/x"), True),
        (" ftp://a.org/x", True),
        ("htps:/a.org", True),
        ("C:/x.png", False),
        (Path("a/b:c.png"), False),
        ("temple:sky", False),
        ("", False),
        (None, False),
    ],
)
def test_what_looks_like_an_address(source, expected):
    assert is_address(source) is expected


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hun/ter2@127.0.0.1/a",
        "http://me:hun#ter2@127.0.0.1/a",
        "http://a b/c",
        "http://me:ter2@a\u00a0b:80/c",
        "http:// /c",
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
