"""Painting a picture: where strokes begin, and passes from coarse to fine over an underpainting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from .brush import Brush, stroke, trace
from .canvas import Canvas
from .colours import from_lab, to_lab


@dataclass(frozen=True)
class Pass:
    """One layer of strokes over the whole picture."""

    brush: Brush
    coverage: float = 2.0  # area of all strokes over the area of the picture
    light: float = 0.05  # jitter of lightness (OKLab)
    tint: float = 0.013  # jitter of colour (OKLab)
    broken: float = 0.09  # distance of a stroke's second colour from its first
    detail: float = 0.0  # 0: everywhere alike; 1: only where the underpainting changes
    where: np.ndarray | None = None  # (h, w) density of strokes, any scale
    vary: float = 0.35  # spread of widths and lengths


def scatter(count: int, shape: tuple[int, int], rng: np.random.Generator, density: np.ndarray | None = None) -> np.ndarray:
    """Points (count, 2) as y, x in pixels of shape; evenly spread, or by a density (h, w)."""
    if density is None:  # a lattice of the plastic number, shaken: even, and without rows
        order = np.arange(count)[:, None] * np.array([0.7548776662, 0.5698402910]) + rng.uniform(0, 1, 2)
        points = order % 1 + rng.normal(scale=0.35 / np.sqrt(max(count, 1)), size=(count, 2))
        return rng.permutation(points) * 1.06 * shape - 0.03 * np.array(shape)
    total = np.cumsum(np.maximum(density, 0).ravel(), dtype=np.float64)
    chosen = np.searchsorted(total, rng.uniform(0, total[-1], count))
    points = np.stack(np.unravel_index(chosen, density.shape), 1) + rng.uniform(0, 1, (count, 2))
    return points * (np.array(shape) / density.shape)


def change(picture: np.ndarray, sigma: float) -> np.ndarray:
    """How much a picture (h, w, 3) changes around each pixel, scaled to a maximum near 1."""
    amount = sum(ndimage.gaussian_gradient_magnitude(picture[..., i], sigma) for i in range(3))
    return np.clip(amount / (np.percentile(amount, 97) + 1e-6), 0, 1)


def strokes(
    canvas: Canvas,
    points: np.ndarray,
    colours: np.ndarray,
    field: np.ndarray,
    brush: Brush,
    rng: np.random.Generator,
    vary: float = 0.35,
    broken: float = 0.1,
) -> None:
    """Strokes through points (N, 2) in canvas px along a field, widths and lengths varied, in two close colours."""
    spread = np.exp(np.clip(rng.normal(scale=vary, size=(2, len(points))), -0.7, 0.7)).astype(np.float32)
    path = trace(points, field, brush.length * spread[0], canvas.shape[0] / field.shape[0])
    lab = to_lab(colours)
    second = from_lab(lab + rng.normal(size=lab.shape).astype(np.float32) * np.array([1, 0.3, 0.3]) * broken)
    stroke(canvas, path, brush.width * spread[1], colours, brush, rng, second)


def paint(canvas: Canvas, picture: np.ndarray, field: np.ndarray, passes: Sequence[Pass], rng: np.random.Generator) -> None:
    """Paint an underpainting (h, w, 3) along a field (h, w), pass by pass."""
    for layer in passes:
        brush, area = layer.brush, canvas.shape[0] * canvas.shape[1]
        density = layer.where
        if layer.detail:
            sharp = change(picture, 1.0 + brush.width / canvas.oversampling / 5)
            density = (1 - layer.detail + layer.detail * sharp) * (1 if density is None else density)
        share = 1.0 if density is None else float(np.mean(np.clip(density / (density.max() + 1e-9), 0, 1)))
        count = int(layer.coverage * area * share / (brush.width * brush.length)) + 1
        points = scatter(count, canvas.shape, rng, density)
        colours = pick(picture, points, canvas.shape)
        jittered = to_lab(colours) + rng.normal(size=colours.shape) * np.array([layer.light, layer.tint, layer.tint])
        strokes(canvas, points, from_lab(jittered.astype(np.float32)), field, brush, rng, layer.vary, layer.broken)


def pick(picture: np.ndarray, points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Colours (N, 3) of a picture at points given in pixels of shape."""
    where = (points * (np.array(picture.shape[:2]) / shape)).astype(np.int32)
    where = np.clip(where, 0, np.array(picture.shape[:2]) - 1)
    return picture[where[:, 0], where[:, 1]]


COARSE_TO_FINE = ((2.4, 5, 2.2, 0), (1.5, 6, 1.8, 0), (1, 7, 1.6, 0.35), (0.6, 7, 0.9, 0.8))


def passes(
    stroke_width: float,
    scale: float,
    base: Brush | None = None,
    steps: Sequence[tuple[float, float, float, float]] = COARSE_TO_FINE,
) -> list[Pass]:
    """The usual passes, coarse to fine: rows of width (in stroke widths), length (in widths), coverage, detail."""
    base = base or Brush(1, 1)
    width = stroke_width * scale
    return [Pass(replace(base, width=width * w, length=width * w * n), coverage=c, detail=d) for w, n, c, d in steps]
