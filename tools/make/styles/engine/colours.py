"""Colours: hex codes, mixing in OKLab (so that blends stay bright), ramps, jitter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Ottosson's OKLab (2020): linear sRGB -> cone-like responses -> lightness and two opponent axes.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_LAB, _FROM_CONES = np.linalg.inv(_TO_LAB), np.linalg.inv(_TO_CONES)


def rgb(code: str) -> np.ndarray:
    """'#rrggbb' -> float32 (3,) in [0, 1]."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255


def palette(codes: Sequence[str]) -> np.ndarray:
    """Hex codes -> float32 (K, 3)."""
    return np.stack([rgb(code) for code in codes])


def to_lab(colour: np.ndarray) -> np.ndarray:
    """sRGB (..., 3) in [0, 1] -> OKLab (..., 3)."""
    linear = np.clip(colour, 0, 1) ** 2.2
    return (np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T).astype(np.float32)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """OKLab (..., 3) -> sRGB (..., 3), clipped to [0, 1]."""
    linear = (lab @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T
    return (np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.float32)


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """From the first colour (share 0) to the second (share 1), through OKLab."""
    share = np.clip(np.asarray(share, np.float32), 0, 1)[..., None]
    return from_lab(to_lab(first) * (1 - share) + to_lab(second) * share)


def ramp(colours: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Colours (K, 3) spread evenly over [0, 1], read at value (...) -> (..., 3)."""
    lab = to_lab(colours)
    steps, knots = np.linspace(0, 1, 256), np.linspace(0, 1, len(colours))
    table = from_lab(np.stack([np.interp(steps, knots, lab[:, i]) for i in range(3)], -1))
    return table[(np.clip(value, 0, 1) * 255 + 0.5).astype(np.int32)]


def jitter(colour: np.ndarray, rng: np.random.Generator, light: float = 0.05, tint: float = 0.02) -> np.ndarray:
    """Vary colours (N, 3) one by one: lightness and opponent axes, standard deviations in OKLab units."""
    spread = np.array([light, tint, tint], np.float32)
    return from_lab(to_lab(colour) + rng.normal(size=colour.shape).astype(np.float32) * spread)


def lighter(colour: np.ndarray, amount: np.ndarray | float) -> np.ndarray:
    """Raise (or lower) the OKLab lightness by amount."""
    lab = to_lab(colour)
    lab[..., 0] += amount
    return from_lab(lab)


def richer(colour: np.ndarray, factor: float) -> np.ndarray:
    """Multiply the OKLab chroma by factor."""
    return from_lab(to_lab(colour) * np.array([1, factor, factor], np.float32))
