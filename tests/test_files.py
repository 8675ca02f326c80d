"""Networks in files: those for any style are stored without their encoder, small, and come back as what they were."""

import pytest
import torch

from nstlib.errors import WeightsError
from nstlib.nets.adain import AdaINNet
from nstlib.nets.files import load_adain, load_fast, load_sanet, read_about, save_network
from nstlib.nets.sanet import SANet

LOADERS = {"adain": (AdaINNet, load_adain), "sanet": (SANet, load_sanet)}
each_kind = pytest.mark.parametrize("kind", LOADERS)


@each_kind
def test_a_network_comes_back_from_its_file(tmp_path, kind):
    build, load = LOADERS[kind]
    torch.manual_seed(0)
    network, (content, style) = build(), torch.rand(2, 1, 3, 40, 52)
    path = save_network(network, tmp_path / "net.safetensors", steps=3)
    again = load(path)
    assert type(again) is build and not again.training and again.options == {"backbone": "mini"} and read_about(path) == {"steps": 3}
    with torch.inference_mode():
        torch.testing.assert_close(again(content, style), network(content, style), rtol=0, atol=0.02)  # half precision
    assert path.stat().st_size < 2.01 * sum(w.numel() for w in network.parameters()) + 8000


def test_both_together_are_small():
    assert 2 * sum(w.numel() for build, _ in LOADERS.values() for w in build().parameters()) <= 4e6  # bytes


@each_kind
def test_another_kind_and_another_name_are_refused(tmp_path, kind):
    build, load = LOADERS[kind]
    other = next(one for one in LOADERS if one != kind)
    path = save_network(build(), tmp_path / "net.safetensors")
    for loader in (LOADERS[other][1], load_fast):
        with pytest.raises(WeightsError, match=f"kind '{kind}'"):
            loader(path)
    with pytest.raises(WeightsError, match=f"name one of {kind}"):
        load("nothing")
