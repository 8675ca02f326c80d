"""The panel that shows what a place asks for, without a browser: test_browser_10.py presses it in one."""

import pytest
import torch

from nstlib import photo, style
from nstlib.errors import NstError
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
    assert panel.status.value.startswith(f"column 6, row 4: half of its weight lies on {room.places_for(alone)} of ")


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


def test_a_row_is_the_row_of_the_network_s_table(network):
    content, manner = photo("temple", 96), style("waves", 64)
    asking = room.AttentionMaps(network, torch.cat([content, content[..., :9]], 3), manner)
    assert torch.equal(asking.content, content)  # what fills no place is cut off
    maps = [network.encode(one)["relu5_1"] for one in (content, manner)]
    table = network.attentions[1].weights(*maps)[0]
    row = asking.row("relu5_1", (2, 5))
    assert row.shape == maps[1].shape[-2:]
    torch.testing.assert_close(row.flatten(), table[2 * 6 + 5])
    near = asking.row("relu5_1", (0, 5), reach=1)  # two rows and two columns: the rest is outside
    torch.testing.assert_close(near.flatten(), table[[4, 5, 10, 11]].mean(0))
    torch.testing.assert_close(asking.painted, network(content, manner).clamp(0, 1).detach(), rtol=1e-4, atol=1e-4)


def test_what_is_asked_most_has_its_own_light_and_the_rest_is_dark():
    picture, weights = torch.full((1, 3, 16, 16), 0.8), torch.zeros(4, 4)
    weights[0, 3] = 0.3
    lit = room.light_up(picture, weights)
    assert lit.shape == picture.shape and lit[0, 0, 0, -1] == pytest.approx(0.8)
    assert lit[0, 0, -1, 0] == pytest.approx(0.8 * room.DARK)


def test_places_are_marked_in_a_copy():
    picture = torch.zeros(1, 3, 20, 40)
    seen = room.marked(picture, [(0.5, 0.25), (0, 1)])
    assert seen[0, :, 10, 10].tolist() == pytest.approx(room.MARK) and seen[0, 0, 0, -1] > 0.8
    assert (seen[:, 0] > 0).sum() == 16 + 4 and not picture.any()


def test_how_many_places_hold_half_of_the_weight():
    assert room.places_for(torch.tensor([[0.1, 0.6], [0.2, 0.1]])) == 1
    assert room.places_for(torch.full((4, 4), 1 / 16)) == 8
    assert room.places_for(torch.full((2, 2), 0.25), share=1.0) == 4


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
