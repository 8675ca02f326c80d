"""The command line: `python -m nstlib stylize temple swirls -o painted.png`."""

from __future__ import annotations

import argparse
import sys

from nstlib.commands import paint, stylize, train, transfer
from nstlib.commands.console import any_letters, complain, interruptible, start_log
from nstlib.commands.shared import EXIT_INTERRUPTED, EXIT_USER
from nstlib.errors import NstError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 a mistake put into words, 2 wrong usage, 130 interrupted."""
    with any_letters(), interruptible():
        try:
            start_log()
            options = _parser().parse_args(arguments)
            return options.run(options)
        except NstError as error:
            complain(f"error: {error}")
            return EXIT_USER
        except KeyboardInterrupt:
            complain("interrupted before there was a result")
            return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nstlib", description="Neural style transfer, on any machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (stylize, paint, transfer, train):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
