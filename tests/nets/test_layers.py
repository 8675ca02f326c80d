"""Convolutions by a shorter way are the convolutions, and sides are brought to multiples."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nstlib.nets.layers import convolve_enlarged, convolve_narrow, pad_to_step


@pytest.mark.sampled
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7), (8, 3)])
def test_an_enlarged_map_is_convolved_as_if_it_had_been_enlarged(height, width):
    conv, x = nn.Conv2d(4, 6, 3), torch.randn(2, 4, height, width)
    by_hand = conv(F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), (1,) * 4, mode="replicate"))
    with torch.no_grad():
        found = convolve_enlarged(F.pad(x, (1,) * 4, mode="replicate"), conv)
    torch.testing.assert_close(found, by_hand.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.sampled
@pytest.mark.parametrize("kernel", [3, 9])
def test_few_channels_by_four_pixels_at_once(kernel):
    conv, x = nn.Conv2d(5, 3, kernel), torch.randn(2, 5, 6 + kernel - 1, 8 + kernel - 1)
    with torch.no_grad():
        torch.testing.assert_close(convolve_narrow(x, conv), conv(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "step", "padded"), [((32, 33), 4, (32, 36)), ((40, 40), 8, (40, 40)), ((45, 63), 16, (48, 64))]
)
def test_sides_grow_to_multiples_by_reflection(shape, step, padded):
    picture = torch.arange(3.0 * shape[0] * shape[1]).view(1, 3, *shape)
    found = pad_to_step(picture, step)
    assert found.shape[-2:] == padded and torch.equal(found[..., : shape[0], : shape[1]], picture)
    for row in range(shape[0], padded[0]):
        assert torch.equal(found[..., row, : shape[1]], picture[..., 2 * (shape[0] - 1) - row, :])
    for column in range(shape[1], padded[1]):
        assert torch.equal(found[..., : shape[0], column], picture[..., 2 * (shape[1] - 1) - column])
