"""Ink wash: mountains in mist, pines and a boat, with washes of mineral blue, ochre and vermilion."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.brush import Brush, stroke
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import Pass, paint
from ..parameters import Parameters

RANGES = (  # base, height, cells of the ridge, sharpness, tone, misted from
    (0.46, 0.24, 3, 0.8, 0.42, 0.36),
    (0.58, 0.36, 3, 1.0, 0.62, 0.50),
    (0.72, 0.36, 4, 1.1, 0.80, 0.64),
    (0.93, 0.30, 5, 1.2, 0.95, 0.86),
)


def _ridge(p: Parameters, number: int, rng: np.random.Generator) -> np.ndarray:
    """Height line of a mountain range over x: steep peaks with shoulders, (W,)."""
    base, height, cells, sharp, _, _ = RANGES[number]
    x = fields.grid(p.shape)[1][0]
    line = 0.0 * x
    for k, (cx, w, h) in enumerate(
        zip(((0.70, 0.3), (0.22, 0.52), (0.86, 0.45), (0.08, 0.97))[number], (0.12, 0.09), (1.0, 0.66))
    ):
        line = np.maximum(line, h * np.exp(-(np.abs((x - cx) / (w * (1 + 0.25 * number))) ** (1.5 - 0.1 * k))))
    rough = noise.octaves((8, p.shape[1]), 0.02 * cells, rng, 6, 0.55)[4]
    return base - height * line - 0.020 * sharp * rough


def _wash(
    p: Parameters, c: np.ndarray, colour: np.ndarray, number: int, line: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One range in wet ink: dark at its ridge, cracked by cliffs, dissolved in mist below."""
    y, _ = fields.grid(p.shape)
    depth = y - line[None]
    _, _, _, _, tone, mist = RANGES[number]
    cliff = fields.drag(noise.octaves(p.shape, 16 + 4 * number, rng, 4), _slope(p, line, rng), 0.05 * p.shape[0])
    cliff /= cliff.std()
    wet = noise.octaves(p.shape, 5, rng, 5)
    density = tone * (0.95 * np.exp(-np.clip(depth, 0, None) / 0.20) + 0.28) * (1 + 0.33 * cliff + 0.18 * wet)
    density *= shapes.step(y, mist + 0.10 + 0.03 * wet.mean(), mist - 0.10) if number < 3 else 1
    mask = shapes.step(depth + 0.0015 * wet, -0.0015, 0.003)
    blot = np.exp(-((depth / 0.006) ** 2)) * 0.35 * tone  # pigment gathers at the edge of a wash
    ink = ramp(c[[0, 3, 4, 5, 6]], np.clip(density + blot, 0, 1))
    tint = shapes.step(noise.octaves(p.shape, 4, rng, 3) + 1.5 * (0.10 - depth), 0.2, 1.2)
    ink = mix(ink, ramp(c[[7, 8, 4]], density), 0.62 * tint)
    warm = shapes.step(noise.octaves(p.shape, 5, rng, 3) + 3 * (depth - 0.12), 0.5, 1.6)
    ink = mix(ink, ramp(c[[1, 9, 10]], density + 0.2), 0.55 * warm)
    veil = shapes.step(density + blot, 0.0, 0.22) * mask
    return mix(colour, ink, veil)


def _air(p: Parameters, c: np.ndarray, canvas: Canvas, colour: np.ndarray, rng: np.random.Generator) -> None:
    """Broad wet strokes across sky and water, most of them water, and the mist between the mountains."""
    w = p.stroke_width * canvas.oversampling
    drift = fields.unit(1 + 0.16j * noise.smooth(p.shape, 3, rng))
    tints = mix(colour, ramp(c[[4, 7, 9, 1, 3, 7]], 0.5 + 0.3 * noise.octaves(p.shape, 4, rng, 3)), 0.75)
    for width, length, coverage, opacity in ((5.0, 6, 1.1, 0.20), (2.4, 10, 0.8, 0.22), (0.9, 16, 0.35, 0.30)):
        brush = Brush(
            w * width,
            w * width * length,
            dryness=0.55,
            streak=0.06,
            relief=0.0,
            opacity=opacity,
            pickup=0.5,
            ragged=0.6,
            grain=1.6,
        )
        where = np.clip(noise.octaves(p.shape, 4, rng, 3) + 0.7, 0, None)
        paint(canvas, tints, drift, [Pass(brush, coverage, light=0.05, tint=0.012, broken=0.03, where=where)], rng)


def _slope(p: Parameters, line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Directions of the cliffs: down from the ridge, leaning with it."""
    lean = ndimage.gaussian_filter(np.gradient(line) * p.shape[0], 10 * p.unit)[None]
    return fields.unit(0.35 * np.sign(lean) * np.abs(lean) ** 0.5 + 1j + 0.5 * noise.smooth(p.shape, 6, rng))


def _texture(p: Parameters, c: np.ndarray, canvas: Canvas, number: int, line: np.ndarray, rng: np.random.Generator) -> None:
    """Split-brush strokes on the rock (the 'axe cuts' of ink painting), dry and dark."""
    y, x = fields.grid(p.shape)
    depth = y - line[None]
    tone = RANGES[number][4]
    mist = RANGES[number][5] if number < 3 else 1.0
    where = np.exp(-np.clip(depth, 0, None) / 0.15) * (depth > 0.004) * shapes.step(y, mist, mist - 0.12)
    where *= np.clip(noise.octaves(p.shape, 9, rng, 3) + 0.5, 0, None)
    dark = ramp(c[[4, 5, 6]], np.full(p.shape, tone, np.float32) + 0.08 * noise.octaves(p.shape, 8, rng, 3))
    w = p.stroke_width * canvas.oversampling
    field = fields.choose(p, _slope(p, line, rng))
    for width, length, coverage in ((2.4, 3.0, 1.1), (1.1, 6, 1.4), (0.45, 8, 1.1)):
        brush = Brush(
            w * width,
            w * width * length,
            dryness=0.62,
            streak=0.05,
            relief=0.0,
            opacity=0.62 * tone + 0.2,
            pickup=0.4,
            pointed=0.55,
            ragged=0.7,
            grain=1.1,
        )
        paint(canvas, dark, field, [Pass(brush, coverage, light=0.05, tint=0.01, broken=0.02, where=where)], rng)
    outline = np.stack([line, x[0]], 1)[:: max(1, p.shape[1] // 160)] * canvas.shape[0]
    pieces = [outline[i : i + 9] for i in range(0, len(outline) - 9, 6)]
    brush = Brush(1, 1, dryness=0.40, streak=0.04, relief=0.0, opacity=0.75 * tone + 0.1, pointed=0.75, ragged=0.5)
    path = np.stack(pieces).astype(np.float32) + rng.normal(scale=w * 0.06, size=(len(pieces), 9, 2)).astype(np.float32)
    stroke(
        canvas,
        path,
        (w * rng.uniform(0.12, 0.55, len(pieces))).astype(np.float32),
        np.repeat(c[6][None], len(pieces), 0),
        brush,
        rng,
    )


def _pine(
    p: Parameters, c: np.ndarray, canvas: Canvas, foot: tuple[float, float], size: float, lean: float, rng: np.random.Generator
) -> None:
    """A crooked pine: trunk, branches, and fans of needles in ink and green."""
    w = p.stroke_width * canvas.oversampling * size / 0.3
    y, x = foot
    trunk = shapes.bezier(
        [(y, x), (y - 0.35 * size, x + 0.05 * lean), (y - 0.65 * size, x - 0.04 * lean), (y - size, x + 0.10 * lean)], 12
    )
    limbs, tips = [trunk], []
    for share in np.linspace(0.35, 0.98, 7):
        start = trunk[int(share * (len(trunk) - 1))]
        side = rng.choice([-1, 1]) if share < 0.9 else np.sign(lean)
        reach = size * rng.uniform(0.22, 0.42) * (1.25 - share)
        limb = shapes.bezier(
            [tuple(start), (start[0] - 0.03 * size, start[1] + side * reach * 0.5), (start[0] + 0.01, start[1] + side * reach)],
            10,
        )
        limbs.append(limb)
        tips += [(*limb[int(len(limb) * t)], reach) for t in (0.35, 0.55, 0.75, 0.98)]
    brush = Brush(1, 1, dryness=0.30, streak=0.10, relief=0.2, opacity=0.95, pointed=0.2, ragged=0.5)
    for number, limb in enumerate(limbs):
        path = limb[np.linspace(0, len(limb) - 1, 13).astype(int)][None].astype(np.float32) * canvas.shape[0]
        stroke(canvas, path, np.array([w * (1.5 if number == 0 else 0.6)], np.float32), c[[6]], brush, rng, c[[11]])
    _needles(c, canvas, tips, size, w, rng)


def _needles(c: np.ndarray, canvas: Canvas, tips: list[tuple], size: float, w: float, rng: np.random.Generator) -> None:
    """Fans of needles, each from one bud, gathered in flat clouds around the tips (y, x, reach) of the branches."""
    needles = Brush(1, 1, dryness=0.12, streak=0.05, relief=0.1, opacity=0.9, pointed=0.7)
    for ty, tx, _ in tips:
        fans, each = 7, 15
        bud = np.stack(
            [ty + rng.normal(scale=0.010, size=fans) * size / 0.3, tx + rng.normal(scale=0.032, size=fans) * size / 0.3], 1
        )
        bud = np.repeat(bud, each, 0)
        angle = np.tile(np.linspace(np.pi * 1.04, np.pi * 1.96, each), fans) + rng.normal(scale=0.08, size=len(bud))
        along = np.linspace(0, 1, 5)[None] * rng.uniform(0.016, 0.028, (len(bud), 1)) * np.sqrt(size / 0.3)
        path = np.stack([bud[:, :1] + np.sin(angle)[:, None] * along, bud[:, 1:] + np.cos(angle)[:, None] * along], 2)
        tone = ramp(c[[6, 6, 8, 7]], np.repeat(rng.uniform(0, 1, fans) ** 1.3, each))
        stroke(
            canvas,
            (path * canvas.shape[0]).astype(np.float32),
            np.full(len(bud), max(1.5, 0.17 * w), np.float32),
            tone,
            needles,
            rng,
        )


def _maple(p: Parameters, c: np.ndarray, canvas: Canvas, at: tuple[float, float], size: float, rng: np.random.Generator) -> None:
    """A cloud of vermilion leaves, dabbed with the tip of the brush."""
    count = 420
    spread = rng.normal(size=(count, 2)) * [0.30, 0.55] * size + np.sin(rng.uniform(0, 6, (count, 1))) * 0.12 * size
    angle = rng.uniform(0, 2 * np.pi, count)
    reach = p.stroke_width * canvas.oversampling * rng.uniform(0.5, 1.1, (count, 1, 1))
    along = np.linspace(-0.5, 0.5, 5)[None, :, None] * reach
    heading = np.stack([np.sin(angle), np.cos(angle)], 1)[:, None]
    path = (np.array(at) + spread)[:, None] * canvas.shape[0] + heading * along
    tone = ramp(c[[12, 13, 13, 10]], rng.uniform(0, 1, count))
    brush = Brush(1, 1, dryness=0.1, streak=0.1, relief=0.1, opacity=0.85, pointed=0.5)
    widths = p.stroke_width * canvas.oversampling * rng.uniform(0.25, 0.6, count)
    stroke(canvas, path.astype(np.float32), widths.astype(np.float32), tone, brush, rng)


def _boat(c: np.ndarray, canvas: Canvas, p: Parameters) -> None:
    """A boat with a fisher, ripples below it, a red sun in the mist and a seal."""

    def ink(points: list[tuple[float, float]], number: int, share: float = 0.9) -> None:
        canvas.cover(c[number], share * shapes.polygon(canvas.shape, np.array(points)))

    ink([(0.700, 0.395), (0.716, 0.43), (0.718, 0.50), (0.698, 0.545), (0.709, 0.50), (0.708, 0.44)], 6)
    ink([(0.706, 0.452), (0.672, 0.456), (0.660, 0.466), (0.672, 0.476), (0.706, 0.482)], 5)
    ink([(0.668, 0.448), (0.652, 0.466), (0.668, 0.486)], 10)
    rod = shapes.lines(canvas.shape, [np.array([[0.685, 0.47], [0.630, 0.56]])], 0.0022)
    canvas.cover(c[6], 0.85 * rod)
    ripples = [np.array([[0.735 + 0.014 * k, 0.36 + 0.02 * k], [0.738 + 0.014 * k, 0.58 - 0.015 * k]]) for k in range(4)]
    canvas.cover(c[5], 0.5 * shapes.lines(canvas.shape, ripples, 0.0025))
    y, x = fields.grid(canvas.shape)
    sun = np.hypot(y - 0.145, x - 0.47)
    canvas.cover(c[13], 0.82 * shapes.step(sun + 0.0015 * noise.smooth(canvas.shape, 20, p.generator(3)), 0.060, 0.055))


def ink(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: paper, warm paper, mist, four inks from pale to black, two greens-blues, ochre, rust, brown, two reds.
    """
    rng, c = p.generator(), palette(p.palette)
    y, x = fields.grid(p.shape)
    wet = noise.octaves(p.shape, 4, rng, 5)
    colour = ramp(c[[3, 0, 1, 0]], 0.15 + y * 0.9 + 0.12 * wet)
    colour = mix(colour, ramp(c[[7, 3]], y * 2.2), 0.55 * shapes.step(wet - 4 * y, -0.9, 0.7))
    colour = mix(colour, c[1], 0.8 * np.exp(-(((np.hypot(y - 0.145, x - 0.47)) / 0.17) ** 2)))
    water = 0.5 + 0.5 * fields.drag(noise.octaves(p.shape, 22, rng, 3), fields.constant(p.shape, 0), 0.10 * p.shape[0])
    colour = mix(colour, ramp(c[[0, 3, 7]], water), 0.55 * shapes.step(y, 0.58, 0.80))
    lines = [_ridge(p, number, rng) for number in range(4)]
    canvas = Canvas(p, colour)
    _air(p, c, canvas, colour, rng)
    for number, line in enumerate(lines):
        small = noise.resize(canvas.colour, p.shape)
        canvas.colour = noise.resize(_wash(p, c, small, number, line, rng), canvas.shape)
        _texture(p, c, canvas, number, line, rng)
        if number == 2:
            _boat(c, canvas, p)
    _maple(p, c, canvas, (0.70, 0.90), 0.10, rng)
    for foot, size, lean in (
        ((1.00, 0.15), 0.46, 1.0),
        ((0.80, 0.06), 0.25, -1.0),
        ((0.56, 0.84), 0.15, 1.0),
        ((0.93, 0.93), 0.30, -1.2),
    ):
        _pine(p, c, canvas, foot, size, lean, rng)
    _maple(p, c, canvas, (0.92, 0.42), 0.075, rng)
    return _paper(p, c, canvas, rng)


def _paper(p: Parameters, c: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Fibres and granulation: pigment settles in the hollows of the paper."""
    fine = noise.octaves(canvas.shape, 320, rng, 2)
    cloud = noise.octaves(canvas.shape, 14, rng, 4)
    dark = 1 - canvas.colour.mean(-1)
    canvas.colour *= (1 - (0.05 + 0.16 * dark) * np.clip(fine * 0.6 + cloud * 0.15, -1, 1.5))[..., None]
    fibre = shapes.step(noise.resize(noise.streaks((384, 384), 0.6, 7, rng), canvas.shape), 0.985, 1.0)
    canvas.cover(c[1], 0.22 * fibre)
    canvas.height = 0.9 * fine
    canvas.light(0.22, gloss=0.1)
    return canvas.finish()
