"""What a picture is, and how it is resized: every refusal, sizes, values."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noise

from nstlib.errors import ImageError, NstError
from nstlib.images import files as images
from nstlib.images import tensors
from nstlib.images.files import check_image, resize, shrunk_to


def test_check_image_returns_the_same_tensor():
    image = noise()
    assert check_image(image) is image
    assert check_image(image.requires_grad_()).requires_grad


def test_check_image_clamps_rounding_only():
    assert check_image(torch.full((1, 3, 8, 8), 1.00005)).max() == 1
    with pytest.raises(ImageError, match="canvas has values"):
        check_image(torch.full((1, 3, 8, 8), 1.01), "canvas")


@pytest.mark.parametrize(
    "image, message",
    [
        (np.zeros((1, 3, 8, 8), np.float32), "ndarray"),
        (torch.zeros(3, 8, 8), r"style\[None\]"),
        (torch.zeros(1, 8, 8, 3), "movedim"),
        (torch.zeros(1, 1, 8, 8), "expand"),
        (torch.zeros(0, 3, 8, 8), "shape"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "/ 255"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.float64), r"\.float\(\)"),
        (torch.full((1, 3, 8, 8), float("nan")), "not finite"),
        (torch.zeros(1, 3, 8, 5), "5x8 pixels: at least 8"),
    ],
)
def test_check_image_speaks_in_the_callers_words(image, message):
    with pytest.raises(NstError, match=message) as caught:
        check_image(image, "style", minimum=8)
    assert "style" in str(caught.value)


def test_check_image_makes_contiguous():
    assert check_image(noise().to(memory_format=torch.channels_last)).is_contiguous()


@given(st.integers(32, 90), st.integers(32, 90), st.integers(32, 120))
@settings(max_examples=25, deadline=None)
def test_size_is_the_longer_side_and_the_aspect_is_kept(height, width, size):
    resized = resize(noise(height, width), size)
    assert max(resized.shape[-2:]) == size
    assert abs(resized.shape[-2] / resized.shape[-1] * width / height - 1) < 0.5 / 32 * 2 + 1e-6 or size < 64
    assert resized.is_contiguous() and resized.dtype == torch.float32
    check_image(resized)


def test_resize_keeps_a_plain_picture_plain_and_the_mean():
    assert resize(torch.full((1, 3, 50, 70), 0.3), 33).allclose(torch.tensor(0.3), atol=1e-6)
    assert resize(noise(64, 64), 32).mean().item() == pytest.approx(noise(64, 64).mean().item(), abs=5e-3)


def test_resize_is_antialiased():
    checkers = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(1, 3, 64, 64)
    assert (resize(checkers, 16)[..., 2:-2, 2:-2] - 0.5).abs().max() < 0.02  # grey, not black or white


def test_resize_to_a_shape_of_masks_and_canvases_with_gradients():
    canvas = (torch.randn(2, 1, 40, 40)).requires_grad_()
    resized = resize(canvas, (33, 57))
    assert resized.shape == (2, 1, 33, 57)
    assert resized.min() >= canvas.min() and resized.max() <= canvas.max()
    resized.sum().backward()
    assert canvas.grad.isfinite().all() and canvas.grad.abs().sum() > 0


@pytest.mark.parametrize("image", [torch.zeros(1, 3, 8, 8).half(), torch.zeros(3, 8, 8), torch.zeros(1, 3, 0, 8), None])
def test_what_cannot_be_resized(image):
    with pytest.raises(ImageError, match="resize got"):
        resize(image, 64)


@pytest.mark.parametrize("size", [0, -3, 2.5, "512", True, None, (3,), (0, 5), 10**9, (10**6, 10**6)])
def test_sizes_that_are_none(size):
    with pytest.raises(ImageError, match="size="):
        resize(noise(), size)


def test_each_picture_of_a_batch_stays_within_its_own_values():
    """Bicubic would overshoot at the edges: the values stay between the least and the largest of each picture, not of all."""
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 1
    both = torch.cat([edge, 0.4 + 0.2 * edge])
    enlarged = resize(both, 64)
    assert [(one.min().item(), one.max().item()) for one in enlarged] == [(0, 1), (pytest.approx(0.4), pytest.approx(0.6))]
    torch.testing.assert_close(enlarged[1:], resize(both[1:], 64))


def test_sizes_round_to_the_nearest_pixel():
    picture = torch.rand(1, 3, 30, 45)
    for size, shape in (
        (90, (60, 90)),
        (10, (7, 10)),
        (11, (7, 11)),
        (1, (1, 1)),
        ((7, 9), (7, 9)),
        ([7, 9], (7, 9)),
        (torch.Size((7, 9)), (7, 9)),
    ):
        assert resize(picture, size).shape[2:] == shape
    assert resize(picture, (30, 45)) is picture  # nothing to do
    with pytest.raises(ImageError, match="would give"):
        resize(picture, 20_000)


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((40, 80), 64, (32, 64)),
        ((80, 40), 100, (100, 50)),
        ((40, 80), None, (40, 80)),
        ((33, 330), 320, (32, 320)),
        ((40, 80), 80, (40, 80)),
    ],
)
def test_the_longer_side_is_as_asked_and_the_shape_is_kept(shape, size, expected):
    assert images.with_longer_side(torch.rand(1, 3, *shape), size).shape[2:] == expected


@pytest.mark.parametrize("size", [62, 31, 0, -5, 40.0, True, "64"])
def test_longer_sides_that_are_none(size):
    """At 62 px the shorter side would have 31."""
    with pytest.raises(NstError, match=f"size={size!r}"):
        images.with_longer_side(torch.rand(1, 3, 40, 80), size)


@pytest.mark.parametrize(
    ("longer", "expected"), [(60, (45, 60)), (60.4, (45, 60)), (80, (60, 80)), (500, (60, 80)), (5, (32, 43))]
)
def test_shrinking_never_enlarges_and_leaves_32_pixels(longer, expected):
    assert images.shrunk_to(torch.rand(1, 3, 60, 80), longer).shape[2:] == expected


def test_how_far_a_value_may_leave_the_range():
    """A ten-thousandth is rounding, and clamped; the picture within the range is handed back as it is."""

    def with_value(value):
        picture = torch.full((1, 3, 32, 32), 0.5)
        picture[0, 1, 3, 4] = value
        return picture

    for value, kept in ((-9e-5, 0.0), (1 + 9e-5, 1.0)):
        checked = check_image(with_value(value))
        assert checked[0, 1, 3, 4] == kept and checked[0, 0, 0, 0] == 0.5
    for value in (-2e-4, 1 + 2e-4):
        with pytest.raises(ImageError):
            check_image(with_value(value))
    whole = with_value(1.0)
    assert check_image(whole) is whole and check_image(whole.permute(0, 1, 3, 2)).is_contiguous()


def test_sides_are_counted_exactly():
    for height, width, minimum, fine in (
        (32, 40, 32, True),
        (40, 32, 32, True),
        (31, 40, 32, False),
        (40, 31, 32, False),
        (1, 1, 1, True),
    ):
        picture = torch.rand(1, 3, height, width)
        if fine:
            assert check_image(picture, "x", minimum) is picture
        else:
            with pytest.raises(ImageError, match=f"{width}x{height} pixels: at least 32"):
                check_image(picture, "x", minimum)


def test_the_style_picture_is_never_enlarged_nor_stretched():
    picture = torch.rand(1, 3, 50, 72)
    assert shrunk_to(picture, 60).shape == (1, 3, 42, 60) and shrunk_to(picture, 500).shape == picture.shape
    assert shrunk_to(picture, 36).shape == (1, 3, 32, 46)  # both sides larger than asked, so that the shorter has 32 px


def test_an_area_is_counted_and_not_a_shape():
    assert tensors.sides((100, 7)) == (100, 7) and tensors.sides(64) == (64, 64)
    for size in (100_000, (100_000, 100_000)):
        with pytest.raises(NstError, match="at most"):
            tensors.sides(size)


def test_a_pixel_more_or_less_is_no_stretching():
    """Sides may be rounded: of 32 px one more or less is 3 %, beside the 5 % that are allowed at any size."""
    assert not tensors.is_stretched((32, 34), (32, 32)) and tensors.is_stretched((32, 36), (32, 32))
    assert not tensors.is_stretched((1000, 1050), (1000, 1000)) and tensors.is_stretched((1000, 1060), (1000, 1000))
