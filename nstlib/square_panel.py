"""A square of four styles in a notebook: the point in it is a mixture, and the picture follows. For ipywidgets 7.7 and 8.

The browser's half of the square is square_panel.js beside this file; the sliders beside it do the same by keyboard.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import anywidget
import ipywidgets
import traitlets
from torch import Tensor

from nstlib.errors import NstError
from nstlib.gallery import PHOTOS, STYLES, photo, style
from nstlib.images import to_address, to_jpeg
from nstlib.onepass import Encoded, OnePass

CORNERS = ("top left", "top right", "bottom left", "bottom right")
THUMBNAIL = 96  # pixels of a style at its corner
NOTCH = 0.01  # a slider's step: in the browser it snaps to it, and reports that as if it had been moved
BESIDE = Path(__file__)
Paint = Callable[[Tensor, dict[str, float], float], Tensor]


def bilinear_shares(across: float, down: float) -> list[float]:
    """What a place in the unit square has of its corners, in the order of CORNERS: four numbers from 0 up of sum 1.

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

    _esm = BESIDE.with_suffix(".js")
    _css = BESIDE.with_suffix(".css")
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


class SquarePanel(ipywidgets.VBox):
    """The panel that `square_panel` returns; its controls are attributes, so that a test can press them."""

    def __init__(self, paint: Paint, corners: Sequence[str], photos: Sequence[str], size: int):
        self.paint, self.size, self._following = paint, size, False
        self.photo = ipywidgets.Dropdown(options=list(photos), value=photos[0], description="photograph")
        self.styles = [ipywidgets.Dropdown(options=list(STYLES), value=name, description=where, style={"description_width": "84px"})
                       for name, where in zip(corners, CORNERS, strict=True)]  # fmt: skip
        self.square = StyleSquare(layout={"width": "340px"})
        self.across, self.down, self.strength = (
            ipywidgets.FloatSlider(value=value, min=0, max=1, step=NOTCH, description=name, readout_format=".2f")
            for name, value in (("across", 0.5), ("down", 0.5), ("strength", 1.0)))
        self.picture = ipywidgets.Image(format="jpeg", layout={"width": "380px", "object_fit": "contain"})
        self.status = ipywidgets.Label()
        rows = [ipywidgets.HBox(row) for row in ([self.photo, self.strength], self.styles[:2], self.styles[2:],
                                                 [self.across, self.down])]  # fmt: skip
        super().__init__([*rows, ipywidgets.HBox([self.square, ipywidgets.VBox([self.picture, self.status])])])
        self._listen()

    def _listen(self) -> None:
        self.photo.observe(lambda _: self._load(), names="value")
        self.square.observe(lambda _: self._follow(), names="place")
        for axis, slider in enumerate((self.across, self.down)):
            slider.observe(lambda change, axis=axis: self._slide(axis, change["new"]), names="value")
        for menu in self.styles:
            menu.observe(lambda _: self._rename(), names="value")
        self.strength.observe(lambda _: self._show(), names="value")
        self._rename(show=False)
        self._load()

    def mixture(self) -> dict[str, float]:
        """What is mixed now: share by style's name; a style that stands at two corners has both their shares."""
        mixed = dict.fromkeys((menu.value for menu in self.styles), 0.0)
        for menu, share in zip(self.styles, bilinear_shares(*self.square.place), strict=True):
            mixed[menu.value] += share
        return mixed

    def _slide(self, axis: int, value: float) -> None:
        if not self._following and abs(value - self.square.place[axis]) > 0.51 * NOTCH:
            self.square.place = [value if number == axis else old for number, old in enumerate(self.square.place)]

    def _follow(self) -> None:
        self._following = True  # the sliders follow the point: they are not being moved by hand
        self.across.value, self.down.value = self.square.place
        self._following = False
        self._show()

    def _rename(self, show: bool = True) -> None:
        names = [menu.value for menu in self.styles]
        self.square.names = names
        self.square.thumbnails = [to_address(style(name, THUMBNAIL)) for name in names]
        if show:
            self._show()

    def _load(self) -> None:
        self.content = photo(self.photo.value, self.size)
        self._show()

    def _show(self) -> None:
        began, mixed = time.perf_counter(), self.mixture()
        painted = self.paint(self.content, mixed, self.strength.value)
        seconds = time.perf_counter() - began
        self.picture.value = to_jpeg(painted)
        shares = " + ".join(f"{share:.2f} {name}" for name, share in mixed.items())
        self.status.value = f"{shares}, strength {self.strength.value:.2f}, in {seconds:.2f} s"


def square_panel(painter: OnePass, corners: Sequence[str] = ("swirls", "mosaic", "hatching", "gold"), *,
                 photos: Sequence[str] | None = None, size: int = 320) -> SquarePanel:
    """A panel that paints a photograph in a mixture of four styles, as strongly as you like, while you move the point.

    `painter`: a OnePass of AdaIN or WCT; each style is encoded once. `corners`: four names of STYLES, in the order of CORNERS. `photos`:
    names to choose from, by default all. `size`: pixels of the longer sides of picture and styles. Raises NstError.
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
