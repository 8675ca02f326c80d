"""The brush: strokes are ribbons of bristles that follow a field.

All strokes of a layer are sampled at once, along and across. Samples are scattered into the picture in
painting order, so that the last one at a pixel stays, and only what stays visible is coloured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from . import noise
from .canvas import Canvas

SPACING = 0.75  # canvas px between samples: below one, or holes appear
CHUNK = 3_000_000  # samples held at once
ATLAS = (1024, 2048)  # px across and along: bristle marks from which every stroke cuts its own


@dataclass(frozen=True)
class Brush:
    """One kind of mark. Lengths are pixels of the canvas."""

    width: float  # px
    length: float  # px
    dryness: float = 0.15  # share of the paint that misses the canvas between bristles
    streak: float = 0.10  # how much lighter or darker single bristles are
    relief: float = 1.0  # thickness of the paint
    opacity: float = 1.0  # 1 covers
    pickup: float = 0.15  # share of the paint below that is dragged along towards the end
    pointed: float = 0.0  # 0: blunt ends; 1: the stroke thins out to both ends
    ragged: float = 0.25  # how uneven the long edges are
    grain: float = 1.0  # width of a bristle, in units of 1.6 px


@lru_cache(maxsize=8)
def _atlas(grain: float) -> np.ndarray:
    return noise.streaks(ATLAS, 0.9 * grain, 22.0 * grain, np.random.default_rng(7))


def trace(points: np.ndarray, field: np.ndarray, lengths: np.ndarray, scale: float, nodes: int = 9) -> np.ndarray:
    """Follow a field both ways from points (N, 2) (y, x in canvas px) -> (N, nodes, 2).

    The field (h, w) may be smaller than the canvas: scale is canvas pixels per field pixel.
    """
    half = nodes // 2
    step = (lengths / (nodes - 1)).astype(np.float32)
    path = np.empty((len(points), nodes, 2), np.float32)
    path[:, half] = points
    limit = np.array(field.shape) - 1

    def direction(at: np.ndarray) -> np.ndarray:
        where = np.clip((at / scale).astype(np.int32), 0, limit)
        return field[where[:, 0], where[:, 1]]

    for sign in (1, -1):
        at, heading = points.astype(np.float32), direction(points) * sign
        for k in range(1, half + 1):
            at = at + np.stack([heading.imag, heading.real], 1) * step[:, None]
            path[:, half + sign * k] = at
            turn = direction(at)
            heading = np.where((turn * heading.conj()).real < 0, -turn, turn)
    return path


def stroke(
    canvas: Canvas,
    path: np.ndarray,
    widths: np.ndarray,
    colours: np.ndarray,
    brush: Brush,
    rng: np.random.Generator,
    second: np.ndarray | None = None,
) -> None:
    """Paint strokes along path (N, K, 2) in order; widths (N,) in px; colours (N, 3), for some bristles the second."""
    second = colours if second is None else second
    spans = np.linalg.norm(np.diff(path, axis=1), axis=2).sum(1)
    start = 0
    while start < len(path):
        longest, widest = (max(1, values[start:].max() / SPACING) for values in (spans, widths))
        size = max(1, int(CHUNK / (longest * widest)))
        part = slice(start, start + size)
        _chunk(canvas, path[part], widths[part], (colours[part], second[part]), brush, rng)
        start += size


def _chunk(
    canvas: Canvas,
    path: np.ndarray,
    widths: np.ndarray,
    colours: tuple[np.ndarray, np.ndarray],
    brush: Brush,
    rng: np.random.Generator,
) -> None:
    """Scatter one chunk of strokes, then colour what is visible."""
    spans = np.linalg.norm(np.diff(path, axis=1), axis=2).sum(1)
    count = len(path), int(spans.max() / SPACING) + 2, int(widths.max() / SPACING) + 2  # strokes, along, across
    row = rng.integers(0, max(1, ATLAS[0] - count[2]), count[0])
    column = rng.integers(0, max(1, ATLAS[1] - count[1]), count[0])
    marks = _atlas(brush.grain)
    cut = (row[:, None, None] + np.arange(count[2]) % ATLAS[0]) * ATLAS[1] + (column[:, None] + np.arange(count[1]) % ATLAS[1])[
        :, :, None
    ]
    bristle = marks.ravel()[cut % marks.size]  # (strokes, along, across)
    y, x = _positions(path, widths, count, brush)
    keep = bristle > _missing(spans / widths, count, brush)
    keep &= (y >= 0) & (y < canvas.shape[0]) & (x >= 0) & (x < canvas.shape[1])
    samples = np.flatnonzero(keep)
    target = y.ravel()[samples].astype(np.int32) * canvas.shape[1] + x.ravel()[samples].astype(np.int32)
    if canvas.regions is not None:
        samples, target = _within(canvas, path, samples, target, count, bristle)
    top = np.full(canvas.shape[0] * canvas.shape[1], -1, np.int32)
    top[target] = samples  # of several samples at one pixel numpy keeps the last
    pixels = np.flatnonzero(top >= 0)
    _colour(canvas, pixels, top[pixels], count, bristle.ravel(), colours, brush)


def _within(
    canvas: Canvas, path: np.ndarray, samples: np.ndarray, target: np.ndarray, count: tuple[int, int, int], bristle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Drop the samples outside the region in which their stroke begins; single bristles slip across."""
    middle = np.clip(path[:, path.shape[1] // 2], 0, np.array(canvas.shape) - 1).astype(np.int32)
    home = canvas.regions[middle[:, 0], middle[:, 1]]
    same = canvas.regions.ravel()[target] == home[samples // (count[1] * count[2])]
    same |= bristle.ravel()[samples] > 0.97
    return samples[same], target[same]


def _positions(path: np.ndarray, widths: np.ndarray, count: tuple[int, int, int], brush: Brush) -> tuple[np.ndarray, np.ndarray]:
    """Where the samples lie: y and x, each (strokes, along, across)."""
    tangent = np.gradient(path, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-6)
    position = np.linspace(0, path.shape[1] - 1.001, count[1], dtype=np.float32)
    node = position.astype(np.int32)
    share = (position - node)[:, None]
    centre = path[:, node] * (1 - share) + path[:, node + 1] * share  # (strokes, along, 2)
    heading = tangent[:, node] * (1 - share) + tangent[:, node + 1] * share
    along = np.linspace(-1, 1, count[1], dtype=np.float32)
    half = widths[:, None] / 2 * (1 - brush.pointed * np.abs(along) ** 1.6)  # (strokes, along)
    across = np.linspace(-1, 1, count[2], dtype=np.float32)
    y = centre[..., :1] + (heading[..., 1] * half)[..., None] * across
    x = centre[..., 1:] - (heading[..., 0] * half)[..., None] * across
    return y, x


def _missing(ratio: np.ndarray, count: tuple[int, int, int], brush: Brush) -> np.ndarray:
    """The bristle value below which no paint arrives: (strokes, along, across)."""
    along = np.linspace(0, 1, count[1], dtype=np.float32)[:, None]
    across = np.abs(np.linspace(-1, 1, count[2], dtype=np.float32))
    running_dry = brush.dryness * (0.25 + 1.5 * along**2)
    edge = brush.ragged * np.clip((across - 0.7) / 0.3, 0, 1) ** 2 * 1.6
    end = np.minimum(along, 1 - along) * 2 * ratio[:, None, None]  # distance to the nearer end, in half widths
    corner = np.clip(1 - end, 0, 1) ** 2 + across**2  # above 1: outside the round end
    return running_dry + edge - 1e-6 + np.where(corner > 1.0, (corner - 1) * 2.5, 0)


def _colour(
    canvas: Canvas,
    pixels: np.ndarray,
    samples: np.ndarray,
    count: tuple[int, int, int],
    bristle: np.ndarray,
    colours: tuple[np.ndarray, np.ndarray],
    brush: Brush,
) -> None:
    """Give the visible samples their colour and their thickness."""
    owner, rest = np.divmod(samples, count[1] * count[2])
    along, across = np.divmod(rest, count[2])
    mark = bristle[samples][:, None]
    share = np.clip((mark - 0.35) * 2.2, 0, 1)
    colour = colours[0][owner] * (1 - share) + colours[1][owner] * share
    colour = colour * (1 + brush.streak * (2 * mark - 1)) + 0.35 * brush.streak * (2 * mark - 1)
    flat, height = canvas.colour.reshape(-1, 3), canvas.height.reshape(-1)
    below = flat[pixels]
    cover = brush.opacity * (1 - brush.pickup * (along / count[1])[:, None])
    flat[pixels] = below + (colour - below) * cover.astype(np.float32)
    bulge = 1 - (2 * across / (count[2] - 1) - 1) ** 2  # thick in the middle ...
    ridge = 0.5 * (2 * across / (count[2] - 1) - 1) ** 6  # ... and pushed up at the edge
    height[pixels] = 0.4 * height[pixels] + brush.relief * canvas.oversampling * (0.8 * bulge + ridge + 0.9 * mark[:, 0]).astype(
        np.float32
    )
