"""Lino-cut: an owl before the moon, printed from carved plates; every light mark is a cut of the gouge."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import Pass, paint
from ..parameters import Parameters


def _night(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sky with a moon and rings of light, hills: flat colours, lightness for the key plate, directions of the cuts."""
    y, x = fields.grid(p.shape)
    moon = np.hypot(y - 0.30, x - 0.60)
    colour = ramp(c[[0, 1, 2, 3]], moon * 1.7 + 0.06 * noise.smooth(p.shape, 4, rng))
    colour = mix(colour, c[0], shapes.step(moon, 0.262, 0.258))
    light = np.clip(0.95 - 1.35 * moon, 0.10, 0.7)
    light = np.where(moon < 0.26, 0.97 - 0.25 * shapes.step(noise.octaves(p.shape, 6, rng, 3), 0.5, 1.1), light)
    field = fields.unit(1j * ((x - 0.60) + 1j * (y - 0.30)))
    for level, base in enumerate((0.66, 0.76)):
        top = base + 0.05 * np.sin(x * (6 + 2 * level) + 2 * level) + 0.03 * np.abs(np.sin(x * 40 + level)) * (level == 0)
        mask = shapes.step(y - top, -0.003, 0.003)
        colour = mix(colour, c[[4, 5][level]], mask)
        light = light * (1 - mask) + mask * np.clip(0.62 - 2.6 * (y - top), 0.12, 0.62)
        field = fields.blend(field, fields.unit(1 + 1j * (0.9 * np.cos(x * (6 + 2 * level) + 2 * level) + 0.5)), mask)
    return colour, light, field


def _layer(state: tuple, mask: np.ndarray, tint: np.ndarray, tone: np.ndarray, form: np.ndarray) -> tuple:
    """Put a shape in front: its colour, its lightness, its direction, and a dark outline around it."""
    colour, light, field = state
    rim = ndimage.gaussian_filter(mask, 2.0 * mask.shape[0] / 768) - mask
    light = np.where(rim > 0.04, 0.0, light)
    solid = mask[..., None] if tint.ndim == 1 else mask
    colour = colour * (1 - mask[..., None]) + (tint * solid if tint.ndim == 1 else tint * mask[..., None])
    return colour, light * (1 - mask) + np.clip(tone, 0, 1) * mask, fields.blend(field, form, mask)


def _wing(p: Parameters, c: np.ndarray, state: tuple, rng: np.random.Generator) -> tuple:
    """Body and wings: rows of feathers, each light at its rim and dark below the next."""
    y, x = fields.grid(p.shape)
    u, v = (x - 0.44) / 0.235, (y - 0.60) / 0.335
    body = shapes.step((np.abs(u) ** 2.3 + np.abs(v) ** 2.3), 1.02, 0.98)
    wing = body * shapes.step(np.abs(u) + 0.30 * v, 0.50, 0.54)
    row = (y - 0.10 * np.abs(u)) / 0.052
    across = u * 5.2 + 0.5 * (np.floor(row) % 2)
    edge = np.mod(row + 0.42 * np.abs(np.cos(across * np.pi)), 1)
    tone = 0.92 - 1.25 * edge + 0.15 * np.cos(across * np.pi)
    breast = ramp(c[[0, 6, 6, 7]], 0.3 + 0.35 * v + 0.5 * edge)
    form = fields.unit(0.55 * np.sin(across * np.pi) * np.sign(1) + 1j)
    state = _layer(state, body, breast, tone, form)
    long = (v * 0.9 + np.abs(u) * 0.35) / 0.145
    turn = np.abs(u) * 4.6 + 0.5 * (np.floor(long) % 2)
    rim = np.mod(long + 0.5 * np.abs(np.cos(turn * np.pi)), 1)
    feathers = ramp(c[[9, 8, 8, 7]], 0.25 + 0.6 * (1 - rim) - 0.2 * v)
    bars = shapes.step(np.sin(rim * 19), 0.2, 0.6)
    return _layer(
        state,
        wing,
        feathers,
        0.80 - 0.75 * rim + 0.18 * bars,
        fields.unit(np.sign(u) * 0.35 + 1j * (1 - 0.4 * np.abs(np.sin(turn * np.pi)))),
    )


def _face(p: Parameters, c: np.ndarray, state: tuple) -> tuple:
    """Head with ear tufts, two discs of radiating feathers, eyes, beak."""
    y, x = fields.grid(p.shape)
    head = np.clip(
        shapes.step(np.hypot((y - 0.285) / 0.165, (x - 0.44) / 0.215), 1.02, 0.98)
        + shapes.polygon(p.shape, np.array([(0.07, 0.225), (0.28, 0.235), (0.15, 0.40)]))
        + shapes.polygon(p.shape, np.array([(0.07, 0.655), (0.28, 0.645), (0.15, 0.48)])),
        0,
        1,
    )
    offset = (x - 0.44) + 1j * (y - 0.33)
    ray = np.sin(np.angle(offset) * 34 + np.abs(offset) * 60)
    state = _layer(state, head, ramp(c[[8, 7, 6]], 0.5 + 0.3 * ray), 0.48 + 0.30 * ray, fields.unit(offset))
    for side in (-1, 1):
        offset = (x - 0.44 - side * 0.098) + 1j * (y - 0.285)
        radius, angle = np.abs(offset), np.angle(offset)
        disc = shapes.step(radius, 0.104, 0.101)
        ray = np.sin(angle * 26)
        state = _layer(
            state, disc, ramp(c[[6, 0, 7]], radius * 8), 0.55 + 0.35 * ray + 1.5 * (radius - 0.06), fields.unit(offset)
        )
        state = _layer(
            state,
            shapes.step(radius, 0.060, 0.057),
            ramp(c[[11, 10, 12]], (radius - 0.02) * 30),
            0.93 - 0.3 * (np.sin(angle * 40) > 0.5),
            fields.unit(offset),
        )
        state = _layer(state, shapes.step(radius, 0.030, 0.028), c[5], np.zeros(p.shape), fields.unit(offset))
        state = _layer(
            state, shapes.step(np.abs(offset - (0.010 - 0.011j)), 0.009, 0.007), c[0], np.ones(p.shape), fields.unit(offset)
        )
    beak = shapes.polygon(p.shape, np.array([(0.315, 0.415), (0.315, 0.465), (0.375, 0.455), (0.405, 0.440), (0.375, 0.425)]))
    return _layer(state, beak, c[11], 0.9 - 14 * (x - 0.43), fields.unit(0.1 + 1j + 0 * x))


def _branch(p: Parameters, c: np.ndarray, state: tuple, rng: np.random.Generator) -> tuple:
    """A branch with claws on it, and leaves all around with midribs and veins."""
    y, x = fields.grid(p.shape)
    curve = shapes.bezier([(0.86, -0.05), (0.90, 0.25), (0.885, 0.55), (0.93, 0.80), (0.90, 1.05)])
    wood = shapes.lines(p.shape, [curve], 0.062)
    grain = np.sin((y - 0.9 + 0.02 * np.sin(x * 7)) * 330 + 4 * noise.smooth(p.shape, 6, rng))
    state = _layer(state, wood, ramp(c[[8, 9]], 0.5 + 0.4 * grain), 0.42 + 0.35 * grain, fields.unit(1 - 0.15j * np.cos(x * 7)))
    for cx in (0.35, 0.385, 0.42, 0.475, 0.51, 0.545):
        claw = shapes.step(np.hypot((y - 0.878) / 0.036, (x - cx) / 0.015), 1.04, 0.96)
        state = _layer(state, claw, c[11], 0.85 - 40 * np.abs(x - cx), fields.unit(1j + 0 * x))
    for at, angle, size in (
        ((0.84, 0.10), -1.3, 0.20),
        ((0.93, 0.16), 0.6, 0.16),
        ((0.85, 0.70), -0.9, 0.21),
        ((0.95, 0.66), 0.7, 0.19),
        ((0.86, 0.88), -1.7, 0.24),
        ((0.96, 0.90), 0.2, 0.17),
        ((0.95, 0.38), 1.2, 0.14),
        ((0.10, 0.02), 0.6, 0.22),
        ((0.02, 0.20), 0.9, 0.17),
        ((0.28, -0.02), 0.3, 0.20),
        ((0.02, 0.94), 2.3, 0.21),
        ((0.20, 1.02), 2.8, 0.17),
        ((0.48, -0.02), -0.2, 0.16),
    ):
        u = ((x - at[1]) * np.cos(angle) + (y - at[0]) * np.sin(angle)) / size
        v = (-(x - at[1]) * np.sin(angle) + (y - at[0]) * np.cos(angle)) / size - 0.05 * np.sin(u * 4)
        half = 0.24 * np.clip(np.sin(np.clip(u, 0, 1) ** 0.8 * np.pi), 0, 1) + 0.006 * np.sin(u * 60) * (u > 0.1)
        leaf = shapes.step(half - np.abs(v), 0, 0.012) * (u > 0) * (u < 1)
        vein = np.sin((u - 0.75 * np.abs(v)) * 48)
        tone = 0.45 + 0.45 * vein - 0.2 * np.sign(v)
        rib = shapes.step(np.abs(v), 0.020, 0.010)
        heading = np.exp(1j * angle) * (1 + 0.9j * np.sign(v))
        state = _layer(
            state,
            leaf,
            ramp(c[[3, 13, 12]], 0.5 + 0.5 * np.sign(v) * 0.5 + 0.2 * vein),
            np.maximum(tone, rib),
            fields.unit(heading),
        )
    return state


def linocut(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: paper, pale blue, blue, blue-green, hill, ink, cream, tan, rust, brown, yellow, amber, orange-green,
    green.
    """
    rng, c = p.generator(), palette(p.palette)
    state = _branch(p, c, _face(p, c, _wing(p, c, _night(p, c, rng), rng)), rng)
    colour, light, field = state
    field = fields.choose(p, field)
    key = _carve(p, light, field, rng, 1.0)
    under = _carve(p, np.clip(light * 1.15 - 0.25, 0, 1), field, rng, 0.8)  # the colour plate is carved a little, too
    canvas = Canvas(p, colour)
    grain = noise.octaves(canvas.shape, 130, rng, 3)
    roll = noise.octaves(canvas.shape, 9, rng, 4)
    salt = shapes.step(noise.octaves(canvas.shape, 170, rng, 2) + 0.4 * roll, 1.5, 2.6)
    canvas.colour = np.clip(canvas.colour * (1 + 0.045 * grain + 0.06 * roll)[..., None], 0, 1)
    canvas.cover(c[0], np.clip(0.55 * under + 0.35 * salt, 0, 1))
    shift = (round(0.9 * canvas.scale), round(-0.7 * canvas.scale))
    ink = np.clip(1 - np.roll(key, shift, (0, 1)), 0, 1)
    canvas.cover(c[5], ink * (1 - 0.55 * shapes.step(salt + 0.2 * roll, 0.3, 0.9)) * 0.97)
    canvas.height = 1.4 * ndimage.gaussian_filter(ink, 0.8 * canvas.scale) * canvas.scale + 0.7 * grain
    canvas.light(0.3, gloss=0.2)
    return canvas.finish()


def _carve(p: Parameters, light: np.ndarray, field: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """A plate (H, W): 0 where its surface stands and prints, 1 where the gouge went. Lighter means more cuts."""
    plate = Canvas(p, np.zeros(3, np.float32))
    clean = noise.resize(shapes.step(light, 0.86, 0.97), plate.shape)
    w = p.stroke_width * plate.oversampling
    white = np.ones((*p.shape, 3), np.float32)
    for width, length, coverage, power in ((1.0, 6.5, 0.85, 1.5), (0.65, 7, 0.8, 1.3), (0.40, 7, 0.6, 1.0)):
        gouge = Brush(w * width, w * width * length, dryness=0.0, streak=0.0, relief=0, pickup=0, pointed=0.95, ragged=0.08)
        where = np.clip(light, 0, 1) ** power * (light > 0.06)
        paint(plate, white, field, [Pass(gouge, coverage * strength, light=0, tint=0, broken=0, where=where, vary=0.25)], rng)
    return np.maximum(plate.colour[..., 0], clean * strength)
