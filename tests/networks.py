"""Networks and maps that several tests need."""

import torch


def spread(network):
    """The network with every weight moved off its start, so that no scale is 1 and no shift 0."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network.eval()
