"""Adaptive instance normalisation: one network for any style, which it has never seen.

Huang and Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization" (2017). The encoder is the
course's backbone up to relu4_1 and never learns; a decoder that mirrors it learns to make a picture of such maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.control.masks import check_mask, shrink
from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor, pad
from nstlib.nets.fast import convolve_enlarged, convolve_narrow, pad_to_step
from nstlib.settings import half_precision

LAYER = "relu4_1"
SHRUNK = 8  # times: what the pools before that layer make of a side
Match = Callable[[Tensor, Tensor], Tensor]
SPECK = 1e-3  # of a mask: less than this is rounding
EPSILON = 1e-5  # added to the variance, under the root: a channel that is dead in the content stays quiet


def mean_and_deviation(maps: Tensor, epsilon: float = EPSILON) -> tuple[Tensor, Tensor]:
    """Of each channel of maps (N, C, H, W): two tensors (N, C, 1, 1). The variance divides by H W, and gets epsilon added."""
    mean = maps.mean((2, 3), keepdim=True)
    return mean, ((maps - mean).square().mean((2, 3), keepdim=True) + epsilon).sqrt()  # var_mean takes twice as long


def adain(content: Tensor, style: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return the content's maps (N, C, H, W) with mean and deviation of the style's (N, C, h, w), channel by channel: (N, C, H, W)."""
    (mean, deviation), (wanted_mean, wanted_deviation) = (mean_and_deviation(maps, epsilon) for maps in (content, style))
    return (content - mean) / deviation * wanted_deviation + wanted_mean


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
    """Maps (N, C, H, W) at twice the size, then convolved: (N, C', 2 H, 2 W); at once, where nothing is learned."""
    if torch.is_grad_enabled():
        return conv(pad(F.interpolate(maps, scale_factor=2, mode="nearest"), "reflect"))
    return convolve_enlarged(pad(maps, "replicate"), conv)  # what reflection adds to an enlarged map, repetition adds before


def encoder_shapes(encoder: FeatureExtractor) -> list[list[tuple[int, int]]]:
    """(in, out) of the channels of its convolutions, first to last, one list a block."""
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
        shares = [1.0] * len(made) if shares is None else list(shares)
        if len(shares) != len(made) or min(shares) < 0 or not 0 < sum(shares) < float("inf"):
            raise NstError(f"shares={shares}: expected {len(made)} numbers from 0 up, one of them above 0")
        return sum(share / sum(shares) * one for share, one in zip(shares, made, strict=True))
    if len(masks) != len(made):
        raise NstError(f"{len(masks)} masks for {len(made)} styles: give one for each")
    held = [shrink(check_mask(mask, f"masks[{i}]"), made[0].shape[-2:]).to(made[0]) for i, mask in enumerate(masks)]
    whole = sum(held)
    mixed = sum(mask / whole.clamp_min(1) * one for mask, one in zip(held, made, strict=True))
    free = (1 - whole).clamp_min(0)
    return mixed + free * rest() if free.max() > SPECK else mixed


class AdaINNet(nn.Module):
    """Encoder, `adain`, decoder: pictures (N, 3, H, W) in [0, 1] in the manner of others, the same sizes out.

    `backbone`: "mini" or "vgg19" (`weights` as for FeatureExtractor). Only the decoder has weights to learn and to store.
    """

    def __init__(self, backbone: str = "mini", weights: str | None = None):
        super().__init__()
        self.options = {"backbone": backbone}
        encoder = FeatureExtractor(backbone, (LAYER,), weights=weights)
        self._encoder = (encoder,)  # in a tuple, so that its weights are not stored with the decoder's
        self.decoder = MirroredDecoder(encoder_shapes(encoder))

    def encode(self, image: Tensor) -> Tensor:
        """Return the maps of relu4_1: (N, 3, H, W) -> (N, C, H / 8, W / 8), rounded up: the pools would cut off the rest."""
        return self._encoder[0].to(image.device)(pad_to_step(image, SHRUNK))[LAYER]

    def compute_in_half(self, on: bool) -> None:
        """Switch: the convolutions of encoder and decoder in bfloat16; statistics and attention stay in float32."""
        self._encoder[0].in_half = self.decoder.in_half = on

    def mixed(
        self,
        content: Tensor,
        styles: Sequence[Tensor],
        shares: Sequence[float] | None = None,
        masks: Sequence[Tensor] | None = None,
        match: Match = adain,
    ) -> Tensor:
        """Return the content's maps in a mixture of several styles' statistics, by shares, or from place to place by masks.

        `content` (1, C, h, w); `styles`: maps, one a style. `match` gives the content's maps one style's statistics. `shares`
        and `masks`: see `blend`; where no mask holds, the content stays. Raises NstError.
        """
        return blend([match(content, one) for one in styles], shares, masks, lambda: content)

    def forward(self, content: Tensor, style: Tensor, alpha: float = 1.0) -> Tensor:
        """Pictures (N, 3, H, W), each in the style of its own picture (N, 3, h, w); `alpha`: 0 gives the content back, 1 all style.

        What `encode` made of them will do as well, for pictures whose sides are multiples of 8.
        """
        maps = [one if one.shape[1] != 3 else self.encode(one) for one in (content, style)]
        size = content.shape[-2:] if content.shape[1] == 3 else [SHRUNK * side for side in content.shape[-2:]]
        return self.paint_maps(maps[0], maps[1:], alpha, size)

    def paint_maps(
        self, content: Tensor, styles: Sequence[Tensor], alpha: float, size: Sequence[int], **mixture: object
    ) -> Tensor:
        """Decode encoded pictures: (N, 3, *size), not clamped. `mixture`: shares, masks, match, see `mixed`."""
        target = self.mixed(content, styles, **mixture)
        return self.decoder(alpha * target + (1 - alpha) * content)[..., : size[0], : size[1]]
