"""Panels: one widget a module; their scripts and style sheets lie in web/."""

from nstlib.doors import open_rooms as _open_rooms

__getattr__, __dir__ = _open_rooms(__name__, __path__)
