"""Addresses on the web: what of them may be shown and stored, and which of them lie inside a private network."""

from __future__ import annotations

import ipaddress
import os
import re
from urllib.parse import urlsplit

from nstlib.errors import DownloadError

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv4 addresses as a network without IPv4 writes them
# How an address begins, also where it was taken for a path, which has one slash for two, or backslashes; "C:/" is a disk.
BEGINNING = r"[a-z][a-z0-9+.-]+:[/\\]+"
IN_TEXT = re.compile(rf"""(?:{BEGINNING}|[a-z]://)\S*[^\s.,;:!?)'"]""", re.IGNORECASE)  # an address, without the text's own marks


def shown(url: str) -> str:
    """Return an address without its secrets (user, password, query, fragment), for messages, notes and file names."""
    begun = re.match(rf"\s*{BEGINNING}|", url, re.IGNORECASE)[0]
    rest = url[len(begun) :]
    place = re.match(r"[^/?#]*", rest)[0]
    host, tail = place.rpartition("@")[2], rest[len(place) :]
    is_host = re.fullmatch(r"(\[[\w:.%]+\]|[^\s:\[\]]*)(:\d*)?", host)
    if not is_host or (":" in host and "@" in tail):  # the first half of a password with a / or ? in it
        return f"{begun}..."
    return begun + host + re.match(r"[^?#;]*", tail)[0]


def hide_secrets(text: str) -> str:
    """Return a text whose addresses are shown without their secrets."""
    return IN_TEXT.sub(lambda found: shown(found[0]), text)


def is_address(source: object) -> bool:
    """Return whether a text or path looks like an address, of whatever kind, and not like a place on this machine."""
    return isinstance(source, str | os.PathLike) and bool(re.match(rf"\s*{BEGINNING}", os.fsdecode(source), re.IGNORECASE))


def check_url(url: str) -> None:
    """Refuse what is not an address of a file on the web. Raises DownloadError."""
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        said = repr(shown(url)) if isinstance(url, str) else f"a {type(url).__name__}"
        raise DownloadError(f"{said}: expected an address that begins with https:// or http://")
    try:
        parts = urlsplit(url)
        is_name = re.fullmatch(r"\S+", parts.hostname or "")  # urllib3 looks for spaces only from 2.8 on
        good = is_name and (parts.port is None or parts.port > 0)  # port: a ValueError beyond 65535
    except ValueError:
        good = False
    if not good or re.search(r"[\x00-\x1f\x7f\\\ud800-\udfff]", url):
        raise DownloadError(
            f"{shown(url)!r} is not an address: expected one like https://server/folder/picture.jpg, "
            "with the special characters of a password written as %2F, %3F, %40"
        )


def without_user(url: str) -> str:
    """Return an address without user and password; its query stays."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def is_public(address: str) -> bool:
    """Return whether an IP address, written out, belongs to the internet, not to this machine or a private network."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        nat = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None
        inner = [one for one in (ip.ipv4_mapped, ip.sixtofour, nat, *(ip.teredo or ())) if one is not None]
        if inner:
            return all(is_public(str(one)) for one in inner)
        return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_site_local)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)
