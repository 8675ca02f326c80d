"""Two pictures in a notebook: a place of the photograph, pressed, lights up what it looks at in the style.

For ipywidgets 7.7 and 8. The browser's half is web/attention.js; the arrow keys do the same as the mouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anywidget
import ipywidgets
import traitlets

from nstlib.errors import NstError
from nstlib.images.files import to_address
from nstlib.images.gallery import PHOTOS, STYLES, photo, style
from nstlib.nets.attention_maps import AttentionMaps, light_up, places_for
from nstlib.nets.sanet import LAYERS, SANet
from nstlib.notebook.panels.mixture import in_words

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
