"""The commands of `python -m nstlib`, a module each: `add` declares its arguments, `run` does it."""

from nstlib.doors import open_rooms as _open_rooms

__getattr__, __dir__ = _open_rooms(__name__, __path__)
