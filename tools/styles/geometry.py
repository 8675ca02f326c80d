"""Geometry: circles, arcs, lines and boards in the manner of early abstraction, painted by hand."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from . import fields, noise, shapes
from .brush import Brush
from .canvas import Canvas
from .colours import mix, palette, ramp
from .paint import paint, passes
from .parameters import Parameters


def _ground(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mottled ground: warm light in the middle, cool and violet clouds at the edges."""
    y, x = fields.grid(p.shape)
    cloud = noise.octaves(p.shape, 4, rng, 4)
    away = np.hypot(y - 0.48, (x - 0.5) * 0.9)
    ground = ramp(c[[0, 1, 2, 3]], away * 1.1 + 0.17 * cloud)
    return mix(ground, c[4], shapes.step(noise.octaves(p.shape, 3, rng, 3) + (x - 0.5) - (y - 0.5), 0.7, 1.8) * 0.75)


def _disc(p: Parameters, colour: np.ndarray, at: tuple[float, float, float], tones: np.ndarray, halo: np.ndarray | None,
          rng: np.random.Generator, opacity: float = 1.0) -> np.ndarray:
    """A circle in rings of colour, with a halo around it; what is below shines through by opacity."""
    y, x = fields.grid(p.shape)
    cy, cx, radius = at
    distance = np.hypot(y - cy, x - cx) / radius
    if halo is not None:
        colour = mix(colour, halo, 0.9 * np.exp(-(np.clip(distance - 1, 0, None) / 0.22) ** 2) * (distance > 0.9))
    rings = tones[np.clip((distance * len(tones)).astype(int), 0, len(tones) - 1)]
    rings = rings * (1 + 0.16 * np.cos(np.arctan2(y - cy, x - cx) - 0.8)[..., None] * distance[..., None])
    rings = rings * (1 + 0.05 * noise.octaves(p.shape, 20, rng, 3)[..., None])
    return mix(colour, np.clip(rings, 0, 1), opacity * shapes.step(distance, 1.01, 0.985))


def _plate(p: Parameters, colour: np.ndarray, corners: list[tuple[float, float]], first: np.ndarray, second: np.ndarray,
           rng: np.random.Generator, opacity: float = 0.9) -> np.ndarray:
    """A polygon that runs from one colour to another and lets the ground shine through a little."""
    points = np.array(corners)
    mask = shapes.polygon(p.shape, points)
    y, x = fields.grid(p.shape)
    way = points[-1] - points[0]
    share = ((y - points[0, 0]) * way[0] + (x - points[0, 1]) * way[1]) / (way @ way + 1e-6)
    body = mix(first, second, share + 0.13 * noise.octaves(p.shape, 9, rng, 3))
    edge = np.exp(-(shapes.inside(mask) / 0.006) ** 2) * mask
    return mix(mix(colour, body, mask * opacity), second * 0.6, 0.5 * edge)


def _board(p: Parameters, colour: np.ndarray, origin: tuple[float, float], u: tuple[float, float], v: tuple[float, float],
           cells: tuple[int, int], tones: np.ndarray) -> np.ndarray:
    """A board of small fields, seen askew."""
    for i in range(cells[0]):
        for j in range(cells[1]):
            corner = [np.array(origin) + np.array(u) * a / cells[0] + np.array(v) * b / cells[1]
                      for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))]
            tone = tones[(i * 3 + j * 5 + i * j) % len(tones)]
            colour = mix(colour, tone, 0.93 * shapes.polygon(p.shape, np.array(corner)))
    return colour


def _masses(p: Parameters, c: np.ndarray, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The coloured bodies of the composition, back to front."""
    plates = (([(0.95, 0.05), (0.30, 0.42), (0.88, 0.55)], 5, 1, 0.75), ([(0.02, 0.62), (0.10, 0.98), (0.66, 0.60)], 6, 7, 0.85),
              ([(0.52, 0.02), (0.60, 0.01), (0.30, 0.72), (0.26, 0.70)], 8, 9, 0.85),
              ([(0.99, 0.60), (0.99, 0.80), (0.42, 0.93), (0.40, 0.88)], 10, 11, 0.85),
              ([(0.70, 0.10), (0.84, 0.06), (0.86, 0.30)], 9, 6, 0.95), ([(0.44, 0.44), (0.40, 0.66), (0.68, 0.50)], 11, 5, 0.75))
    discs = (((0.26, 0.25, 0.175), [12, 12, 13, 10, 13], 6, 1.0), ((0.26, 0.25, 0.075), [8, 9, 7], None, 0.95),
             ((0.62, 0.77, 0.145), [6, 7, 9, 8], 10, 0.92), ((0.56, 0.70, 0.10), [11, 10], None, 0.55),
             ((0.80, 0.36, 0.085), [14, 5, 5], 7, 0.92), ((0.12, 0.80, 0.066), [8, 8, 12], 7, 0.95),
             ((0.43, 0.53, 0.052), [7, 6, 8], 0, 1.0), ((0.90, 0.88, 0.058), [13, 12, 10], 5, 1.0),
             ((0.48, 0.13, 0.040), [9, 7], 14, 1.0), ((0.34, 0.86, 0.036), [5, 14], 0, 1.0), ((0.72, 0.58, 0.028), [12, 8], 0, 1.0))
    for corners, first, second, opacity in plates[:4]:
        colour = _plate(p, colour, corners, c[first], c[second], rng, opacity)
    colour = _board(p, colour, (0.06, 0.47), (0.12, -0.025), (0.05, 0.19), (4, 6), c[[12, 0, 8, 0, 10, 7, 12]])
    for at, tones, halo, opacity in discs:
        colour = _disc(p, colour, at, c[tones], None if halo is None else c[halo], rng, opacity)
    for corners, first, second, opacity in plates[4:]:
        colour = _plate(p, colour, corners, c[first], c[second], rng, opacity)
    return _board(p, colour, (0.70, 0.62), (0.16, 0.03), (-0.03, 0.13), (5, 4), c[[0, 12, 6, 14, 12]])


def _drawing() -> list[tuple[np.ndarray, float, int]]:
    """Lines of the brush: curve, width (picture heights), palette number."""
    turn = np.linspace(0, 1, 90)
    rays = [(np.array([[0.98, 0.30 + 0.045 * k], [0.14 + 0.03 * k, 0.92 + 0.012 * k]]), 0.0035 + 0.002 * (k % 2), 12) for k in range(5)]
    arcs = [(np.stack([0.72 - r * np.sin(1.1 + 2.2 * turn), 0.28 + r * np.cos(1.1 + 2.2 * turn)], 1), 0.006, k)
            for r, k in ((0.20, 12), (0.225, 8), (0.25, 12), (0.30, 10))]
    waves = [(np.stack([0.36 + 0.022 * k + 0.018 * np.sin(turn * 22), 0.66 + 0.30 * turn], 1), 0.0065, (12, 10, 8)[k]) for k in range(3)]
    hooks = [(np.stack([0.93 - 0.11 * np.sin(turn * 4.4) * (1 - 0.4 * turn), 0.10 + 0.13 * turn + 0.05 * np.cos(turn * 9)], 1), 0.011, 12)]
    ladder = [(np.array([[0.50 + 0.035 * k, 0.05 + 0.014 * k], [0.47 + 0.035 * k, 0.20 + 0.010 * k]]), 0.005, 12) for k in range(6)]
    bars = [(np.array([[0.02, 0.02], [0.90, 0.98]]), 0.007, 12), (np.array([[0.70, 0.02], [0.10, 0.70]]), 0.012, 12),
            (np.array([[0.06, 0.30], [0.98, 0.48]]), 0.005, 12), (np.array([[0.52, 0.50], [0.56, 0.99]]), 0.009, 8)]
    combs = [(np.array([[0.155 + 0.004 * k, 0.545 + 0.022 * k], [0.235 + 0.004 * k, 0.535 + 0.022 * k]]), 0.004, 12) for k in range(9)]
    return rays + arcs + waves + hooks + ladder + bars + combs


def geometry(p: Parameters) -> np.ndarray:
    """Palette: cream, straw, rose, grey-blue, violet, green, orange, yellow, red, pink, blue, turquoise, black, navy, olive."""
    rng, c = p.generator(), palette(p.palette)
    colour = _masses(p, c, _ground(p, c, rng), rng)
    grey = colour @ np.array([0.4, 0.4, 0.2], np.float32)
    edge, sure = fields.edges(grey, 1.5 * p.unit, 7 * p.unit)
    rest = fields.along(ndimage.gaussian_filter(grey, 6 * p.unit) + 0.05 * noise.octaves(p.shape, 6, rng, 3), 5)
    field = fields.choose(p, fields.blend(rest, edge, np.clip(sure * 1.6, 0, 1)))
    canvas = Canvas(p, mix(colour, c[1], 0.3))
    base = Brush(1, 1, dryness=0.22, streak=0.11, relief=0.7, pickup=0.2, ragged=0.3)
    steps = ((2.6, 3.5, 2.0, 0), (1.4, 4.5, 1.8, 0.15), (0.8, 5, 1.6, 0.5), (0.45, 6, 1.3, 0.92))
    paint(canvas, colour, field, [layer for layer in passes(p.stroke_width, canvas.oversampling, base, steps)], rng)
    for curve, width, number in _drawing():
        wobble = rng.normal(scale=0.0012, size=curve.shape) if len(curve) > 2 else rng.normal(scale=0.004, size=curve.shape)
        mask = shapes.lines(canvas.shape, [curve + wobble], width)
        dry = shapes.step(noise.octaves(canvas.shape, 70, rng, 3), -1.9, -0.7)
        canvas.cover(c[number], mask * dry * 0.95)
        canvas.height += mask * 1.6
    canvas.light(0.7, gloss=0.2)
    return canvas.finish()
