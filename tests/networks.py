"""Networks and maps that several tests need."""

from pathlib import Path

import torch

from nstlib import photo, style
from nstlib.nets.adain import AdaINNet
from nstlib.nets.files import save_network
from nstlib.nets.sanet import SANet


def maps(channels=6, side=9, seed=0):
    """Maps (1, C, S, S) whose channels have means and covariances of their own."""
    generator = torch.Generator().manual_seed(seed)
    mixing = 4 * torch.eye(channels) + torch.randn(channels, channels, generator=generator)
    return torch.einsum("dc,nchw->ndhw", mixing, torch.randn(1, channels, side, side, generator=generator)) + seed


def spread(network):
    """The network with every weight moved off its start, so that no scale is 1 and no shift 0."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network.eval()


def write_any_style(folder: Path) -> dict[str, Path]:
    """Write an untrained network for each method of any style: what it paints is no picture, but every law holds for it."""
    torch.manual_seed(0)
    made = {}
    for kind, network in (("adain", AdaINNet()), ("sanet", SANet())):
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
        last = network.decoder.blocks[-1][-1]
        with torch.no_grad():  # grey on average and hardly ever outside [0, 1], where all is clamped
            last.weight.mul_(0.1 / network(photo("astronaut", 64), style("swirls", 64)).std())
            last.bias.fill_(0.5)
        made[kind] = save_network(network, folder / f"{kind}.safetensors")
    return made | {"wct": made["adain"]}
