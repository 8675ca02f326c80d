"""Painting with a network in one pass: pictures of any size, the large ones in bands of rows whose seams cannot be seen.

Instance normalisation needs the mean and the deviation of the whole picture, so a network cannot paint a part alone. Here
each convolution is computed band by band, with the rows that its kernel reaches into; sums over the bands give the
statistics of the whole map, and the next convolution reads the map normalised by them. Maps that would need too much
memory are not kept: they are computed a second time.

The bands are as wide as the picture, and what is summed at once is always the same few rows. So on a CPU every number is
computed as without bands, and the picture is the same: to the bit, in bfloat16, too, where the processor's convolutions
add in one order at every size, and to a tenth of 1/255 in float32 where they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.images.files import MIN_SIDE, check_image
from nstlib.nets.fast import ConditionalInstanceNorm2d, FastNet, Layer, finish, prepared
from nstlib.options import flag, shares, shortened, whole
from nstlib.settings import device, has_bf16, memory_in_words

WHOLE = 2048 * 2048  # pixels: larger pictures are painted in bands
TILE = 1024  # pixels a side of a square that is as large as a band of those
ROWS = 32  # of the picture: what is summed at once, a band being a multiple of it
KEPT_BYTES = 2**30  # of one map; a larger one is computed again where it is read
NORM_EPSILON = 1e-5  # as in torch's normalisations
# A deviation below this share of the largest mean is rounding: of the order of sums, in bfloat16 of the kernels too.
ROUNDING = {torch.float32: 1e-6, torch.bfloat16: 1e-2}  # three times what flat pictures show; photographs have 17 times as much


def paint(
    network: FastNet,
    picture: Tensor,
    style: str | int | Mapping[str, float] | None = None,
    tile: int | None = None,
    half: bool | None = None,
) -> Tensor:
    """Paint a picture (1, 3, H, W) in [0, 1] in one pass: the same size, in [0, 1], on the CPU. Any size from 32 px.

    `style`, for a network of many: a name, an index, or {name: share} for a mixture. `tile`: about tile x tile pixels are
    computed at once, from 32 up; by default the whole picture, up to 2048 x 2048. The picture is the same. `half`:
    most convolutions in bfloat16, a grey level off; by default on CPUs that have matrix units for it. Several pictures
    (N, 3, H, W) are painted one by one. Raises NstError, also for a lack of memory (with a size that would fit).
    """
    picture, where = check_image(picture, "picture", MIN_SIDE), device()
    if not isinstance(network, FastNet):
        raise NstError(f"network is {shortened(network)}: expected a FastNet; load_fast('swirls') gives one")
    tile = tile if tile is None else whole(tile, "tile", 32)
    half = half if half is None else flag(half, "half")
    in_bands = network.options["upsampling"] == "nearest"
    if not in_bands and (tile or half):
        raise NstError("tile and half are for networks with upsampling='nearest': leave them out, and take a smaller picture")
    chosen, network = style_shares(network, style), network.to(where, memory_format=torch.channels_last).eval()
    if half is None:
        half = where.type == "cpu" and has_bf16()
    if tile is None and picture.shape[-2] * picture.shape[-1] > WHOLE:
        tile = TILE
    with memory_in_words(picture.shape[-2:], "tile=512 paints the same picture in less memory"), torch.inference_mode():
        shares = network.shares(chosen, 1, torch.empty(0, device=where))
        painted = torch.cat(
            [
                _paint_in_bands(network, one, shares, tile, half)
                if in_bands
                else network(one.to(where, memory_format=torch.channels_last), shares)
                for one in picture.split(1)
            ]
        )
    if not bool(torch.isfinite(painted).all()):
        raise NstError(
            "the network paints values that are not finite (NaN): its weights are damaged, or its training broke off; "
            "train it again, or load it again"
        )
    return painted.clamp(0, 1).cpu().contiguous()


def style_shares(network: FastNet, style: str | int | Mapping[str, float] | None) -> int | Tensor | None:
    """Return what `FastNet` takes for a style given by name, index, or {name: share}, whose sum is made 1. Raises NstError."""
    if style is None:
        return None
    if not isinstance(style, str | Mapping):
        return whole(style, "style", 0, max(network.options["styles"] - 1, 0))
    wanted = {style: 1.0} if isinstance(style, str) else dict(style)
    unknown = [name for name in wanted if name not in network.names]
    if unknown:
        there = f"the network has {', '.join(network.names)}" if network.names else "this network's styles have no names"
        raise NstError(f"there is no style {shortened(unknown[0])}: {there}")
    counts = dict(zip(wanted, shares(list(wanted.values()), "style", len(wanted)), strict=True))
    if network.options["styles"] == 1:
        return None
    total = sum(counts.values())
    return torch.tensor([counts.get(name, 0.0) / total for name in network.names])


class Map(Protocol):
    """A map of features (1, C, H, W) that can be read in bands of rows; `shape` is (C, H, W)."""

    shape: tuple[int, int, int]

    def read(self, top: int, bottom: int) -> Tensor:
        """Rows `top` to `bottom - 1`: (1, C, bottom - top, W)."""
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

    def read(self, top: int, bottom: int) -> Tensor:
        """Rows `top` to `bottom - 1`, normalised."""
        return self.norm(self.values[..., top:bottom, :])


@dataclass
class Computed:
    """The output of a layer's convolution, computed anew for each part that is read, then normalised."""

    source: Map
    layer: Layer
    half: bool  # in bfloat16
    norm: Callable[[Tensor], Tensor] = lambda x: x

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        conv = self.layer.conv
        return conv.out_channels, *(side * self.layer.enlarge // conv.stride[0] for side in self.source.shape[1:])

    def read(self, top: int, bottom: int) -> Tensor:
        """Rows `top` to `bottom - 1`: the rows that the kernel reaches are read too, and continued at the picture's edges."""
        layer, height = self.layer, self.source.shape[1]
        stride, enlarge = layer.conv.stride[0], layer.enlarge
        first = top * stride // enlarge - layer.border
        last = -(-((bottom - 1) * stride + 1) // enlarge) + layer.border
        low, high = max(first, 0), min(last, height)
        padded = layer.pad(self.source.read(low, high), low - first, last - high)
        with torch.autocast(padded.device.type, torch.bfloat16, enabled=self.half):
            found = layer.convolve_padded(padded)
        skipped = top % enlarge
        return self.norm(found[..., skipped : skipped + bottom - top, :])


def _paint_in_bands(network: FastNet, picture: Tensor, shares: Tensor | None, tile: int | None, half: bool) -> Tensor:
    """Return the painted picture (1, 3, H, W), not clamped, on the CPU; `tile` None: in one band."""
    height, width = picture.shape[-2:]
    where = next(network.parameters()).device
    padded = prepared(picture)
    full = padded.shape[-2:]
    band = full[0] if tile is None else max(tile * tile // full[1] // ROWS, 1) * ROWS

    def layer(source: Map, one: Layer, half: bool = half) -> Map:
        return _normalised(Computed(source, one, half), full, band, shares)

    x: Map = Kept(padded, lambda part: part.to(where, memory_format=torch.channels_last))
    for one in network.down:
        # What the eye takes for one colour is spread over the whole range by the normalisation: here 8 bits are too few.
        x = layer(x, one, half=False)
    for block in network.blocks:
        change = layer(layer(x, block.first), block.second)
        for top, bottom in _bands(x.shape[1], full[0], band):
            x.values[..., top:bottom, :] = x.read(top, bottom).add_(change.read(top, bottom))
        x = Kept(x.values)
    for one in network.up[:-1]:
        x = layer(x, one)
    last, painted = Computed(x, network.up[-1], half), torch.empty_like(padded)
    for top, bottom in _bands(full[0], full[0], band):
        painted[..., top:bottom, :] = finish(last.read(top, bottom))
    return painted[..., :height, :width]


def _normalised(plain: Computed, full: Sequence[int], band: int, shares: Tensor | None) -> Map:
    """Return the map, normalised by statistics of all its bands; kept in memory unless it is too large."""
    channels, height, width = plain.shape
    values, moments = None, []
    for top, bottom in _bands(height, full[0], band):
        part = plain.read(top, bottom)
        moments += _moments(part, ROWS * height // full[0])
        # Blocks add to maps of a quarter of the size, so these are kept whatever they need.
        if 4 * height > full[0] and part.element_size() * channels * height * width > KEPT_BYTES:
            continue
        if values is None:
            values = part if bottom == height else part.new_empty((1, height, width, channels)).permute(0, 3, 1, 2)
        if values is not part:
            values[..., top:bottom, :] = part
    norm, relu = plain.layer.norm, plain.layer.relu  # not `plain` itself: that would keep all the maps before it in memory
    scale, shift = norm.affine(shares) if isinstance(norm, ConditionalInstanceNorm2d) else (norm.weight, norm.bias)
    scale, shift = scale.flatten(), shift.flatten()
    if isinstance(norm, nn.BatchNorm2d):
        mean, variance = norm.running_mean, norm.running_var
    else:
        mean, variance = _joined(moments)
        # Normalisation makes rounding 300 times as large; layer upon layer would paint a flat picture full of it.
        scale = scale * (variance > (ROUNDING[part.dtype] * mean.abs().max()).square())

    def normalise(x: Tensor) -> Tensor:
        x = F.batch_norm(x, mean, variance, scale, shift, eps=NORM_EPSILON)
        return x.relu_() if relu else x

    return Computed(plain.source, plain.layer, plain.half, normalise) if values is None else Kept(values, normalise)


def _moments(part: Tensor, rows: int) -> list[Tensor]:
    """Return the moments of maps (1, C, H, W) over each `rows` rows: count of places, mean, squares around it, (3, n, C) each."""
    flat = part.permute(0, 2, 3, 1)[0]  # (H, W, C)
    whole = flat.shape[0] // rows * rows
    parts = [*flat[:whole].reshape(-1, rows * flat.shape[1], flat.shape[2]).split(4), flat[None, whole:].flatten(1, 2)]
    found = []
    for one in (one.float() for one in parts if one.numel()):  # a few at a time: they stay in the cache
        mean = one.mean(1, keepdim=True)
        around = one - mean  # of a flat map, squares less the squared mean would leave rounding alone, also below 0
        found.append(torch.stack([torch.full_like(mean[:, 0], one.shape[1]), mean[:, 0], around.square_().sum(1)]))
    return found


def _joined(moments: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) of the whole map from the moments of its parts. Chan, Golub and LeVeque 1983."""
    together = torch.cat(moments, 1)
    exact = (together.cpu() if together.device.type == "mps" else together).double()  # MPS has no float64
    count, means, squares = exact  # (n, C) each
    mean = (count * means).sum(0) / count.sum(0)
    variance = (squares + count * (means - mean).square()).sum(0) / count.sum(0)
    return mean.to(together), variance.to(together)


def _bands(height: int, full: int, band: int) -> Iterator[tuple[int, int]]:
    """(top, bottom) of the bands of a map of this height, in a picture of `full` rows cut into bands of `band` rows."""
    step = band * height // full if band < full else height
    for top in range(0, height, step):
        yield top, min(top + step, height)
