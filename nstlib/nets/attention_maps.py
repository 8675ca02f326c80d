"""What a SANet's attention looks at: its weights between all places of two pictures, and pictures of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.images.files import MIN_SIDE, one_picture
from nstlib.nets.encoder_decoder import SHRUNK
from nstlib.nets.sanet import LAYERS, SANet

DARK = 0.2  # of its brightness is left to a place that is not asked
MARK = (0.85, 0.1, 0.4)  # red, green, blue
PLACE = 2 * SHRUNK  # pixels a side of what a place of relu5_1 stands for


class AttentionMaps:
    """The attention weights of a SANet between a photograph and a style picture, for both layers, and its painted picture.

    Both pictures lose up to 15 px at the right and below, so that places and pixels agree. Raises ImageError.
    """

    @torch.inference_mode()
    def __init__(self, network: SANet, content: Tensor, style_picture: Tensor):
        self.content, self.style_picture = (
            _whole_places(one_picture(one, name, MIN_SIDE)) for one, name in ((content, "content"), (style_picture, "style"))
        )
        where, self.network = next(network.parameters()).device, network
        self._maps = [network.encode(one.to(where)) for one in (self.content, self.style_picture)]
        self._tables: dict[str, Tensor] = {}

    @cached_property
    @torch.inference_mode()
    def painted(self) -> Tensor:
        """Return the photograph in the style: (1, 3, H, W)."""
        return self.network.paint_maps(self._maps[0], self._maps[1:], self.content.shape[-2:]).clamp(0, 1).cpu()

    def cells(self, layer: str, which: int = 0) -> tuple[int, int]:
        """Return rows and columns of places in the photograph (0) or in the style (1)."""
        return tuple(self._maps[which][layer].shape[-2:])

    @torch.inference_mode()
    def table(self, layer: str) -> Tensor:
        """Return the attention weights of all places: (H W, h w), rows sum to 1."""
        if layer not in self._tables:
            attention, maps = self.network.attentions[LAYERS.index(layer)], (one[layer] for one in self._maps)
            self._tables[layer] = attention.weights(*maps)[0].cpu()
        return self._tables[layer]

    def row(self, layer: str, place: tuple[int, int], reach: int = 0) -> Tensor:
        """Return the attention weights of one place (row, column) of the photograph: (h, w), their sum is 1.

        `reach`: the mean of all places at most so many rows and columns away.
        """
        rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in place)
        asking = self.table(layer).view(*self.cells(layer), *self.cells(layer, 1))[rows, columns]
        return asking.mean((0, 1))


def _whole_places(picture: Tensor) -> Tensor:
    height, width = (side // PLACE * PLACE for side in picture.shape[-2:])
    return picture[..., :height, :width].contiguous()


def light_up(picture: Tensor, weights: Tensor) -> Tensor:
    """Darken a picture (1, 3, H, W) but where `weights` (h, w), from 0 up, are high: the largest has full light.

    Neighbours are lit as well: a place of these layers sees more than the pixels that it stands for.
    """
    wide = F.max_pool2d(weights[None, None] / weights.max(), 3, 1, 1) ** (1 / 3)  # an eighth of the weight is half of the light
    light = F.interpolate(wide, picture.shape[-2:], mode="bilinear", align_corners=False)
    return picture * (DARK + (1 - DARK) * light).to(picture)


def marked(picture: Tensor, places: Iterable[tuple[float, float]]) -> Tensor:
    """Return a picture (1, 3, H, W) with a small square at each place (down, right), in shares of height and width."""
    picture, reach = picture.clone(), max(2, max(picture.shape[-2:]) // 40)
    for place in places:
        y, x = (round(share * length) for share, length in zip(place, picture.shape[-2:], strict=True))
        square = picture[..., max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
        square[:] = picture.new_tensor(MARK).view(1, 3, 1, 1)
    return picture


def places_for(weights: Tensor, share: float = 0.5) -> int:
    """Count the places, largest weight first, that together hold this share of all weight."""
    return int((weights.flatten().sort(descending=True).values.cumsum(0) < share * weights.sum()).sum()) + 1
