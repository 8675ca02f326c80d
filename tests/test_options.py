"""Options: what torch would choke on, or take silently, is refused in words before any work; NumPy's numbers are numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from nstlib import options
from nstlib.control.color import COLOR_WAYS
from nstlib.errors import ImageError, NstError
from nstlib.images.tensors import is_stretched, shrunk_to, with_longer_side
from nstlib.losses.objective import Weights
from nstlib.nets.bands import paint
from nstlib.nets.files import load_fast
from nstlib.optimization.search import stylize

PICTURE = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_come_in_several_types(value):
    assert type(options.whole(value, "steps")) is int and options.seed(value) == 3


@pytest.mark.parametrize("value", [True, np.bool_(True), 3.0, "3", None, [3], 0, -1, 2**70, math.nan])
def test_what_is_no_whole_number_in_the_range_is_refused(value):
    with pytest.raises(NstError, match="steps=.*whole number from 1 to 99"):
        options.whole(value, "steps", 1, 99)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
def test_numbers_come_in_several_types(value):
    assert type(options.number(value, "alpha")) is float and options.number(value, "alpha") == 0.5


@pytest.mark.parametrize("value", [True, "1", None, math.nan, math.inf, -math.inf, -0.1, 10**400, [1], 1j, torch.ones(2)])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(NstError, match="weight=.*number from 0"):
        options.number(value, "weight")


@pytest.mark.parametrize(
    "value",
    [
        [1e308, 1e308],
        [math.nan, 1],
        [1, -1],
        [0, 0],
        ["a", 1],
        [[1], [2]],
        [True, 1],
        "ab",
        3,
        None,
        {"a": 1, "b": 2},
        [1],
        {1, 2},
    ],
)
def test_shares_are_numbers_whose_sum_is_one(value):
    with pytest.raises(NstError, match="mix"):
        options.shares(value, "mix", 2)


@pytest.mark.parametrize(
    "given",
    [
        {"seed": -1},
        {"seed": True},
        {"seed": 1.5},
        {"seed": 2**63},
        {"pyramid": -1},
        {"pyramid": 1.5},
        {"pyramid": "2"},
        {"color": ["style"]},
        {"color": None},
        {"statistic": 3},
        {"optimizer": {}},
        {"pooling": [1]},
        {"backbone": ["mini"]},
        {"init": 3},
        {"init": np.zeros(3)},
        {"init": [PICTURE]},
        {"init": torch.cat([PICTURE, PICTURE])},
        {"steps": True},
        {"tile": 0},
        {"tile": -64},
        {"tile": 64.0},
        {"tile": True},
        {"half": "no"},
        {"style_scale": math.nan},
        {"style_scale": 0},
        {"size": 0},
        {"size": 48.0},
        {"size": True},
        {"content_layers": []},
        {"style_layers": []},
        {"style_layers": None},
        {"style_layers": [3]},
        {"style_layers": ["relu1_1", "relu1_1"]},
        {"style_layers": ["conv5_4"]},
        {"style_layers": "nope"},
        {"masks": 3},
        {"masks": torch.tensor(1.0)},
        {"mix": np.array(2)},
        {"style_layers": torch.tensor(2)},
        {"content_layers": np.array("relu1_1")},
        {"size": 10**400},
        {"callback": 3},
        {"mix": math.nan},
        {"content_weight": 10**400},
    ],
    ids=str,
)
def test_stylize_refuses_before_any_work(given):
    def work(step):
        raise AssertionError("it began to paint")

    with pytest.raises(NstError):
        stylize(PICTURE, PICTURE, **({"steps": 1, "progress": False, "callback": work} | given))


@pytest.mark.parametrize(
    ("content", "style"),
    [
        (torch.cat([PICTURE, PICTURE]), PICTURE),
        (PICTURE, torch.cat([PICTURE, PICTURE])),
        (PICTURE, None),
        (PICTURE, "swirls"),
        (PICTURE, []),
    ],
)
def test_stylize_takes_one_content_and_pictures(content, style):
    with pytest.raises(NstError, match="content|style"):
        stylize(content, style, steps=1, progress=False)


@pytest.mark.parametrize("source", [None, 3, [], "x" * 1000, "~nobody-of-this-name/a.safetensors", "a\0b"], ids=ascii)
def test_what_names_no_network_is_refused(source):
    with pytest.raises(NstError, match="network|name of a file") as refused:
        load_fast(source)
    assert len(str(refused.value)) < 300


def test_a_style_of_one_pixel_has_a_colour_and_no_contrast():
    pixel = torch.full((1, 3, 1, 1), 0.3)
    found = [stylize(PICTURE, pixel, color=color, steps=2, progress=False).history["total"] for color in COLOR_WAYS]
    assert np.isfinite(found).all()


@pytest.mark.parametrize("layers", ["relu1_1", ["relu1_1"], ("relu1_1",)])
def test_one_layer_needs_no_list(layers):
    found = stylize(PICTURE, PICTURE.flip(-1), style_layers=layers, content_layers="relu2_1", steps=np.int64(1), progress=False)
    assert found.evaluations == 1


def test_weights_of_any_type_are_numbers():
    assert Weights(np.float32(2), 1, 0) == Weights(2.0, 1.0, 0.0)


@pytest.mark.parametrize(
    "style", [3.5, True, -1, 99, [1], {}, {"swirls": math.nan}, {"swirls": "x"}, {"swirls": -1}, "nope"], ids=str
)
def test_paint_refuses_styles_that_are_none(style):
    with pytest.raises(NstError, match="style"):
        paint(load_fast("many"), PICTURE, style)


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("shape", [(50, 2000), (2000, 50), (32, 5000), (33, 100)])
def test_a_strip_is_refused_with_the_size_that_works_and_never_stretched(shape):
    strip = torch.zeros(1, 3, *shape)
    least = math.ceil(32 * max(shape) / min(shape))
    with pytest.raises(ImageError, match=f"size of {least}"):
        with_longer_side(strip, max(32, int(0.9 * least)))
    assert min(with_longer_side(strip, least).shape[-2:]) >= 32
    for size in (32, 100, 512):
        assert not is_stretched(shrunk_to(strip, size).shape[-2:], shape) and min(shrunk_to(strip, size).shape[-2:]) >= 32


# ---------------------------------------------------------------- flat pictures


def ripple(level):
    picture = torch.full((1, 3, 96, 128), level)
    picture[..., 40] -= 0.01 if level else -0.01
    return picture


@pytest.mark.parametrize("name", ["swirls", "many"])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_picture_is_painted_and_a_nearly_flat_one_as_in_double_precision(name, level):
    network = load_fast(name)
    blank = paint(network, torch.full((1, 3, 96, 128), level), half=False)
    assert torch.isfinite(blank).all() and blank.std((2, 3)).max() < 0.2
    with torch.no_grad():
        wanted = load_fast(name).double()(ripple(level).double()).float().clamp(0, 1)
    painted = paint(network, ripple(level), half=False)
    torch.testing.assert_close(painted, wanted, atol=3e-3, rtol=0)
    assert torch.equal(paint(network, ripple(level), tile=64, half=False), painted)


def test_several_pictures_are_painted_each():
    network, pictures = load_fast("waves"), torch.cat([PICTURE, 0.3 * PICTURE.flip(-1)])
    assert torch.equal(paint(network, pictures), torch.cat([paint(network, one) for one in pictures.split(1)]))


def test_a_small_style_is_enlarged_and_a_small_content_where_a_size_is_given():
    small = PICTURE[..., :20, :30].contiguous()
    assert stylize(PICTURE, small, steps=1, progress=False).image.shape == PICTURE.shape
    assert stylize(small, PICTURE, size=60, steps=1, progress=False).image.shape == (1, 3, 40, 60)
    with pytest.raises(NstError, match="at least 32"):
        stylize(small, PICTURE, steps=1, progress=False)
