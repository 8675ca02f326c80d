"""Geometry: circles, arcs, lines and boards in the manner of early abstraction, painted by hand."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import paint, passes
from ..parameters import Parameters


def _ground(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mottled ground: warm light in the middle, cool and violet clouds at the edges."""
    y, x = fields.grid(p.shape)
    cloud = noise.octaves(p.shape, 4, rng, 4)
    away = np.hypot(y - 0.48, (x - 0.5) * 0.9)
    ground = ramp(c[[0, 1, 2, 3]], away * 1.1 + 0.17 * cloud)
    return mix(ground, c[4], shapes.step(noise.octaves(p.shape, 3, rng, 3) + (x - 0.5) - (y - 0.5), 0.7, 1.8) * 0.75)


def _disc(
    p: Parameters,
    colour: np.ndarray,
    at: tuple[float, float, float],
    tones: np.ndarray,
    rng: np.random.Generator,
    opacity: float = 1.0,
) -> np.ndarray:
    """A circle in rings of colour; what is below shines through by opacity."""
    y, x = fields.grid(p.shape)
    cy, cx, radius = at
    distance = np.hypot(y - cy, x - cx) / radius
    rings = tones[np.clip((distance * len(tones)).astype(int), 0, len(tones) - 1)]
    rings = rings * (1 + 0.16 * np.cos(np.arctan2(y - cy, x - cx) - 0.8)[..., None] * distance[..., None])
    rings = rings * (1 + 0.05 * noise.octaves(p.shape, 20, rng, 3)[..., None])
    return mix(colour, np.clip(rings, 0, 1), opacity * shapes.step(distance, 1.01, 0.985))


def _halo(p: Parameters, colour: np.ndarray, at: tuple[float, float, float], halo: np.ndarray) -> np.ndarray:
    """Light around a disc."""
    y, x = fields.grid(p.shape)
    distance = np.hypot(y - at[0], x - at[1]) / at[2]
    return mix(colour, halo, 0.9 * np.exp(-((np.clip(distance - 1, 0, None) / 0.25) ** 2)))


def _plate(
    p: Parameters,
    colour: np.ndarray,
    corners: list[tuple[float, float]],
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    opacity: float = 0.9,
) -> np.ndarray:
    """A polygon that runs from one colour to another and lets the ground shine through a little."""
    points = np.array(corners)
    mask = shapes.polygon(p.shape, points)
    y, x = fields.grid(p.shape)
    way = points[-1] - points[0]
    share = ((y - points[0, 0]) * way[0] + (x - points[0, 1]) * way[1]) / (way @ way + 1e-6)
    body = mix(first, second, share + 0.13 * noise.octaves(p.shape, 9, rng, 3))
    edge = np.exp(-((shapes.inside(mask) / 0.006) ** 2)) * mask
    return mix(mix(colour, body, mask * opacity), second * 0.6, 0.5 * edge)


def _board(
    p: Parameters,
    colour: np.ndarray,
    origin: tuple[float, float],
    u: tuple[float, float],
    v: tuple[float, float],
    cells: tuple[int, int],
    tones: np.ndarray,
) -> np.ndarray:
    """A board of small fields, seen askew."""
    for i in range(cells[0]):
        for j in range(cells[1]):
            corner = [
                np.array(origin) + np.array(u) * a / cells[0] + np.array(v) * b / cells[1]
                for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
            ]
            tone = tones[(i * 3 + j * 5 + i * j) % len(tones)]
            colour = mix(colour, tone, 0.93 * shapes.polygon(p.shape, np.array(corner)))
    return colour


PLATES = (  # corners, from colour, to colour, opacity
    ([(0.95, 0.05), (0.30, 0.42), (0.88, 0.55)], 5, 7, 0.85),
    ([(0.02, 0.62), (0.10, 0.98), (0.66, 0.60)], 6, 7, 0.9),
    ([(0.52, 0.02), (0.62, 0.01), (0.31, 0.74), (0.25, 0.70)], 8, 9, 0.9),
    ([(0.99, 0.56), (0.99, 0.80), (0.42, 0.95), (0.38, 0.88)], 10, 11, 0.9),
    ([(0.0, 0.36), (0.0, 0.60), (0.22, 0.52)], 11, 4, 0.85),
    ([(1.0, 0.22), (0.86, 0.30), (0.90, 0.52), (1.0, 0.50)], 4, 8, 0.85),
    ([(0.70, 0.08), (0.86, 0.04), (0.86, 0.32)], 9, 6, 0.95),
    ([(0.44, 0.42), (0.38, 0.66), (0.70, 0.50)], 11, 10, 0.8),
    ([(0.54, 0.90), (0.30, 0.99), (0.62, 1.0)], 8, 6, 0.9),
    ([(0.12, 0.02), (0.05, 0.10), (0.44, 0.06)], 7, 8, 0.9),
)
DISCS = (  # y, x, radius; rings from the middle; halo; opacity
    ((0.26, 0.25, 0.175), [12, 12, 13, 10, 13], 6, 1.0),
    ((0.26, 0.25, 0.085), [8, 9, 7], None, 0.95),
    ((0.62, 0.77, 0.155), [6, 7, 9, 8, 13, 11], 10, 0.95),
    ((0.54, 0.68, 0.095), [11, 10], None, 0.6),
    ((0.80, 0.36, 0.090), [14, 7, 5, 5], 7, 0.95),
    ((0.12, 0.80, 0.072), [8, 8, 12], 7, 0.95),
    ((0.43, 0.53, 0.058), [7, 6, 8], 0, 1.0),
    ((0.90, 0.88, 0.064), [13, 12, 10], 5, 1.0),
    ((0.50, 0.13, 0.046), [9, 7], 14, 1.0),
    ((0.34, 0.87, 0.045), [5, 14], 0, 1.0),
    ((0.74, 0.57, 0.032), [12, 8], 0, 1.0),
    ((0.93, 0.13, 0.04), [8, 7], 4, 1.0),
    ((0.06, 0.48, 0.030), [10, 12], 7, 1.0),
)


def _masses(p: Parameters, c: np.ndarray, colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The coloured bodies of the composition, back to front, and a number for the body seen at each pixel."""
    regions, number = np.zeros(p.shape, np.int32), 0

    def lay(after: np.ndarray) -> np.ndarray:
        nonlocal number
        number += 1
        regions[np.abs(after - colour).sum(-1) > 0.12] = number
        return after

    for corners, first, second, opacity in PLATES[:6]:
        colour = lay(_plate(p, colour, corners, c[first], c[second], rng, opacity))
    colour = lay(_board(p, colour, (0.06, 0.47), (0.13, -0.025), (0.05, 0.21), (4, 6), c[[12, 0, 8, 0, 10, 7, 12]]))
    for at, tones, halo, opacity in DISCS:
        if halo is not None:
            colour = _halo(p, colour, at, c[halo])
        colour = lay(_disc(p, colour, at, c[tones], rng, opacity))
    for corners, first, second, opacity in PLATES[6:]:
        colour = lay(_plate(p, colour, corners, c[first], c[second], rng, opacity))
    return lay(_board(p, colour, (0.69, 0.60), (0.20, 0.035), (-0.035, 0.16), (5, 4), c[[0, 12, 6, 14, 12]])), regions


def _drawing() -> list[tuple[np.ndarray, float, int]]:
    """Lines of the brush: curve, width (picture heights), palette number."""
    turn = np.linspace(0, 1, 90)
    rays = [
        (
            np.array([[0.98 - 0.05 * k, 0.34 + 0.030 * k], [0.14 + 0.03 * k, 0.92 + 0.012 * k]]),
            0.005 + 0.004 * (k % 2),
            (12, 8, 12, 13)[k],
        )
        for k in range(4)
    ]
    arcs = [
        (np.stack([0.72 - r * np.sin(1.1 + 2.2 * turn), 0.28 + r * np.cos(1.1 + 2.2 * turn)], 1), 0.011, k)
        for r, k in ((0.17, 12), (0.20, 8), (0.23, 7), (0.26, 12), (0.31, 10))
    ]
    waves = [
        (np.stack([0.36 + 0.022 * k + 0.018 * np.sin(turn * 22), 0.64 + 0.33 * turn], 1), 0.010, (12, 10, 8)[k]) for k in range(3)
    ]
    hooks = [
        (
            np.stack([0.93 - 0.11 * np.sin(turn * 4.4) * (1 - 0.4 * turn), 0.10 + 0.13 * turn + 0.05 * np.cos(turn * 9)], 1),
            0.018,
            12,
        )
    ]
    ladder = [
        (np.array([[0.50 + 0.035 * k, 0.05 + 0.014 * k], [0.47 + 0.035 * k, 0.20 + 0.010 * k]]), 0.005, 12) for k in range(6)
    ]
    bars = [
        (np.array([[0.02, 0.02], [0.90, 0.98]]), 0.011, 12),
        (np.array([[0.70, 0.02], [0.10, 0.70]]), 0.020, 12),
        (np.array([[0.06, 0.30], [0.98, 0.48]]), 0.008, 13),
        (np.array([[0.52, 0.50], [0.56, 0.99]]), 0.014, 8),
    ]
    combs = [
        (np.array([[0.155 + 0.004 * k, 0.545 + 0.022 * k], [0.235 + 0.004 * k, 0.535 + 0.022 * k]]), 0.004, 12) for k in range(9)
    ]
    return rays + arcs + waves + hooks + ladder + bars + combs


def geometry(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: cream, straw, rose, grey-blue, violet, green, orange, yellow, red, pink, blue, turquoise, black, navy,
    olive.
    """
    rng, c = p.generator(), palette(p.palette)
    colour, regions = _masses(p, c, _ground(p, c, rng), rng)
    grey = colour @ np.array([0.4, 0.4, 0.2], np.float32)
    edge, sure = fields.edges(grey, 1.5 * p.unit, 7 * p.unit)
    rest = fields.along(ndimage.gaussian_filter(grey, 6 * p.unit) + 0.05 * noise.octaves(p.shape, 6, rng, 3), 5)
    field = fields.choose(p, fields.blend(rest, edge, np.clip(sure * 1.6, 0, 1)))
    canvas = Canvas(p, mix(colour, c[1], 0.3))
    canvas.keep_within(regions)
    base = Brush(1, 1, dryness=0.22, streak=0.11, relief=0.7, pickup=0.2, ragged=0.3)
    steps = ((2.6, 3.5, 2.0, 0), (1.4, 4.5, 1.8, 0.15), (0.8, 5, 1.6, 0.5), (0.45, 6, 1.5, 0.95))
    paint(canvas, colour, field, passes(p.stroke_width, canvas.oversampling, base, steps), rng)
    canvas.keep_within(None)
    for curve, width, number in _drawing():
        wobble = rng.normal(scale=0.0012 if len(curve) > 2 else 0.004, size=curve.shape)
        mask = shapes.lines(canvas.shape, [curve + wobble], width)
        dry = shapes.step(noise.octaves(canvas.shape, 70, rng, 3), -1.9, -0.7)
        canvas.cover(c[number], mask * dry * 0.95)
        canvas.height += mask * 1.6
    canvas.light(0.7, gloss=0.2)
    return canvas.finish()
