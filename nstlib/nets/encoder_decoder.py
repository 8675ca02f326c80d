"""What the networks for any style share: the backbone as an encoder, the decoder that mirrors it, mixtures in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.control.masks import check_mask, shrink, split
from nstlib.features.extractor import FeatureExtractor, pad
from nstlib.nets.layers import convolve_enlarged, convolve_narrow
from nstlib.options import entries
from nstlib.options import shares as check_shares
from nstlib.settings import half_precision

SHRUNK = 8  # times: what the pools before relu4_1 make of a side
SPECK = 1e-3  # of a mask: less than this is rounding


class MirroredDecoder(nn.Module):
    """Maps of relu4_1 (N, C, h, w) to pictures (N, 3, 8 h, 8 w): the encoder's convolutions backwards, nearest upsampling.

    `shapes` are (in, out) of the encoder's convolutions, first to last, one list a block. With VGG-19: 3,505,219 parameters.
    It begins with weights that keep the size of what passes through (He and others 2015), and near grey.
    """

    def __init__(self, shapes: Sequence[Sequence[tuple[int, int]]]):
        super().__init__()
        backwards = [[(after, before) for before, after in reversed(block)] for block in reversed(shapes)]
        self.blocks = nn.ModuleList(nn.ModuleList(nn.Conv2d(a, b, 3) for a, b in block) for block in backwards)
        for conv in (conv for block in self.blocks for conv in block):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
        nn.init.constant_(self.blocks[-1][-1].bias, 0.5)
        self.in_half = False  # convolve in bfloat16
        self.to(memory_format=torch.channels_last)  # twice as fast

    def forward(self, maps: Tensor) -> Tensor:
        """Return the pictures, around [0, 1] but not clamped."""
        *hidden, last = [
            (conv, number > 0 and place == 0) for number, block in enumerate(self.blocks) for place, conv in enumerate(block)
        ]
        with half_precision(self.in_half, maps.device):
            for conv, enlarge in hidden:
                maps = F.relu(enlarged(maps, conv) if enlarge else conv(pad(maps, "reflect")))
            maps = pad(maps, "reflect")
            painted = last[0](maps) if torch.is_grad_enabled() else convolve_narrow(maps, last[0])
        return painted.float() if self.in_half else painted


def enlarged(maps: Tensor, conv: nn.Conv2d) -> Tensor:
    """Enlarge maps (N, C, H, W) 2 x 2 and convolve them: (N, C', 2 H, 2 W); at once, where nothing is learned."""
    if torch.is_grad_enabled():
        return conv(pad(F.interpolate(maps, scale_factor=2, mode="nearest"), "reflect"))
    return convolve_enlarged(pad(maps, "replicate"), conv)  # what reflection adds to an enlarged map, repetition adds before


def encoder_shapes(encoder: FeatureExtractor) -> list[list[tuple[int, int]]]:
    """Return (in, out) of the channels of its convolutions, first to last, one list a block."""
    blocks: dict[str, list[tuple[int, int]]] = {}
    for name, conv in encoder.network.convs.items():
        blocks.setdefault(name[4], []).append((conv.in_channels, conv.out_channels))
    return list(blocks.values())


def blend(
    made: Sequence[Tensor], shares: Sequence[float] | None, masks: Sequence[Tensor] | None, rest: Callable[[], Tensor]
) -> Tensor:
    """Mix maps (1, C, h, w), one for each style, by shares or, place by place, by masks.

    `shares` (default: equal) are made to sum to 1. So are the masks (1, 1, H, W) of any size at each place where they sum to
    more; where they sum to less, `rest()`, maps of the same shape, fills up. Raises NstError where counts differ.
    """
    if masks is None:
        counts = [1.0] * len(made) if shares is None else check_shares(shares, "shares", len(made))
        return sum(share / sum(counts) * one for share, one in zip(counts, made, strict=True))
    checked = [check_mask(mask, f"masks[{i}]") for i, mask in enumerate(entries(masks, "masks", len(made)))]
    held = [shrink(mask, made[0].shape[-2:]).to(made[0]) for mask in checked]
    mixed = sum(mask * one for mask, one in zip(split(held), made, strict=True))
    free = (1 - sum(held)).clamp_min(0)
    return mixed + free * rest() if free.max() > SPECK else mixed
