"""Painting in one pass: whole and in tiles, styles by name."""

import pytest
import torch
from test_fast import spread

from nstlib.errors import NstError
from nstlib.nets.fast import FastNet
from nstlib.painter import paint


def network(norm="instance", **options):
    return spread(FastNet(0.25, norm, **options))


@pytest.mark.parametrize("norm", ["instance", "batch", "conditional"])
@pytest.mark.parametrize("size", [(64, 96), (77, 101), (33, 150)])
@pytest.mark.parametrize("tile", [32, 40, 200])
@pytest.mark.parametrize("kept", [0, 2**30])
def test_tiles_give_the_whole_picture(norm, size, tile, kept, monkeypatch):
    monkeypatch.setattr("nstlib.painter.KEPT_BYTES", kept)  # 0: large maps are computed again, as those of an 8K picture
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    one = network(norm)
    whole, tiled = paint(one, picture), paint(one, picture, tile=tile)
    assert whole.std() > 0.02 and tiled.shape == picture.shape
    assert (whole - tiled).abs().max() < 0.1 / 255


def test_half_precision_paints_nearly_the_same_picture():
    picture, one = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)), network()
    assert 0 < (paint(one, picture) - paint(one, picture, half=True)).abs().mean() < 3 / 255


def test_it_is_the_networks_own_picture():
    one, picture = network(), torch.rand(1, 3, 40, 56)
    torch.testing.assert_close(paint(one, picture), one(picture).clamp(0, 1), rtol=1e-4, atol=1e-4)


def test_styles_by_name_index_and_mixture():
    many, picture = network("conditional", styles=3, names=("a", "b", "c")), torch.rand(1, 3, 40, 56)
    torch.testing.assert_close(paint(many, picture, "c"), paint(many, picture, 2))
    torch.testing.assert_close(paint(many, picture, {"a": 2, "c": 6}, tile=32),
                               many(picture, torch.tensor([0.25, 0, 0.75])).clamp(0, 1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"style": "d"}, "the network has a, b, c"), ({"style": {"a": 0}}, "above 0"), ({"style": {"a": -1, "b": 2}}, "from 0 up"),
    ({"tile": 16}, "from 32 up"),  ({"tile": 64.0}, "whole number")])
def test_bad_arguments(arguments, message):
    with pytest.raises(NstError, match=message):
        paint(network("conditional", styles=3, names=("a", "b", "c")), torch.rand(1, 3, 40, 56), **arguments)


def test_transposed_convolutions_are_not_painted_in_tiles():
    with pytest.raises(NstError, match="nearest"):
        paint(network(upsampling="transposed"), torch.rand(1, 3, 40, 56), tile=32)
