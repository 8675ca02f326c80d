"""Dots: a bright shore in small touches of divided colour."""

from __future__ import annotations

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import from_lab, mix, palette, ramp, to_lab
from ..engine.paint import pick, scatter, strokes
from ..parameters import Parameters


def _scene(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sky, sea, cliff, beach, sails: an underpainting and the directions of its forms."""
    y, x = fields.grid(p.shape)
    cloud = noise.octaves((p.shape[0] * 2, p.shape[1]), 7, rng, 4)[::2]
    colour = ramp(c[[0, 1, 2, 3]], y / 0.42 + 0.05 * noise.smooth(p.shape, 4, rng))
    colour = mix(colour, c[4], shapes.step(cloud, 0.35, 1.5) * 0.85 * shapes.step(y, 0.42, 0.2))
    horizon = 0.40
    tide = 0.70 + 0.05 * np.sin(x * 5 + 0.6) + 0.16 * (x - 0.5) + 0.006 * np.sin(x * 37)
    swell = np.sin(np.clip(y - horizon, 0, None) ** 0.7 * 95 + 3 * np.sin(x * 4) + 2.2 * noise.smooth(p.shape, 9, rng))
    sea = ramp(c[[5, 6, 7, 3]], (y - horizon) / 0.34 + 0.16 * swell)
    glitter = np.exp(-(((x - 0.33) / (0.05 + 0.30 * (y - horizon))) ** 2)) * (0.5 + 0.5 * swell)
    sea = mix(sea, c[4], 0.85 * glitter)
    colour = mix(colour, sea, shapes.step(y, horizon - 0.002, horizon + 0.002))
    sand = ramp(c[[8, 9, 8, 10]], 0.35 + 0.16 * noise.octaves(p.shape, 6, rng, 3) + 1.1 * (y - 0.8))
    sand = mix(c[4], sand, shapes.step(y - tide, 0, 0.035 + 0.01 * np.sin(x * 50)))
    colour = mix(colour, sand, shapes.step(y - tide, -0.004, 0.004))
    return colour, fields.unit(1 + 0.22j * np.cos(x * 8 + 5 * y) + 0.001j)


def _cliff(
    p: Parameters, c: np.ndarray, colour: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A headland with grass on top, its foot in the water, and its reflection."""
    y, x = fields.grid(p.shape)
    rough = 0.012 * noise.octaves(p.shape, 10, rng, 3)[:1]
    top = 0.20 + 0.52 * np.clip(0.98 - x, 0, 1) ** 1.3 + 0.028 * np.sin(x * 19) + rough
    foot = 0.50 + 0.06 * (x - 0.8) + 0.008 * np.sin(x * 60)
    face = 0.40 + 0.22 * noise.octaves(p.shape, 12, rng, 4) + 0.25 * np.sin(x * 30 + 5 * noise.smooth(p.shape, 3, rng))
    rock = ramp(c[[10, 11, 9, 4]], face + 0.6 * (y - 0.3))
    grass = shapes.step(y - top, 0.11, 0.03)
    rock = mix(rock, ramp(c[[12, 13, 13]], 0.5 + 0.3 * noise.octaves(p.shape, 18, rng, 3)), grass)
    mask = shapes.step(y - top, -0.003, 0.003) * shapes.step(y - foot, 0.003, -0.003) * (x > 0.46)
    mirror = shapes.step(y - foot, 0, 0.004) * shapes.step(y - (2 * foot - top), 0.06, -0.10) * (x > 0.46)
    colour = mix(colour, ramp(c[[5, 10, 12]], face), mirror * 0.6)
    return mix(colour, rock, mask), fields.blend(field, fields.unit(0.45 + 1j + 0.3 * np.sin(x * 22)), mask)


def _sails(p: Parameters, c: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Boats under sail, large and near to small and far, with their reflections."""
    for cx, cy, size, tone in ((0.17, 0.565, 0.20, 4), (0.40, 0.470, 0.10, 14), (0.07, 0.430, 0.055, 4), (0.53, 0.432, 0.05, 4)):
        mast = np.array([[-1.0, 0.02], [-0.12, 0.40], [-0.10, 0.0]]) * size + [cy, cx]
        jib = np.array([[-0.93, -0.03], [-0.10, -0.04], [-0.14, -0.36]]) * size + [cy, cx]
        hull = np.array([[-0.07, -0.36], [-0.07, 0.42], [0.05, 0.26], [0.05, -0.24]]) * size + [cy, cx]
        for shape_, tint in ((mast, c[tone]), (jib, mix(c[tone], c[14], 0.35)), (hull, c[15])):
            mirrored = (shape_ - [cy, 0]) * [-0.75, 1] + [cy + 0.05 * size, 0]
            colour = mix(colour, mix(tint, c[6], 0.35), 0.7 * shapes.polygon(p.shape, mirrored))
            colour = mix(colour, tint, shapes.polygon(p.shape, shape_))
    return colour


def _pine(
    p: Parameters, c: np.ndarray, colour: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """An umbrella pine before the light, and its violet shadow on the sand."""
    y, x = fields.grid(p.shape)
    shadow = np.exp(-(((y - 0.905 + 0.04 * (x - 0.6)) / 0.035) ** 2)) * shapes.step(x, 0.12, 0.5)
    colour = mix(colour, c[15], 0.75 * shadow * shapes.step(noise.octaves(p.shape, 9, rng, 3), -1.2, 0.2))
    trunk = [
        shapes.bezier([(1.02, 0.80), (0.80, 0.79), (0.55, 0.83), (0.33, 0.80), (0.2, 0.83)]),
        shapes.bezier([(0.55, 0.83), (0.42, 0.90), (0.26, 0.96)]),
        shapes.bezier([(0.45, 0.815), (0.33, 0.72), (0.25, 0.66)]),
    ]
    wood = np.clip(shapes.lines(p.shape, trunk[:1], 0.034) + shapes.lines(p.shape, trunk[1:], 0.018), 0, 1)
    colour = mix(colour, ramp(c[[15, 11, 9]], 0.4 + 0.3 * noise.octaves(p.shape, 16, rng, 3)), wood)
    crown = np.full(p.shape, -0.75, np.float32)
    for cy, cx, ry, rx in (
        (0.15, 0.80, 0.10, 0.23),
        (0.23, 0.64, 0.055, 0.13),
        (0.25, 0.95, 0.07, 0.13),
        (0.09, 0.93, 0.08, 0.14),
    ):
        crown = np.maximum(crown, 0.75 - ((y - cy) / ry) ** 2 - ((x - cx) / rx) ** 2 + 0.12 * noise.octaves(p.shape, 16, rng, 3))
    leaf = shapes.step(crown, -0.06, 0.06)
    tone = 0.42 + 0.16 * noise.octaves(p.shape, 22, rng, 3) - 1.6 * (y - 0.17) - 0.5 * (x - 0.8)
    colour = mix(colour, ramp(c[[15, 12, 13, 14]], tone), leaf)
    field = fields.blend(field, fields.unit(1j + 0.2), wood)
    return colour, fields.blend(field, fields.along(crown + 0.2 * noise.smooth(p.shape, 12, rng), 4), leaf)


def _divided(colour: np.ndarray, rng: np.random.Generator, amount: float) -> np.ndarray:
    """Divide colours (N, 3): a third turns warm, a third cool, some to the complement; the mean stays."""
    angle = rng.choice([0.9, 3.9, 5.4], len(colour)) + rng.normal(scale=0.5, size=len(colour))
    shift = np.stack([rng.normal(scale=0.75, size=len(colour)), np.sin(angle), np.cos(angle)], 1) * amount
    return from_lab((to_lab(colour) + shift * rng.uniform(0.3, 1.5, (len(colour), 1))).astype(np.float32))


def dots(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: four blues of the sky down to haze, light, three of the sea, sand, ochre, rock, rust, two greens,
    orange, violet.
    """
    rng, c = p.generator(), palette(p.palette)
    colour, field = _scene(p, c, rng)
    colour, field = _cliff(p, c, colour, field, rng)
    colour, field = _pine(p, c, _sails(p, c, colour), field, rng)
    field = fields.choose(p, field)
    canvas = Canvas(p, mix(colour, c[8], 0.45))
    for width, coverage, amount in ((1.5, 1.4, 0.035), (1.0, 1.6, 0.055), (0.8, 0.9, 0.06), (0.55, 0.35, 0.06)):
        width *= p.stroke_width * canvas.oversampling
        brush = Brush(width, width * 1.45, dryness=0.02, streak=0.05, relief=0.9, pickup=0.03, ragged=0.15)
        count = int(coverage * canvas.shape[0] * canvas.shape[1] / (width * width))
        points = scatter(count, canvas.shape, rng)
        tints = _divided(pick(colour, points + rng.normal(scale=width * 0.2, size=points.shape), canvas.shape), rng, amount)
        strokes(canvas, points, tints, field, brush, rng, vary=0.18, broken=0.02)
    canvas.light(0.75, gloss=0.2)
    return canvas.finish()
