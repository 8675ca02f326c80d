"""What the square of four styles has of its own; test_mixture.py tests what it shares with the triangle."""

import pytest
import torch

from nstlib.errors import NstError
from nstlib.images.files import to_jpeg
from nstlib.images.gallery import photo, style
from nstlib.nets.any_style import paint_like
from nstlib.notebook.panels import square as room

NAMES = ["swirls", "mosaic", "ink", "gold"]


@pytest.fixture
def panel(painters):
    return room.square_panel(painters["square"], NAMES, photos=["temple", "cat"], size=48)


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


def test_a_moved_slider_moves_the_point_and_paints_once(panel):
    asked, paint = [], panel.paint
    panel.paint = lambda *given: asked.append(given) or paint(*given)
    panel.down.value = 0.9
    assert panel.square.place == [0.5, 0.9] and len(asked) == 1
    panel.across.value = 0
    assert panel.square.place == [0, 0.9] and len(asked) == 2


def test_a_corner_is_its_style_alone_as_the_library_paints_it(panel, painters):
    panel.square.place = [0, 1]
    assert panel.mixture() == {"swirls": 0, "mosaic": 0, "ink": 1, "gold": 0}
    alone = paint_like(painters["square"], photo("temple", 48), [style("ink")], style_size=48)
    assert panel.picture.value == to_jpeg(alone)


def test_strength_goes_from_the_photograph_given_back_to_the_style(panel):
    panel.strength.value = 0
    without = panel.picture.value
    assert "strength 0.00" in panel.status.value
    panel.square.place = [1, 1]
    assert panel.picture.value == without  # no style has a say


@pytest.mark.parametrize("place", [[1.5, 0], [0, -0.1], [float("nan"), 0], [0.5]])
def test_places_outside_are_refused(place):
    with pytest.raises(NstError, match="expected"):
        room.StyleSquare(place=place)
