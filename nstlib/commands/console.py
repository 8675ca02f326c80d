"""What every command needs of its surroundings: consoles of any encoding, Ctrl-C and SIGTERM, words without passwords."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from nstlib.files.addresses import hide_secrets
from nstlib.files.writing import STOPPING

GRACE = 10.0  # seconds after an interrupt in which others are impatience: they must not end what the first one saves


class Interrupt:
    """A handler of signals: raises KeyboardInterrupt, but not again while what the first one stopped is being saved."""

    def __init__(self):
        self.last = -float("inf")

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() - self.last >= GRACE:
            self.last = time.monotonic()
            raise KeyboardInterrupt


class DiscreetParser(argparse.ArgumentParser):
    """A parser whose messages, which repeat what was typed, show no passwords of addresses."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with code 2."""
        super().error(hide_secrets(message))


class Discreet(logging.Formatter):
    """Messages without the passwords of addresses."""

    def format(self, record: logging.LogRecord) -> str:
        """The message as one text."""
        return hide_secrets(super().format(record))


@contextmanager
def interruptible() -> Iterator[None]:
    """In the block, SIGTERM (class servers, Slurm) and a terminal that closes act as Ctrl-C does.

    Handlers are those of the main thread: in another one nothing changes.
    """
    handler, kept = Interrupt(), {}
    if threading.current_thread() is threading.main_thread():
        kept = {number: signal.getsignal(number) for number in STOPPING}
        kept = {number: old for number, old in kept.items() if old not in (None, signal.SIG_IGN)}
    try:
        for number in kept:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in kept.items():
            signal.signal(number, old)


@contextmanager
def any_letters() -> Iterator[None]:
    """In the block, letters that the console does not have are shown as their numbers, such as \\u732b."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    kept = [stream.errors for stream in streams]
    try:
        for stream in streams:
            stream.reconfigure(errors="backslashreplace")
        yield
    finally:
        for stream, errors in zip(streams, kept, strict=True):
            if not stream.closed:
                stream.reconfigure(errors=errors)


def start_log() -> None:
    """Show the library's messages, as they are, on the standard error; a program's own log is left alone."""
    shown = logging.StreamHandler()
    shown.setFormatter(Discreet("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[shown])


def complain(text: object) -> None:
    """Say on the standard error what went wrong; without one, nothing."""
    _print(hide_secrets(str(text)), sys.stderr)


def say(text: object) -> None:
    """Say on the standard output what was done; nothing without one, or where nobody reads it any more."""
    _print(str(text), sys.stdout)


def _print(text: str, stream: TextIO | None) -> None:
    if stream is None:
        return
    try:
        print(text, file=stream, flush=True)
    except OSError:  # a pipe whose reader went away, a full disk; else Python would try again at its end, and complain
        with suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
