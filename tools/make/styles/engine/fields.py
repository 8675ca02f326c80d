"""Directions: maps of unit vectors (H, W), written as complex numbers x + iy, along which brushes move.

A stroke has no front: v and -v mean the same, which is why fields are averaged as squares.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from ..parameters import Parameters
from . import noise


def grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (y, x): y runs from 0 to 1 down the picture, x from 0 to width / height."""
    y, x = np.indices(shape, np.float32)
    return (y + 0.5) / shape[0], (x + 0.5) / shape[0]


def unit(field: np.ndarray) -> np.ndarray:
    """Scale complex vectors to length one; where there is none, horizontal."""
    length = np.abs(field)
    return np.where(length > 1e-9, field / np.maximum(length, 1e-9), 1).astype(np.complex64)


def constant(shape: tuple[int, int], degrees: float) -> np.ndarray:
    """The same direction everywhere, counted anticlockwise from the horizontal."""
    return np.full(shape, np.exp(-1j * np.deg2rad(degrees)), np.complex64)


def blend(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """From one field (share 0) to the other (share 1), through squares because strokes have no front."""
    return unit(np.sqrt(unit(first) ** 2 * (1 - share) + unit(second) ** 2 * share + 1e-9))


def along(values: np.ndarray, sigma: float = 1.5) -> np.ndarray:
    """Along the level lines of a map (H, W)."""
    gy = ndimage.gaussian_filter(values, sigma, order=(1, 0))
    gx = ndimage.gaussian_filter(values, sigma, order=(0, 1))
    return unit(-gy + 1j * gx)


def edges(values: np.ndarray, sigma: float, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """Structure tensor of a map (H, W): the direction along edges, and how sure it is, in [0, 1]."""
    gy = ndimage.gaussian_filter(values, sigma, order=(1, 0))
    gx = ndimage.gaussian_filter(values, sigma, order=(0, 1))
    squares = (-gy + 1j * gx) ** 2
    real = ndimage.gaussian_filter(squares.real, smoothing)
    imaginary = ndimage.gaussian_filter(squares.imag, smoothing)
    squares = real + 1j * imaginary
    energy = np.abs(squares)
    return unit(np.sqrt(squares + 1e-12)), energy / (energy + energy.mean() + 1e-9)


def vortices(shape: tuple[int, int], centres: np.ndarray, wind: complex = 0.3) -> np.ndarray:
    """Eddies in a wind. Rows of centres: y, x, radius, spin (as many pictures' heights as grid says)."""
    y, x = grid(shape)
    field = np.full(shape, wind, np.complex64)
    for cy, cx, radius, spin in centres:
        offset = (x - cx) + 1j * (y - cy)
        distance = np.abs(offset) / radius
        field += (spin * 1j * offset / radius / (0.05 + distance**2) * np.exp(-((distance / 2) ** 2))).astype(np.complex64)
    return unit(field)


def random_vortices(shape: tuple[int, int], rng: np.random.Generator, count: int = 7) -> np.ndarray:
    """A field of random eddies that turn both ways."""
    centres = np.stack(
        [
            rng.uniform(0, 1, count),
            rng.uniform(0, shape[1] / shape[0], count),
            rng.uniform(0.1, 0.22, count),
            rng.choice([-1.0, 1.0], count),
        ],
        1,
    )
    return vortices(shape, centres)


def _concentric(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    y, x = grid(shape)
    return unit(1j * ((x - shape[1] / shape[0] / 2) + 1j * (y - 0.5)))


def _radial(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return _concentric(shape, rng) * np.complex64(1j)


def _waves(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    _, x = grid(shape)
    return unit(1 + 1j * np.cos(x * 12 + 3 * noise.smooth(shape, 2, rng)))


FIELDS: dict[str, Callable[[tuple[int, int], np.random.Generator], np.ndarray]] = {
    "vortices": random_vortices,
    "concentric": _concentric,
    "radial": _radial,
    "waves": _waves,
}


def choose(parameters: Parameters, form: np.ndarray) -> np.ndarray:
    """The direction that the parameters ask for: a number of degrees, a name of FIELDS, or form as given."""
    if isinstance(parameters.direction, str):
        if parameters.direction == "form":
            return form
        if parameters.direction not in FIELDS:
            raise ValueError(f"direction={parameters.direction!r}: choose degrees, form, {', '.join(FIELDS)}")
        return FIELDS[parameters.direction](form.shape, parameters.generator(99))
    return constant(form.shape, float(parameters.direction))


def drag(values: np.ndarray, field: np.ndarray, length: float, steps: int = 14) -> np.ndarray:
    """Smear a map (H, W) along a field, length pixels each way: streaks that follow it (line integral convolution)."""
    limit = np.array(values.shape) - 1
    y0, x0 = np.indices(values.shape, np.float32)
    total, weight = values.astype(np.float32).copy(), 1.0
    for sign in (1, -1):
        y, x, heading = y0, x0, field * sign
        for k in range(steps):
            y, x = y + heading.imag * (length / steps), x + heading.real * (length / steps)
            row, column = np.clip(y, 0, limit[0]).astype(np.int32), np.clip(x, 0, limit[1]).astype(np.int32)
            share = 1 - (k + 0.5) / steps
            total += share * values[row, column]
            weight += share
            turn = field[row, column]
            heading = np.where((turn * heading.conj()).real < 0, -turn, turn)
    return total / weight
