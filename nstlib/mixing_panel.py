"""A triangle of three styles in a notebook: the point in it is a mixture, and the picture follows. For ipywidgets 7.7 and 8.

The browser's half of the triangle is mixing_panel.js beside this file; the sliders beside it do the same by keyboard.
"""

from __future__ import annotations

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
from nstlib.nets.fast import FastNet
from nstlib.painter import paint

CORNERS = 3
THUMBNAIL = 96  # pixels of a style at its corner
NOTCH = 0.01  # a slider's step: in the browser it snaps to it, and reports that as if it had been moved
BESIDE = Path(__file__)
Paint = Callable[[Tensor, dict[str, float]], Tensor]


class StyleTriangle(anywidget.AnyWidget):
    """A triangle with a style's name at each corner and a point in it, which mouse, finger, pen or arrow keys move.

    `names`: of the three corners, left, right and top. `thumbnails`: their pictures as addresses, or "". `shares`: the
    point's barycentric weights, three numbers from 0 up that sum to 1; others are brought to that sum. Raises NstError.
    """

    _esm = BESIDE.with_suffix(".js")
    _css = BESIDE.with_suffix(".css")
    names = traitlets.List(traitlets.Unicode(), ["", "", ""]).tag(sync=True)
    thumbnails = traitlets.List(traitlets.Unicode(), ["", "", ""]).tag(sync=True)
    shares = traitlets.List([1 / 3, 1 / 3, 1 / 3]).tag(sync=True)

    @traitlets.validate("shares")
    def _check_shares(self, proposal: dict) -> list[float]:
        return normalised(proposal["value"])


def normalised(shares: Sequence[float]) -> list[float]:
    """Three shares from 0 up, divided by their sum. Raises NstError."""
    numbers = [float(share) for share in shares]
    if len(numbers) != CORNERS or not all(0 <= n < float("inf") for n in numbers) or not sum(numbers):
        raise NstError(f"shares={list(shares)}: expected three numbers from 0 up, of which one is above 0")
    return [number / sum(numbers) for number in numbers]


def with_share(shares: Sequence[float], corner: int, value: float) -> list[float]:
    """The three shares after one of them was set to `value` in [0, 1]: the others keep their ratio and the sum stays 1."""
    rest = 1 - shares[corner]
    others = [share / rest if rest > 0 else 1 / (CORNERS - 1) for share in shares]
    return [value if number == corner else (1 - value) * other for number, other in enumerate(others)]


class MixingPanel(ipywidgets.VBox):
    """The panel that `mixing_panel` returns; its controls are attributes, so that a test can press them."""

    def __init__(self, paint: Paint, names: Sequence[str], corners: Sequence[str], photos: Sequence[str], size: int):
        self.paint, self.size, self._following = paint, size, False
        self.photo = ipywidgets.Dropdown(options=list(photos), value=photos[0], description="photograph")
        self.styles = [ipywidgets.Dropdown(options=list(names), value=name, description=where)
                       for name, where in zip(corners, ("left", "right", "top"), strict=True)]  # fmt: skip
        self.triangle = StyleTriangle(layout={"width": "340px"})
        self.sliders = [ipywidgets.FloatSlider(value=1 / 3, min=0, max=1, step=NOTCH, readout_format=".2f") for _ in corners]
        self.picture = ipywidgets.Image(format="jpeg", layout={"width": "380px", "object_fit": "contain"})
        self.status = ipywidgets.Label()
        choices = [ipywidgets.HBox([menu, slider]) for menu, slider in zip(self.styles, self.sliders, strict=True)]
        view = ipywidgets.HBox([self.triangle, ipywidgets.VBox([self.picture, self.status])])
        super().__init__([self.photo, *choices, view])
        self._listen()

    def _listen(self) -> None:
        self.photo.observe(lambda _: self._load(), names="value")
        self.triangle.observe(lambda _: self._follow(), names="shares")
        for corner, (menu, slider) in enumerate(zip(self.styles, self.sliders, strict=True)):
            menu.observe(lambda _: self._rename(), names="value")
            slider.observe(lambda change, corner=corner: self._slide(corner, change["new"]), names="value")
        self._rename(show=False)
        self._load()

    def mixture(self) -> dict[str, float]:
        """What is mixed now: share by style's name; a style that stands at two corners has both their shares."""
        mixed = dict.fromkeys((menu.value for menu in self.styles), 0.0)
        for menu, share in zip(self.styles, self.triangle.shares, strict=True):
            mixed[menu.value] += share
        return mixed

    def _slide(self, corner: int, value: float) -> None:
        if not self._following and abs(value - self.triangle.shares[corner]) > 0.51 * NOTCH:
            self.triangle.shares = with_share(self.triangle.shares, corner, value)

    def _follow(self) -> None:
        self._following = True  # the sliders follow the point: they are not being moved by hand
        for slider, share in zip(self.sliders, self.triangle.shares, strict=True):
            slider.value = share
        self._following = False
        self._show()

    def _rename(self, show: bool = True) -> None:
        names = [menu.value for menu in self.styles]
        self.triangle.names = names
        self.triangle.thumbnails = [to_address(style(name, THUMBNAIL)) if name in STYLES else "" for name in names]
        if show:
            self._show()

    def _load(self) -> None:
        self.content = photo(self.photo.value, self.size)
        self._show()

    def _show(self) -> None:
        began = time.perf_counter()
        painted = self.paint(self.content, self.mixture())
        seconds = time.perf_counter() - began
        self.picture.value = to_jpeg(painted)
        self.status.value = " + ".join(f"{share:.2f} {name}" for name, share in self.mixture().items()) + f" in {seconds:.2f} s"


def mixing_panel(network: FastNet, corners: Sequence[str] | None = None, *, photos: Sequence[str] | None = None,
                 size: int = 320) -> MixingPanel:
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
