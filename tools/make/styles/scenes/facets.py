"""Facets: a guitar, a bottle and a glass, seen in pieces; every facet shows the still life from another side."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import lighter, mix, palette, ramp
from ..engine.paint import paint, passes
from ..parameters import Parameters


def _table(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What lies behind and below: wall, table, a sheet of music, a striped cloth."""
    y, x = fields.grid(p.shape)
    colour = ramp(c[[0, 1, 2, 1]], 0.2 + 0.6 * y + 0.2 * noise.octaves(p.shape, 3, rng, 3))
    wood = np.sin((x * 0.3 + y) * 70 + 3 * noise.octaves(p.shape, 3, rng, 3))
    colour = mix(colour, ramp(c[[5, 4, 6]], 0.5 + 0.32 * wood), shapes.step(y + 0.22 * x, 0.80, 0.805))
    sheet = shapes.polygon(p.shape, np.array([(0.60, 0.52), (0.52, 0.93), (0.82, 0.99), (0.88, 0.60)]))
    row = y + 0.18 * x
    staff = shapes.step(np.sin(row * 210), 0.35, 0.75) * shapes.step(np.sin(row * 34 + 1), -0.3, 0.1)
    colour = mix(colour, mix(c[3], c[9], 0.75 * staff), sheet)
    cloth = shapes.polygon(p.shape, np.array([(0.70, -0.02), (0.60, 0.20), (1.02, 0.38), (1.02, -0.02)]))
    stripes = np.floor((x - 0.5 * y) * 22) % 3
    return mix(colour, c[np.array([7, 3, 8])[stripes.astype(int) % 3]], cloth)


def _things(p: Parameters, c: np.ndarray, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bottle, glass, guitar and two lemons, in flat light and shade."""
    y, x = fields.grid(p.shape)
    half = np.where(y < 0.26, 0.036, 0.036 + 0.062 * shapes.step(y, 0.26, 0.40))
    side = (x - 0.22) / half
    bottle = shapes.step(np.abs(side), 1.02, 0.97) * (y > 0.06) * (y < 0.76)
    colour = mix(colour, ramp(c[[11, 10, 9]], 0.35 + 0.45 * side + 0.1 * noise.octaves(p.shape, 8, rng, 3)), bottle)
    label = bottle * (y > 0.48) * (y < 0.62)
    colour = mix(colour, np.where((np.sin(y * 150) > 0.3)[..., None] & (np.abs(side) < 0.6)[..., None], c[9], c[3]), label)
    turn = np.exp(1j * 0.62) * ((x - 0.56) + 1j * (y - 0.50))
    v, u = turn.imag, turn.real
    body = np.minimum(np.hypot(v - 0.13, u * 0.88) - 0.165, np.hypot(v + 0.075, u * 0.95) - 0.122)
    body = np.minimum(body, np.hypot(v - 0.02, u * 1.3) - 0.125)
    neck = (np.abs(u) < 0.024) & (v < -0.10) & (v > -0.50)
    head = (np.abs(u) < 0.036 + 0.1 * (-v - 0.50)) & (v <= -0.50) & (v > -0.60)
    grain = np.sin(u * 160 + 2 * noise.octaves(p.shape, 4, rng, 3))
    colour = mix(colour, ramp(c[[5, 4, 12, 3]], 0.45 + 1.5 * u + 0.8 * v + 0.10 * grain), shapes.step(body, 0.003, -0.003))
    colour = mix(colour, c[6], shapes.step(np.abs(body + 0.008), 0.006, 0.003))
    colour = mix(colour, mix(c[9], c[6], 0.2 + 0.5 * (np.sin(v * 150) > 0.8)), np.maximum(neck, head))
    hole = np.hypot(v + 0.015, u)
    colour = mix(mix(colour, c[8], shapes.step(hole, 0.062, 0.058)), c[9], shapes.step(hole, 0.048, 0.044))
    bridge = (np.abs(u) < 0.075) & (np.abs(v - 0.17) < 0.011)
    colour = mix(colour, c[9], bridge.astype(np.float32))
    strings = (np.abs(np.mod(u + 0.0175, 0.007) - 0.0035) < 0.0010) & (np.abs(u) < 0.017) & (v < 0.17) & (v > -0.55)
    colour = mix(colour, c[3], strings.astype(np.float32))
    for cy, cx in ((0.80, 0.47), (0.86, 0.34)):
        lemon = np.hypot((y - cy) * 1.25, x - cx) / 0.062
        colour = mix(colour, ramp(c[[3, 13, 12, 6]], lemon * 0.5 + 3.0 * (y - cy) + 0.25), shapes.step(lemon, 1.0, 0.95))
    rim = np.hypot((y - 0.30) * 3.2, x - 0.83)
    glass = (np.abs(x - 0.83) < 0.085 - 0.10 * (y - 0.30)) & (y > 0.30) & (y < 0.56)
    colour = mix(colour, ramp(c[[3, 14, 2, 11]], 0.4 + 3.5 * (x - 0.83) + 0.8 * (y - 0.43)), 0.85 * glass)
    return mix(colour, c[3], shapes.step(np.abs(rim - 0.082), 0.009, 0.004))


def _facets(p: Parameters, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cut the plane by long lines and some arcs: facet numbers (H, W) and a soft mask of the cuts."""
    y, x = fields.grid(p.shape)
    side = p.shape[1] / p.shape[0]
    code, cut = np.zeros(p.shape, np.int64), np.zeros(p.shape, np.float32)
    angles = rng.choice([0.35, 1.05, 1.75, 2.45], 20) + rng.normal(scale=0.16, size=20)
    for number, angle in enumerate(angles):
        cy, cx = rng.uniform(0.08, 0.92), rng.uniform(0.08, 0.92) * side
        value = (x - cx) * np.sin(angle) - (y - cy) * np.cos(angle)
        reach = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        ends = np.abs(reach) < rng.uniform(0.22, 0.6)  # a cut ends where it meets open space
        code += ((value > 0) & ends).astype(np.int64) << number
        cut = np.maximum(cut, np.exp(-((value / 0.003) ** 2)) * shapes.step(reach, 0.5, -0.2) * ends)
    for number in range(6):
        cy, cx, radius = rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.85) * side, rng.uniform(0.09, 0.22)
        value = np.hypot(y - cy, x - cx) - radius
        half = np.sin(np.arctan2(y - cy, x - cx) - rng.uniform(0, 6.28)) > -0.2
        code += ((value < 0) & half).astype(np.int64) << (24 + number)
        cut = np.maximum(cut, np.exp(-((value / 0.003) ** 2)) * half)
    _, label = np.unique(code, return_inverse=True)
    return label.reshape(p.shape), cut


def facets(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: three greys of the wall, cream, sienna, ochre, umber, blue, red, black, green, dark green, straw,
    yellow, pale blue.
    """
    rng, c = p.generator(), palette(p.palette)
    scene = _things(p, c, _table(p, c, rng), rng)
    label, cut = _facets(p, rng)
    y, x = np.indices(p.shape, np.float32)
    count = label.max() + 1
    middle = np.array(ndimage.center_of_mass(np.ones(p.shape), label, np.arange(count)))
    shift, turn = rng.normal(scale=0.050 * p.shape[0], size=(count, 2)), rng.normal(scale=0.22, size=count)
    zoom = np.exp(rng.normal(scale=0.13, size=count))
    dy, dx = y - middle[label, 0], x - middle[label, 1]
    cos, sin = (np.cos(turn) * zoom)[label], (np.sin(turn) * zoom)[label]
    colour = noise.sample(
        scene, middle[label, 0] + shift[label, 0] + cos * dy + sin * dx, middle[label, 1] + shift[label, 1] - sin * dy + cos * dx
    )
    # Each facet runs from light to dark against its own direction: neighbours meet light edge to dark edge.
    way = rng.uniform(0, 2 * np.pi, count)
    reach = (dx * np.cos(way)[label] + dy * np.sin(way)[label]) / p.shape[0]
    colour = lighter(colour, np.clip(reach * 2.8, -0.30, 0.26) + rng.normal(scale=0.075, size=count)[label])
    tint = c[rng.choice([7, 4, 10, 2, 8, 12, 14, 5, 11], count)][label]
    colour = mix(colour, tint, 0.62 * rng.uniform(0, 1, count)[label] * shapes.step(np.abs(reach), 0.0, 0.10))
    field = np.exp(1j * (way + np.pi / 2 + rng.normal(scale=0.35, size=count)))[label].astype(np.complex64)
    field = fields.unit(field * np.exp(0.25j * noise.smooth(p.shape, 8, rng)))
    return _surface(p, c, colour, fields.choose(p, field), label, cut, rng)


def _surface(
    p: Parameters,
    c: np.ndarray,
    colour: np.ndarray,
    field: np.ndarray,
    label: np.ndarray,
    cut: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Paint the facets in short bricks of paint, then draw the cuts with a dry dark brush."""
    canvas = Canvas(p, mix(colour, c[6], 0.35))
    canvas.keep_within(label)
    base = Brush(1, 1, dryness=0.26, streak=0.10, relief=0.7, pickup=0.3, ragged=0.3)
    steps = ((2.6, 3.0, 2.2, 0), (1.3, 3.4, 2.2, 0.1), (0.8, 3.6, 1.5, 0.6), (0.4, 5, 1.6, 0.95))
    paint(canvas, colour, field, passes(p.stroke_width, canvas.oversampling, base, steps), rng)
    line = noise.warp(noise.resize(cut, canvas.shape), *noise.wander(canvas.shape, 1.0 * canvas.scale, 14, rng))
    dry = shapes.step(noise.octaves(canvas.shape, 60, rng, 3) + 1.2 * noise.smooth(canvas.shape, 4, rng), -2.2, -0.2)
    canvas.cover(c[9], np.clip(1.5 * line, 0, 1) * dry * 0.92)
    canvas.light(0.85, gloss=0.2)
    return canvas.finish()
