"""The course's style pictures, drawn by code: `draw("swirls")` gives a uint8 array (height, width, 3)."""

from .catalogue import STYLES, Style, draw
from .parameters import Parameters

__all__ = ["STYLES", "Parameters", "Style", "draw"]
