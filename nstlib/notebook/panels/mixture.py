"""What panels with a point among styles share: a photograph, a menu for each corner, a picture that follows the point."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import anywidget
import ipywidgets
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.files import to_address, to_jpeg
from nstlib.images.gallery import STYLES, photo, style
from nstlib.settings import is_lack_of_memory, memory_advice

WEB = Path(__file__).with_name("web")
THUMBNAIL = 96  # pixels of a style at its corner
NOTCH = 0.01  # a slider's step: in the browser it snaps to it, and reports that as if it had been moved


def script(name: str) -> str:
    """Return the browser's half of a panel: web/NAME.js, after what it shares with the others, web/point.js."""
    return "\n".join((WEB / file).read_text(encoding="utf-8") for file in ("point.js", f"{name}.js"))


def in_words(error: BaseException, shape: Sequence[int]) -> str:
    """Return what a panel says of an error at (H, W): the library's words, what to do about a lack of memory, or the error."""
    if is_lack_of_memory(error) and not isinstance(error, NstError):
        return memory_advice(shape)
    return str(error) if isinstance(error, NstError) else f"{type(error).__name__}: {error}"


class MixturePanel(ipywidgets.VBox):
    """A panel whose point, in `area`, mixes styles. A subclass lays it out, and says the shares and how they are painted.

    `area`: a widget with the traits `names` and `thumbnails`, of its corners. `menus`: one a corner. `size`: pixels of the
    painted picture's longer side. The controls are attributes, so that a test can press them.
    """

    def __init__(self, area: anywidget.AnyWidget, menus: Sequence[ipywidgets.Dropdown], photos: Sequence[str], size: int):
        super().__init__()
        self.area, self.styles, self.size, self._following = area, list(menus), size, False
        self.photo = ipywidgets.Dropdown(options=list(photos), value=photos[0], description="photograph")
        self.picture = ipywidgets.Image(format="jpeg", layout={"width": "380px", "object_fit": "contain"})
        self.status = ipywidgets.Label()
        self.view = ipywidgets.HBox([area, ipywidgets.VBox([self.picture, self.status])])

    def shares(self) -> Sequence[float]:
        """What each corner has of the mixture."""
        raise NotImplementedError

    def painted(self, mixture: dict[str, float]) -> Tensor:
        """The photograph `self.content` in this mixture: (1, 3, H, W)."""
        raise NotImplementedError

    def remark(self) -> str:
        """What the status says between the shares and the seconds."""
        return ""

    def mixture(self) -> dict[str, float]:
        """What is mixed now: share by style's name; a style that stands at two corners has both their shares."""
        mixed = dict.fromkeys((menu.value for menu in self.styles), 0.0)
        for menu, share in zip(self.styles, self.shares(), strict=True):
            mixed[menu.value] += share
        return mixed

    def begin(self) -> None:
        """Listen to photograph and menus, and paint for the first time."""
        self.photo.observe(lambda _: self._load(), names="value")
        for menu in self.styles:
            menu.observe(lambda _: self._rename(), names="value")
        self._rename(show=False)
        self._load()

    def follow(self, values: dict[ipywidgets.FloatSlider, float]) -> None:
        """Set the sliders to where the point is, and paint."""
        self._following = True  # the sliders follow the point: they are not being moved by hand
        for slider, value in values.items():
            slider.value = value
        self._following = False
        self.show()

    def by_hand(self, value: float, at: float) -> bool:
        """Return True if the reader moved the slider to `value`, False if it only followed the point at `at`."""
        return not self._following and abs(value - at) > 0.51 * NOTCH

    def show(self) -> None:
        """Paint the photograph in the mixture of now."""
        began, mixed = time.perf_counter(), self.mixture()
        try:
            painted = self.painted(mixed)
        except (NstError, MemoryError, RuntimeError) as error:
            self.status.value = in_words(error, self.content.shape[-2:])
            return
        seconds = time.perf_counter() - began
        self.picture.value = to_jpeg(painted)
        shares = " + ".join(f"{share:.2f} {name}" for name, share in mixed.items())
        self.status.value = f"{shares}{self.remark()} in {seconds:.2f} s"

    def _rename(self, show: bool = True) -> None:
        names = [menu.value for menu in self.styles]
        self.area.names = names
        self.area.thumbnails = [to_address(style(name, THUMBNAIL)) if name in STYLES else "" for name in names]
        if show:
            self.show()

    def _load(self) -> None:
        self.content = photo(self.photo.value, self.size)
        self.show()
