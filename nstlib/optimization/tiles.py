"""Large pictures in small memory: the same loss and the same gradient as the whole picture, tile by tile.

A Gram matrix is a mean over places, so the whole picture's is the mean of its tiles'. A first pass collects it, without
a graph. The loss of the whole is then known, and how it changes with each entry of the matrix; a second pass carries
that through the network, one tile at a time. Each tile is seen with a halo as wide as the deepest layer looks, so that
what it owns is what the whole picture would give.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from nstlib.errors import NstError
from nstlib.features.extractor import VGG, FeatureExtractor
from nstlib.losses.objective import Measures, StyleObjective, StyleTarget
from nstlib.losses.terms import content_loss
from nstlib.options import whole as whole_number

GRID = 16  # pixels: the stride of block 5, on which every tile begins
SMALLEST_TILE = 64  # pixels

Slices = tuple[slice, slice]  # rows, columns


@dataclass(frozen=True)
class Tile:
    """A rectangle of a picture that a tile `owns`, and the larger one that it `sees`: slices of pixels, rows and columns."""

    owns: Slices
    sees: Slices

    def crop(self, image: Tensor) -> Tensor:
        """Cut out what the network sees: (N, 3, H, W) -> (N, 3, h, w)."""
        return image[(..., *self.sees)]

    def of_whole(self, maps: Tensor, stride: int) -> Tensor:
        """Its own part of a map of the whole picture."""
        return maps[(..., *(slice(s.start // stride, s.stop // stride) for s in self.owns))]

    def of_crop(self, maps: Tensor, stride: int) -> Tensor:
        """Its own part of a map of `crop`."""
        own = ((o.start - s.start, o.stop - s.start) for o, s in zip(self.owns, self.sees, strict=True))
        return maps[(..., *(slice(start // stride, stop // stride) for start, stop in own))]


def cut(shape: Sequence[int], tile: int, halo: int) -> Iterator[Tile]:
    """The tiles of an (H, W) picture: about `tile` pixels a side, seen `halo` pixels further, both on a grid of 16."""
    step, halo = max(SMALLEST_TILE, tile // GRID * GRID), math.ceil(halo / GRID) * GRID
    for top, bottom in _spans(shape[0], step):
        for left, right in _spans(shape[1], step):
            seen = (
                slice(max(0, a - halo), min(end, b + halo)) for a, b, end in ((top, bottom, shape[0]), (left, right, shape[1]))
            )
            yield Tile((slice(top, bottom), slice(left, right)), tuple(seen))


def _spans(length: int, step: int) -> list[tuple[int, int]]:
    """0 to `length` in steps; a last piece too small to be seen by the network joins the one before."""
    starts = [start for start in range(0, length, step) if start == 0 or length - start >= SMALLEST_TILE]
    return list(zip(starts, [*starts[1:], length], strict=True))


def stride(layer: str) -> int:
    """Pixels between two neighbours of a map of a VGG: 1 in block 1, 16 in block 5."""
    return 2 ** (int(layer.removeprefix("conv").removeprefix("relu").split("_")[0]) - 1)


def reach(network: VGG, layer: str) -> int:
    """Count the pixels beside its own place that one value of a layer depends on, on either side."""
    convs = list(network.convs)
    pixels = 0
    for name in convs[: convs.index("conv" + layer[4:]) + 1]:
        if name.endswith("_1") and name != "conv1_1":
            pixels += stride(name) // 2  # pooling looks one place of the block before further
        pixels += stride(name)  # a 3x3 convolution looks one place further
    return pixels


class TiledObjective(StyleObjective):
    """StyleObjective for a picture of any size: `tile` pixels a side are in the network at once.

    Loss and gradient are those of the whole picture, up to rounding. Costs one more pass forward, and the halos: with
    tiles of 512 px about twice the time of the whole. Raises NstError for statistics that are no means over places, and
    for networks other than VGG's kind, whose reach is not known.
    """

    def __init__(self, extractor: FeatureExtractor, content: Tensor, style: Tensor | Sequence[StyleTarget], tile: int, **options):
        tile = whole_number(tile, "tile", SMALLEST_TILE)
        if len(content) != 1:
            raise NstError(f"content holds {len(content)} pictures: tiles are cut of one, such as content[:1]")
        if not isinstance(getattr(extractor, "network", None), VGG):
            raise NstError("tile=... needs a backbone of VGG's kind, mini, micro or vgg19: leave tile out with this one")
        self.tile, self.shape = tile, tuple(content.shape[-2:])
        self.halo = max(reach(extractor.network, layer) for layer in extractor.layers)
        super().__init__(extractor, content, style, **options)
        if not self.statistic.additive:
            raise NstError(
                f"tile={tile}: statistic={options['statistic']!r} is no mean over places; leave tile out, "
                "or take gram, mean_std or wasserstein"
            )

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """{"content", "style", "tv", "total"}: scalars, weighted; only "total" carries a gradient."""
        total, *terms = _Tiled.apply(image, self)
        return dict(zip(("content", "style", "tv"), terms, strict=True)) | {"total": total}

    @cached_property
    def tiles(self) -> list[Tile]:
        """The tiles of the canvas."""
        return list(cut(self.shape, self.tile, self.halo))

    @torch.no_grad()
    def first_pass(self, image: Tensor) -> tuple[Tensor | float, Measures, Tensor]:
        """Content term, measures and total variation of the whole picture, each a sum over its tiles."""
        content, tv, total = 0.0, 0.0, [{} for _ in self.styles]
        for tile in self.tiles:
            crop = tile.crop(image)
            seen = self.extractor(crop)
            content, tv = content + self.content_part(seen, tile), tv + self.tv_part(crop, tile)
            for whole, part in zip(total, self.measure_part(seen, tile), strict=True):
                whole.update({layer: whole.get(layer, 0) + measured for layer, measured in part.items()})
        return content, total, tv

    def second_pass(self, image: Tensor, slopes: Measures) -> Tensor:
        """The gradient of the total, tile by tile; `slopes`: how the style term changes with each measure of the whole."""
        gradient, weights = torch.zeros_like(image), self.weights
        for tile in self.tiles:
            crop = tile.crop(image).detach().requires_grad_()
            seen = self.extractor(crop)
            style = sum(
                (part[layer] * slope[layer]).sum()
                for part, slope in zip(self.measure_part(seen, tile), slopes, strict=True)
                for layer in part
            )
            total = (
                weights.content * self.content_part(seen, tile) + weights.style * style + weights.tv * self.tv_part(crop, tile)
            )
            tile.crop(gradient).add_(torch.autograd.grad(total, crop)[0])
        return gradient

    def measure_part(self, seen: Mapping[str, Tensor], tile: Tile) -> Measures:
        """Return one tile's part of the measures: its own, times its share of the counted places."""
        found: Measures = []
        for number, one in enumerate(self.styles):
            found.append({})
            for layer in one.layers:
                size = [side // stride(layer) for side in self.shape]
                own, region = tile.of_crop(seen[layer], stride(layer)), self.region(number, size)
                if region is None:
                    found[-1][layer] = self.statistic.measure(own, None) * (own[0, 0].numel() / math.prod(size))
                elif (mass := (weight := tile.of_whole(region, stride(layer))).sum()) > 0:
                    measured = self.statistic.measure(own, weight)
                    found[-1][layer] = measured * (mass / region.sum()).to(measured.device)
        return found

    def content_part(self, seen: Mapping[str, Tensor], tile: Tile) -> Tensor | float:
        """Return one tile's part of the content term: its share of |F - P|^2, over the whole |P|^2."""
        total = 0.0
        for layer, whole in self.content.items():
            target = tile.of_whole(whole, stride(layer))
            energy = target.square().sum()
            if energy > 0:
                own = content_loss(tile.of_crop(seen[layer], stride(layer)), target)
                total = total + own * energy / self.energy[layer] / len(self.content)
        return total

    def tv_part(self, crop: Tensor, tile: Tile) -> Tensor:
        """Return one tile's part of the total variation: its pixels, each with its neighbours below and right."""
        top, left = (own.start - seen.start for own, seen in zip(tile.owns, tile.sees, strict=True))
        rows, columns = (own.stop - own.start for own in tile.owns)
        own, (height, width) = crop[..., top:, left:], self.shape
        down, across = own[..., : rows + 1, :columns].diff(dim=-2), own[..., :rows, : columns + 1].diff(dim=-1)
        each = 3 * len(crop)  # values a pixel, of all pictures
        return down.square().sum() / (each * (height - 1) * width) + across.square().sum() / (each * height * (width - 1))

    @cached_property
    def energy(self) -> dict[str, Tensor]:
        """|P|^2 of each content layer."""
        return {layer: maps.square().sum() for layer, maps in self.content.items()}

    def _content_maps(self, content: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = {}
        for tile in self.tiles:
            seen = self.extractor(tile.crop(content))
            for layer in layers:
                size = [side // stride(layer) for side in self.shape]
                maps.setdefault(layer, seen[layer].new_empty(1, seen[layer].shape[1], *size))
                tile.of_whole(maps[layer], stride(layer)).copy_(tile.of_crop(seen[layer], stride(layer)))
        return maps


class _Tiled(torch.autograd.Function):
    """(total, content, style, tv) of a picture; the gradient of the total is made in the forward pass, tile by tile."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, image: Tensor, objective: TiledObjective) -> tuple[Tensor, ...]:
        content, measures, tv = objective.first_pass(image)
        with torch.enable_grad():
            leaves = [{layer: measured.requires_grad_() for layer, measured in part.items()} for part in measures]
            style = objective.style_term(leaves)
            flat = [measured for part in leaves for measured in part.values()]
            slopes = iter(torch.autograd.grad(style, flat) if flat else ())
            if ctx.needs_input_grad[0]:
                ctx.gradient = objective.second_pass(image, [{layer: next(slopes) for layer in part} for part in leaves])
        losses = objective.weighted(content, torch.as_tensor(style).detach(), tv)
        return losses["total"], losses["content"], losses["style"], losses["tv"]

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, slope: Tensor, *_: Tensor) -> tuple[Tensor, None]:
        gradient, ctx.gradient = ctx.gradient, None  # handed on, not copied: it is as large as the picture
        return gradient.mul_(slope), None
