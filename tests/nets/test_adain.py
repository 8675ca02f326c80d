"""Adaptive instance normalisation and its decoder: closed-form numbers."""

import pytest
import torch
from networks import maps

from nstlib import photo, style
from nstlib.errors import NstError
from nstlib.nets.adain import AdaINNet, adain, mean_and_deviation

VGG_SHAPES = [[(3, 64), (64, 64)], [(64, 128), (128, 128)], [(128, 256), (256, 256), (256, 256), (256, 256)], [(256, 512)]]


def test_mean_and_deviation_of_known_numbers():
    mean, deviation = mean_and_deviation(torch.tensor([[[[1.0, 3.0]], [[5.0, 5.0]]]]))
    assert mean.flatten().tolist() == [2, 5]
    assert deviation.flatten().tolist() == pytest.approx([(1 + 1e-5) ** 0.5, 1e-5**0.5])


def test_adain_has_the_styles_statistics_and_a_dead_channel_stays_quiet():
    content, manner = maps(seed=1), maps(side=5, seed=2)
    content[:, 0] = 3
    found, wanted = mean_and_deviation(adain(content, manner)), mean_and_deviation(manner)
    torch.testing.assert_close(found[0], wanted[0])
    torch.testing.assert_close(found[1][:, 1:], wanted[1][:, 1:], rtol=1e-3, atol=1e-3)
    assert found[1][0, 0] < 0.01  # not blown up
    assert torch.isfinite(adain(torch.ones(1, 2, 1, 1), torch.ones(1, 2, 1, 1))).all()


@pytest.mark.parametrize("size", [(32, 32), (45, 63)])
def test_any_size_comes_back(size):
    network = AdaINNet()
    content = torch.rand(1, 3, *size)
    with torch.no_grad():
        painted = network(content, style("waves", 64))
        assert painted.shape == content.shape
        assert not torch.equal(painted[..., -1, :], painted[..., -2, :]) and not torch.equal(painted[..., -1], painted[..., -2])
        torch.testing.assert_close(network(content, style("waves", 64), alpha=0), network(content, style("ink", 64), alpha=0))
    assert not [name for name in network.state_dict() if not name.startswith("decoder")]


def test_mixtures_and_masks():
    network = AdaINNet()
    with torch.no_grad():
        content = network.encode(photo("cat", 64))
        styles = [network.encode(style(name, 64)) for name in ("waves", "mosaic")]
        left = torch.zeros(1, 1, 8, 8)
        left[..., :4] = 1
        one, other = (adain(content, manner) for manner in styles)
        torch.testing.assert_close(network.mixed(content, styles, [1, 3]), 0.25 * one + 0.75 * other)
        halves = network.mixed(content, styles, masks=[left, 1 - left])
        torch.testing.assert_close(halves[..., :4], one[..., :4])
        torch.testing.assert_close(halves[..., 4:], other[..., 4:])
        torch.testing.assert_close(network.mixed(content, styles[:1], masks=[left])[..., 4:], content[..., 4:])
    for options, message in (
        ({"shares": [1]}, "shares has 1 entries for 2 styles"),
        ({"shares": [0, 0]}, "above 0"),
        ({"masks": [left]}, "masks has 1 entries for 2 styles"),
    ):
        with pytest.raises(NstError, match=message):
            network.mixed(content, styles, **options)
