"""Random textures: smooth noise, sums of octaves, warping, streaks."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage


def resize(values: np.ndarray, shape: tuple[int, int], resample: int = Image.Resampling.BICUBIC) -> np.ndarray:
    """Resize a map (H, W) or (H, W, C) of floats to shape (height, width)."""
    if values.ndim == 3:
        return np.stack([resize(values[..., i], shape, resample) for i in range(values.shape[-1])], -1)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), resample))


def smooth(shape: tuple[int, int], cells: float, rng: np.random.Generator) -> np.ndarray:
    """Noise with about `cells` bumps along the picture's height; mean 0, standard deviation about 1."""
    rows = max(2, round(cells) + 3)
    columns = max(2, round(cells * shape[1] / shape[0]) + 3)
    larger = (shape[0] + shape[0] // 4, shape[1] + shape[1] // 4)  # the margin is cut off: bumps start anywhere
    coarse = resize(rng.normal(size=(rows, columns)).astype(np.float32), larger)
    top, left = shape[0] // 8, shape[1] // 8
    return coarse[top : top + shape[0], left : left + shape[1]] * 1.5


def octaves(shape: tuple[int, int], cells: float, rng: np.random.Generator, count: int = 5, gain: float = 0.5) -> np.ndarray:
    """Octaves of smooth noise (fractal Brownian motion), standard deviation about 1."""
    total = sum(gain**i * smooth(shape, cells * 2**i, rng) for i in range(count))
    return total / np.sqrt(sum(gain ** (2 * i) for i in range(count)))


def uniform(values: np.ndarray) -> np.ndarray:
    """Replace values by their ranks in [0, 1]: then a threshold t keeps the share 1 - t."""
    ranks = np.empty(values.size, np.float32)
    ranks[np.argsort(values, axis=None, kind="stable")] = np.linspace(0, 1, values.size, dtype=np.float32)
    return ranks.reshape(values.shape)


def streaks(shape: tuple[int, int], across: float, along: float, rng: np.random.Generator) -> np.ndarray:
    """Noise drawn out along the rows, uniform in [0, 1]; across and along in pixels."""
    fine = ndimage.gaussian_filter(rng.normal(size=shape), (across, along), mode="wrap")
    broad = ndimage.gaussian_filter(rng.normal(size=shape), (across * 3, along * 2), mode="wrap")
    return uniform(fine / fine.std() + 0.6 * broad / broad.std())


def sample(values: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Read a map (H, W) or (H, W, C) at pixel coordinates, bilinear, mirrored at the border."""
    if values.ndim == 3:
        return np.stack([sample(values[..., i], y, x) for i in range(values.shape[-1])], -1)
    return ndimage.map_coordinates(values, (y, x), order=1, mode="mirror")


def warp(values: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """Read values at (y + dy, x + dx), displacements in pixels."""
    y, x = np.indices(values.shape[:2], np.float32)
    return sample(values, y + dy, x + dx)


def wander(shape: tuple[int, int], amount: float, cells: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two smooth displacement maps (dy, dx), standard deviation amount."""
    return amount * octaves(shape, cells, rng, 3), amount * octaves(shape, cells, rng, 3)
