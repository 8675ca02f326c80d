"""Painting in one pass: whole and in tiles, styles by name."""

import os

import pytest
import torch
from networks import spread

from nstlib.errors import NstError
from nstlib.nets.bands import _bands, paint
from nstlib.nets.fast import FastNet
from nstlib.nets.files import load_fast
from nstlib.settings import has_bf16

# What computes in bfloat16 without units for it rounds by places and sizes; a network of random weights makes much of it.
HALVES = [False, True] if has_bf16() and "ONEDNN_MAX_CPU_ISA" not in os.environ else [False]


def network(norm="instance", **options):
    return spread(FastNet(0.25, norm, **options))


@pytest.mark.parametrize("norm", ["instance", "batch", "conditional"])
@pytest.mark.parametrize("size", [(64, 96), (77, 101), (150, 33)])
@pytest.mark.parametrize("tile", [32, 80, 200])
@pytest.mark.parametrize("kept", [0, 2**30])
@pytest.mark.parametrize("half", HALVES)
def test_tiles_give_the_whole_picture(norm, size, tile, kept, half, monkeypatch):
    monkeypatch.setattr("nstlib.nets.bands.KEPT_BYTES", kept)  # 0: large maps are computed again, as those of an 8K picture
    monkeypatch.setattr("nstlib.nets.bands.ROWS", 16)
    monkeypatch.setenv("NSTLIB_DEVICE", "cpu")  # a GPU chooses other kernels for other sizes
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    one = network(norm)
    whole, tiled = paint(one, picture, half=half), paint(one, picture, tile=tile, half=half)
    assert whole.std() > 0.02 and tiled.shape == picture.shape
    # Equal to the bit where convolutions sum in one order at every size; with SSE alone up to 0.07/255 was seen.
    torch.testing.assert_close(tiled, whole, rtol=0, atol=0.5 / 255)


def test_tiles_of_a_picture_with_more_rows_than_the_network_has_channels(monkeypatch):
    monkeypatch.setattr("nstlib.nets.bands.KEPT_BYTES", 2**30)
    monkeypatch.setattr("nstlib.nets.bands.ROWS", 16)
    picture = torch.rand(1, 3, 400, 40, generator=torch.Generator().manual_seed(0))
    one = network()  # a quarter: 32 channels in the blocks, whose maps have 100 rows
    whole, tiled = one(picture).clamp(0, 1).detach(), paint(one, picture, tile=80, half=False)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=4e-4)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("stripes", [False, True])
def test_what_is_flat_for_the_network_is_painted_flat(half, stripes):
    """One colour, or stripes of 1 px, which its convolutions of stride 2 make flat: as its own forward paints them."""
    one, picture = load_fast("swirls"), torch.full((1, 3, 200, 300), 120 / 255)
    if stripes:
        picture[..., ::2] = 0
    with torch.inference_mode():
        wanted = one(picture).clamp(0, 1)
    assert wanted.std((2, 3)).max() < 1e-6
    for tile in (None, 64):  # six bands of 32 rows and one of 8, whose convolutions may round in another way
        torch.testing.assert_close(paint(one, picture, tile=tile, half=half), wanted, rtol=0, atol=0.1 / 255)


def test_one_pixel_in_a_flat_picture_counts_as_in_double_precision():
    """torch's own normalisation, in one pass and in 32 bits, is off by 153/255 there."""
    one, picture = load_fast("swirls"), torch.full((1, 3, 100, 150), 0.5)
    picture[..., 50, 75] = 0.6
    with torch.inference_mode():
        wanted = load_fast("swirls").double()(picture.double()).clamp(0, 1).float()
    assert wanted.std() > 5 / 255
    torch.testing.assert_close(paint(one, picture, tile=64, half=False), wanted, rtol=0, atol=0.5 / 255)


def test_half_precision_paints_nearly_the_same_picture():
    picture, one = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)), network()
    assert 0 < (paint(one, picture, half=False) - paint(one, picture, half=True)).abs().mean() < 3 / 255


@pytest.mark.parametrize("fast", [False, True])
def test_half_precision_is_for_processors_that_have_it(fast, monkeypatch):
    monkeypatch.setattr("nstlib.nets.bands.has_bf16", lambda: fast)
    picture, one = torch.rand(1, 3, 40, 56), network()
    assert torch.equal(paint(one, picture), paint(one, picture, half=fast))


@pytest.mark.sampled
@pytest.mark.parametrize("norm", ["instance", "batch", "conditional"])
@pytest.mark.parametrize("size", [(40, 56), (33, 150)])
def test_it_is_the_networks_own_picture(norm, size):
    """Up to the rounding of 32 bits, 6e-5 at most; half precision is off by 0.03 or more."""
    one, picture = network(norm), torch.rand(1, 3, *size)
    torch.testing.assert_close(paint(one, picture, half=False), one(picture).clamp(0, 1), rtol=0, atol=4e-4)


def test_the_picture_is_clamped():
    one = network()
    for bias, wanted in ((9.0, 1.0), (-9.0, 0.0)):  # far in the flat ends of the tanh, which reach a little beyond [0, 1]
        with torch.no_grad():
            one.up[-1].conv.bias.fill_(bias)
            one.up[-1].conv.weight.zero_()
        assert torch.equal(paint(one, torch.rand(1, 3, 40, 56)), torch.full((1, 3, 40, 56), wanted))


@pytest.mark.parametrize(
    ("size", "tile", "expected"),
    [
        ((40, 50), None, None),
        ((50, 40), None, None),
        ((40, 51), None, 77),
        ((51, 40), None, 77),
        ((40, 51), 64, 64),
        ((40, 50), 64, 64),
    ],
)
def test_pictures_above_a_size_are_painted_in_bands_unless_asked_otherwise(size, tile, expected, monkeypatch):
    seen = []
    monkeypatch.setattr("nstlib.nets.bands.WHOLE", 40 * 50)
    monkeypatch.setattr("nstlib.nets.bands.TILE", 77)
    monkeypatch.setattr(
        "nstlib.nets.bands._paint_in_bands", lambda network, picture, shares, tile, half: seen.append(tile) or picture
    )
    paint(network(), torch.rand(1, 3, *size), tile=tile)
    assert seen == [expected]


def test_a_band_holds_no_more_than_a_square_of_the_tile(monkeypatch):
    seen = []
    monkeypatch.setattr("nstlib.nets.bands.ROWS", 8)
    monkeypatch.setattr("nstlib.nets.bands._bands", lambda height, full, band: seen.append(band) or _bands(height, full, band))
    paint(network(), torch.rand(1, 3, 128, 40), tile=32)
    assert set(seen) == {24}  # 24 rows of 40 are 960 of the tile's 1,024 pixels; 32 rows would be 1,280


def test_bands_are_whole_rows_of_32_that_hold_about_a_square():
    assert list(_bands(10, 10, 10)) == [(0, 10)] and list(_bands(10, 10, 99)) == [(0, 10)]
    assert list(_bands(100, 100, 32)) == [(0, 32), (32, 64), (64, 96), (96, 100)]
    assert list(_bands(25, 100, 32)) == [(0, 8), (8, 16), (16, 24), (24, 25)]  # of a map of a quarter of the size


def test_styles_by_name_index_and_mixture():
    many, picture = network("conditional", styles=3, names=("a", "b", "c")), torch.rand(1, 3, 40, 56)
    torch.testing.assert_close(paint(many, picture, "c"), paint(many, picture, 2))
    torch.testing.assert_close(
        paint(many, picture, {"a": 2, "c": 6}, tile=32, half=False),
        many(picture, torch.tensor([0.25, 0, 0.75])).clamp(0, 1),
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"style": "d"}, "the network has a, b, c"),
        ({"style": {"a": 0}}, "above 0"),
        ({"style": {"a": -1, "b": 2}}, "from 0 up"),
        ({"tile": 16}, "from 32 up"),
        ({"tile": 64.0}, "whole number"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(NstError, match=message):
        paint(network("conditional", styles=3, names=("a", "b", "c")), torch.rand(1, 3, 40, 56), **arguments)


def test_transposed_convolutions_are_not_painted_in_tiles():
    with pytest.raises(NstError, match="nearest"):
        paint(network(upsampling="transposed"), torch.rand(1, 3, 40, 56), tile=32)


def test_a_network_that_cannot_be_painted_in_bands_is_painted_whole():
    one, picture = network(upsampling="transposed"), torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = one(picture).clamp(0, 1)
    torch.testing.assert_close(paint(one, picture, half=False), wanted, rtol=0, atol=1e-4)
