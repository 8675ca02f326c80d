"""Networks and folders that commands work on."""

import pytest
import torch

import nstlib.methods  # noqa: F401 - before a test puts a stand-in where it takes `stylize` from
from nstlib import photo, save_image
from nstlib.nets.fast import FastNet
from nstlib.nets.files import save_network


@pytest.fixture
def two_styles(tmp_path):
    """A network of two styles, untrained, in a file."""
    torch.manual_seed(0)
    network = FastNet(0.125, "conditional", 2, names=["day", "night"])
    for norm in network.norms():
        torch.nn.init.normal_(norm.weight)
    return save_network(network, tmp_path / "two.safetensors")


@pytest.fixture
def album(tmp_path):
    """A folder with two pictures, one of them in a folder inside it, and a third that cannot be read."""
    folder = tmp_path / "album"
    (folder / "trip").mkdir(parents=True)
    save_image(photo("cat", 64), folder / "cat.jpg")
    save_image(photo("temple", 64), folder / "trip" / "temple.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder
