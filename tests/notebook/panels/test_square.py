"""The square of four styles, moved without a browser: test_browser_09.py moves it in one."""

import io

import pytest
import torch
from PIL import Image

from nstlib.errors import NstError
from nstlib.images.files import to_jpeg
from nstlib.images.gallery import photo, style
from nstlib.nets.adain import AdaINNet
from nstlib.nets.any_style import AnyStyle, paint_like
from nstlib.nets.files import save_network
from nstlib.notebook.panels import square as room

NAMES = ["swirls", "mosaic", "ink", "gold"]


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    """A network that has learned nothing: whatever it makes depends on the style all the same."""
    torch.manual_seed(0)
    return AnyStyle("adain", save_network(AdaINNet("mini"), tmp_path_factory.mktemp("net") / "adain.safetensors"))


@pytest.fixture
def panel(painter):
    return room.square_panel(painter, NAMES, photos=["temple", "cat"], size=48)


@pytest.mark.parametrize(
    "place, shares",
    [
        ((0, 0), [1, 0, 0, 0]),
        ((1, 0), [0, 1, 0, 0]),
        ((0, 1), [0, 0, 1, 0]),
        ((0.5, 0.5), [0.25] * 4),
        ((0.25, 0.4), [0.45, 0.15, 0.3, 0.1]),
    ],
)
def test_shares_of_a_place(place, shares):
    assert room.bilinear_shares(*place) == pytest.approx(shares)


def test_the_shares_mean_of_the_corners_is_the_place():
    corners = torch.tensor([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    place = torch.tensor([0.3, 0.85])
    torch.testing.assert_close(torch.tensor(room.bilinear_shares(*place.tolist())) @ corners, place)


def test_it_begins_in_the_middle_with_a_picture(panel):
    assert panel.square.place == [0.5, 0.5] and (panel.across.value, panel.down.value) == (0.5, 0.5)
    assert panel.square.names == NAMES and all(a.startswith("data:image/jpeg;") for a in panel.square.thumbnails)
    assert max(Image.open(io.BytesIO(panel.picture.value)).size) == 48
    assert panel.status.value.startswith("0.25 swirls + 0.25 mosaic + 0.25 ink + 0.25 gold, strength 1.00, in ")


def test_a_moved_point_moves_the_sliders_and_paints_once(panel):
    asked, paint = [], panel.paint
    panel.paint = lambda picture, mixture, strength: asked.append((mixture, strength)) or paint(picture, mixture, strength)
    before = panel.picture.value
    panel.square.place = [1, 0.25]
    assert (panel.across.value, panel.down.value) == (1, 0.25) and panel.picture.value != before
    assert asked == [({"swirls": 0, "mosaic": 0.75, "ink": 0, "gold": 0.25}, 1.0)]


def test_a_moved_slider_moves_the_point_and_paints_once(panel):
    asked, paint = [], panel.paint
    panel.paint = lambda *given: asked.append(given) or paint(*given)
    panel.down.value = 0.9
    assert panel.square.place == [0.5, 0.9] and len(asked) == 1
    panel.across.value = 0
    assert panel.square.place == [0, 0.9] and len(asked) == 2


def test_a_slider_that_snaps_to_its_notch_moves_nothing(panel):
    panel.square.place = [0.333, 0.5]
    panel.across.value = 0.33
    assert panel.square.place == [0.333, 0.5]


def test_a_corner_is_its_style_alone_as_the_library_paints_it(panel, painter):
    panel.square.place = [0, 1]
    assert panel.mixture() == {"swirls": 0, "mosaic": 0, "ink": 1, "gold": 0}
    alone = paint_like(painter, photo("temple", 48), [style("ink")], style_size=48)
    assert panel.picture.value == to_jpeg(alone)


def test_strength_goes_from_the_photograph_given_back_to_the_style(panel, painter):
    panel.strength.value = 0
    without = panel.picture.value
    assert "strength 0.00" in panel.status.value
    panel.square.place = [1, 1]
    assert panel.picture.value == without  # no style has a say


def test_another_style_at_a_corner_and_another_photograph(panel):
    panel.square.place = [0, 0]
    before = panel.picture.value
    panel.styles[0].value = "waves"
    assert panel.square.names == ["waves", *NAMES[1:]] and panel.picture.value != before
    before = panel.picture.value
    panel.photo.value = "cat"
    assert panel.picture.value != before and panel.square.place == [0, 0]


def test_a_style_at_two_corners_has_both_shares(panel):
    panel.square.place = [0.25, 0]
    panel.styles[1].value = "swirls"
    assert panel.mixture() == {"swirls": 1, "ink": 0, "gold": 0}


@pytest.mark.parametrize("place", [[1.5, 0], [0, -0.1], [float("nan"), 0], [0.5]])
def test_places_outside_are_refused(place):
    with pytest.raises(NstError, match="expected"):
        room.StyleSquare(place=place)


@pytest.mark.parametrize("corners", [NAMES[:3], [*NAMES[:3], "temple"]])
def test_corners_that_are_none_are_refused(painter, corners):
    with pytest.raises(NstError, match="expected four of swirls"):
        room.square_panel(painter, corners)


def test_the_browser_gets_its_program():
    assert "export default" in str(room.StyleSquare._esm) and ".nst-square" in str(room.StyleSquare._css)
