"""Servers that send what a test wants them to send, byte by byte."""

from collections.abc import Iterator

import pytest
from servers import RawServer


@pytest.fixture
def server(monkeypatch) -> Iterator[RawServer]:
    """A server on this machine, and no proxy on the way to it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    running = RawServer()
    yield running
    running.stop()


@pytest.fixture
def other(server) -> Iterator[RawServer]:
    """A second one."""
    running = RawServer()
    yield running
    running.stop()
