"""The panel that shows what a place asks for, without a browser: test_browser_panels.py presses it in one."""

import pytest
import torch

from nstlib.errors import NstError
from nstlib.nets.attention_maps import places_for
from nstlib.nets.sanet import SANet
from nstlib.notebook.panels import attention as room


@pytest.fixture(scope="module")
def network():
    """A SANet that has learned nothing: it asks for what looks alike."""
    torch.manual_seed(0)
    return SANet().eval()


@pytest.fixture
def panel(network):
    return room.attention_panel(network, photos=["temple", "cat"], styles=["waves", "dots"], size=96)


def test_it_begins_in_the_middle_of_the_first_photograph(panel):
    columns, rows = panel.pair.cells
    assert (columns, rows) == (12, 8) and panel.pair.place == [6, 4]
    assert panel.pair.sides[0] == [96, 64] and max(panel.pair.sides[1]) == 96
    assert all(address.startswith("data:image/jpeg;") for address in panel.pair.pictures)
    assert panel.status.value.startswith("column 6, row 4: half of its weight lies on ")


def test_another_place_lights_another_part_of_the_style(panel):
    left, right = panel.pair.pictures
    panel.pair.place = [0, 0]
    assert panel.pair.pictures[0] == left and panel.pair.pictures[1] != right


def test_neighbours_ask_with_it(panel):
    alone = panel.asking.row("relu4_1", (4, 6))
    before = panel.pair.pictures[1]
    panel.reach.value = 0
    assert panel.pair.reach == 0 and panel.pair.pictures[1] != before
    assert panel.status.value.startswith(f"column 6, row 4: half of its weight lies on {places_for(alone)} of ")


def test_the_mark_stays_where_it_was_when_the_cells_grow(panel):
    panel.pair.place = [2, 7]
    panel.layer.value = "relu5_1"
    assert panel.pair.cells == [6, 4] and panel.pair.place == [1, 3]
    panel.layer.value = "relu4_1"
    assert panel.pair.cells == [12, 8] and panel.pair.place == [3, 7]
    panel.photo.value = "cat"
    assert panel.pair.sides[0] == [96, 64] and panel.pair.place == [3, 7]


def test_other_pictures_are_shown_and_painted(panel):
    before = list(panel.pair.pictures)
    panel.style.value = "dots"
    assert panel.pair.pictures[0] == before[0] and panel.pair.pictures[1] != before[1]
    panel.view.value = "painted"
    assert panel.pair.pictures[0] != before[0]


@pytest.mark.parametrize("place", [[12, 0], [0, -1], [3]])
def test_a_place_outside_is_refused(panel, place):
    with pytest.raises(NstError, match="a column from 0 to 11 and a row from 0 to 7"):
        panel.pair.place = place
    assert panel.pair.place == [6, 4]


@pytest.mark.parametrize("names", [{"photos": ["nosuch"]}, {"styles": ["temple"]}])
def test_names_that_are_not_there_are_named(network, names):
    with pytest.raises(NstError, match="choose among"):
        room.attention_panel(network, **names)


def test_the_browser_gets_its_program():
    assert "export default" in str(room.AttentionPair._esm) and ".nst-attention" in str(room.AttentionPair._css)
