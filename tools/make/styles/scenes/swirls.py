"""Swirls: a night in thick paint, eddies of wind over hills, a lake and poplars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import Pass, paint, passes
from ..parameters import Parameters

EDDIES = np.array(
    [  # y, x, radius, spin
        [0.27, 0.37, 0.115, 1.0],
        [0.36, 0.62, 0.085, -0.9],
        [0.12, 0.60, 0.07, 0.7],
        [0.14, 0.12, 0.08, -0.8],
        [0.47, 0.17, 0.06, 0.7],
        [0.50, 0.90, 0.07, 0.8],
    ]
)
STARS = np.array(
    [  # y, x, radius of the disc, width of the halo
        [0.135, 0.845, 0.052, 0.115],
        [0.085, 0.375, 0.018, 0.055],
        [0.335, 0.845, 0.014, 0.045],
        [0.10, 0.24, 0.012, 0.04],
        [0.43, 0.40, 0.014, 0.045],
        [0.225, 0.60, 0.013, 0.043],
        [0.045, 0.66, 0.011, 0.036],
        [0.30, 0.19, 0.015, 0.045],
        [0.47, 0.72, 0.010, 0.034],
    ]
)


def _sky(p: Parameters, colours: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Colour and direction of the sky: streaks in the wind, rings around the stars."""
    y, x = fields.grid(p.shape)
    wind = 0.55 + 0.25j * np.cos(x * 7 + 1.0)
    field = fields.vortices(p.shape, EDDIES + rng.normal(scale=[0.008, 0.008, 0.004, 0.02], size=EDDIES.shape), wind)
    streak = fields.drag(noise.octaves(p.shape, 22, rng, 4), field, 0.11 * p.shape[0])
    broad = fields.drag(noise.octaves(p.shape, 7, rng, 3), field, 0.16 * p.shape[0])
    value = 0.36 + 0.42 * streak / streak.std() * 0.42 + 0.15 * broad / broad.std() + 0.30 * (y - 0.25)
    for cy, cx, radius, _ in EDDIES:  # the heart of an eddy is bright
        value += 0.30 * np.exp(-(((y - cy) ** 2 + (x - cx) ** 2) / (radius * 0.7) ** 2))
    colour = ramp(colours[:5], value)
    for cy, cx, radius, halo in STARS:
        offset = (x - cx) + 1j * (y - cy)
        distance = np.abs(offset)
        rings = 0.5 + 0.5 * np.cos((distance - radius) / halo * 15 + 0.6 * noise.smooth(p.shape, 14, rng))
        glow = np.exp(-np.clip(distance - radius, 0, None) / halo * 1.7)
        colour = mix(colour, ramp(colours[[3, 4, 5, 6]], 0.25 + 0.55 * glow + 0.25 * rings), glow**0.8 * 0.95)
        colour = mix(
            colour,
            mix(colours[6], colours[5], 0.35 + 0.5 * shapes.step(distance, 0, radius)),
            shapes.step(distance, radius * 1.1, radius * 0.9),
        )
        field = fields.blend(field, fields.unit(1j * offset), np.exp(-((distance / (radius + halo * 1.1)) ** 4)))
    return colour, field


def _hills(
    p: Parameters, colour: np.ndarray, field: np.ndarray, colours: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Four ridges, each darker than the one behind it; strokes run along their slopes."""
    y, x = fields.grid(p.shape)
    for level, (base, height, cells, tone) in enumerate([(0.62, 0.035, 3, 0), (0.655, 0.05, 2, 1), (0.70, 0.03, 3, 2)]):
        top = (
            base + height * np.sin(x * (5 + 2 * level) + 1.7 * level + 0.5) + 0.2 * height * noise.smooth(p.shape, cells, rng)[:1]
        )
        mask = shapes.step(y - top, -0.003, 0.003)
        form = fields.along(y - top + 0.06 * np.sin((y - top) * 30 + x * 9), 2)
        streak = fields.drag(noise.octaves(p.shape, 24, rng, 3), form, 0.06 * p.shape[0])
        tones = colours[[[1, 2, 8], [0, 7, 8], [0, 7, 2]][tone]]
        paintwork = ramp(tones, 0.45 + 0.28 * streak / streak.std() - 2.0 * (y - top))
        edge = np.exp(-(((y - top) / 0.008) ** 2))
        paintwork = mix(paintwork, colours[3 if level else 4], 0.55 * edge)
        colour, field = mix(colour, paintwork, mask), fields.blend(field, form, mask)
    return colour, field


def _lake(
    p: Parameters, colour: np.ndarray, field: np.ndarray, colours: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Water with the lights of a village: each draws a broken column of yellow."""
    y, x = fields.grid(p.shape)
    shore = 0.775 + 0.010 * np.sin(x * 9 + 1) + 0.004 * noise.smooth(p.shape, 12, rng)[:1]
    water = shapes.step(y - shore, -0.002, 0.002)
    form = fields.unit(1 + 0.35j * np.cos(x * 23 + y * 60 + noise.smooth(p.shape, 5, rng)))
    ripple = fields.drag(noise.octaves(p.shape, 40, rng, 3), form, 0.05 * p.shape[0])
    paintwork = ramp(colours[[0, 1, 2, 3]], 0.42 + 0.26 * ripple / ripple.std() - 0.5 * (y - 0.86))
    for cx in (0.30, 0.385, 0.47, 0.575, 0.66, 0.80, 0.90):
        cx += rng.normal(scale=0.012)
        reach = rng.uniform(0.08, 0.17)
        column = np.exp(-(((x - cx + 0.006 * np.sin(y * 190)) / (0.011 + 0.11 * (y - shore))) ** 2))
        column = column * np.exp(-np.clip(y - shore, 0, None) / reach) * (0.62 + 0.38 * np.sin(y * 260 + 9 * cx))
        paintwork = mix(paintwork, colours[6 if cx < 0.5 else 5], column)
        lamp = np.exp(-((y - shore + 0.017) ** 2 + (x - cx) ** 2) / 0.0125**2)
        colour = mix(colour, colours[5], lamp * 1.4)
    return mix(colour, paintwork, water), fields.blend(field, form, water)


def _poplars(
    p: Parameters, colour: np.ndarray, field: np.ndarray, colours: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Dark flames of trees on the left, in front of everything."""
    y, x = fields.grid(p.shape)
    for cx, top, width in ((0.085, 0.16, 0.062), (0.185, 0.44, 0.040), (0.015, 0.40, 0.045)):
        down = np.clip((y - top) / (1.02 - top), 0, 1)
        sway = cx + 0.018 * np.sin(y * 13 + cx * 40) * (1 - down)
        half = width * down**0.62 * (1.05 - 0.45 * down) * (1 + 0.20 * np.sin(y * 55 + 12 * x))
        side = (x - sway) / np.maximum(half, 1e-3)
        mask = shapes.step(np.abs(side), 1.05, 0.9) * (y > top)
        form = fields.unit(-1j + 0.55 * np.sin(y * 26 + 5 * side) + 0.5 * side)
        streak = fields.drag(noise.octaves(p.shape, 26, rng, 3), form, 0.05 * p.shape[0])
        paintwork = ramp(colours[[7, 7, 8, 8]], 0.36 + 0.26 * streak / streak.std() + 0.15 * side)
        colour, field = mix(colour, paintwork, mask), np.where(mask > 0.5, form, field)
    return colour, field


def swirls(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: night, deep blue, blue, pale blue, mist, yellow, cream, tree, olive, rust.
    """
    rng, colours = p.generator(), palette(p.palette)
    colour, field = _sky(p, colours, rng)
    for part in (_hills, _lake):
        colour, field = part(p, colour, field, colours, rng)
    behind = colour
    colour, field = _poplars(p, colour, field, colours, rng)
    field = fields.choose(p, field)
    canvas = Canvas(p, mix(colour, colours[9], 0.35))  # a warm ground shows between the strokes
    canvas.keep_within(np.abs(colour - behind).sum(-1) > 0.05)
    base = Brush(1, 1, dryness=0.16, streak=0.13, relief=1.0, pickup=0.12)
    paint(canvas, colour, field, passes(p.stroke_width, canvas.scale / p.unit, base), rng)
    accents = Brush(p.stroke_width * 1.2, p.stroke_width * 8, dryness=0.1, streak=0.1, relief=1.5)
    light = np.clip(colour.mean(-1) - 0.35, 0, None) ** 1.3  # the last and thickest touches sit in the lights
    paint(
        canvas, np.clip(colour * 1.08 + 0.02, 0, 1), field, [Pass(replace(accents), coverage=0.9, light=0.06, where=light)], rng
    )
    canvas.light(1.0)
    return canvas.finish()
