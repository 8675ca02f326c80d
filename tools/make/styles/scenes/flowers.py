"""Flowers: a jug of sunflowers and asters, each petal one loaded stroke."""

from __future__ import annotations

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush, stroke
from ..engine.canvas import Canvas
from ..engine.colours import jitter, mix, palette, ramp
from ..engine.paint import Pass, paint, passes
from ..parameters import Parameters

HEADS = np.array(
    [  # y, x, radius, tilt, kind (0 sunflower, 1 aster, 2 poppy)
        [0.30, 0.47, 0.150, 0.2, 0],
        [0.22, 0.75, 0.125, -0.5, 0],
        [0.50, 0.66, 0.135, 0.4, 0],
        [0.43, 0.22, 0.125, 1.0, 0],
        [0.13, 0.28, 0.105, -0.9, 0],
        [0.10, 0.53, 0.075, 0.0, 2],
        [0.36, 0.87, 0.085, 0.7, 2],
        [0.54, 0.43, 0.085, 0.1, 1],
        [0.22, 0.12, 0.070, -0.3, 1],
        [0.57, 0.87, 0.075, 0.9, 1],
        [0.57, 0.11, 0.070, 0.4, 2],
        [0.07, 0.86, 0.065, 0.2, 1],
    ]
)


def _room(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wall, table and jug: colour, direction, and 0, 1, 2 where each is."""
    y, x = fields.grid(p.shape)
    patches, _ = shapes.cells(p.shape, rng.uniform(0, 1, (420, 2)) * p.shape)
    angle = rng.choice([0.5, 2.2, 1.2], 420) + rng.normal(scale=0.25, size=420)
    field = np.exp(1j * angle[patches]).astype(np.complex64)
    colour = ramp(c[[0, 1, 2, 1]], 0.45 + 0.25 * noise.octaves(p.shape, 5, rng, 3) + 0.35 * (x - 0.5) - 0.2 * (y - 0.4))
    edge = y - (0.80 + 0.03 * (x - 0.5))
    table = ramp(c[[3, 4, 5]], 0.5 + 0.22 * noise.octaves(p.shape, 7, rng, 3) + 0.5 * edge)
    table = mix(table, c[0], 0.7 * np.exp(-(((y - 0.93) / 0.035) ** 2 + ((x - 0.70) / 0.23) ** 2)))
    mask = shapes.step(edge, -0.003, 0.003)
    colour = mix(mix(colour, table, mask), c[6], 0.8 * np.exp(-((edge / 0.006) ** 2)))
    field = fields.blend(field, fields.unit(1 + 0.12j + 0.2j * np.sin(x * 20)), mask)
    profile = (
        0.10 + 0.075 * np.clip(np.sin(np.clip((y - 0.60) / 0.34, 0, 1) * np.pi), 0, 1) ** 1.2 - 0.02 * shapes.step(y, 0.66, 0.6)
    )
    side = (x - 0.5) / profile
    jug = shapes.step(np.abs(side), 1.02, 0.97) * shapes.step(y, 0.60, 0.605)
    jug = jug * shapes.step(y + 0.02 * side**2, 0.955, 0.95)
    glaze = ramp(c[[7, 8, 9, 6]], 0.52 - 0.55 * side - 0.35 * side**2 + 0.1 * noise.octaves(p.shape, 8, rng, 3))
    band = np.exp(-(((y + 0.02 * side**2 - 0.80 + 0.012 * np.sin(side * 9)) / 0.022) ** 2))
    glaze = mix(glaze, c[4], 0.85 * band)
    glaze = mix(glaze, c[6], np.exp(-(((side + 0.45) / 0.10) ** 2) - ((y - 0.72) / 0.05) ** 2))
    colour = mix(colour, glaze, jug)
    regions = np.where(jug > 0.5, 2, edge > 0)
    return colour, fields.blend(field, fields.unit(1 + 0.5j * side), jug), regions


def _leaves(
    p: Parameters, c: np.ndarray, colour: np.ndarray, field: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Dark foliage between the heads, with stalks that gather in the jug."""
    y, x = fields.grid(p.shape)
    mass = 0.75 - ((y - 0.38) / 0.36) ** 2 - ((x - 0.49) / 0.46) ** 2 + 0.35 * noise.octaves(p.shape, 7, rng, 3)
    mask = shapes.step(mass, -0.05, 0.1) * shapes.step(y - 0.04 * np.sin(x * 40), 0.68, 0.64)
    form = fields.unit((x - 0.5) + 1j * (y - 0.75) + 0.35 * np.exp(1j * 4 * noise.smooth(p.shape, 8, rng)))
    tone = 0.45 + 0.28 * fields.drag(noise.octaves(p.shape, 16, rng, 3), form, 0.05 * p.shape[0]) * 2
    colour = mix(colour, ramp(c[[10, 11, 12, 11]], tone), mask)
    return colour, fields.blend(field, form, mask)


def _head(p: Parameters, c: np.ndarray, canvas: Canvas, head: np.ndarray, rng: np.random.Generator) -> None:
    """One flower: rings of petals from the back to the front, then its heart."""
    cy, cx, radius, tilt, kind = head
    scale = canvas.shape[0]
    tones = c[{0: [13, 14, 15, 14], 1: [18, 19, 6, 19], 2: [16, 17, 16, 13]}[int(kind)]]
    rings = {0: 4, 1: 3, 2: 3}[int(kind)]
    for ring in range(rings):
        count = int({0: 21, 1: 26, 2: 9}[int(kind)] * (1.15 - 0.12 * ring))
        angle = np.sort(rng.uniform(0, 2 * np.pi, 1) + np.arange(count) * 2 * np.pi / count + rng.normal(scale=0.11, size=count))
        outer = radius * (1.0 - 0.17 * ring) * rng.uniform(0.86, 1.12, count)
        inner = radius * (0.30 if kind != 2 else 0.05)
        along = np.linspace(0, 1, 9)[None]
        reach = inner + (outer[:, None] - inner) * along
        turn = angle[:, None] + rng.normal(scale=0.22, size=(count, 1)) * along**2
        squash = 1 - 0.22 * np.abs(np.sin(tilt))
        u, v = np.cos(turn) * reach, np.sin(turn) * reach * squash
        path = np.stack([cy + u * np.sin(tilt) + v * np.cos(tilt), cx + u * np.cos(tilt) - v * np.sin(tilt)], 2) * scale
        light = ramp(tones, rng.uniform(0, 0.85, count) * 0.6 + 0.13 * ring + 0.2 * (np.cos(angle + tilt + 2.3) + 1) / 2)
        widths = scale * radius * {0: 0.21, 1: 0.13, 2: 0.55}[int(kind)] * rng.uniform(0.8, 1.2, count)
        order = rng.permutation(count)
        brush = Brush(1, 1, dryness=0.10, streak=0.16, relief=1.9, pointed=0.75 if kind != 2 else 0.3, pickup=0.05)
        stroke(
            canvas,
            path[order].astype(np.float32),
            widths[order].astype(np.float32),
            jitter(light, rng, 0.04, 0.015)[order],
            brush,
            rng,
            jitter(light, rng, 0.10, 0.03)[order],
        )
    _heart(p, c, canvas, head, rng)


def _heart(p: Parameters, c: np.ndarray, canvas: Canvas, head: np.ndarray, rng: np.random.Generator) -> None:
    """The seeds: short touches in the spiral of a sunflower, dark at the rim."""
    cy, cx, radius, _, kind = head
    size = radius * {0: 0.44, 1: 0.26, 2: 0.26}[int(kind)]
    count = {0: 230, 1: 50, 2: 50}[int(kind)]
    order = np.arange(count)
    distance, angle = np.sqrt((order + 0.5) / count), order * 2.39996
    at = np.stack([cy + size * distance * np.sin(angle), cx + size * distance * np.cos(angle)], 1)
    heading = np.stack([np.cos(angle + 0.8), -np.sin(angle + 0.8)], 1)
    reach = np.linspace(-0.5, 0.5, 5)[None, :, None] * size * {0: 0.22, 1: 0.5, 2: 0.5}[int(kind)]
    path = (at[:, None] + heading[:, None] * reach) * canvas.shape[0]
    tone = np.abs(distance - 0.45) * 1.3 + rng.normal(scale=0.18, size=count)
    tints = ramp(c[[12, 13, 20, 21, 21]] if kind == 0 else c[[15, 13, 20]] if kind == 1 else c[[12, 21, 21]], tone)
    widths = np.full(count, size * canvas.shape[0] * {0: 0.14, 1: 0.3, 2: 0.3}[int(kind)], np.float32)
    brush = Brush(1, 1, dryness=0.02, streak=0.1, relief=1.8, pickup=0.0)
    mixed = rng.permutation(count)
    stroke(canvas, path[mixed].astype(np.float32), widths, jitter(tints, rng, 0.05, 0.02)[mixed], brush, rng)


def flowers(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: three of the wall, three of the table, light, three of the jug, three greens, three yellows, two reds,
    two violets, brown, dark.
    """
    rng, c = p.generator(), palette(p.palette)
    colour, field, regions = _room(p, c, rng)
    bare = colour
    colour, field = _leaves(p, c, colour, field, rng)
    regions = np.where(np.abs(colour - bare).sum(-1) > 0.1, 3, regions)
    field = fields.choose(p, field)
    canvas = Canvas(p, mix(colour, c[20], 0.3))
    canvas.keep_within(regions)
    paint(
        canvas,
        colour,
        field,
        passes(
            p.stroke_width,
            canvas.oversampling,
            Brush(1, 1, dryness=0.2, streak=0.13),
            ((2.0, 4, 2.0, 0), (1.25, 4.5, 1.8, 0), (0.8, 5, 1.1, 0.3)),
        ),
        rng,
    )
    canvas.keep_within(None)
    leaf = Brush(p.stroke_width * 2.6, p.stroke_width * 11, dryness=0.12, streak=0.15, relief=1.4, pointed=0.9)
    y, x = fields.grid(p.shape)
    around = np.exp(-(((y - 0.38) / 0.27) ** 4) - ((x - 0.49) / 0.42) ** 4)
    paint(
        canvas,
        ramp(c[[10, 11, 12, 11]], 0.5 + 0.3 * noise.octaves(p.shape, 14, rng, 3)),
        field,
        [Pass(leaf, coverage=0.7, light=0.06, where=around)],
        rng,
    )
    for head in HEADS[rng.permutation(len(HEADS))][np.argsort([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])]:
        _head(p, c, canvas, head, rng)
    canvas.light(1.0)
    return canvas.finish()
