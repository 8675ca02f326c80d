"""Two pictures in a notebook: a place of the photograph, pressed, lights up what it looks at in the style.

For ipywidgets 7.7 and 8. The browser's half is web/attention.js; the arrow keys do the same as the mouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import anywidget
import ipywidgets
import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.files import MIN_SIDE, check_image, to_address
from nstlib.images.gallery import PHOTOS, STYLES, photo, style
from nstlib.nets.sanet import LAYERS, SANet
from nstlib.notebook.panels.mixture import in_words

DARK = 0.2  # of its brightness is left to a place that is not asked
MARK = (0.85, 0.1, 0.4)  # red, green, blue
WHOLE = 16  # pixels: a place of relu5_1
WEB = Path(__file__).with_name("web")
REACH, MOST_REACH = 1, 4  # places on each side of the mark that ask with it
VIEWS = ("photograph", "painted")


class AttentionPair(anywidget.AnyWidget):
    """A photograph with a mark to move by mouse, finger, pen or arrow keys, and beside it a picture of the weights there.

    `pictures`: both, as addresses; `sides`: width and height of each, in pixels. `cells`: columns and rows of places in the
    photograph. `place`: the mark's column and row, from 0; `reach`: rows and columns of the mark on each side of it. Raises
    NstError for a place outside.
    """

    _esm = WEB / "attention.js"
    _css = WEB / "attention.css"
    pictures = traitlets.List(traitlets.Unicode(), ["", ""]).tag(sync=True)
    sides = traitlets.List(traitlets.List(traitlets.Int()), [[1, 1], [1, 1]]).tag(sync=True)
    cells = traitlets.List(traitlets.Int(), [1, 1]).tag(sync=True)
    place = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    reach = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("place")
    def _check_place(self, proposal: dict) -> list[int]:
        place = list(proposal["value"])
        if len(place) != 2 or not all(0 <= at < count for at, count in zip(place, self.cells, strict=True)):
            columns, rows = self.cells
            raise NstError(f"place={place}: expected a column from 0 to {columns - 1} and a row from 0 to {rows - 1}")
        return place


class AttentionMaps:
    """The attention weights of a SANet between a photograph and a style picture, for both layers, and its painted picture.

    Both pictures lose up to 15 px at the right and below, so that places and pixels agree. Raises ImageError.
    """

    @torch.inference_mode()
    def __init__(self, network: SANet, content: Tensor, style_picture: Tensor):
        self.content, self.style_picture = (
            _whole_places(check_image(one, name, MIN_SIDE)) for one, name in ((content, "content"), (style_picture, "style"))
        )
        where, self.network = next(network.parameters()).device, network
        self._maps = [network.encode(one.to(where)) for one in (self.content, self.style_picture)]
        self._tables: dict[str, Tensor] = {}

    @cached_property
    @torch.inference_mode()
    def painted(self) -> Tensor:
        """Return the photograph in the style: (1, 3, H, W)."""
        return self.network.paint_maps(self._maps[0], self._maps[1:], self.content.shape[-2:]).clamp(0, 1).cpu()

    def cells(self, layer: str, which: int = 0) -> tuple[int, int]:
        """Return rows and columns of places in the photograph (0) or in the style (1)."""
        return tuple(self._maps[which][layer].shape[-2:])

    @torch.inference_mode()
    def table(self, layer: str) -> Tensor:
        """Return the attention weights of all places: (H W, h w), rows sum to 1."""
        if layer not in self._tables:
            attention, maps = self.network.attentions[LAYERS.index(layer)], (one[layer] for one in self._maps)
            self._tables[layer] = attention.weights(*maps)[0].cpu()
        return self._tables[layer]

    def row(self, layer: str, place: tuple[int, int], reach: int = 0) -> Tensor:
        """Return the attention weights of one place (row, column) of the photograph: (h, w), their sum is 1.

        `reach`: the mean of all places at most so many rows and columns away.
        """
        rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in place)
        asking = self.table(layer).view(*self.cells(layer), *self.cells(layer, 1))[rows, columns]
        return asking.mean((0, 1))


def _whole_places(picture: Tensor) -> Tensor:
    height, width = (side // WHOLE * WHOLE for side in picture.shape[-2:])
    return picture[..., :height, :width].contiguous()


def light_up(picture: Tensor, weights: Tensor) -> Tensor:
    """A picture (1, 3, H, W) that is dark but where `weights` (h, w), from 0 up, are high: their largest has full light.

    Neighbours are lit as well: a place of these layers sees more than the pixels that it stands for.
    """
    wide = F.max_pool2d(weights[None, None] / weights.max(), 3, 1, 1) ** (1 / 3)  # an eighth of the weight is half of the light
    light = F.interpolate(wide, picture.shape[-2:], mode="bilinear", align_corners=False)
    return picture * (DARK + (1 - DARK) * light).to(picture)


def marked(picture: Tensor, places: Iterable[tuple[float, float]]) -> Tensor:
    """A picture (1, 3, H, W) with a small square at each place (down, right), in shares of height and width."""
    picture, reach = picture.clone(), max(2, max(picture.shape[-2:]) // 40)
    for place in places:
        y, x = (round(share * length) for share, length in zip(place, picture.shape[-2:], strict=True))
        picture[..., max(0, y - reach) : y + reach, max(0, x - reach) : x + reach] = torch.tensor(
            MARK, device=picture.device
        ).view(1, 3, 1, 1)
    return picture


def places_for(weights: Tensor, share: float = 0.5) -> int:
    """Count the places, largest weight first, that together hold this share of all weight."""
    return int((weights.flatten().sort(descending=True).values.cumsum(0) < share * weights.sum()).sum()) + 1


class AttentionPanel(ipywidgets.VBox):
    """The panel that `attention_panel` returns; its controls are attributes, so that a test can press them."""

    def __init__(self, network: SANet, photos: Sequence[str], styles: Sequence[str], size: int):
        self.network, self.size = network, size
        self.photo = ipywidgets.Dropdown(options=list(photos), value=photos[0], description="photograph")
        self.style = ipywidgets.Dropdown(options=list(styles), value=styles[0], description="style")
        self.layer = ipywidgets.Dropdown(options=list(LAYERS), value=LAYERS[0], description="attention")
        self.reach = ipywidgets.IntSlider(value=REACH, min=0, max=MOST_REACH, description="reach")
        self.view = ipywidgets.Dropdown(options=list(VIEWS), value=VIEWS[0], description="left")
        self.pair = AttentionPair(layout={"width": "100%", "max_width": "760px"})
        self.status = ipywidgets.Label()
        menus = [ipywidgets.HBox(row) for row in ((self.photo, self.style), (self.layer, self.view), (self.reach,))]
        super().__init__([*menus, self.pair, self.status])
        for menu in (self.photo, self.style):
            menu.observe(lambda _: self._load(), names="value")
        for menu in (self.layer, self.view):
            menu.observe(lambda _: self._arrange(), names="value")
        self.pair.observe(lambda _: self._show(), names="place")
        self.reach.observe(lambda _: self._show(), names="value")
        self._load((0.5, 0.5))

    def _load(self, where: tuple[float, float] | None = None) -> None:
        where, pictures = where or self._where(), (photo(self.photo.value, self.size), style(self.style.value, self.size))
        try:
            self.asking = AttentionMaps(self.network, *pictures)
            self._arrange(where)
        except (NstError, MemoryError, RuntimeError) as error:
            self.status.value = in_words(error, pictures[0].shape[-2:])

    def _where(self) -> tuple[float, float]:
        """The mark, as shares of the way to the right and down."""
        return tuple((at + 0.5) / count for at, count in zip(self.pair.place, self.pair.cells, strict=True))

    def _arrange(self, where: tuple[float, float] | None = None) -> None:
        """Set the left picture, and the mark where it was, in cells of the chosen attention."""
        where, (rows, columns) = where or self._where(), self.asking.cells(self.layer.value)
        left = self.asking.content if self.view.value == VIEWS[0] else self.asking.painted
        self._left = to_address(left)
        place = [int(share * count) for share, count in zip(where, (columns, rows), strict=True)]
        with self.pair.hold_trait_notifications():  # cells and place change together
            self.pair.sides = [[picture.shape[3], picture.shape[2]] for picture in (left, self.asking.style_picture)]
            self.pair.cells, self.pair.place = [columns, rows], place
        self._show()

    def _show(self) -> None:
        column, row = self.pair.place
        weights = self.asking.row(self.layer.value, (row, column), self.reach.value)
        self.pair.reach = self.reach.value
        self.pair.pictures = [self._left, to_address(light_up(self.asking.style_picture, weights))]
        self.status.value = (
            f"column {column}, row {row}: half of its weight lies on {places_for(weights)} "
            f"of {weights.numel()} places of the style"
        )


def attention_panel(
    network: SANet, *, photos: Sequence[str] | None = None, styles: Sequence[str] | None = None, size: int = 256
) -> AttentionPanel:
    """Return a panel: press a place of a photograph, and see the attention weights of a SANet there.

    `photos`, `styles`: names to choose from, by default all. `size`: pixels of the longer sides. Raises NstError.
    """
    chosen = [
        (list(names or table), table, what) for names, table, what in ((photos, PHOTOS, "photos"), (styles, STYLES, "styles"))
    ]
    for names, table, what in chosen:
        if not set(names) <= set(table):
            raise NstError(f"{what}={names}: choose among {', '.join(table)}")
    return AttentionPanel(network, chosen[0][0], chosen[1][0], size)
