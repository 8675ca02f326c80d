"""The triangle of three styles, moved without a browser: test_browser_08.py moves it in one."""

import io

import pytest
import torch
from PIL import Image

from nstlib.errors import NstError
from nstlib.nets.fast import FastNet
from nstlib.notebook.panels import triangle as room

NAMES = ["swirls", "ink", "waves", "gold"]


@pytest.fixture
def panel():
    """A panel of a network that has learned nothing, but whose styles differ, and a list of what it was asked to paint."""
    torch.manual_seed(0)
    network = FastNet(0.125, norm="conditional", styles=4, names=NAMES).eval()
    for norm in network.norms():
        torch.nn.init.normal_(norm.bias)
    return room.mixing_panel(network, NAMES[:3], photos=["temple", "cat"], size=48)


def shares_of(panel):
    return [slider.value for slider in panel.sliders]


def test_it_begins_in_the_middle_with_a_picture(panel):
    assert panel.triangle.shares == pytest.approx([1 / 3] * 3) and shares_of(panel) == pytest.approx([1 / 3] * 3)
    assert panel.triangle.names == NAMES[:3] and all(a.startswith("data:image/jpeg;") for a in panel.triangle.thumbnails)
    assert max(Image.open(io.BytesIO(panel.picture.value)).size) == 48
    assert panel.status.value.startswith("0.33 swirls + 0.33 ink + 0.33 waves in ")


def test_a_moved_point_moves_the_sliders_and_paints_once(panel):
    asked, paint = [], panel.paint
    panel.paint = lambda picture, mixture: asked.append(mixture) or paint(picture, mixture)
    before = panel.picture.value
    panel.triangle.shares = [0.75, 0.25, 0]
    assert shares_of(panel) == [0.75, 0.25, 0] and panel.picture.value != before
    assert asked == [{"swirls": 0.75, "ink": 0.25, "waves": 0}]


def test_a_moved_slider_moves_the_point_and_the_others_keep_their_ratio(panel):
    panel.triangle.shares = [0.6, 0.3, 0.1]
    panel.sliders[2].value = 0.7
    assert panel.triangle.shares == pytest.approx([0.2, 0.1, 0.7]) and shares_of(panel) == pytest.approx([0.2, 0.1, 0.7])
    panel.sliders[1].value = 1
    assert panel.triangle.shares == pytest.approx([0, 1, 0])
    panel.sliders[1].value = 0.5  # the others have no ratio to keep
    assert panel.triangle.shares == pytest.approx([0.25, 0.5, 0.25])


def test_a_slider_that_snaps_to_its_notch_moves_nothing(panel):
    panel.sliders[0].value = 0.33
    assert panel.triangle.shares == pytest.approx([1 / 3] * 3)


def test_a_corner_has_one_style_alone(panel):
    panel.triangle.shares = [0, 1, 0]
    alone = panel.picture.value
    panel.styles[1].value = "gold"
    assert panel.triangle.names == ["swirls", "gold", "waves"] and panel.picture.value != alone
    panel.styles[1].value = "ink"
    assert panel.picture.value == alone


def test_a_style_at_two_corners_has_both_shares(panel):
    panel.triangle.shares = [0.5, 0.2, 0.3]
    panel.styles[2].value = "swirls"
    assert panel.mixture() == pytest.approx({"swirls": 0.8, "ink": 0.2})


def test_another_photograph_is_painted_in_the_same_mixture(panel):
    panel.triangle.shares = [0, 0, 1]
    before = panel.picture.value
    panel.photo.value = "cat"
    assert panel.picture.value != before and panel.triangle.shares == [0, 0, 1]


def test_shares_are_brought_to_the_sum_1_and_others_refused():
    triangle = room.StyleTriangle()
    triangle.shares = [2, 1, 1]
    assert triangle.shares == [0.5, 0.25, 0.25]
    for wrong in ([-0.1, 0.5, 0.6], [0, 0, 0], [float("nan"), 1, 0], [float("inf"), 0, 0], [1e308, 1e308, 0]):
        with pytest.raises(NstError, match="finite numbers from 0 up"):
            triangle.shares = wrong
    with pytest.raises(NstError, match="2 entries for 3 styles"):
        triangle.shares = [1, 0]
    assert triangle.shares == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("corners", [["swirls", "ink"], ["swirls", "ink", "nosuch"]])
def test_corners_that_are_no_three_styles_are_named(corners):
    with pytest.raises(NstError, match="expected three of swirls"):
        room.mixing_panel(FastNet(0.125, norm="conditional", styles=4, names=NAMES), corners)


def test_a_network_without_names_is_told():
    with pytest.raises(NstError, match="a network with named styles"):
        room.mixing_panel(FastNet(0.125))


def test_the_browser_gets_its_program():
    assert "export default" in str(room.StyleTriangle._esm) and ".nst-triangle" in str(room.StyleTriangle._css)
