"""Textures before networks: grown pixel by pixel, from 710 numbers of wavelets, from sparse patches."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.textures.nonparametric import efros_leung, growth_steps
from nstlib.textures.parametric import GROUPS, TextureModel, descend, portilla_simoncelli
from nstlib.textures.sparse import GAIN, Stop, code_picture, from_patches, ksvd, ksvd_rounds, to_patches

__all__ = [
    "GAIN",
    "GROUPS",
    "Stop",
    "TextureModel",
    "code_picture",
    "descend",
    "efros_leung",
    "from_patches",
    "growth_steps",
    "ksvd",
    "ksvd_rounds",
    "portilla_simoncelli",
    "to_patches",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
