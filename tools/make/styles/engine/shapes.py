"""Shapes: masks with soft edges, polygons, curves, cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import cKDTree


def step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below low, 1 above high, smooth between (low may be above high)."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def polygon(shape: tuple[int, int], points: np.ndarray) -> np.ndarray:
    """Mask (H, W) of a polygon with corners (N, 2) as y, x in picture heights; edges antialiased."""
    image = Image.new("L", (shape[1] * 2, shape[0] * 2))
    corners = [(float(x) * shape[0] * 2, float(y) * shape[0] * 2) for y, x in points]
    ImageDraw.Draw(image).polygon(corners, fill=255)
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BOX), np.float32) / 255


def lines(shape: tuple[int, int], curves: Sequence[np.ndarray], width: float) -> np.ndarray:
    """Mask of polylines, each (N, 2) as y, x in picture heights; width in picture heights."""
    image = Image.new("L", (shape[1] * 2, shape[0] * 2))
    draw = ImageDraw.Draw(image)
    for curve in curves:
        corners = [(float(x) * shape[0] * 2, float(y) * shape[0] * 2) for y, x in curve]
        draw.line(corners, fill=255, width=max(1, round(width * shape[0] * 2)), joint="curve")
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BOX), np.float32) / 255


def inside(mask: np.ndarray) -> np.ndarray:
    """Signed distance in picture heights to the edge of a mask: positive inside."""
    solid = mask > 0.5
    if solid.all() or not solid.any():
        return np.where(solid, 1.0, -1.0).astype(np.float32)
    distance = ndimage.distance_transform_edt(solid) - ndimage.distance_transform_edt(~solid)
    return (distance / mask.shape[0]).astype(np.float32)


def bezier(points: Sequence[tuple[float, float]], count: int = 40) -> np.ndarray:
    """A Catmull-Rom curve through points (y, x) -> (M, 2)."""
    knots = np.array([points[0], *points, points[-1]], np.float64)
    t = np.linspace(0, 1, count, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:]):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*parts, knots[-1:]])


def cells(
    shape: tuple[int, int], seeds: np.ndarray, dy: np.ndarray | float = 0, dx: np.ndarray | float = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Voronoi cells of seeds (N, 2) in pixels: index (H, W) and distance in px to the border of the cell."""
    y, x = np.indices(shape, np.float32)
    where = np.stack([(y + dy).ravel(), (x + dx).ravel()], 1)
    distance, index = cKDTree(seeds).query(where, k=2)
    gap = np.linalg.norm(seeds[index[:, 0]] - seeds[index[:, 1]], axis=1)
    border = (distance[:, 1] ** 2 - distance[:, 0] ** 2) / (2 * np.maximum(gap, 1e-6))
    return index[:, 0].reshape(shape), border.reshape(shape).astype(np.float32)
