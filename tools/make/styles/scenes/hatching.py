"""Hatching: fruit and a jug in layers of coloured crayon on toothed paper."""

from __future__ import annotations

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import from_lab, mix, palette, ramp, to_lab
from ..engine.paint import pick, scatter, strokes
from ..parameters import Parameters

FRUIT = (  # y, x, radius, stretch, palette numbers of light, middle, shadow
    (0.60, 0.30, 0.125, 1.00, (4, 3, 2)),
    (0.56, 0.52, 0.110, 1.25, (7, 6, 5)),
    (0.67, 0.46, 0.105, 0.95, (4, 8, 9)),
    (0.69, 0.66, 0.115, 0.95, (10, 3, 9)),
    (0.76, 0.28, 0.085, 0.95, (7, 6, 5)),
    (0.80, 0.52, 0.078, 0.92, (4, 3, 2)),
    (0.80, 0.80, 0.088, 0.95, (10, 8, 2)),
)
LAYERS = (  # of hatching: turned by, coverage, width and length of a stroke, how dark a place must be
    (0.0, 2.2, 1.7, 16, 1.5),
    (0.9, 1.3, 1.0, 20, 0.9),
    (-0.8, 1.0, 1.0, 18, 0.75),
    (1.6, 0.7, 0.8, 16, 0.60),
    (0.15, 0.9, 0.7, 14, 1.3),
)
CRAYON = {"dryness": 0.34, "streak": 0.10, "relief": 0.25, "opacity": 0.86, "pickup": 0.1}
CRAYON |= {"pointed": 0.35, "ragged": 0.75, "grain": 0.8}
LIGHT = np.array([-0.62, -0.55, 0.56])  # y, x, towards the viewer


def _cloth(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wall and folded cloth: colour, direction, and how much light falls (for the layers of hatching)."""
    y, x = fields.grid(p.shape)
    wall = ramp(c[[11, 10, 12, 13]], 0.30 + 0.55 * x + 0.18 * noise.octaves(p.shape, 3, rng, 3))
    light = 0.60 + 0.35 * (x - 0.5) - 0.15 * noise.smooth(p.shape, 3, rng)
    edge = y - (0.545 + 0.05 * np.sin(x * 5 + 1))
    fold = np.sin(x * 15 + 5 * y + 2.0 * noise.smooth(p.shape, 2, rng)) * np.clip(edge * 5, 0, 1)
    cloth = ramp(c[[14, 15, 1, 0]], 0.58 + 0.27 * fold)
    stripe = shapes.step(np.abs(np.mod(x * 1.0 + 0.35 * edge + 0.02 * fold, 0.16) - 0.08), 0.014, 0.008)
    cloth = mix(cloth, c[9], 0.75 * stripe)
    mask = shapes.step(edge, -0.003, 0.003)
    field = fields.blend(fields.constant(p.shape, 62), fields.unit(0.7 + 1j * (0.5 + 0.5 * fold)), mask)
    return mix(wall, cloth, mask), field, light * (1 - mask) + (0.62 + 0.3 * fold) * mask


def _ball(p: Parameters, c: np.ndarray, state: tuple, row: tuple, rng: np.random.Generator) -> tuple:
    """One fruit: modelled by a sphere, with its shadow; hatching runs around its form."""
    colour, field, light = state
    cy, cx, radius, stretch, (high, middle, low) = row
    y, x = fields.grid(p.shape)
    shadow = np.exp(-(((y - cy - 0.93 * radius) / (0.34 * radius)) ** 2) - ((x - cx - 0.55 * radius) / (1.15 * radius)) ** 2)
    colour, light = mix(colour, c[14], 0.75 * shadow), light * (1 - 0.75 * shadow)
    v, u = (y - cy) / (radius * stretch), (x - cx) / radius
    u = u * (1 + 0.28 * (stretch > 1.1) * np.clip(-v, -0.3, 1))  # a pear is narrow above
    square = u * u + v * v
    mask = shapes.step(square, 1.02, 0.96)
    depth = np.sqrt(np.clip(1 - square, 0, 1))
    shade = np.clip(v * LIGHT[0] + u * LIGHT[1] + depth * LIGHT[2], -1, 1)
    tone = 0.5 - 0.55 * shade + 0.06 * noise.octaves(p.shape, 14, rng, 3)
    skin = ramp(c[[high, middle, middle, low, 14]], tone)
    skin = mix(skin, c[3 if middle == 6 else 8], 0.6 * shapes.step(noise.smooth(p.shape, 6, rng) + u, 0.6, 1.6))
    skin = mix(skin, c[15], 0.55 * shapes.step(square, 0.72, 1.0) * shapes.step(shade, 0.15, -0.3))  # light from the cloth
    skin = mix(skin, c[0], shapes.step(shade, 0.93, 0.99))
    ring = fields.unit(np.exp(1j * 0.9) * (u + 1j * v * 0.6) * 1j + 0.35)
    stalk = shapes.lines(
        p.shape,
        [
            shapes.bezier(
                [
                    (cy - 0.72 * radius * stretch, cx),
                    (cy - 1.05 * radius * stretch, cx + 0.03),
                    (cy - 1.22 * radius * stretch, cx + 0.055),
                ]
            )
        ],
        0.011,
    )
    colour, light = mix(colour, skin, mask), light * (1 - mask) + np.clip(0.5 + 0.6 * shade, 0, 1) * mask
    return mix(colour, c[16], stalk), np.where(mask > 0.5, ring, field), light * (1 - 0.8 * stalk)


def _jug(p: Parameters, c: np.ndarray, state: tuple, rng: np.random.Generator) -> tuple:
    """A blue jug with a handle and a flowered band, behind the fruit."""
    colour, field, light = state
    y, x = fields.grid(p.shape)
    t = np.clip((y - 0.13) / 0.50, 0, 1)
    half = 0.085 + 0.085 * np.exp(-(((t - 0.66) / 0.27) ** 2)) - 0.030 * np.exp(-(((t - 0.24) / 0.12) ** 2)) + 0.02 * (t < 0.05)
    u = (x - 0.72) / half
    handle = np.abs(np.hypot((y - 0.31) / 1.25, x - 0.885) - 0.085) < 0.017
    body = shapes.step(np.abs(u), 1.02, 0.97) * shapes.step(y - 0.012 * u**2, 0.118, 0.124)
    body = body * shapes.step(y + 0.03 * u**2, 0.655, 0.645)
    mask = np.maximum(body, handle * (x > 0.80))
    tone = 0.32 + 0.42 * u + 0.14 * u**2 + 0.05 * noise.octaves(p.shape, 12, rng, 3)
    glaze = ramp(c[[0, 18, 13, 19, 14]], np.where(body > 0.5, tone, 0.65))
    band = np.exp(-(((y + 0.03 * u**2 - 0.47) / 0.055) ** 4))
    petals = np.cos(np.arcsin(np.clip(u, -1, 1)) * 9) * np.cos((y + 0.03 * u**2 - 0.47) * 60)
    glaze = mix(glaze, ramp(c[[8, 3, 4]], 0.5 + 0.5 * petals), band * shapes.step(petals, 0.1, 0.35))
    mouth = shapes.step(((y - 0.133) / 0.016) ** 2 + (u / 0.9) ** 2, 1.0, 0.9)
    glaze = mix(glaze, c[14], mouth)
    colour = mix(colour, glaze, mask)
    field = np.where(mask > 0.5, fields.unit(1 + 0.55j * u), field)
    return colour, field, light * (1 - mask) + np.clip(1.05 - tone, 0, 1) * mask


def hatching(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: white, cream, crimson, orange, yellow, dark green, green, lime, red, wine, apricot, three of the wall,
    indigo, blue-violet, brown, paper, two blues of the jug.
    """
    rng, c = p.generator(), palette(p.palette)
    before = _cloth(p, c, rng)
    regions = (fields.grid(p.shape)[0] > 0.55).astype(np.int32)
    for number, row in enumerate((None, *FRUIT)):
        state = _jug(p, c, before, rng) if row is None else _ball(p, c, before, row, rng)
        regions = np.where(np.abs(state[1] - before[1]) > 0.02, number + 2, regions)  # where the direction is new
        before = state
    colour, field, light = before
    form = fields.choose(p, field)
    canvas = Canvas(p, c[17])
    canvas.keep_within(regions)
    w = p.stroke_width * canvas.oversampling
    for number, (turn, coverage, width, length, dark) in enumerate(LAYERS):
        need = np.ones(p.shape) if number == 0 else np.clip(dark - light + 0.1, 0.05, 1)
        share = float(need.mean() / need.max())
        count = int(coverage * share * canvas.shape[0] * canvas.shape[1] / (w * w * width * length))
        points = scatter(count, canvas.shape, rng, need)
        tints = _crayons(pick(colour, points, canvas.shape), c, number, rng)
        crayon = Brush(w * width, w * width * length, **CRAYON)
        strokes(canvas, points, tints, form * np.complex64(np.exp(1j * turn)), crayon, rng, vary=0.22, broken=0.04)
    _outlines(p, c, canvas, rng)
    tooth = noise.octaves(canvas.shape, 190, rng, 3)
    canvas.cover(c[17], 0.62 * shapes.step(tooth, 0.95, 2.2))  # the hollows of the paper stay bare
    canvas.height += 0.8 * tooth
    canvas.light(0.3, gloss=0.15)
    return canvas.finish()


def _crayons(colours: np.ndarray, c: np.ndarray, layer: int, rng: np.random.Generator) -> np.ndarray:
    """The crayon taken for each colour: near it, but one of a box of few; later layers dare more."""
    shift = np.array([[0, 0, 0], [-0.05, 0.03, -0.05], [-0.09, -0.03, -0.07], [-0.13, 0.04, -0.04], [0.10, 0.0, 0.03]])[layer]
    spread = rng.normal(size=colours.shape) * np.array([0.05, 0.028, 0.028])
    lab = to_lab(colours) * np.array([1, 1.18, 1.18]) + shift + spread
    return from_lab(lab.astype(np.float32))


def _outlines(p: Parameters, c: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> None:
    """Contours searched for with a dark crayon, two or three lines each."""
    turn = np.linspace(0, 2 * np.pi, 90)
    curves = []
    for cy, cx, radius, stretch, _ in FRUIT:
        for _ in range(2):
            a, reach = rng.uniform(0, 6.3), rng.uniform(0.55, 0.95)
            arc = a + turn * reach
            curves.append(
                np.stack([cy + radius * stretch * 1.005 * np.sin(arc), cx + radius * 1.005 * np.cos(arc)], 1)
                + rng.normal(scale=0.0022, size=2)
                + 0.0012 * rng.normal(size=(90, 2))
            )
    mask = shapes.lines(canvas.shape, curves, 0.30 * p.stroke_width / p.shape[0])
    canvas.cover(c[14], 0.75 * mask * shapes.step(noise.octaves(canvas.shape, 150, rng, 2), -0.4, 0.5))
