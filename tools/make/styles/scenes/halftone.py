"""Halftone: a parrot among leaves, printed in four inks through screens of dots, a little out of register."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..parameters import Parameters

BODY = [  # of the parrot, y and x of its outline's control points
    *((0.20, 0.35), (0.35, 0.24), (0.62, 0.15), (1.05, 0.08), (1.05, 0.80)),
    *((0.78, 0.74), (0.60, 0.72), (0.46, 0.69), (0.36, 0.66)),
]


def _sunburst(p: Parameters, c: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rays behind everything, and the key lines drawn so far (none)."""
    y, x = fields.grid(shape)
    offset = (x - 0.56) + 1j * (y - 0.40)
    ray = np.sin(np.angle(offset) * 15 + 0.6)
    colour = mix(
        ramp(c[[2, 1, 0]], np.abs(offset) * 1.2), ramp(c[[2, 3, 4]], np.abs(offset) * 1.1), shapes.step(ray, -0.06, 0.06)
    )
    return colour, np.zeros(shape, np.float32)


def _leaf(c: np.ndarray, state: tuple, at: tuple[float, float], angle: float, size: float, tones: list[int]) -> tuple:
    """A palm or split leaf: a mask with slits along its ribs, shaded from the rib, outlined."""
    colour, key = state
    y, x = fields.grid(key.shape)
    u = ((x - at[1]) * np.cos(angle) + (y - at[0]) * np.sin(angle)) / size
    v = (-(x - at[1]) * np.sin(angle) + (y - at[0]) * np.cos(angle)) / size
    v = v - 0.10 * np.sin(u * 2.4)
    outline = 0.36 * np.clip(np.sin(np.clip(u, 0, 1) ** 0.75 * np.pi), 0, 1) ** 0.8
    rib = np.sin((u * 1.0 - np.abs(v) * 1.1) * 42)
    slit = (rib > 0.80) & (np.abs(v) > 0.32 * outline + 0.02)
    leaf = (np.abs(v) < outline) & (u > 0) & (u < 1) & ~slit
    tone = 0.35 + 0.55 * np.abs(v) / np.maximum(outline, 0.05) * np.sign(v) * 0.6 + 0.16 * rib
    colour = mix(colour, ramp(c[tones], tone), leaf.astype(np.float32))
    veins = (np.abs(rib + 0.9) < 0.035) & (np.abs(v) < 0.8 * outline)
    line = _outline(leaf, 2.2) | (leaf & ((np.abs(v) < 0.010) | veins))
    return colour, np.where(leaf | line, line, key)


def _outline(mask: np.ndarray, width: float) -> np.ndarray:
    """Pixels within width (px of a 768 px picture) of a mask's edge, inside and outside."""
    scale = mask.shape[0] / 768
    inner = ndimage.distance_transform_edt(mask)
    outer = ndimage.distance_transform_edt(~mask)
    return (inner + outer) < width * scale


def _feathers(y: np.ndarray, x: np.ndarray, pitch: float, origin: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Scales of feathers fanning out from a point: shading within each (0 tip .. 1 root) and lines between them."""
    radius, angle = np.hypot(y - origin[0], x - origin[1]), np.arctan2(y - origin[0], x - origin[1])
    row = radius / pitch
    turn = angle * origin[0] / pitch * 0.75 + 0.5 * (np.floor(row) % 2)
    edge = np.mod(row, 1) - 0.42 * np.abs(np.cos(turn * np.pi)) ** 0.8
    tone = np.mod(edge, 1)
    quill = (np.abs(np.mod(turn, 1) - 0.5) < 0.012) & (tone < 0.7)
    barbs = np.sin(turn * 46 + tone * 9) > 0.80
    return tone, (tone < 0.085) | quill | (barbs & (tone > 0.2) & (tone < 0.55))


def _parrot(p: Parameters, c: np.ndarray, state: tuple, rng: np.random.Generator) -> tuple:
    """The bird: body of feathers in three bands of colour, head, beak, eye."""
    colour, key = state
    y, x = fields.grid(key.shape)
    body = shapes.polygon(key.shape, shapes.bezier(BODY)) > 0.5
    head = np.hypot((y - 0.300) * 1.05, x - 0.495) < 0.215
    bird = body | head
    tone, lines = _feathers(y, x, 0.062, (0.15, 0.55))
    band = y + 0.45 * (x - 0.5) + 0.03 * np.sin(x * 14)
    tones = np.where(
        (band < 0.60)[..., None],
        ramp(c[[5, 6, 7, 3]], tone * 0.8 + 0.10 * noise.smooth(key.shape, 4, rng)),
        np.where((band < 0.74)[..., None], ramp(c[[3, 2, 4]], tone), ramp(c[[9, 10, 11]], 0.9 * tone)),
    )
    shade = np.clip((0.42 - x) * 1.6 + (y - 0.5) * 0.3, 0, 0.8)
    tones = mix(tones, c[5] * 0.45, shade)
    colour = mix(colour, tones, bird.astype(np.float32))
    key = np.where(bird, lines & (np.hypot(y - 0.3, x - 0.5) > 0.16), key)
    face = (np.hypot((y - 0.300) * 1.0, (x - 0.590) * 0.85) < 0.102) & bird
    colour = mix(colour, ramp(c[[13, 13, 8]], np.hypot(y - 0.26, x - 0.56) * 5), face.astype(np.float32))
    ticks = (np.sin((y + 0.35 * x) * 190) > 0.75) & (np.sin((x - 0.4 * y) * 75) > 0.1) & face & (x < 0.63)
    key = np.where(face, ticks | _outline(face, 2.4) & face, key)
    colour, key = _beak(c, colour, key, y, x)
    key = np.maximum(key, _outline(bird, 4.5) & ~((x > 0.62) & (y > 0.2) & (y < 0.5)))
    return colour, key


def _beak(c: np.ndarray, colour: np.ndarray, key: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    """A hooked beak with light on its ridge, and an eye with a ring."""
    upper = (
        shapes.polygon(
            key.shape,
            shapes.bezier(
                [
                    (0.185, 0.615),
                    (0.175, 0.70),
                    (0.225, 0.790),
                    (0.330, 0.825),
                    (0.435, 0.795),
                    (0.375, 0.750),
                    (0.345, 0.70),
                    (0.350, 0.640),
                    (0.26, 0.605),
                ]
            ),
        )
        > 0.5
    )
    lower = (
        shapes.polygon(
            key.shape,
            shapes.bezier([(0.345, 0.635), (0.365, 0.70), (0.400, 0.745), (0.445, 0.720), (0.465, 0.665), (0.430, 0.610)]),
        )
        > 0.5
    )
    ridge = np.hypot(y - 0.36, x - 0.63)
    colour = mix(colour, ramp(c[[12, 14, 8, 13]], (ridge - 0.05) * 6.5), upper.astype(np.float32))
    colour = mix(colour, ramp(c[[14, 12]], (0.47 - y) * 9), lower.astype(np.float32))
    key = np.where(upper | lower, (np.sin(ridge * 150) > 0.93) & (ridge < 0.15), key)
    eye = np.hypot(y - 0.245, x - 0.565)
    for radius, tone in ((0.040, 3), (0.028, 12), (0.009, 13)):
        at = eye if radius > 0.01 else np.hypot(y - 0.236, x - 0.574)
        colour = mix(colour, c[tone], shapes.step(at, radius, radius * 0.94))
    key = np.where(eye < 0.040, eye > 0.0365, key)
    key = np.maximum(key, (_outline(upper, 4.0) | _outline(lower, 3.6)))
    return colour, np.maximum(key, np.hypot((y - 0.222) * 1.6, x - 0.640) < 0.011)


def _scene(p: Parameters, c: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    state = _sunburst(p, c, shape, rng)
    for at, angle, size, tones in (
        ((0.02, 0.98), 2.35, 0.50, [9, 10, 11]),
        ((0.50, 1.02), 3.5, 0.40, [10, 11, 2]),
        ((-0.02, 0.02), 0.75, 0.44, [9, 10, 11]),
        ((0.30, -0.04), 0.35, 0.36, [10, 11, 2]),
        ((1.0, 1.04), 3.75, 0.50, [9, 9, 10]),
    ):
        state = _leaf(c, state, at, angle, size, tones)
    state = _parrot(p, c, state, rng)
    for at, angle, size, tones in (
        ((1.05, -0.03), -0.95, 0.46, [9, 10, 11]),
        ((1.08, 0.38), -1.15, 0.36, [10, 11, 2]),
        ((1.06, 0.98), -2.3, 0.46, [9, 10, 11]),
    ):
        state = _leaf(c, state, at, angle, size, tones)
    return state


def _screen(amount: np.ndarray, degrees: float, pitch: float, shift: tuple[float, float], soft: float) -> np.ndarray:
    """Turn a map of ink (H, W) in [0, 1] into dots: area in proportion to ink; pitch in pixels."""
    y, x = np.indices(amount.shape, np.float32)
    angle = np.deg2rad(degrees)
    u = (np.cos(angle) * x + np.sin(angle) * y) * 2 * np.pi / pitch + shift[0]
    v = (-np.sin(angle) * x + np.cos(angle) * y) * 2 * np.pi / pitch + shift[1]
    spot = 0.5 - 0.25 * (np.cos(u) + np.cos(v))  # 0 in the middle of a dot
    return shapes.step(amount - spot, -soft, soft)


def halftone(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: sky, turquoise, pale yellow, yellow, orange, dark red, red, scarlet, pink, dark green, green, lime,
    ink, paper, grey; the four printing inks are cyan, magenta, yellow and the palette's ink.
    """
    rng, c = p.generator(), palette(p.palette)
    canvas = Canvas(p, c[13])
    colour, key = _scene(p, c, canvas.shape, rng)
    pitch = p.stroke_width * canvas.oversampling
    turned = p.turn
    inks = np.clip((1 - colour) * 1.08 - 0.02, 0, 1)
    black = np.clip(inks.min(-1) - 0.25, 0, 1)
    inks = inks - 0.7 * black[..., None]
    texture = noise.octaves(canvas.shape, 130, rng, 3)
    blotch = noise.octaves(canvas.shape, 12, rng, 3)
    sheet = np.broadcast_to(c[13], colour.shape) * (1 + 0.02 * texture + 0.025 * blotch)[..., None]
    plates = zip(
        (inks[..., 0], inks[..., 1], inks[..., 2], black), (15, 75, 0, 45), ("#1397c9", "#d8246e", "#f8d21c", p.palette[12])
    )
    for number, (amount, degrees, ink) in enumerate(plates):
        off = rng.normal(scale=1.3 * canvas.scale, size=2)
        moved = ndimage.shift(amount, off, order=1, mode="nearest")
        wobble = noise.octaves(canvas.shape, 90, rng, 2)
        dots = _screen(
            moved + 0.055 * wobble + 0.03 * texture,
            degrees + 7 + turned,
            pitch * (1, 1, 1, 0.85)[number],
            tuple(rng.uniform(0, 6, 2)),
            0.07,
        )
        worn = 1 - 0.20 * shapes.step(texture + 0.5 * blotch, 0.9, 2.2)
        strength = (dots * worn * (0.92 + 0.06 * blotch))[..., None]
        sheet = sheet * (1 - np.clip(strength, 0, 1) * (1 - palette([ink])[0]))
    canvas.colour = np.clip(sheet, 0, 1).astype(np.float32)
    line = ndimage.gaussian_filter(np.asarray(key, np.float32), 0.6 * canvas.scale)
    line = noise.warp(line, *noise.wander(canvas.shape, 0.9 * canvas.scale, 40, rng))
    canvas.cover(c[12], shapes.step(line, 0.25, 0.5) * (1 - 0.30 * shapes.step(texture + blotch, 1.1, 2.4)))
    return canvas.finish()
