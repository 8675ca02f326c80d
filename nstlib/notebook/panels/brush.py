"""A widget to draw a mask with: `MaskBrush(picture)`, a brush and a lasso over a picture, in the notebook.

The browser's half is web/brush.js. It sends strokes, not pixels: `masks.py` draws them at any size.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets
from torch import Tensor

from nstlib.control.masks import from_strokes, soften
from nstlib.images.files import check_image, resize, to_address

SHOWN = 560  # pixels: longer side of the picture in the browser at most
WEB = Path(__file__).with_name("web")


class MaskBrush(anywidget.AnyWidget):
    """Draw a region on a picture (1, 3, H, W) in [0, 1] by mouse, finger or pen; `.mask` is the mask (1, 1, H, W).

    `label` stands above it and is read to those who cannot see it. The traits can be set from Python, too: `strokes`, a
    list of {"points": [[x, y], ...], "radius": r} (x, y: shares of width and height; r: share of the longer side, 0 for a
    lasso), and for the next stroke `tool` ("brush" or "lasso") and `radius`. `softness`, a share of the longer side, is
    how far the mask's edges are spread. Raises ImageError, and NstError for strokes that are none.
    """

    _esm = WEB / "brush.js"
    _css = WEB / "brush.css"
    _picture = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    strokes = traitlets.List().tag(sync=True)
    tool = traitlets.Enum(("brush", "lasso"), "brush").tag(sync=True)
    radius = traitlets.Float(0.05, min=0.0, max=0.5).tag(sync=True)
    softness = traitlets.Float(0.0, min=0.0, max=0.5).tag(sync=True)

    def __init__(self, picture: Tensor, label: str = "Draw the region: press, move, let go", **traits: object):
        picture = check_image(picture, "picture").detach().cpu()
        self.shape = tuple(picture.shape[-2:])
        super().__init__(_picture=_data_address(picture), label=label, **traits)

    @traitlets.validate("strokes")
    def _check_strokes(self, proposal: dict) -> list:
        from_strokes(proposal["value"], (8, 8))  # raises where one cannot be drawn
        return proposal["value"]

    @property
    def mask(self) -> Tensor:
        """The region drawn so far: (1, 1, H, W) in [0, 1], of the picture's size; 0 everywhere before the first stroke."""
        drawn = from_strokes(self.strokes, self.shape)
        return soften(drawn, self.softness * max(self.shape)) if drawn.any() else drawn


def _data_address(picture: Tensor) -> str:
    """The picture as a JPEG in an address, no larger than it is shown."""
    return to_address(resize(picture, min(SHOWN, max(picture.shape[-2:]))))
