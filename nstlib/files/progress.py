"""Progress bars that stay quiet where nobody can see them, and never end the work that they show."""

from __future__ import annotations

import sys

from tqdm.auto import tqdm


class Bar(tqdm):
    """A tqdm bar that is silent without a standard error, and from when that can't be written to any more.

    A program without a console (pythonw, a service) has none; the reader of a pipe may go away.
    """

    def __init__(self, *args: object, disable: bool = False, **options: object):
        super().__init__(*args, disable=disable or sys.stderr is None or getattr(sys.stderr, "closed", False), **options)

    def display(self, *args: object, **options: object) -> object:
        """Draw the bar."""
        try:
            return super().display(*args, **options)
        except OSError:
            self.disable = True
            return None

    def close(self) -> None:
        """Draw the bar for the last time."""
        try:
            super().close()
        except OSError:
            self.disable = True


def bar(*args: object, disable: bool = False, **options: object) -> tqdm:
    """Return a progress bar that can do what tqdm's can, see there; a silent one where `disable` says so."""
    return Bar(*args, disable=disable, **options)
