"""A triangle of three styles in a notebook: the point in it is a mixture, and the picture follows. For ipywidgets 7.7 and 8.

The browser's half of the triangle is web/point.js and web/triangle.js; the sliders beside it do the same by keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anywidget
import ipywidgets
import traitlets
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.gallery import PHOTOS
from nstlib.nets.bands import paint
from nstlib.nets.fast import FastNet
from nstlib.notebook.panels.mixture import NOTCH, WEB, MixturePanel, script
from nstlib.options import shares as check_shares

CORNERS = 3
Paint = Callable[[Tensor, dict[str, float]], Tensor]


class StyleTriangle(anywidget.AnyWidget):
    """A triangle with a style's name at each corner and a point in it, which mouse, finger, pen or arrow keys move.

    `names`: of the three corners, left, right and top. `thumbnails`: their pictures as addresses, or "". `shares`: the
    point's barycentric coordinates, three numbers from 0 up that sum to 1; others are brought to that sum. Raises NstError.
    """

    _esm = script("triangle")
    _css = WEB / "triangle.css"
    names = traitlets.List(traitlets.Unicode(), ["", "", ""]).tag(sync=True)
    thumbnails = traitlets.List(traitlets.Unicode(), ["", "", ""]).tag(sync=True)
    shares = traitlets.List([1 / 3, 1 / 3, 1 / 3]).tag(sync=True)

    @traitlets.validate("shares")
    def _check_shares(self, proposal: dict) -> list[float]:
        return barycentric(proposal["value"])


def barycentric(shares: Sequence[float]) -> list[float]:
    """Divide the corners' shares, from 0 up, by their sum. Raises NstError."""
    counts = check_shares(shares, "shares", CORNERS)
    return [share / sum(counts) for share in counts]


def with_share(shares: Sequence[float], corner: int, value: float) -> list[float]:
    """The three shares after one of them was set to `value` in [0, 1]: the others keep their ratio and the sum stays 1."""
    rest = 1 - shares[corner]
    others = [share / rest if rest > 0 else 1 / (CORNERS - 1) for share in shares]
    return [value if number == corner else (1 - value) * other for number, other in enumerate(others)]


class MixingPanel(MixturePanel):
    """The panel that `mixing_panel` returns: a triangle, and a slider beside each menu."""

    def __init__(self, paint: Paint, names: Sequence[str], corners: Sequence[str], photos: Sequence[str], size: int):
        self.paint, self.triangle = paint, StyleTriangle(layout={"width": "340px"})
        menus = [
            ipywidgets.Dropdown(options=list(names), value=name, description=where)
            for name, where in zip(corners, ("left", "right", "top"), strict=True)
        ]
        super().__init__(self.triangle, menus, photos, size)
        self.sliders = [ipywidgets.FloatSlider(value=1 / 3, min=0, max=1, step=NOTCH, readout_format=".2f") for _ in corners]
        choices = [ipywidgets.HBox(pair) for pair in zip(self.styles, self.sliders, strict=True)]
        self.children = [self.photo, *choices, self.view]
        self.triangle.observe(lambda _: self.follow(dict(zip(self.sliders, self.shares(), strict=True))), names="shares")
        for corner, slider in enumerate(self.sliders):
            slider.observe(lambda change, corner=corner: self._slide(corner, change["new"]), names="value")
        self.begin()

    def shares(self) -> list[float]:
        """Return the share of each corner at the point."""
        return self.triangle.shares

    def painted(self, mixture: dict[str, float]) -> Tensor:
        """The photograph in this mixture: (1, 3, H, W)."""
        return self.paint(self.content, mixture)

    def _slide(self, corner: int, value: float) -> None:
        if self.by_hand(value, self.triangle.shares[corner]):
            self.triangle.shares = with_share(self.triangle.shares, corner, value)


def mixing_panel(
    network: FastNet, corners: Sequence[str] | None = None, *, photos: Sequence[str] | None = None, size: int = 320
) -> MixingPanel:
    """A panel that paints a photograph in a mixture of three styles of a conditional network, while you move the point.

    `corners`: three names of `network.names`, by default the first three. `photos`: names to choose from, by default all.
    `size`: pixels of the painted picture's longer side. Raises NstError.
    """
    names = network.names
    corners = list(corners or names[:CORNERS])
    if len(corners) != CORNERS or not set(corners) <= set(names):
        raise NstError(f"corners={corners}: expected three of {', '.join(names) or 'a network with named styles'}")

    def mix(picture: Tensor, mixture: dict[str, float]) -> Tensor:
        return paint(network, picture, mixture)

    return MixingPanel(mix, names, corners, list(photos or PHOTOS), size)
