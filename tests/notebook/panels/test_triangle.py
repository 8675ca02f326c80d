"""What the triangle of three styles has of its own; test_mixture.py tests what it shares with the square."""

import pytest

from nstlib.errors import NstError
from nstlib.nets.fast import FastNet
from nstlib.notebook.panels import triangle as room


@pytest.fixture
def panel(painters):
    return room.mixing_panel(painters["triangle"], photos=["temple", "cat"], size=48)


def shares_of(panel):
    return [slider.value for slider in panel.sliders]


def test_a_moved_slider_moves_the_point_and_the_others_keep_their_ratio(panel):
    panel.triangle.shares = [0.6, 0.3, 0.1]
    panel.sliders[2].value = 0.7
    assert panel.triangle.shares == pytest.approx([0.2, 0.1, 0.7]) and shares_of(panel) == pytest.approx([0.2, 0.1, 0.7])
    panel.sliders[1].value = 1
    assert panel.triangle.shares == pytest.approx([0, 1, 0])
    panel.sliders[1].value = 0.5  # the others have no ratio to keep
    assert panel.triangle.shares == pytest.approx([0.25, 0.5, 0.25])


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


def test_a_network_without_names_is_told():
    with pytest.raises(NstError, match="a network with named styles"):
        room.mixing_panel(FastNet(0.125))
