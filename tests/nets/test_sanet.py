"""Attention between content and style: published sizes, closed-form numbers, memory that does not grow with the square."""

import subprocess
import sys

import pytest
import torch

from nstlib import photo, style
from nstlib.errors import NstError, WeightsError
from nstlib.nets.adain import AdaINNet
from nstlib.nets.sanet import SANet, StyleAttention, channel_normalised, thinned


def test_the_published_numbers_of_parameters():
    attention, merge = StyleAttention(512), torch.nn.Conv2d(512, 512, 3)
    count = sum(weight.numel() for weight in attention.parameters())
    assert count == 1_050_624 and 2 * count + sum(weight.numel() for weight in merge.parameters()) == 4_461_056


def test_it_is_the_weights_times_the_values():
    torch.manual_seed(0)
    attention, content, manner = StyleAttention(6), torch.randn(2, 6, 3, 4), torch.randn(2, 6, 5, 2)
    weights = attention.weights(content, manner)
    assert weights.shape == (2, 12, 10)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 12))
    values = attention.value(manner).flatten(2)
    by_hand = attention.out((values @ weights.transpose(1, 2)).reshape(content.shape)) + content
    torch.testing.assert_close(attention(content, manner), by_hand, rtol=1e-4, atol=1e-5)


def test_the_contrast_of_a_channel_does_not_choose():
    """Queries and keys see normalised maps: a channel that is twice as strong asks no louder."""
    torch.manual_seed(0)
    attention, content, manner = StyleAttention(4), torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3)
    torch.testing.assert_close(
        attention.weights(content, manner), attention.weights(5 * content + 3, manner), rtol=1e-3, atol=1e-4
    )
    assert channel_normalised(content).mean().abs() < 1e-6


@pytest.mark.parametrize("size", [(32, 32), (45, 63)])
def test_any_size_comes_back(size):
    network, content = SANet(), torch.rand(1, 3, *size)
    with torch.no_grad():
        assert network(content, style("waves", 64)).shape == content.shape
    assert not [name for name in network.state_dict() if "encoder" in name]


@pytest.mark.skipif(sys.platform == "win32", reason="no peak of memory there")
def test_memory_does_not_grow_with_the_square():
    script = (
        "import torch, resource; from nstlib.nets.sanet import StyleAttention; torch.manual_seed(0)\n"
        "x = torch.randn(1, 16, 160, 160)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with torch.no_grad(): StyleAttention(16)(x, x)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    grown = int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)
    whole = 4 * 25_600**2 / (1 if sys.platform == "darwin" else 1024)  # the table of weights in float32: 2.6 GB
    assert grown < whole / 5


@pytest.mark.parametrize("network", [SANet, AdaINNet])
def test_the_encoder_has_the_weights_that_were_named(network, tmp_path):
    with pytest.raises(WeightsError, match="nothing"):
        network("mini", tmp_path / "nothing.safetensors")


def test_masks_give_each_region_its_style():
    """Inside a region the maps are those of its style alone; where no mask holds, of the content with itself."""
    torch.manual_seed(0)
    network = SANet()
    with torch.no_grad():
        content = network.encode(photo("astronaut", 64))
        styles = [network.encode(style(name, 64)) for name in ("waves", "mosaic")]
        left = torch.zeros(1, 1, 8, 8)
        left[..., :4] = 1
        one, other = (network.attended(content, manner) for manner in styles)
        halves = network.mixed(content, styles, [left, 1 - left])
        half = network.mixed(content, styles[:1], [left])
        torch.testing.assert_close(network.mixed(content, styles[1:]), other)
        torch.testing.assert_close(halves, left * one + (1 - left) * other)
        torch.testing.assert_close(half, left * one + (1 - left) * network.attended(content, content))
    for given, message in (((styles,), "2 styles without masks"), ((styles, [left]), "masks has 1 entries for 2 styles")):
        with pytest.raises(NstError, match=message):
            network.mixed(content, *given)


def test_it_begins_by_asking_for_what_looks_alike():
    """Every convolution hands on what it gets: queries and keys three tenths of it, what merges two maps a half, the rest all."""
    network = SANet()
    x = torch.rand(1, network.merge.in_channels, 6, 7)
    for attention in network.attentions:
        for name, share in {"query": 0.3, "key": 0.3, "value": 1.0, "out": 1.0}.items():
            torch.testing.assert_close(getattr(attention, name)(x), share * x)
    torch.testing.assert_close(network.merge(x), x[..., 1:-1, 1:-1] / 2)


def test_large_maps_ask_a_thinned_copy_of_themselves():
    maps = {"relu4_1": torch.arange(2 * 130 * 70.0).view(1, 2, 130, 70), "relu5_1": torch.rand(1, 2, 65, 35)}
    found = thinned(maps, 64)
    assert found["relu4_1"].shape == (1, 2, 44, 24) and found["relu5_1"].shape == (1, 2, 33, 18)
    assert torch.equal(thinned(maps, 130)["relu4_1"], maps["relu4_1"])
