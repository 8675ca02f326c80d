"""Files of others: downloads, weights that are read without running them, results written whole or not at all."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.files.downloads import cache_folder, download
from nstlib.files.weights import randomise, read_weights, sha256

__all__ = ["cache_folder", "download", "randomise", "read_weights", "sha256"]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
