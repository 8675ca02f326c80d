"""Painting with a network in one pass: pictures of any size, the large ones in tiles whose seams cannot be seen.

Instance normalisation needs the mean and the deviation of the whole picture, so a network cannot paint a tile alone.
Here each convolution is computed tile by tile, with the border that its kernel reaches into; sums over the tiles give the
statistics of the whole map, and the next convolution reads the map normalised by them. Maps that would need too much
memory are not kept: they are computed a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.images import check_image
from nstlib.nets.fast import RANGE, ConditionalInstanceNorm2d, FastNet, Layer, convolve_enlarged, pad_to_step, reflect
from nstlib.settings import device

WHOLE = 2048 * 2048  # pixels: larger pictures are painted in tiles
TILE = 1024  # pixels a side, of those
KEPT_BYTES = 2**30  # of one map; a larger one is computed again where it is read
NORM_EPSILON = 1e-5  # as in torch's normalisations
Region = tuple[int, int, int, int]  # top, bottom, left, right


def paint(network: FastNet, picture: Tensor, style: str | int | Mapping[str, float] | None = None,
          tile: int | None = None, half: bool = False) -> Tensor:
    """Paint a picture (1, 3, H, W) in [0, 1] in one pass: the same size, in [0, 1], on the CPU. Any size from 32 px.

    `style`, for a network of many: a name, an index, or {name: share} for a mixture. `tile`: pixels a side that are
    computed at once, from 32 up; by default the whole picture, up to 2048 x 2048. Tiles give the same picture. `half`:
    convolve in bfloat16, in less than half the time where the hardware has it, and some grey levels off. Raises NstError.
    """
    picture, where = check_image(picture, "picture"), device()
    if tile is not None and (not isinstance(tile, int) or tile < 32):
        raise NstError(f"tile={tile!r}: expected a whole number of pixels from 32 up")
    network = network.to(where, memory_format=torch.channels_last).eval()
    chosen = style_shares(network, style)
    if tile is None and picture.shape[-2] * picture.shape[-1] > WHOLE:
        tile = TILE
    with torch.inference_mode(), torch.autocast(where.type, torch.bfloat16, enabled=half):
        if tile is None:
            painted = network(picture.to(where, memory_format=torch.channels_last), chosen)
        else:
            painted = _paint_in_tiles(network, picture, chosen, tile, where)
        return painted.float().clamp(0, 1).cpu().contiguous()


def style_shares(network: FastNet, style: str | int | Mapping[str, float] | None) -> int | Tensor | None:
    """What `FastNet` takes for a style given by name, index, or {name: share}; shares are made to sum to 1. Raises NstError."""
    if style is None or isinstance(style, int):
        return style
    wanted = {style: 1.0} if isinstance(style, str) else dict(style)
    unknown = [name for name in wanted if name not in network.names]
    if unknown:
        there = f"the network has {', '.join(network.names)}" if network.names else "this network's styles have no names"
        raise NstError(f"there is no style {unknown[0]!r}: {there}")
    total = sum(wanted.values())
    if not 0 < total < float("inf") or min(wanted.values()) < 0:
        raise NstError(f"style={style!r}: expected shares from 0 up, one of them above 0")
    if network.options["styles"] == 1:
        return None
    return torch.tensor([wanted.get(name, 0.0) / total for name in network.names])


class Map(Protocol):
    """A map of features (1, C, H, W) that can be read in parts; `shape` is (C, H, W)."""

    shape: tuple[int, int, int]

    def read(self, region: Region) -> Tensor:
        """The part (1, C, h, w) inside the region."""
        ...


@dataclass
class Kept:
    """A map in memory, (1, C, H, W), normalised when it is read."""

    values: Tensor
    norm: Callable[[Tensor], Tensor] = lambda x: x

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return tuple(self.values.shape[1:])

    def read(self, region: Region) -> Tensor:
        """The part (1, C, h, w) inside the region, normalised."""
        top, bottom, left, right = region
        return self.norm(self.values[..., top:bottom, left:right])


@dataclass
class Computed:
    """What a layer's convolution makes of a map, computed again whenever a part of it is read, then normalised."""

    source: Map
    layer: Layer
    norm: Callable[[Tensor], Tensor] = lambda x: x

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        conv = self.layer.conv
        return conv.out_channels, *(side * self.layer.enlarge // conv.stride[0] for side in self.source.shape[1:])

    def read(self, region: Region) -> Tensor:
        """The part (1, C, h, w) inside the region: its kernel's surroundings are read too, and reflected at the borders."""
        conv, sides = self.layer.conv, self.source.shape[1:]
        if self.layer.enlarge == 1:
            spans = [_span(start, end, side, conv.kernel_size[0], conv.stride[0])
                     for start, end, side in zip(region[::2], region[1::2], sides, strict=True)]
            (rows, pad_y), (columns, pad_x) = spans
            return self.norm(conv(reflect(self.source.read((*rows, *columns)), (*pad_x, *pad_y))))
        spans = [_span(start // 2, -(-end // 2), side, 3, 1) for start, end, side in zip(region[::2], region[1::2], sides, strict=True)]
        (rows, pad_y), (columns, pad_x) = spans
        part = F.pad(self.source.read((*rows, *columns)), (*pad_x, *pad_y), mode="replicate")
        top, bottom, left, right = region
        enlarged = convolve_enlarged(part, conv)[..., top % 2:, left % 2:]
        return self.norm(enlarged[..., :bottom - top, :right - left])


def _span(start: int, end: int, side: int, kernel: int, stride: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """For outputs start to end along one axis of length `side`: what to read of the source, what to pad on both sides."""
    low, high = start * stride - kernel // 2, (end - 1) * stride + kernel // 2 + 1
    inside = max(low, 0), min(high, side)
    return inside, (inside[0] - low, high - inside[1])


def _paint_in_tiles(network: FastNet, picture: Tensor, chosen: int | Tensor | None, tile: int, where: torch.device) -> Tensor:
    """The painted picture (1, 3, H, W), not clamped, on the CPU."""
    if network.options["upsampling"] != "nearest":
        raise NstError("tiles are for networks with upsampling='nearest': leave out `tile`, and take a smaller picture")
    height, width = picture.shape[-2:]
    shares = network.shares(chosen, 1, torch.empty(0, device=where))
    padded = pad_to_step(picture)
    full = padded.shape[-2:]

    def layer(source: Map, one: Layer) -> Map:
        return _normalised(Computed(source, one), tile, shares, full)

    x: Map = Kept(padded, lambda part: part.to(where, memory_format=torch.channels_last))
    for one in network.down:
        x = layer(x, one)
    for block in network.blocks:
        change = layer(layer(x, block.first), block.second)
        for region in _tiles(x.shape, tile):
            x.values[..., region[0]:region[1], region[2]:region[3]] = x.read(region) + change.read(region)
        x = Kept(x.values)
    for one in network.up[:-1]:
        x = layer(x, one)
    last, painted = Computed(x, network.up[-1]), torch.empty_like(padded)
    for top, bottom, left, right in _tiles(last.shape, tile):
        painted[..., top:bottom, left:right] = 0.5 + RANGE * torch.tanh(last.read((top, bottom, left, right)))
    return painted[..., :height, :width]


def _normalised(plain: Computed, tile: int, shares: Tensor | None, full: Sequence[int]) -> Map:
    """The map, normalised by statistics summed over its tiles; kept in memory unless it is too large."""
    channels, *size = plain.shape
    norm, where = plain.layer.norm, plain.layer.conv.weight.device
    # Blocks add to maps of a quarter of the size, so these are kept whatever they need.
    keep = 4 * size[0] <= full[0] or 4 * channels * size[0] * size[1] <= KEPT_BYTES
    values, sums = None, torch.zeros(2, channels, dtype=torch.float64, device=where)
    for region in _tiles(plain.shape, tile * size[0] // full[0]):
        part = plain.read(region)
        whole = part.float()
        sums += torch.stack([whole.sum((0, 2, 3)), whole.square().sum((0, 2, 3))])
        if keep:
            if values is None:
                values = torch.empty((1, channels, *size), dtype=part.dtype, device=where, memory_format=torch.channels_last)
            values[..., region[0]:region[1], region[2]:region[3]] = part
    mean, square = sums / (size[0] * size[1])
    if isinstance(norm, nn.BatchNorm2d):
        mean, square = norm.running_mean.double(), norm.running_var.double() + norm.running_mean.double().square()
    scale, shift = norm.affine(shares) if isinstance(norm, ConditionalInstanceNorm2d) else (norm.weight, norm.bias)
    scale = scale.flatten() / (square - mean.square() + NORM_EPSILON).sqrt()
    shift = shift.flatten() - mean * scale
    scale, shift = (v.float()[None, :, None, None] for v in (scale, shift))
    relu = plain.layer.relu  # not `plain` itself: that would keep all the maps before it in memory

    def normalise(x: Tensor) -> Tensor:
        x = torch.addcmul(shift, x, scale)
        return x.relu_() if relu else x

    return Kept(values, normalise) if keep else Computed(plain.source, plain.layer, normalise)


def _tiles(shape: Sequence[int], tile: int) -> Iterator[Region]:
    """Regions of at most tile x tile that cover a map (C, H, W)."""
    _, height, width = shape
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield top, min(top + tile, height), left, min(left + tile, width)
