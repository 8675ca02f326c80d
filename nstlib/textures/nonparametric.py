"""Textures without a network: Efros and Leung's growth, pixel by pixel.

One answer to "more of the same, please": copy the pixel whose surroundings fit best. The opposite one, to measure what
a texture has in common with itself, is Portilla and Simoncelli's, in `wavelets`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.files import check_image
from nstlib.images.tensors import sides
from nstlib.options import number, whole
from nstlib.options import seed as check_seed

# Efros and Leung's own program; its error limit counts squared differences of values in [0, 1].
SEED_SIDE = 3  # pixels: the piece of the sample that growth begins with
TOLERANCE = 0.1  # places up to 10 % worse than the best one are as welcome
ERROR_LIMIT = 0.3  # a pixel whose best place is worse than this waits for more neighbours...
PATIENCE = 1.1  # ... and the limit grows by this factor when all of them wait
WINDOW_PER_SIGMA = 6.4  # window / sigma of the Gaussian that weighs its pixels


@dataclass(frozen=True)
class Growth:
    """A texture while it grows: the picture so far, and for each pixel the place in the sample that it was copied from."""

    canvas: Tensor  # (1, 3, H, W) in [0, 1], 0 where nothing has grown yet
    source: Tensor  # (H, W) int64: row * width of the sample + column; -1 where nothing has grown yet

    @property
    def known(self) -> Tensor:
        """Where the texture has grown: (H, W) bool."""
        return self.source >= 0


# ---------------------------------------------------------------- Efros and Leung


def efros_leung(sample: Tensor, size: int | tuple[int, int], *, window: int = 11, seed: int = 0) -> Tensor:
    """A texture (1, 3, H, W) grown from a sample (1, 3, h, w), each pixel copied from where its surroundings fit.

    size: pixels of a side, or (H, W). window: pixels, odd; as wide as the largest thing that repeats. Raises NstError.
    Efros and Leung, "Texture synthesis by non-parametric sampling" (1999). `growth_steps` shows it at work.
    """
    for step in growth_steps(sample, size, window=window, seed=seed):
        last = step
    return last.canvas


def growth_steps(
    sample: Tensor,
    size: int | tuple[int, int],
    *,
    window: int = 11,
    limit: float = ERROR_LIMIT,
    seed: int = 0,
    together: bool = True,
) -> Iterator[Growth]:
    """The growth of `efros_leung`, pass by pass; every step is a copy that later passes leave alone.

    together: a pass fills, in four turns, the better half of the rim, no two neighbours in one turn; with False it
        fills one pixel, the one with most known neighbours, as the paper's description reads. Raises NstError.
    """
    check_image(sample, "sample")
    height, width = sides(size)
    _check_growth(sample, height, width, window)
    number(limit, "limit")
    random = torch.Generator().manual_seed(check_seed(seed))
    growth = _planted(sample, height, width, random)
    places = _Places(sample, window)
    yield growth
    while not bool(growth.known.all()):
        growth, filled = _one_pass(growth, places, limit, together, random)
        limit = limit if filled else limit * PATIENCE
        yield growth


def _check_growth(sample: Tensor, height: int, width: int, window: int) -> None:
    if whole(window, "window") % 2 == 0 or not SEED_SIDE <= window <= min(sample.shape[-2:]):
        raise NstError(
            f"window={window}: expected an odd number from {SEED_SIDE} to the sample's shorter side, {min(sample.shape[-2:])}"
        )
    if min(height, width) < SEED_SIDE:
        raise NstError(f"size={(height, width)}: expected at least {SEED_SIDE} pixels on each side")
    if len(sample) != 1:
        raise NstError(f"sample holds {len(sample)} pictures: expected one, such as sample[:1]")


def _planted(sample: Tensor, height: int, width: int, random: torch.Generator) -> Growth:
    """An empty canvas with SEED_SIDE x SEED_SIDE pixels of the sample in its middle."""
    rows, columns = sample.shape[-2:]
    y, x = (int(torch.randint(side - SEED_SIDE + 1, (1,), generator=random)) for side in (rows, columns))
    top, left = (height - SEED_SIDE) // 2, (width - SEED_SIDE) // 2
    source = torch.full((height, width), -1, device=sample.device)
    index = torch.arange(rows * columns, device=sample.device).view(rows, columns)
    source[top : top + SEED_SIDE, left : left + SEED_SIDE] = index[y : y + SEED_SIDE, x : x + SEED_SIDE]
    return Growth(_copied(sample, source), source)


def _copied(sample: Tensor, source: Tensor) -> Tensor:
    """The picture (1, 3, H, W) that a map of sources (H, W) stands for."""
    pixels = sample[0].flatten(1)[:, source.clamp_min(0).flatten()]  # (3, h*w) -> (3, H*W)
    return (pixels.view(3, *source.shape) * (source >= 0))[None]


def _one_pass(growth: Growth, places: _Places, limit: float, together: bool, random: torch.Generator) -> tuple[Growth, bool]:
    """The growth after one pass, and whether anything grew."""
    filled = False
    for turn in _turns(growth.known, places.window, together, random):
        rows, columns = turn.nonzero(as_tuple=True)
        if not len(rows):
            continue
        chosen, error = places.choose(growth, rows, columns, random)
        fine = error <= limit
        source = growth.source.clone()
        source[rows[fine], columns[fine]] = chosen[fine]
        growth = Growth(_copied(places.sample, source), source)
        filled = filled or bool(fine.any())
    return growth, filled


def _turns(known: Tensor, window: int, together: bool, random: torch.Generator) -> list[Tensor]:
    """Which empty pixels (H, W) grow next, turn by turn: of those that touch what has grown, the ones who know most."""
    maps = known.float()[None, None]
    rim = (F.max_pool2d(maps, 3, 1, 1)[0, 0] > 0) & ~known
    neighbours = F.avg_pool2d(maps, window, 1, window // 2)[0, 0] * rim
    if not together:  # the most neighbours, and chance among equals
        best = neighbours + torch.rand(known.shape, generator=random).to(neighbours) / (2 * window**2)
        return [(best * rim == (best * rim).max()) & rim]
    rim &= neighbours >= neighbours[rim].median()
    lattices = []
    for y, x in ((0, 0), (1, 1), (0, 1), (1, 0)):  # no two pixels of a lattice are neighbours
        lattice = torch.zeros_like(rim)
        lattice[y::2, x::2] = rim[y::2, x::2]
        lattices.append(lattice)
    return lattices


class _Places:
    """All windows of the sample as rows of a matrix, so that one product compares them with many windows at once."""

    def __init__(self, sample: Tensor, window: int):
        self.sample, self.window = sample, window
        windows = F.unfold(sample, window)[0].T.contiguous()  # (K, 3 * window * window)
        self.values = windows
        self.squares = windows.view(len(windows), 3, -1).square().sum(1)  # (K, window * window)
        rows, columns = sample.shape[-2:]
        index = torch.arange(rows * columns, device=sample.device).view(rows, columns)
        half = window // 2
        self.centres = index[half : rows - half, half : columns - half].flatten()  # (K,)
        axis = torch.arange(window, device=sample.device) - half
        bell = torch.exp(-0.5 * (axis * WINDOW_PER_SIGMA / window).square())
        self.bell = bell[:, None] * bell  # (window, window)

    def choose(self, growth: Growth, rows: Tensor, columns: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """For each of B pixels a source from the sample, drawn from the best, and the best one's error: (B,) and (B,)."""
        errors = self.errors(growth, rows, columns)
        best = errors.amin(1)
        good = errors <= (1 + TOLERANCE) * best[:, None]
        draw = torch.rand(errors.shape, generator=random).to(errors)
        return self.centres[(draw * good).argmax(1)], best

    def errors(self, growth: Growth, rows: Tensor, columns: Tensor) -> Tensor:
        """Weighted mean squared difference of the known surroundings of B pixels from every window: (B, K)."""
        weights = self._around(growth.known.float()[None], rows, columns)[:, 0] * self.bell  # (B, window, window)
        wanted = self._around(growth.canvas[0], rows, columns)  # (B, 3, window, window)
        weighted = wanted * weights[:, None]
        # sum w (p - q)^2 = sum w p^2 - 2 sum w p q + sum w q^2: two matrix products instead of a loop over windows
        total = weights.flatten(1) @ self.squares.T - 2 * weighted.flatten(1) @ self.values.T
        total += (weighted * wanted).flatten(1).sum(1, keepdim=True)
        return total.clamp_min(0) / (3 * weights.flatten(1).sum(1, keepdim=True))

    def _around(self, maps: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """The windows around B pixels of maps (C, H, W), 0 beyond the border: (B, C, window, window)."""
        padded = F.pad(maps, (self.window // 2,) * 4)
        views = padded.unfold(1, self.window, 1).unfold(2, self.window, 1)  # (C, H, W, window, window)
        return views[:, rows, columns].transpose(0, 1)
