"""What a reader may steer: colours and regions."""

from nstlib.control.color import COLOR_WAYS, grey_picture, luminance, match_affine
from nstlib.control.masks import check_mask, from_lasso, from_strokes, shrink, soften
from nstlib.doors import open_rooms as _open_rooms

__all__ = [
    "COLOR_WAYS",
    "check_mask",
    "from_lasso",
    "from_strokes",
    "grey_picture",
    "luminance",
    "match_affine",
    "shrink",
    "soften",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
