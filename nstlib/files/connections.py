"""Connections to servers on the web: guarded by a clock, made to addresses that were looked at first.

The timeout of `requests` counts the silence between two bytes, so a server that drips is waited for without end; and a
name is looked up again behind every check. `Adapter` mends both, and hands everything else on.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any, Self

from requests.adapters import HTTPAdapter

from nstlib.errors import DownloadError
from nstlib.files.addresses import is_public


class Clock:
    """The seconds that a server has. When they are over its connection is shut, whatever is being waited for."""

    def __init__(self, seconds: float):
        self.seconds, self.over = seconds, False
        self.outer = sys.exc_info()[1]  # what the caller is dealing with already is no reason for what fails here
        self._deadline = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._done = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.shut()

    def restart(self) -> None:
        """Give all the seconds again: something has come."""
        self._deadline = time.monotonic() + self.seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises DownloadError where there are none."""
        seconds = self._deadline - time.monotonic()
        if self.over or seconds <= 0:
            raise self.error()
        return seconds

    def error(self) -> DownloadError:
        """Return what to raise when the time is over."""
        return DownloadError(f"no answer within {self.seconds:g} seconds: try again later, or with a larger timeout")

    def guard(self, connection: socket.socket) -> None:
        """Shut this connection when the time is over."""
        self._sockets.append(connection.dup())  # a handle of its own: TLS takes the first one over

    def shut(self) -> None:
        """Shut every guarded connection now; whoever reads from one meets its end."""
        connections, self._sockets = self._sockets, []
        for connection in connections:
            with suppress(OSError), connection:  # the other end may have been quicker
                connection.shutdown(socket.SHUT_RDWR)

    def _watch(self) -> None:
        while not self._done.wait(max(0.0, self._deadline - time.monotonic())):
            if time.monotonic() >= self._deadline:
                self.over = True
                self.shut()
                return


class Adapter(HTTPAdapter):
    """The transport of `requests`, whose connections a clock guards; public_only: to public addresses only."""

    def __init__(self, clock: Clock, public_only: bool):
        self.clock, self.public_only = clock, public_only
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Guard the connections to servers."""
        super().init_poolmanager(*args, **kwargs)
        self._guard(self.poolmanager, self._connected)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Guard the connections to a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        connected = partial(self._connected, called="the proxy ")
        self._guard(manager, None if proxy.lower().startswith("socks") else connected)  # PySocks connects by itself
        return manager

    def _guard(self, manager: Any, connected: Callable[[str, int], socket.socket] | None) -> None:
        def guarded(pool: type) -> type:
            class Connection(pool.ConnectionCls):
                def _new_conn(connection) -> socket.socket:
                    made = connected(connection.host, connection.port) if connected else super()._new_conn()
                    self.clock.guard(made)
                    return made

            return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: guarded(pool) for scheme, pool in pools.items()}

    def _connected(self, host: str, port: int, called: str = "") -> socket.socket:
        places = resolve(host.strip("[]"), port, self.clock)
        if self.public_only and not all(is_public(place[0]) for *_, place in places):
            raise DownloadError(f"{host} lies inside this machine or a private network: only public addresses are allowed here")
        failure = None
        # The places, not the name: it may lead elsewhere by now.
        for number, (family, kind, protocol, _, place) in enumerate(places):
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(self.clock.left() / (len(places) - number))
                made.connect(place)
                made.settimeout(self.clock.left())  # for the handshake of TLS
                return made
            except OSError as error:
                made.close()
                failure = error
        if isinstance(failure, TimeoutError):
            raise self.clock.error()
        if isinstance(failure, ConnectionRefusedError):
            raise DownloadError(f"{called}{host} refuses connections to port {port}: is the port right, and does the server run?")
        why = failure.strerror or failure
        raise DownloadError(f"{called}{host} cannot be reached ({why}): is this machine offline?")


def resolve(host: str, port: int, clock: Clock) -> list[tuple]:
    """Return what `getaddrinfo` knows of a name, within the clock's time. Raises DownloadError."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)  # the system's resolver takes no timeout
    thread.start()
    thread.join(clock.left())
    if not found:
        raise clock.error()
    if isinstance(found[0], Exception):
        raise DownloadError(f"no server is known by the name {host}: is it spelled right, or is this machine offline?")
    return found[0]


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep urllib3, whose log holds whole addresses, silent in this thread."""
    thread = threading.get_ident()
    hush = SimpleNamespace(filter=lambda record: record.thread != thread)
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict) if name.startswith("urllib3.")]
    for logger in loggers:
        logger.addFilter(hush)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(hush)
