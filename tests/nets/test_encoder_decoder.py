"""The decoder that mirrors an encoder, and mixtures of maps by shares and by masks: closed forms."""

from itertools import pairwise

import pytest
import torch

from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor
from nstlib.nets.adain import AdaINNet
from nstlib.nets.encoder_decoder import MirroredDecoder, blend, encoder_shapes

VGG_SHAPES = [[(3, 64), (64, 64)], [(64, 128), (128, 128)], [(128, 256), (256, 256), (256, 256), (256, 256)], [(256, 512)]]


def test_the_decoder_has_the_published_number_of_parameters():
    decoder = MirroredDecoder(VGG_SHAPES)
    assert sum(weight.numel() for weight in decoder.parameters()) == 3_505_219
    assert AdaINNet().decoder(torch.rand(1, 144, 4, 5)).shape == (1, 3, 32, 40)
    assert decoder.blocks[-1][-1].bias.tolist() == [0.5] * 3 and not decoder.blocks[0][0].bias.any()  # it begins near grey


def test_the_decoder_paints_the_same_with_and_without_learning():
    decoder, maps = (
        MirroredDecoder([[(3, 8), (8, 8)], [(8, 12), (12, 12)], [(12, 16)] + 3 * [(16, 16)], [(16, 20)]]),
        torch.rand(1, 20, 5, 7),
    )
    learning = decoder(maps)
    with torch.no_grad():
        torch.testing.assert_close(decoder(maps), learning.detach(), rtol=1e-3, atol=1e-4)


def test_the_shapes_are_those_of_the_encoders_convolutions():
    shapes = encoder_shapes(FeatureExtractor("mini", ("relu4_1",)))
    assert [len(block) for block in shapes] == [2, 2, 4, 1] and shapes[0][0][0] == 3
    flat = [pair for block in shapes for pair in block]
    assert all(before[1] == after[0] for before, after in pairwise(flat))


def maps(*values):
    """Flat maps (1, 2, 4, 4) of these values."""
    return [torch.full((1, 2, 4, 4), float(value)) for value in values]


def never():
    raise AssertionError("nothing is left to fill up")


@pytest.mark.parametrize(
    ("shares", "expected"), [(None, 4), ([1, 1, 1], 4), ([0, 0, 5], 9), ([2, 1, 1], (2 + 2 + 9) / 4), ((0.1, 0.1, 0), 1.5)]
)
def test_shares_are_made_to_sum_to_one(shares, expected):
    mixed = blend(maps(1, 2, 9), shares, None, never)
    torch.testing.assert_close(mixed, *maps(expected))


def test_masks_share_where_they_overlap_and_the_rest_fills_up():
    """Columns: the first style alone, both, three quarters of the first, and none."""
    first, second = (torch.tensor(row).expand(1, 1, 4, 4) for row in ([1, 1, 0.75, 0], [0, 1, 0, 0.0]))
    mixed = blend(maps(2, 4), None, [first, second], lambda: maps(10)[0])
    assert mixed[0, 0, 0].tolist() == pytest.approx([2, 3, 0.75 * 2 + 0.25 * 10, 10])
    whole = torch.ones(1, 1, 9, 7)  # masks may have any size
    torch.testing.assert_close(blend(maps(2, 4), None, [whole, whole], never), *maps(3))


@pytest.mark.parametrize(
    ("shares", "masks", "words"),
    [
        ([1], None, "shares has 1 entries for 2 styles"),
        ([1, 2, 3], None, "shares has 3 entries for 2 styles"),
        ([0, 0], None, "above 0"),
        ([1, -1], None, "from 0 up"),
        ([1, float("nan")], None, "from 0 up"),
        ([1, float("inf")], None, "from 0 up"),
        ("ab", None, "in a list"),
        (None, [torch.ones(1, 1, 4, 4)], "masks has 1 entries for 2 styles"),
        (None, [torch.ones(1, 1, 4, 4), torch.full((1, 1, 4, 4), 2.0)], r"masks\[1\]"),
    ],
)
def test_what_is_no_mixture_is_named(shares, masks, words):
    with pytest.raises(NstError, match=words):
        blend(maps(1, 2), shares, masks, never)
