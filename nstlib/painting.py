"""Painting with a network in one pass: pictures of any size, the large ones in tiles whose seams cannot be seen.

Instance normalisation needs the mean and the deviation of the whole picture, so a network cannot paint a tile alone.
Here each convolution is computed tile by tile, with the border that its kernel reaches into; sums over the tiles give the
statistics of the whole map, and the next convolution reads the map normalised by them. Maps at full size, which would
need the most memory, are never kept: they are computed a second time.
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
from nstlib.nets.fast import RANGE, ConditionalInstanceNorm2d, FastNet, Layer, pad_to_step
from nstlib.settings import device

WHOLE = 2048 * 2048  # pixels: larger pictures are painted in tiles
TILE = 1024  # pixels a side, of those
NORM_EPSILON = 1e-5  # as in torch's normalisations
Region = tuple[int, int, int, int]  # top, bottom, left, right


def paint(network: FastNet, picture: Tensor, style: str | int | Mapping[str, float] | None = None,
          tile: int | None = None) -> Tensor:
    """Paint a picture (1, 3, H, W) in [0, 1] in one pass: the same size, in [0, 1], on the CPU. Any size from 32 px.

    `style`, for a network of many: a name, an index, or {name: share} for a mixture. `tile`: pixels a side that are
    computed at once, from 32 up; by default the whole picture, up to 2048 x 2048. Tiles give the same picture. Raises NstError.
    """
    picture, where = check_image(picture, "picture"), device()
    if tile is not None and (not isinstance(tile, int) or tile < 32):
        raise NstError(f"tile={tile!r}: expected a whole number of pixels from 32 up")
    network = network.to(where, memory_format=torch.channels_last).eval()
    chosen = style_shares(network, style)
    if tile is None and picture.shape[-2] * picture.shape[-1] > WHOLE:
        tile = TILE
    with torch.inference_mode():
        if tile is None:
            painted = network(picture.to(where, memory_format=torch.channels_last), chosen)
        else:
            painted = _paint_in_tiles(network, picture, chosen, tile, where)
        return painted.clamp(0, 1).cpu().contiguous()


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
        conv, up = self.layer.conv, self.layer.enlarge
        spans = [_span(start, end, side * up, conv.kernel_size[0], conv.stride[0], up)
                 for start, end, side in zip(region[::2], region[1::2], self.source.shape[1:], strict=True)]
        (rows, y, pad_y), (columns, x, pad_x) = spans
        part = self.source.read((*rows, *columns))
        if up > 1:
            part = F.interpolate(part, scale_factor=up, mode="nearest")[..., slice(*y), slice(*x)]
        return self.norm(conv(F.pad(part, (*pad_x, *pad_y), mode="reflect")))


def _span(start: int, end: int, side: int, kernel: int, stride: int, up: int) -> tuple[tuple, tuple, tuple]:
    """For outputs start to end along one axis: what to read of the source, what of that once enlarged, what to reflect.

    `side`: of the enlarged source.
    """
    low, high = start * stride - kernel // 2, (end - 1) * stride + kernel // 2 + 1
    inside = max(low, 0), min(high, side)
    read = inside[0] // up, -(-inside[1] // up)
    within = inside[0] - read[0] * up, inside[1] - read[0] * up
    return read, within, (inside[0] - low, high - inside[1])


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
    """The map, normalised by statistics summed over its tiles; kept in memory unless it is as large as the picture."""
    channels, *size = plain.shape
    norm, where = plain.layer.norm, plain.layer.conv.weight.device
    keep = tuple(size) != tuple(full)
    values = torch.empty((1, channels, *size), device=where).contiguous(memory_format=torch.channels_last) if keep else None
    sums = torch.zeros(2, channels, dtype=torch.float64, device=where)
    for region in _tiles(plain.shape, tile * size[0] // full[0]):
        part = plain.read(region)
        sums += torch.stack([part.sum((0, 2, 3)), part.square().sum((0, 2, 3))])
        if keep:
            values[..., region[0]:region[1], region[2]:region[3]] = part
    mean, square = sums / (size[0] * size[1])
    if isinstance(norm, nn.BatchNorm2d):
        mean, square = norm.running_mean.double(), norm.running_var.double() + norm.running_mean.double().square()
    scale, shift = norm.affine(shares) if isinstance(norm, ConditionalInstanceNorm2d) else (norm.weight, norm.bias)
    scale = scale.flatten() / (square - mean.square() + NORM_EPSILON).sqrt()
    shift = shift.flatten() - mean * scale
    scale, shift = (v.float()[None, :, None, None] for v in (scale, shift))

    def normalise(x: Tensor) -> Tensor:
        x = torch.addcmul(shift, x, scale)
        return x.relu_() if plain.layer.relu else x

    return Kept(values, normalise) if keep else Computed(plain.source, plain.layer, normalise)


def _tiles(shape: Sequence[int], tile: int) -> Iterator[Region]:
    """Regions of at most tile x tile that cover a map (C, H, W)."""
    _, height, width = shape
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield top, min(top + tile, height), left, min(left + tile, width)
