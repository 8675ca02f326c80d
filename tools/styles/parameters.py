"""What a drawing can be asked for: its seed, size, stroke width, direction and palette."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

REFERENCE = 768  # px, the height for which the stroke widths of the catalogue are meant


@dataclass(frozen=True)
class Parameters:
    """The knobs that every drawing function reads. All lengths are pixels of the finished picture."""

    seed: int  # everything random in the picture comes from it
    palette: tuple[str, ...]  # hex colours; each drawing says what it uses them for, in this order
    stroke_width: float  # px, the width of the most common mark
    direction: str | float = "form"  # "form": as the picture's shapes ask; a field's name; or degrees
    size: tuple[int, int] = (REFERENCE, REFERENCE)  # px, width and height

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels, as numpy has it."""
        return self.size[1], self.size[0]

    @property
    def unit(self) -> float:
        """Pixels of the finished picture per pixel of the reference picture."""
        return min(self.size) / REFERENCE

    def generator(self, stream: int = 0) -> np.random.Generator:
        """A random generator of this picture; streams keep one part's changes out of the others."""
        return np.random.default_rng([self.seed, stream])

    def scaled(self, size: tuple[int, int]) -> Parameters:
        """The same picture at another size: the strokes grow and shrink with it."""
        return replace(self, size=size, stroke_width=self.stroke_width * min(size) / min(self.size))
