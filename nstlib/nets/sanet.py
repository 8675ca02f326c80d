"""Style-attentional network: each place of the content asks the style for what fits it there.

Park and Lee, "Arbitrary style transfer with style-attentional networks" (2019). Attention: Vaswani and others (2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor, pad
from nstlib.nets.adain import mean_and_deviation
from nstlib.nets.encoder_decoder import SHRUNK, MirroredDecoder, blend, encoder_shapes
from nstlib.nets.layers import pad_to_step

LAYERS = ("relu4_1", "relu5_1")
CALM = 0.3  # of queries and keys at the beginning: several places answer, not only the one that is most alike
MOST_ASKED = 64  # places a side: relu4_1 of a picture of 512 px; the time grows with those who ask times those who are asked


def channel_normalised(maps: Tensor) -> Tensor:
    """Maps (N, C, H, W) with mean 0 and deviation 1 of each channel."""
    mean, deviation = mean_and_deviation(maps)
    return (maps - mean) / deviation


def thinned(maps: dict[str, Tensor], most: int = MOST_ASKED) -> dict[str, Tensor]:
    """Return every n-th row and column of maps (N, C, H, W), so that a side has at most about `most` places."""
    steps = {layer: math.ceil(max(one.shape[-2:]) / most) for layer, one in maps.items()}
    return {layer: one[..., :: steps[layer], :: steps[layer]] for layer, one in maps.items()}


class StyleAttention(nn.Module):
    """One attention module: queries from content (N, C, H, W), keys and values from style (N, C, h, w), added to the content.

    Three 1x1 convolutions make queries of the content, keys and values of the style; a fourth brings the answer back. As
    published, the products are not divided by the root of C. With 512 channels: 1,050,624 parameters.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def weights(self, content: Tensor, style: Tensor) -> Tensor:
        """Return the attention weights of content places over style places, to be looked at: (N, H W, h w), rows sum to 1."""
        queries, keys = (conv(channel_normalised(maps)).flatten(2) for conv, maps in ((self.query, content), (self.key, style)))
        return (queries.transpose(1, 2) @ keys).softmax(-1)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Return the content with the answers added; memory grows with the places of both, not with their product."""
        parts = (self.query(channel_normalised(content)), self.key(channel_normalised(style)), self.value(style))
        # (N, 1, places, C), contiguous: only then torch works block by block, without a table of all pairs.
        queries, keys, values = (part.flatten(2).transpose(1, 2)[:, None].contiguous() for part in parts)
        answer = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)
        return self.out(answer[:, 0].transpose(1, 2).reshape(content.shape)) + content


class SANet(nn.Module):
    """Encoder, attention at relu4_1 and relu5_1, decoder: pictures (N, 3, H, W) in [0, 1] in the manner of others.

    `backbone`: "micro", "mini" or "vgg19" (`weights` as for FeatureExtractor). With VGG-19 both attentions and what merges
    them have 4,461,056 parameters.
    """

    def __init__(self, backbone: str = "micro", weights: str | None = None):
        super().__init__()
        encoder = FeatureExtractor(backbone, LAYERS, weights=weights)
        self.options = {"backbone": encoder.backbone_name}  # of "auto" what it means here: elsewhere it may mean another
        self._encoder = (encoder,)  # in a tuple, so that its weights are not stored with what learns
        shapes = encoder_shapes(encoder)
        channels = shapes[3][-1][1]
        self.attentions = nn.ModuleList(StyleAttention(channels) for _ in LAYERS)
        self.merge = nn.Conv2d(channels, channels, 3)
        self.decoder = MirroredDecoder([*shapes[:3], shapes[3][:1]])
        self._begin()

    @property
    def backbone(self) -> str:
        """Return the name of the encoder, for which attentions and decoder were made."""
        return self.options["backbone"]

    def _begin(self) -> None:
        """Start as the identity: attention to similar places, values unchanged; it learns faster than from random weights."""
        ones = [conv for attention in self.attentions for conv in attention.children()] + [self.merge]
        for conv in ones:
            nn.init.dirac_(conv.weight)
            nn.init.zeros_(conv.bias)
        with torch.no_grad():
            for attention in self.attentions:
                attention.query.weight.mul_(CALM)
                attention.key.weight.mul_(CALM)
            self.merge.weight.mul_(0.5)  # it gets the content and the answer

    def encode(self, image: Tensor) -> dict[str, Tensor]:
        """{layer: maps (N, C, h, w)} of LAYERS; the sides of (N, 3, H, W) are divided by 8 and 16, rounded up."""
        return self._encoder[0].to(image.device)(pad_to_step(image, 2 * SHRUNK))

    def compute_in_half(self, on: bool) -> None:
        """Switch: the convolutions of encoder and decoder in bfloat16; statistics and attention stay in float32."""
        self._encoder[0].in_half = self.decoder.in_half = on

    def attended(self, content: dict[str, Tensor], style: dict[str, Tensor]) -> Tensor:
        """Return both attentions' outputs, merged at the size of relu4_1: (N, C, H / 8, W / 8)."""
        near, far = (attention(content[layer], style[layer]) for attention, layer in zip(self.attentions, LAYERS, strict=True))
        far = F.interpolate(far, size=near.shape[-2:], mode="nearest")
        return self.merge(pad(near + far, "reflect"))

    def mixed(
        self, content: dict[str, Tensor], styles: Sequence[dict[str, Tensor]], masks: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Return `attended` for one style, or for several, each in the region of its mask: (1, C, H / 8, W / 8).

        Masks are (1, 1, H, W) of any size, see `nstlib.nets.encoder_decoder.blend`. Where none holds, the content asks
        itself, and so stays. Raises NstError.
        """
        if masks is None and len(styles) != 1:
            raise NstError(f"{len(styles)} styles without masks: attention has no shares; give one style, or a mask for each")
        made = [self.attended(content, style) for style in styles]
        return made[0] if masks is None else blend(made, None, masks, lambda: self.attended(content, thinned(content)))

    def paint_maps(
        self,
        content: dict[str, Tensor],
        styles: Sequence[dict[str, Tensor]],
        size: Sequence[int],
        masks: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Decode encoded pictures: (N, 3, *size), not clamped. `masks`: see `mixed`."""
        return self.decoder(self.mixed(content, styles, masks))[..., : size[0], : size[1]]

    def forward(self, content: Tensor | dict[str, Tensor], style: Tensor | dict[str, Tensor]) -> Tensor:
        """Return the painted pictures, of the contents' size, around [0, 1] but not clamped.

        What `encode` made of them will do as well, for pictures whose sides are multiples of 16.
        """
        maps = [one if isinstance(one, dict) else self.encode(one) for one in (content, style)]
        size = [SHRUNK * side for side in content[LAYERS[0]].shape[-2:]] if isinstance(content, dict) else content.shape[-2:]
        return self.paint_maps(maps[0], maps[1:], size)
