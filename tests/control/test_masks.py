"""Masks: areas are kept when sizes change, outlines lie where they were drawn, and mistakes are named."""

import io
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nstlib.control.masks import check_mask, from_lasso, from_strokes, load_mask, shrink, soften, split
from nstlib.errors import NstError
from nstlib.images.gallery import mask


def test_a_mask_comes_in_many_forms():
    expected = torch.tensor([[0.0, 1.0, 1.0]])[None, None]
    for given_ in (
        torch.tensor([[0.0, 1.0, 1.0]]),
        torch.tensor([[False, True, True]]),
        expected,
        expected[0],
        expected.double(),
    ):
        torch.testing.assert_close(check_mask(given_), expected)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([[0, 1]], "list"),
        (torch.ones(2, 3, 4), "shape"),
        (torch.ones(3), "shape"),
        (torch.ones(1, 3, 4, 4), "shape"),
        (torch.full((4, 4), 255), "dtype"),
        (torch.full((4, 4), 2.0), "from 2 to 2"),
        (torch.full((4, 4), -0.5), "-0.5"),
        (torch.full((4, 4), float("nan")), "nan"),
        (torch.zeros(4, 4), "0 everywhere"),
        (torch.zeros(4, 4, dtype=torch.bool), "0 everywhere"),
        (torch.full((4, 4), 1 / 255), "labels"),
    ],
)
def test_what_is_no_mask_is_named(wrong, words):
    with pytest.raises(NstError, match=f"sky.*{words}"):
        check_mask(wrong, "sky")


sides = st.integers(1, 60)


@settings(deadline=None, max_examples=40)
@given(sides, sides, sides, sides)
def test_a_mask_of_another_size_covers_the_same_share_of_the_picture(height, width, h, w):
    big = torch.rand(1, 1, height, width)
    small = shrink(big, (h, w))
    assert small.shape == (1, 1, h, w) and small.min() >= 0 and small.max() <= 1
    assert small.mean().item() == pytest.approx(big.mean().item(), abs=1e-5)


def test_shrinking_averages_areas():
    big = torch.rand(1, 1, 24, 40)
    torch.testing.assert_close(shrink(big, (3, 5)), torch.nn.functional.avg_pool2d(big, 8))
    torch.testing.assert_close(shrink(torch.tensor([[[[0.0, 1.0, 0.0]]]]), (1, 2)), torch.full((1, 1, 1, 2), 1 / 3))
    torch.testing.assert_close(shrink(torch.ones(1, 1, 37, 41), (9, 11)), torch.ones(1, 1, 9, 11))
    torch.testing.assert_close(shrink(big, (48, 80)), big.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_shrinking_in_two_steps_is_shrinking_in_one():
    big = torch.rand(1, 1, 64, 96)
    torch.testing.assert_close(shrink(shrink(big, (32, 48)), (8, 12)), shrink(big, (8, 12)))


def test_a_softened_edge_is_as_wide_as_said():
    step = torch.zeros(1, 1, 40, 200)
    step[..., 100:] = 1
    soft = soften(step, 20)
    profile = soft[0, 0, 20]
    assert profile.diff().min() >= -1e-6 and soft.min() >= 0 and soft.max() <= 1
    assert profile[100 - 40 :].max() > 0.99 and profile[: 100 - 25].max() < 0.01
    assert profile[100 - 10].item() == pytest.approx(0.17, abs=0.03)  # one deviation of a Gaussian
    assert torch.equal(soften(step, 0), step)
    assert soften(mask("temple", "sky", 96), 6).mean().item() == pytest.approx(mask("temple", "sky", 96).mean().item(), abs=0.01)


def test_masks_that_overlap_are_split():
    a, b = torch.rand(1, 1, 20, 30), torch.rand(1, 1, 20, 30)
    parts = split([a, b])
    total, both = sum(parts), a + b
    assert total.max() <= 1 + 1e-6
    torch.testing.assert_close(total, both.clamp_max(1))
    for part, whole in zip(parts, (a, b), strict=True):
        torch.testing.assert_close(part[both <= 1], whole[both <= 1])
        torch.testing.assert_close(part * both.clamp_min(1), whole)
    assert split([]) == []
    with pytest.raises(NstError, match="one size"):
        split([a, torch.rand(1, 1, 5, 5)])


def test_a_lasso_fills_its_outline():
    drawn = from_lasso([(0.25, 0.1), (0.75, 0.1), (0.75, 0.6), (0.25, 0.6)], (100, 200))
    assert drawn.shape == (1, 1, 100, 200)
    assert drawn.mean().item() == pytest.approx(0.25, abs=0.01)
    assert drawn[0, 0, 30, 100] == 1 and drawn[0, 0, 80, 100] == 0 and drawn[0, 0, 30, 20] == 0


def test_three_points_are_a_region_and_two_are_none():
    """A triangle over half of the picture: its area is a half of its base times its height."""
    drawn = from_lasso([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)], (90, 120))
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.01) and drawn[0, 0, 5, 5] == 1 and drawn[0, 0, 80, 110] == 0
    assert from_lasso([(0.0, 0.0), (1.0, 1.0)], (90, 120)).sum() == 0


def test_one_pixel_is_a_mask():
    assert torch.equal(check_mask(torch.ones(1, 1)), torch.ones(1, 1, 1, 1)) and check_mask(torch.full((1, 1, 3), 0.5)).shape == (
        1,
        1,
        1,
        3,
    )
    assert torch.equal(shrink(torch.full((1, 1, 1, 1), 0.25), (2, 3)), torch.full((1, 1, 2, 3), 0.25))


def test_a_dot_is_round_and_of_its_radius():
    for shape in ((100, 200), (300, 200)):
        drawn = from_strokes([{"points": [[0.5, 0.5]], "radius": 0.1}], shape)
        radius = 0.1 * max(shape)
        assert drawn.sum().item() == pytest.approx(3.1416 * radius**2, rel=0.03)
        torch.testing.assert_close(drawn, drawn.flip(-1), rtol=0, atol=0.51)


def test_a_stroke_is_as_wide_everywhere():
    drawn = from_strokes([{"points": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]], "radius": 0.05}], (200, 200))
    assert drawn[0, 0, :, 100].sum().item() == pytest.approx(20, abs=1)
    assert drawn[0, 0, 100].sum().item() == pytest.approx(20, abs=1)
    assert drawn[0, 0, 40, 165] == 1  # the outer corner is round, and there


def test_the_same_strokes_at_two_sizes_cover_the_same_region():
    strokes = [{"points": [[0.2, 0.3], [0.7, 0.6]], "radius": 0.06}, {"points": [[0.1, 0.7], [0.4, 0.9], [0.1, 0.9]]}]
    large, small = from_strokes(strokes, (240, 320)), from_strokes(strokes, (60, 80))
    assert (shrink(large, (60, 80)) - small).abs().mean() < 0.01
    alone = [from_strokes([stroke], (60, 80)) for stroke in strokes]
    torch.testing.assert_close(small, torch.maximum(*alone))


def test_strokes_may_leave_the_picture_and_may_be_none():
    outside = from_strokes([{"points": [[-0.5, 0.5], [1.5, 0.5]], "radius": 0.1}], (50, 50))
    assert outside[0, 0, 25].min() == 1
    assert from_strokes([{"points": [], "radius": 0.1}, {"points": [[0.5, 0.5]]}], (4, 5)).sum() == 0
    assert from_strokes([], (4, 5)).shape == (1, 1, 4, 5) and from_strokes([], (4, 5)).sum() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"radius": 0.1},
        {"points": [[0.1]]},
        {"points": "ab"},
        {"points": [["a", 1]]},
        {"points": [[float("nan"), 0.1]]},
        [[0.1, 0.2]],
        {"points": [[0.1, 0.1]], "radius": "wide"},
        {"points": [[0.1, 0.1]], "radius": float("inf")},
    ],
)
def test_what_is_no_stroke_is_named(wrong):
    with pytest.raises(NstError, match="points"):
        from_strokes([wrong], (10, 10))


@pytest.mark.parametrize("shape", [(10,), (0, 10), (3.5, 4), (1, 1, 10, 10)])
def test_a_shape_is_height_and_width(shape):
    with pytest.raises(NstError, match="height, width"):
        from_strokes([], shape)
    with pytest.raises(NstError, match="height, width"):
        shrink(torch.ones(1, 1, 8, 8), shape)


# ---------------------------------------------------------------- from files

HALF = np.repeat([[True] * 8 + [False] * 8], 12, axis=0)  # (12, 16), the left half inside


def transparent(colour, around=(0, 0, 0)):
    picture = np.zeros((*HALF.shape, 4), np.uint8)
    picture[..., :3] = np.where(HALF[..., None], colour, around)
    picture[..., 3] = 255 * HALF
    return Image.fromarray(picture)


def palette(inside, outside=(0, 0, 0)):
    picture = Image.fromarray(HALF.astype(np.uint8)).convert("P")
    picture.putdata(HALF.astype(np.uint8).flatten().tolist())
    picture.putpalette([*outside, *inside])
    return picture


FORMS = {
    "grey": Image.fromarray(255 * HALF.astype(np.uint8)),
    "one bit": Image.fromarray(255 * HALF.astype(np.uint8)).convert("1"),
    "colours": Image.fromarray(255 * HALF.astype(np.uint8)).convert("RGB"),
    "16 bits": Image.fromarray((65535 * HALF).astype(np.uint16)),
    "white on transparent": transparent((255, 255, 255)),
    "black on transparent": transparent((0, 0, 0), (255, 255, 255)),
    "red on transparent": transparent((255, 0, 0)),
    "grey with alpha": transparent((255, 255, 255)).convert("LA"),
    "labels": Image.fromarray(HALF.astype(np.uint8)),
    "labels in 16 bits": Image.fromarray(HALF.astype(np.uint16)),
    "eight bits in 16": Image.fromarray((255 * HALF).astype(np.uint16)),
    "labels in RGB": Image.fromarray(HALF.astype(np.uint8)).convert("RGB"),
    "palette": palette((255, 255, 255)),
    "palette of labels": palette((128, 0, 0)),
    "red and black": palette((255, 0, 0)).convert("RGB"),
    "opaque alpha": Image.fromarray(255 * HALF.astype(np.uint8)).convert("RGBA"),
}


@pytest.mark.parametrize("picture", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_a_mask_in_a_file_is_what_its_painter_meant(picture, form):
    data = io.BytesIO()
    picture.save(data, form)
    assert torch.equal(load_mask(data), torch.from_numpy(HALF).float()[None, None])


def test_a_grey_mask_keeps_its_greys_and_may_be_tiny():
    grey = np.array([[0, 51], [102, 255]], np.uint8)
    torch.testing.assert_close(load_mask(Image.fromarray(grey)), torch.tensor([[[[0, 0.2], [0.4, 1]]]]))
    torch.testing.assert_close(load_mask(np.array([[0.0, 0.5]], np.float32)), torch.tensor([[[[0, 0.5]]]]))
    soft = transparent((255, 255, 255))
    soft.putalpha(Image.fromarray(np.full(HALF.shape, 51, np.uint8)))
    torch.testing.assert_close(load_mask(soft), torch.full((1, 1, *HALF.shape), 0.2))


@pytest.mark.parametrize(("values", "words"), [([0, 1, 2, 3], "regions"), ([0, 0, 0, 0], "0 everywhere")])
def test_a_file_that_is_no_mask_is_named(values, words):
    with pytest.raises(NstError, match=words):
        load_mask(Image.fromarray(np.array([values], np.uint8)))


# ---------------------------------------------------------------- strokes that would take minutes


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        ([{"points": [[0.2, 0.2], [0.8, 0.8]], "radius": 1e5}], "radius"),
        ([{"points": [[0.5, 0.5]], "radius": -0.1}], "radius"),
        ([{"points": [[0.5, 0.5], [1e7, 0.5]], "radius": 0.1}], "far from"),
        ([{"points": [[0, 0], [-1e9, 1], [1, 1]]}], "far from"),
        ([{"points": [[0.5, 0.5]] * 2_000_000, "radius": 0.5}], "minutes"),
        ([{"points": [[0.1, 0.5]] * 200_000}], "minutes"),
        ([{"points": [[0.5, 0.5]] * 4000, "radius": 1.0}] * 100, "minutes"),
        ([{"points": "ab", "radius": 0}], "stroke"),
        ([{"points": [[10**400, 0]]}], "stroke"),
        ([3], "stroke"),
    ],
)
def test_strokes_have_limits(strokes, words):
    with pytest.raises(NstError, match=words):
        from_strokes(strokes, (171, 256))


def test_what_a_hand_draws_is_within_the_limits():
    hand = random.Random(0)
    strokes = [{"points": [[hand.random(), 0.5 + i / 1000] for i in range(200)], "radius": 0.02} for _ in range(10)]
    strokes += [{"points": [[-0.01, 0.2], [1.02, 0.2], [1.0, 0.4]]}, {"points": [[0.5, 0.5]], "radius": 0.5}]
    assert from_strokes(strokes, (40, 60)).mean() > 0.5


def test_a_blur_wider_than_the_mask_is_refused_and_so_is_a_mask_of_too_many_pixels():
    with pytest.raises(NstError, match="radius=100000"):
        soften(torch.ones(1, 1, 20, 30), 1e5)
    with pytest.raises(NstError, match="pixels are made"):
        from_strokes([], (10**6, 10**6))


@pytest.mark.parametrize("strokes", [None, 3, 0.5])
def test_strokes_come_in_a_list(strokes):
    with pytest.raises(NstError, match="in a list"):
        from_strokes(strokes, (8, 8))
