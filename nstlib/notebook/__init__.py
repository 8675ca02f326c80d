"""What only a notebook needs: panels to play with, checks of exercises."""

from nstlib.doors import open_rooms as _open_rooms

__getattr__, __dir__ = _open_rooms(__name__, __path__)
