"""The command line: `python -m nstlib stylize temple swirls -o painted.png`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from types import ModuleType

from nstlib.errors import NstError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 a mistake put into words, 2 wrong usage, 130 interrupted."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        if sys.stderr is not None:
            print("interrupted before there was a result", file=sys.stderr)
        return 130


def _run(arguments: list[str] | None) -> int:
    # Loaded here, not above: that takes seconds, and Ctrl-C in them ends in words, too.
    from nstlib.commands import paint, stylize, train, transfer
    from nstlib.commands.console import DiscreetParser, any_letters, complain, interruptible, start_log
    from nstlib.commands.shared import EXIT_USER

    with any_letters(), interruptible():
        try:
            start_log()
            options = _options(DiscreetParser, (stylize, paint, transfer, train)).parse_args(arguments)
            return options.run(options)
        except NstError as error:
            complain(f"error: {error}")
            return EXIT_USER


def _options(kind: type[argparse.ArgumentParser], table: Iterable[ModuleType]) -> argparse.ArgumentParser:
    parser = kind(prog="nstlib", description="Neural style transfer, on any machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in table:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
