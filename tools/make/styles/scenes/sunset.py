"""Sunset: long wavering strokes, a burning sky over dark water."""

from __future__ import annotations

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import Pass, paint, passes
from ..parameters import Parameters


def _sky(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bands of fire that sink and rise across the sky around a low sun."""
    y, x = fields.grid(p.shape)
    wave = y + 0.035 * np.sin(x * 6.5 + 0.4) + 0.022 * np.sin(x * 13 + y * 9 + 1)
    wave = wave + 0.020 * noise.smooth(p.shape, 4, rng)
    pull = np.exp(-(((x - 0.62) / 0.28) ** 2 + ((y - 0.40) / 0.22) ** 2))
    height = wave - 0.05 * pull
    field = fields.along(height, 3)
    streak = fields.drag(noise.octaves(p.shape, 26, rng, 4), field, 0.16 * p.shape[0])
    band = np.sin(height * 62 + 1.5 * noise.smooth(p.shape, 3, rng)) * 0.16
    colour = ramp(c[[0, 1, 2, 3, 4, 2, 3, 5, 4]], height / 0.47 + band + 0.12 * streak / streak.std())
    distance = np.hypot(y - 0.375, x - 0.62)
    glow = np.exp(-((distance / 0.15) ** 1.3))
    colour = mix(colour, c[5], 0.75 * glow)
    colour = mix(colour, c[6], shapes.step(distance, 0.052, 0.045))
    rings = fields.unit(1j * ((x - 0.62) + 1j * (y - 0.375)))
    return colour, fields.blend(field, rings, np.exp(-((distance / 0.09) ** 4)))


def _water(
    p: Parameters, c: np.ndarray, colour: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hills around a fjord, and the sun's broken path over its water."""
    y, x = fields.grid(p.shape)
    bend = y - 0.47 + 0.012 * np.sin(x * 5)
    form = fields.along(y + 0.05 * np.sin(x * 5 - y * 16) + 0.016 * np.sin(x * 17 + y * 41), 3)
    streak = fields.drag(noise.octaves(p.shape, 30, rng, 4), form, 0.14 * p.shape[0])
    streak /= streak.std()
    sea = ramp(c[[7, 8, 9, 10, 8]], 0.42 + 0.25 * streak + 0.25 * bend)
    road = np.exp(-(((x - 0.62 + 0.02 * np.sin(y * 70)) / (0.035 + 0.28 * bend)) ** 2))
    sea = mix(sea, ramp(c[[2, 3, 5, 6]], 0.5 + 0.3 * streak), np.clip(road * (0.55 + 0.5 * streak), 0, 1))
    mask = shapes.step(bend, -0.003, 0.003)
    colour, field = mix(colour, sea, mask), fields.blend(field, form, mask)
    for level, (base, slope, tone) in enumerate(((0.43, 0.10, [9, 8, 7]), (0.455, -0.12, [8, 11, 7]))):
        side = x if level else 1 - x
        top = base + abs(slope) * side + 0.025 * np.sin(x * 11 + 2 * level) + 0.01 * noise.smooth(p.shape, 7, rng)[:1]
        hill = shapes.step(y - top, -0.003, 0.003) * shapes.step(y - (0.535 - 0.03 * side), 0.003, -0.003)
        run = fields.along(y - top + 0.02 * np.sin(x * 30), 2)
        tex = fields.drag(noise.octaves(p.shape, 26, rng, 3), run, 0.06 * p.shape[0])
        colour = mix(colour, ramp(c[tone], 0.45 + 0.3 * tex / tex.std()), hill)
        field = fields.blend(field, run, hill)
    return colour, field


def _shore(
    p: Parameters, c: np.ndarray, colour: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A jetty that runs into the depth, a boat, a bank of grass."""
    y, x = fields.grid(p.shape)
    bank = y - (0.80 + 0.20 * x + 0.03 * np.sin(x * 9)) + 0.10 * np.exp(-((x / 0.12) ** 2))
    mask = shapes.step(bank, -0.003, 0.003)
    form = fields.unit(0.5 - 1j + 0.9 * np.sin(x * 14 + 4 * y))
    tex = fields.drag(noise.octaves(p.shape, 24, rng, 3), form, 0.08 * p.shape[0])
    colour = mix(colour, ramp(c[[7, 11, 12, 3]], 0.42 + 0.26 * tex / tex.std()), mask)
    field = fields.blend(field, form, mask)
    deck = np.array([(1.02, 0.50), (1.02, 1.02), (0.86, 1.02), (0.60, 0.335), (0.595, 0.30)])
    planks = shapes.polygon(p.shape, deck)
    run = fields.unit((x - 0.30) + 1j * (y - 0.595))
    tex = fields.drag(noise.octaves(p.shape, 34, rng, 3), run, 0.2 * p.shape[0])
    colour = mix(colour, ramp(c[[0, 13, 4, 3]], 0.45 + 0.28 * tex / tex.std()), planks)
    field = fields.blend(field, run, planks)
    for a, b in (((0.595, 0.31), (0.80, 1.02)), ((0.575, 0.31), (0.71, 1.02))):
        colour = mix(colour, c[0], 0.9 * shapes.lines(p.shape, [np.array([a, b])], 0.012))
    posts = [
        np.array([[0.56 + 0.15 * t, 0.31 + 0.71 * t], [0.62 + 0.30 * t, 0.31 + 0.71 * t]]) for t in (0.03, 0.2, 0.42, 0.7, 0.97)
    ]
    colour = mix(colour, c[7], shapes.lines(p.shape, posts, 0.016))
    hull = np.array([(0.655, 0.10), (0.662, 0.27), (0.69, 0.235), (0.692, 0.13)])
    sail = np.array([(0.48, 0.185), (0.650, 0.265), (0.650, 0.18)])
    colour = mix(mix(colour, c[7], shapes.polygon(p.shape, hull)), c[4], shapes.polygon(p.shape, sail))
    return mix(colour, c[0], shapes.lines(p.shape, [np.array([(0.47, 0.18), (0.66, 0.18)])], 0.006)), field


def sunset(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: maroon, crimson, vermilion, orange, amber, yellow, pale, night, blue, teal, green, moss, ochre, brown.
    """
    rng, c = p.generator(), palette(p.palette)
    colour, field = _sky(p, c, rng)
    colour, field = _water(p, c, colour, field, rng)
    colour, field = _shore(p, c, colour, field, rng)
    field = fields.choose(p, field)
    canvas = Canvas(p, mix(colour, c[13], 0.4))
    base = Brush(1, 1, dryness=0.24, streak=0.12, relief=0.65, pickup=0.35, ragged=0.35)
    steps = ((2.2, 9, 2.4, 0), (1.3, 13, 2.2, 0), (0.8, 14, 1.4, 0.2), (0.5, 10, 0.9, 0.8))
    paint(canvas, colour, field, passes(p.stroke_width, canvas.oversampling, base, steps), rng)
    thin = Brush(p.stroke_width * 0.6, p.stroke_width * 26, dryness=0.3, streak=0.1, relief=0.7, ragged=0.4, pickup=0.3)
    paint(canvas, colour, field, [Pass(thin, coverage=0.25, light=0.10, tint=0.02)], rng)
    canvas.light(0.8, gloss=0.2)
    return canvas.finish()
