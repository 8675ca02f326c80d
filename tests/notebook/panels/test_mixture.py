"""What the triangle of three styles and the square of four have in common, moved without a browser."""

import io
from types import SimpleNamespace

import pytest
from PIL import Image

from nstlib.errors import NstError
from nstlib.notebook.panels import square, triangle

KINDS = {
    "triangle": SimpleNamespace(
        build=triangle.mixing_panel,
        names=["swirls", "ink", "waves"],
        trait="shares",  # where the point is
        sliders=lambda panel: panel.sliders,  # that follow it
        middle=[1 / 3] * 3,
        said="0.33 swirls + 0.33 ink + 0.33 waves in ",
        moved=([0.75, 0.25, 0], ({"swirls": 0.75, "ink": 0.25, "waves": 0},)),  # a point, and what is painted there
        notch=([1 / 3] * 3, 0.33),  # a point, and what the step of its first slider makes of it
        corner=[0, 1, 0],  # the second
        other="gold",
        twice=([0.5, 0.2, 0.3], 2, {"swirls": 0.8, "ink": 0.2}),  # a point, a corner with the first's style, the mixture
        wrong=[["swirls", "ink"], ["swirls", "ink", "nosuch"]],
        refusal="expected three of swirls",
    ),
    "square": SimpleNamespace(
        build=square.square_panel,
        names=["swirls", "mosaic", "ink", "gold"],
        trait="place",
        sliders=lambda panel: [panel.across, panel.down],
        middle=[0.5, 0.5],
        said="0.25 swirls + 0.25 mosaic + 0.25 ink + 0.25 gold, strength 1.00, in ",
        moved=([1, 0.25], ({"swirls": 0, "mosaic": 0.75, "ink": 0, "gold": 0.25}, 1.0)),
        notch=([0.333, 0.5], 0.33),
        corner=[1, 0],
        other="waves",
        twice=([0.25, 0], 1, {"swirls": 1, "ink": 0, "gold": 0}),
        wrong=[["swirls", "mosaic", "ink"], ["swirls", "mosaic", "ink", "temple"]],
        refusal="expected four of swirls",
    ),
}


@pytest.fixture(params=KINDS)
def name(request):
    return request.param


@pytest.fixture
def kind(name):
    return KINDS[name]


@pytest.fixture
def panel(name, kind, painters):
    return kind.build(painters[name], kind.names, photos=["temple", "cat"], size=48)


def point(kind, panel):
    return getattr(panel.area, kind.trait)


def move(kind, panel, point):
    setattr(panel.area, kind.trait, point)


def test_it_begins_in_the_middle_with_a_picture(kind, panel):
    assert point(kind, panel) == pytest.approx(kind.middle)
    assert [slider.value for slider in kind.sliders(panel)] == pytest.approx(kind.middle)
    assert panel.area.names == kind.names and all(a.startswith("data:image/jpeg;") for a in panel.area.thumbnails)
    assert max(Image.open(io.BytesIO(panel.picture.value)).size) == 48
    assert panel.status.value.startswith(kind.said)


def test_a_moved_point_moves_the_sliders_and_paints_once(kind, panel):
    asked, paint = [], panel.paint
    panel.paint = lambda picture, mixture, *how: asked.append((mixture, *how)) or paint(picture, mixture, *how)
    before, (there, painted) = panel.picture.value, kind.moved
    move(kind, panel, there)
    assert [slider.value for slider in kind.sliders(panel)] == there and panel.picture.value != before
    assert asked == [painted]


def test_a_slider_that_snaps_to_its_notch_moves_nothing(kind, panel):
    there, notch = kind.notch
    move(kind, panel, there)
    kind.sliders(panel)[0].value = notch
    assert point(kind, panel) == pytest.approx(there)


def test_another_style_at_a_corner_is_painted_and_the_first_again(kind, panel):
    move(kind, panel, kind.corner)
    alone = panel.picture.value
    panel.styles[1].value = kind.other
    assert panel.area.names == [kind.names[0], kind.other, *kind.names[2:]] and panel.picture.value != alone
    panel.styles[1].value = kind.names[1]
    assert panel.area.names == kind.names and panel.picture.value == alone


def test_a_style_at_two_corners_has_both_shares(kind, panel):
    there, corner, mixture = kind.twice
    move(kind, panel, there)
    panel.styles[corner].value = "swirls"
    assert panel.mixture() == pytest.approx(mixture)


def test_another_photograph_is_painted_in_the_same_mixture(kind, panel):
    move(kind, panel, kind.corner)
    before = panel.picture.value
    panel.photo.value = "cat"
    assert panel.picture.value != before and point(kind, panel) == kind.corner


@pytest.mark.parametrize("number", [0, 1])
def test_corners_that_are_none_are_refused(name, kind, painters, number):
    with pytest.raises(NstError, match=kind.refusal):
        kind.build(painters[name], kind.wrong[number])


def test_the_browser_gets_its_program(name, panel):
    assert "export default" in str(panel.area._esm) and f".nst-{name}" in str(panel.area._css)
