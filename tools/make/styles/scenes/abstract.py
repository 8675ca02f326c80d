"""Pictures of nothing: random shapes under random marks, to train networks on many manners."""

from __future__ import annotations

import numpy as np

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import jitter, palette, ramp
from ..engine.paint import Pass, paint, passes, pick, scatter, strokes
from ..parameters import Parameters

Ground = tuple[np.ndarray, np.ndarray, np.ndarray]  # colour (H, W, 3), a map of heights (H, W), numbers of the regions (H, W)


def _clouds(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> Ground:
    """Clouds of colour, soft or in steps."""
    value = noise.uniform(noise.octaves(p.shape, rng.uniform(1.5, 8), rng, int(rng.integers(1, 5))))
    if rng.uniform() < 0.4:
        steps = int(rng.integers(4, 12))
        value = np.floor(value * steps) / (steps - 1)
    return ramp(rng.permutation(c), value), value, (value * 6).astype(np.int32)


def _panes(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> Ground:
    """Cells, each of one colour, or shaded from its middle."""
    count = int(rng.integers(8, 90))
    wander = noise.wander(p.shape, rng.choice([0, 0.02, 0.05]) * p.shape[0], 4, rng)
    owner, border = shapes.cells(p.shape, rng.uniform(0, 1, (count, 2)) * p.shape, *wander)
    tones = jitter(c[rng.integers(0, len(c), count)], rng, 0.06, 0.02)
    shade = rng.uniform(0, 0.5) * np.clip(border / (0.08 * p.shape[0]), 0, 1) + 0.75
    return np.clip(tones[owner] * shade[..., None], 0, 1), border, owner.astype(np.int32)


def _bands(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> Ground:
    """Stripes, rings or rays that waver."""
    y, x = fields.grid(p.shape)
    turn, (cy, cx) = rng.uniform(0, np.pi), rng.uniform(0, 1, 2)
    way = (y * np.cos(turn) + x * np.sin(turn), np.hypot(y - cy, x - cx), np.arctan2(y - cy, x - cx) / 3)[rng.integers(0, 3)]
    value = way * rng.uniform(2, 9) + rng.uniform(0, 0.6) * noise.octaves(p.shape, rng.uniform(1.5, 5), rng, 3)
    tones = c[rng.integers(0, len(c), 64)]
    band = np.floor(value).astype(np.int32)
    colour = tones[band % 64]
    if rng.uniform() < 0.4:
        colour = ramp(np.concatenate([c, c[:1]]), np.mod(value / 2, 1))
    return colour, value, band


def _things(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> Ground:
    """Discs and polygons over clouds."""
    colour, value, region = _clouds(p, c, rng)
    y, x = fields.grid(p.shape)
    for number in range(int(rng.integers(5, 40))):
        (cy, cx), size = rng.uniform(0, 1, 2), rng.gamma(3, 0.03)
        tone = c[rng.integers(0, len(c))]
        if rng.uniform() < 0.5:
            distance = np.hypot(y - cy, (x - cx) * rng.uniform(0.6, 1.6)) / size
            inside = distance < 1
            value = np.where(inside, distance, value)
            tone = ramp(np.stack([tone, c[rng.integers(0, len(c))]]), distance) if rng.uniform() < 0.5 else tone
        else:
            angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            inside = (
                shapes.polygon(p.shape, np.stack([cy + 1.5 * size * np.sin(angle), cx + 1.5 * size * np.cos(angle)], 1)) > 0.5
            )
        colour, region = np.where(inside[..., None], tone, colour), np.where(inside, 100 + number, region)
    return colour, value, region.astype(np.int32)


GROUNDS = (_clouds, _panes, _bands, _things)


def _field(p: Parameters, value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Along the ground's forms, with eddies, or as the parameters ask."""
    form = fields.along(value + 0.02 * noise.octaves(p.shape, 5, rng, 3), 3)
    return fields.choose(p, form)


def _start(p: Parameters, rng: np.random.Generator) -> tuple[np.ndarray, Ground, np.ndarray, Canvas]:
    c = palette(p.palette)
    ground = GROUNDS[rng.integers(0, len(GROUNDS))](p, c, rng)
    base = ground[0] if rng.uniform() < 0.5 else c[rng.integers(0, len(c))]
    return c, ground, _field(p, ground[1], rng), Canvas(p, base)


def brushwork(p: Parameters) -> np.ndarray:
    """Strokes of a random brush, coarse to fine: uint8 (height, width, 3)."""
    rng = p.generator()
    _, (colour, _, region), field, canvas = _start(p, rng)
    if rng.uniform() < 0.5:
        canvas.keep_within(region)
    brush = Brush(
        1,
        1,
        dryness=rng.uniform(0, 0.4),
        streak=rng.uniform(0.03, 0.2),
        relief=rng.uniform(0.2, 1.8),
        opacity=rng.uniform(0.6, 1),
        pickup=rng.uniform(0, 0.45),
        pointed=rng.choice([0, 0.3, 0.9]),
        ragged=rng.uniform(0.05, 0.6),
        grain=rng.choice([0.8, 1.0, 2.2]),
    )
    length = rng.uniform(2, 13)
    steps = tuple(
        (w, length * rng.uniform(0.8, 1.2), 1.8 * cover, detail)
        for w, cover, detail in ((2.2, 1, 0), (1.3, 1, 0.1), (0.8, 0.7, rng.choice([0, 0.6])))[: rng.integers(1, 4)]
    )
    paint(canvas, colour, field, passes(p.stroke_width, canvas.oversampling, brush, steps), rng)
    canvas.light(rng.uniform(0.2, 1.1), gloss=rng.uniform(0.05, 0.4))
    return canvas.finish()


def touches(p: Parameters) -> np.ndarray:
    """Round or square touches of divided colour: uint8 (height, width, 3)."""
    rng = p.generator()
    _, (colour, _, _), field, canvas = _start(p, rng)
    spread, long = rng.uniform(0.02, 0.14), rng.uniform(1, 2.2)
    for scale, coverage in ((1.5, 1.3), (1.0, rng.uniform(0.3, 1.5))):
        width = scale * p.stroke_width * canvas.oversampling
        brush = Brush(width, width * long, dryness=0.02, streak=0.05, relief=rng.uniform(0, 1), pickup=0.03, ragged=0.15)
        count = int(coverage * canvas.shape[0] * canvas.shape[1] / (width * width * long))
        points = scatter(count, canvas.shape, rng)
        tints = jitter(pick(colour, points, canvas.shape), rng, spread, spread / 2)
        strokes(canvas, points, tints, field, brush, rng, vary=0.2, broken=0.03)
    canvas.light(rng.uniform(0.2, 0.9), gloss=0.2)
    return canvas.finish()


def hatchwork(p: Parameters) -> np.ndarray:
    """Thin pointed lines, crossed, on the paper's or the dark plate's ground: uint8 (height, width, 3)."""
    rng = p.generator()
    c, (colour, _, _), field, _ = _start(p, rng)
    order = np.argsort(c.sum(1))
    canvas = Canvas(p, c[order[-1 if rng.uniform() < 0.6 else 0]])
    grey = colour.mean(-1)
    for layer in range(int(rng.integers(1, 4))):
        width = p.stroke_width * canvas.oversampling * rng.uniform(0.3, 0.8)
        brush = Brush(
            width,
            width * rng.uniform(6, 20),
            dryness=rng.uniform(0, 0.4),
            streak=0.08,
            relief=0.2,
            opacity=rng.uniform(0.7, 1),
            pickup=0.05,
            pointed=rng.uniform(0.2, 0.95),
            ragged=0.5,
        )
        where = np.clip(1.1 - grey if layer else np.ones_like(grey), 0.05, None) ** 1.5
        turned = field * np.complex64(np.exp(1j * layer * rng.uniform(0.4, 1.4)))
        paint(canvas, colour, turned, [Pass(brush, rng.uniform(0.5, 1.3), where=where)], rng)
    canvas.light(0.3, gloss=0.1)
    return canvas.finish()


def cutout(p: Parameters) -> np.ndarray:
    """Flat colours with outlines, paper's grain or the edges of cut paper: uint8 (height, width, 3)."""
    rng = p.generator()
    c, (colour, _, region), _, canvas = _start(p, rng)
    canvas.colour = noise.resize(colour, canvas.shape)
    canvas.keep_within(region)
    number = canvas.regions
    edge = (number != np.roll(number, 1, 0)) | (number != np.roll(number, 1, 1))
    wide = noise.resize(edge.astype(np.float32), canvas.shape)
    for _ in range(max(1, round(p.stroke_width * canvas.oversampling / 5))):
        wide = np.maximum.reduce([np.roll(wide, step, axis) for step in (-1, 0, 1) for axis in (0, 1)])
    grain, cloud = noise.octaves(canvas.shape, 100, rng, 3), noise.octaves(canvas.shape, 9, rng, 3)
    canvas.colour = canvas.colour * (1 + rng.uniform(0, 0.08) * grain + rng.uniform(0, 0.08) * cloud)[..., None]
    if rng.uniform() < 0.7:
        canvas.cover(c[np.argsort(c.sum(1))[rng.choice([0, 0, -1])]], np.clip(wide, 0, 1) * rng.uniform(0.6, 1))
    canvas.height = rng.uniform(0.3, 1.5) * grain + 2 * (number % 5)
    canvas.light(rng.uniform(0.1, 0.4), gloss=0.1)
    return canvas.finish()


ABSTRACT = {"brushwork": brushwork, "touches": touches, "hatchwork": hatchwork, "cutout": cutout}
