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

    def __post_init__(self) -> None:
        if min(self.size) < 32:
            raise ValueError(f"size={self.size}: a picture needs at least 32 pixels each way")
        if not self.stroke_width > 0:
            raise ValueError(f"stroke_width={self.stroke_width}: expected pixels, more than 0")

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels, as numpy has it."""
        return self.size[1], self.size[0]

    @property
    def unit(self) -> float:
        """Pixels of the finished picture per pixel of the reference picture."""
        return min(self.size) / REFERENCE

    @property
    def turn(self) -> float:
        """Degrees by which a picture is turned whose marks follow no field, such as combs and screens."""
        if self.direction == "form":
            return 0.0
        try:
            return float(self.direction)
        except ValueError:
            raise ValueError(f"direction={self.direction!r}: this picture takes degrees or form") from None

    def generator(self, stream: int = 0) -> np.random.Generator:
        """A random generator of this picture; streams keep one part's changes out of the others."""
        return np.random.default_rng([self.seed, stream])

    def scaled(self, size: tuple[int, int]) -> Parameters:
        """The same picture at another size: the strokes grow and shrink with it."""
        return replace(self, size=size, stroke_width=self.stroke_width * min(size) / min(self.size))
