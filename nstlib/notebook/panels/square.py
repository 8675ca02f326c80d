"""A square of four styles in a notebook: the point in it is a mixture, and the picture follows. For ipywidgets 7.7 and 8.

The browser's half of the square is web/point.js and web/square.js; the sliders beside it do the same by keyboard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import anywidget
import ipywidgets
import traitlets
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.gallery import PHOTOS, STYLES, style
from nstlib.nets.any_style import AnyStyle, Encoded
from nstlib.notebook.panels.mixture import NOTCH, WEB, MixturePanel, script

CORNERS = ("top left", "top right", "bottom left", "bottom right")
Paint = Callable[[Tensor, dict[str, float], float], Tensor]


def bilinear_shares(across: float, down: float) -> list[float]:
    """Return the shares of the corners at a place in the unit square, in the order of CORNERS: four numbers >= 0 of sum 1.

    `across`: 0 left to 1 right; `down`: 0 top to 1 bottom. Raises NstError outside of the square.
    """
    if not (0 <= across <= 1 and 0 <= down <= 1):
        raise NstError(f"the place ({across}, {down}) is outside of the square: expected numbers from 0 to 1")
    return [x * y for y in (1 - down, down) for x in (1 - across, across)]


class StyleSquare(anywidget.AnyWidget):
    """A square with a style at each corner and a point in it, which mouse, finger, pen or arrow keys move.

    `names`: of the corners, in the order of CORNERS. `thumbnails`: their pictures as addresses, or "". `place`: the point,
    [across, down], each from 0 to 1. Raises NstError for another place.
    """

    _esm = script("square")
    _css = WEB / "square.css"
    names = traitlets.List(traitlets.Unicode(), [""] * len(CORNERS)).tag(sync=True)
    thumbnails = traitlets.List(traitlets.Unicode(), [""] * len(CORNERS)).tag(sync=True)
    place = traitlets.List([0.5, 0.5]).tag(sync=True)

    @traitlets.validate("place")
    def _check_place(self, proposal: dict) -> list[float]:
        place = [float(value) for value in proposal["value"]]
        if len(place) != 2 or not all(math.isfinite(value) for value in place):
            raise NstError(f"place={proposal['value']}: expected two numbers from 0 to 1")
        bilinear_shares(*place)
        return place


class SquarePanel(MixturePanel):
    """The panel that `square_panel` returns: a square, sliders for the point's place, and one for the strength."""

    def __init__(self, paint: Paint, corners: Sequence[str], photos: Sequence[str], size: int):
        self.paint, self.square = paint, StyleSquare(layout={"width": "340px"})
        menus = [
            ipywidgets.Dropdown(options=list(STYLES), value=name, description=where, style={"description_width": "84px"})
            for name, where in zip(corners, CORNERS, strict=True)
        ]
        super().__init__(self.square, menus, photos, size)
        self.across, self.down, self.strength = (
            ipywidgets.FloatSlider(value=value, min=0, max=1, step=NOTCH, description=name, readout_format=".2f")
            for name, value in (("across", 0.5), ("down", 0.5), ("strength", 1.0))
        )
        rows = ([self.photo, self.strength], self.styles[:2], self.styles[2:], [self.across, self.down])
        self.children = [*(ipywidgets.HBox(row) for row in rows), self.view]
        sliders = (self.across, self.down)
        self.square.observe(lambda _: self.follow(dict(zip(sliders, self.square.place, strict=True))), names="place")
        for axis, slider in enumerate(sliders):
            slider.observe(lambda change, axis=axis: self._slide(axis, change["new"]), names="value")
        self.strength.observe(lambda _: self.show(), names="value")
        self.begin()

    def shares(self) -> list[float]:
        """Return the share of each corner at the point."""
        return bilinear_shares(*self.square.place)

    def painted(self, mixture: dict[str, float]) -> Tensor:
        """Return the photograph in this mixture, at the slider's strength: (1, 3, H, W)."""
        return self.paint(self.content, mixture, self.strength.value)

    def remark(self) -> str:
        """The strength."""
        return f", strength {self.strength.value:.2f},"

    def _slide(self, axis: int, value: float) -> None:
        if self.by_hand(value, self.square.place[axis]):
            self.square.place = [value if number == axis else old for number, old in enumerate(self.square.place)]


def square_panel(
    painter: AnyStyle,
    corners: Sequence[str] = ("swirls", "mosaic", "hatching", "gold"),
    *,
    photos: Sequence[str] | None = None,
    size: int = 320,
) -> SquarePanel:
    """A panel that paints a photograph in a mixture of four styles, as strongly as you like, while you move the point.

    `painter`: an AnyStyle of AdaIN or WCT; each style is encoded once. `corners`: four names of STYLES, in the order of
    CORNERS. `photos`: names to choose from, by default all. `size`: pixels of the longer sides of picture and styles.
    Raises NstError.
    """
    corners = list(corners)
    if len(corners) != len(CORNERS) or not set(corners) <= set(STYLES):
        raise NstError(f"corners={corners}: expected four of {', '.join(STYLES)}")
    encoded: dict[str, Encoded] = {}

    def mix(picture: Tensor, mixture: dict[str, float], strength: float) -> Tensor:
        for name in mixture.keys() - encoded.keys():
            encoded[name] = painter.encode(style(name, size))
        return painter.paint(picture, [encoded[name] for name in mixture], alpha=strength, mix=list(mixture.values()))

    return SquarePanel(mix, corners, list(photos or PHOTOS), size)
