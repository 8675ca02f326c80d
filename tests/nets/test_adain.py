"""Adaptive instance normalisation, and whitening and colouring: closed-form numbers."""

import pytest
import torch

from nstlib import photo, style
from nstlib.errors import NstError
from nstlib.features.moments import moments
from nstlib.nets.adain import AdaINNet, adain, mean_and_deviation
from nstlib.nets.wct import whiten, whiten_and_color


def maps(channels=6, side=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mixing = 4 * torch.eye(channels) + torch.randn(channels, channels, generator=generator)
    return torch.einsum("dc,nchw->ndhw", mixing, torch.randn(1, channels, side, side, generator=generator)) + seed


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


def test_whitened_maps_have_the_identity_as_covariance():
    white = whiten(maps(seed=3))
    torch.testing.assert_close(white @ white.T / white.shape[1], torch.eye(6, dtype=torch.float64), rtol=1e-6, atol=1e-6)


def test_coloured_maps_have_the_styles_covariance():
    content, manner = maps(seed=4), maps(side=7, seed=5)
    for found, wanted in zip(moments(whiten_and_color(content, manner)), moments(manner), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_directions_without_variation_are_left_out():
    flat = maps(seed=6)
    flat[:, 1] = flat[:, 0]  # of six directions one is empty
    white = whiten(flat)
    assert torch.linalg.matrix_rank(white @ white.T).item() == 5 and torch.isfinite(white).all()
