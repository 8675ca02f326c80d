"""Autumn: an avenue after rain, laid on with a palette knife."""

from __future__ import annotations

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import Pass, paint
from ..parameters import Parameters

TRUNKS = (  # side of the avenue, how near it stands to the far end, how far it leans
    (-1, 0.05, 0.01),
    (1, 0.12, -0.02),
    (-1, 0.22, 0.0),
    (1, 0.30, 0.02),
    (-1, 0.45, 0.0),
    (1, 0.5, 0.0),
    (-1, 0.66, 0.0),
    (1, 0.70, 0.0),
)
# Outlines (y, x) of the walkers and of their umbrella, from the point where they stand.
ONE = (
    *((-0.100, -0.016), (-0.100, -0.006), (-0.088, -0.004), (-0.028, 0.0), (-0.024, -0.008)),
    *((0, -0.010), (0, -0.022), (-0.024, -0.024), (-0.028, -0.034)),
)
OTHER = (
    *((-0.100, 0.011), (-0.100, 0.021), (-0.086, 0.024), (-0.03, 0.034), (-0.026, 0.026)),
    *((0, 0.025), (0, 0.013), (-0.026, 0.012), (-0.03, 0.002)),
)
UMBRELLA = (
    *((-0.095, -0.05), (-0.125, -0.03), (-0.137, 0), (-0.125, 0.03), (-0.095, 0.05)),
    *((-0.103, 0.03), (-0.097, 0.015), (-0.103, 0), (-0.097, -0.015), (-0.103, -0.03)),
)


def _ground(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Light at the end of the avenue, the wet path that mirrors it, leaves on both sides."""
    y, x = fields.grid(p.shape)
    horizon, vanish = 0.56, 0.47
    distance = np.hypot((y - horizon) * 1.1, (x - vanish) * 1.25)
    colour = ramp(c[[0, 1, 2, 3]], distance * 2.0 + 0.10 * noise.octaves(p.shape, 6, rng, 3))
    depth = np.clip(y - horizon, 0, None)
    path = shapes.step(np.abs(x - vanish - 0.16 * depth) - 0.03 - 0.62 * depth, 0.03, -0.03)
    mirror = ramp(c[[0, 1, 4, 5]], distance * 1.5 + 0.13 * noise.octaves(p.shape, 7, rng, 3))
    litter = ramp(c[[6, 7, 8, 9]], 0.5 + 0.25 * noise.octaves(p.shape, 13, rng, 4))
    floor = mix(litter, mirror, path)
    below = shapes.step(y, horizon, horizon + 0.02)
    field = fields.unit((x - vanish) + 1j * (y - horizon) * 0.9)
    flat = fields.unit(1 + 0.15j * np.sin(x * 15 + y * 30))
    return mix(colour, floor, below), fields.blend(field, flat, below)


def _foliage(p: Parameters, c: np.ndarray, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Crowns in red, orange and gold that close above the path."""
    y, x = fields.grid(p.shape)
    distance = np.hypot((y - 0.56) * 0.95, (x - 0.47) * 1.1)
    for level, tones in enumerate(([1, 7, 6, 7], [6, 9, 8, 7], [8, 10, 9, 7], [12, 11, 10, 8])):
        mass = distance - 0.10 - 0.085 * level + 0.060 * noise.octaves(p.shape, 5 + 2 * level, rng, 4)
        mask = shapes.step(mass, 0, 0.02) * shapes.step(y, 0.66, 0.56 - 0.02 * level)
        tone = 0.5 + 0.30 * noise.octaves(p.shape, 9 + 4 * level, rng, 3) + 0.5 * (0.35 - y)
        colour = mix(colour, ramp(c[tones], tone), mask)
    return colour


def _trunks(
    p: Parameters, c: np.ndarray, colour: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Trunks in perspective on both sides, their branches, and their reflections in the wet."""
    for side, near, lean in TRUNKS:
        foot_y, foot_x = 0.575 + 0.36 * (1 - near) ** 1.6, 0.47 + side * (0.07 + 0.44 * (1 - near) ** 1.25)
        width = 0.008 + 0.052 * (1 - near) ** 2
        sway = rng.normal(scale=0.012, size=4)
        stem = shapes.bezier(
            [
                (foot_y, foot_x),
                (foot_y * 0.65, foot_x + lean + sway[0]),
                (0.22, foot_x + sway[1]),
                (-0.05, foot_x + lean + sway[2]),
            ]
        )
        arms = [
            shapes.bezier(
                [
                    (h, foot_x + sway[0]),
                    (h - 0.10, foot_x - side * reach * 0.5 * (1 - near)),
                    (h - 0.16, foot_x - side * reach * (1 - near)),
                ]
            )
            for h, reach in zip(rng.uniform(0.18, 0.42, 3), rng.uniform(0.1, 0.3, 3))
        ]
        mask = np.clip(shapes.lines(p.shape, [stem], width) + shapes.lines(p.shape, arms, width * 0.42), 0, 1)
        light = shapes.lines(p.shape, [stem - [0, side * width * 0.30]], width * 0.34) * mask
        bark = mix(mix(c[12], c[5], 0.55 * near), mix(c[11], c[7], 0.5), light[..., None][..., 0] * 0.9)
        colour, field = mix(colour, bark, mask), fields.blend(field, fields.along(shapes.inside(mask), 2), mask)
        mirror = shapes.bezier([(foot_y, foot_x), (foot_y + 0.15, foot_x + 0.01), (foot_y + 0.5, foot_x - 0.01)])
        colour = mix(colour, c[12], 0.45 * shapes.lines(p.shape, [mirror], width * 0.9))
    return colour, field


def _walker(p: Parameters, c: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Two figures under an umbrella."""
    for dy, share in ((1, 1.0), (-0.8, 0.5)):  # upright, and mirrored in the wet
        for outline, tint in ((ONE, c[12]), (OTHER, c[5]), (UMBRELLA, c[10])):
            points = np.array(outline) * [dy, 1] * 1.6 + [0.74, 0.475]
            colour = mix(colour, tint, share * shapes.polygon(p.shape, points))
    return colour


def autumn(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: light, haze, pale blue, blue, slate, deep blue, gold, yellow, orange, ochre, red, crimson, dark.
    """
    rng, c = p.generator(), palette(p.palette)
    colour, field = _ground(p, c, rng)
    colour = _foliage(p, c, colour, rng)
    bare = colour
    colour, field = _trunks(p, c, colour, field, rng)
    colour = _walker(p, c, colour)
    patches, _ = shapes.cells(p.shape, rng.uniform(0, 1, (700, 2)) * p.shape)
    slant = np.exp(1j * rng.normal(scale=0.45, size=700))[patches]  # the hand turns from one touch to the next
    field = fields.choose(p, fields.unit(field * slant))
    canvas = Canvas(p, mix(colour, c[11], 0.35))
    canvas.keep_within(np.abs(colour - bare).sum(-1) > 0.15)
    w = p.stroke_width * canvas.oversampling
    for width, length, coverage, detail, dry in (
        (1.7, 2.6, 2.0, 0, 0.12),
        (1.0, 2.4, 2.2, 0, 0.16),
        (0.62, 2.6, 1.5, 0.5, 0.2),
        (0.32, 4, 0.8, 0.85, 0.15),
    ):
        knife = Brush(w * width, w * width * length, dryness=dry, streak=0.16, relief=1.3, ragged=0.12, grain=2.2, pickup=0.4)
        paint(canvas, colour, field, [Pass(knife, coverage, light=0.07, tint=0.016, broken=0.11, detail=detail)], rng)
    canvas.light(1.0, gloss=0.28)
    return canvas.finish()
