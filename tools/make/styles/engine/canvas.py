"""The canvas: colour and thickness of the paint, drawn larger than the picture and reduced at the end."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from ..parameters import Parameters
from . import noise


class Canvas:
    """Paint on a ground: colour (H, W, 3) in [0, 1] and height (H, W) of the paint in pixels."""

    def __init__(self, parameters: Parameters, ground: np.ndarray, oversampling: int = 2):
        """Ground: one colour (3,) or a picture (h, w, 3) of any size."""
        self.oversampling = oversampling
        self.shape = (parameters.shape[0] * oversampling, parameters.shape[1] * oversampling)
        self.scale = parameters.unit * oversampling  # canvas pixels per pixel of the reference picture
        if ground.ndim == 1:
            self.colour = np.broadcast_to(ground, (*self.shape, 3)).astype(np.float32)
        else:
            self.colour = noise.resize(ground, self.shape)
        self.colour = np.ascontiguousarray(self.colour)
        self.height = np.zeros(self.shape, np.float32)
        self.regions: np.ndarray | None = None  # numbers (H, W): strokes mostly stop where the number changes

    def keep_within(self, regions: np.ndarray | None) -> None:
        """From now on strokes stay in the region where they begin; regions: whole numbers (h, w) of any size."""
        if regions is not None:
            rows = np.arange(self.shape[0]) * regions.shape[0] // self.shape[0]
            columns = np.arange(self.shape[1]) * regions.shape[1] // self.shape[1]
            regions = np.ascontiguousarray(regions[rows[:, None], columns], np.int32)
        self.regions = regions

    def light(self, strength: float = 1.0, degrees: float = 130.0, gloss: float = 0.3) -> None:
        """Let light fall on the relief from the given direction; gloss whitens what faces it."""
        relief = ndimage.gaussian_filter(self.height, 0.45 * self.scale)
        gy, gx = np.gradient(relief)
        angle = np.deg2rad(degrees)
        slope = np.tanh(-(gx * np.cos(angle) - gy * np.sin(angle)) * strength * 1.4)[..., None]
        shadow = self.colour * (1 + 0.42 * np.minimum(slope, 0))
        self.colour = shadow + (1 - shadow) * gloss * np.maximum(slope, 0)

    def glaze(self, factor: np.ndarray) -> None:
        """Multiply the colour by a map (h, w) or (h, w, 3) of any size: a transparent layer."""
        factor = noise.resize(factor, self.shape)
        self.colour *= factor if factor.ndim == 3 else factor[..., None]

    def cover(self, colour: np.ndarray, share: np.ndarray) -> None:
        """Lay a colour (3,) or picture over the canvas; share (H, W) in [0, 1] says how thickly."""
        self.colour += (colour - self.colour) * share[..., None]

    def finish(self) -> np.ndarray:
        """The picture: uint8 (height, width, 3)."""
        colour = np.clip(self.colour, 0, 1)
        small = noise.resize(
            colour, (self.shape[0] // self.oversampling, self.shape[1] // self.oversampling), Image.Resampling.BOX
        )
        return (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)
