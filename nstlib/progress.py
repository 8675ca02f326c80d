"""Progress bars that stay quiet where nobody can see them."""

from __future__ import annotations

import sys

from tqdm.auto import tqdm


def bar(*args: object, disable: bool = False, **options: object) -> tqdm:
    """Return a tqdm bar, see there; a silent one where `disable` says so or there is no standard error to draw it on.

    A program without a console (pythonw, a service) has none.
    """
    return tqdm(*args, disable=disable or sys.stderr is None, **options)
