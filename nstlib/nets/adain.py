"""Adaptive instance normalisation: one network for any style, which it has never seen.

Huang and Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization" (2017). The encoder is the
course's backbone up to relu4_1 and never learns; a decoder that mirrors it learns to make a picture of such maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from nstlib.features.extractor import FeatureExtractor
from nstlib.nets.encoder_decoder import SHRUNK, MirroredDecoder, blend, encoder_shapes
from nstlib.nets.layers import pad_to_step

LAYER = "relu4_1"
Match = Callable[[Tensor, Tensor], Tensor]
EPSILON = 1e-5  # added to the variance, under the root: a channel that is dead in the content stays quiet


def mean_and_deviation(maps: Tensor, epsilon: float = EPSILON) -> tuple[Tensor, Tensor]:
    """Of each channel of maps (N, C, H, W): two tensors (N, C, 1, 1). The variance divides by H W, and gets epsilon added."""
    mean = maps.mean((2, 3), keepdim=True)
    return mean, ((maps - mean).square().mean((2, 3), keepdim=True) + epsilon).sqrt()  # var_mean takes twice as long


def adain(content: Tensor, style: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return the content's maps with mean and deviation of the style's (N, C, h, w), channel by channel: (N, C, H, W)."""
    (mean, deviation), (wanted_mean, wanted_deviation) = (mean_and_deviation(maps, epsilon) for maps in (content, style))
    return (content - mean) / deviation * wanted_deviation + wanted_mean


class AdaINNet(nn.Module):
    """Encoder, `adain`, decoder: pictures (N, 3, H, W) in [0, 1] in the manner of others, the same sizes out.

    `backbone`: "micro", "mini" or "vgg19" (`weights` as for FeatureExtractor). Only the decoder's weights are learned and stored.
    """

    def __init__(self, backbone: str = "micro", weights: str | None = None):
        super().__init__()
        encoder = FeatureExtractor(backbone, (LAYER,), weights=weights)
        self.options = {"backbone": encoder.backbone_name}  # of "auto" what it means here: elsewhere it may mean another
        self._encoder = (encoder,)  # in a tuple, so that its weights are not stored with the decoder's
        self.decoder = MirroredDecoder(encoder_shapes(encoder))

    @property
    def backbone(self) -> str:
        """Return the name of the encoder, for which its decoder was made."""
        return self.options["backbone"]

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
        """Return pictures (N, 3, H, W), each in the style of its own picture (N, 3, h, w).

        `alpha`: 0 gives the content back, 1 all style. What `encode` made of them will do as well, for
        pictures whose sides are multiples of 8.
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
