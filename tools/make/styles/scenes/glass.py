"""Stained glass: panes between lead, streaked and shaded with paint, with the light behind them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.brush import Brush
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..engine.paint import Pass, paint
from ..parameters import Parameters

SUN = 0.34, 0.64  # y, x of the sun


def _rays(y: np.ndarray, x: np.ndarray, wobble: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sky: bent rays around the sun, cut by rings; and the sun's own rings of panes."""
    offset = (x - SUN[1]) + 1j * (y - SUN[0])
    radius, angle = np.abs(offset), np.angle(offset) / (2 * np.pi) + 0.5
    ray = np.floor((angle + 0.10 * radius + 0.006 * wobble) * 32) % 32
    ring = np.floor((radius + 0.01 * wobble + 0.035 * (ray % 3)) / 0.105)
    sky = ray * 20 + ring
    wheel = np.where(radius < 0.055, 0, np.where(radius < 0.098, 1 + np.floor(angle * 10), 20 + np.floor(angle * 20 + 0.5)))
    return sky.astype(np.int64), np.where(radius < 0.145, wheel, -1).astype(np.int64)


def _land(y: np.ndarray, x: np.ndarray, wobble: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hills and a river: area number (0 where sky is) and pane number."""
    area, pane = np.zeros(y.shape, np.int64), np.zeros(y.shape, np.int64)
    for level, (base, height, speed, cut) in enumerate(((0.56, 0.05, 6.0, 9.0), (0.64, 0.06, 4.3, 8.0), (0.75, 0.05, 5.2, 7.0))):
        top = base + height * np.sin(x * speed + 2.1 * level)
        below = y > top
        slice_ = np.floor((x + (0.5 - 0.5 * level) * (y - top) + 0.02 * np.sin(y * 30)) * cut)
        layer = np.floor((y - top + 0.010 * wobble) / 0.07)
        area, pane = np.where(below, level + 1, area), np.where(below, slice_ * 10 + layer, pane)
    course = 0.42 + 0.16 * np.sin((y - 0.55) * 8.5) * (y - 0.4) * 2
    half = 0.012 + 0.30 * np.clip(y - 0.60, 0, 1)
    river = (np.abs(x - course) < half) & (y > 0.605)
    band = np.floor((y + 0.03 * np.sin(x * 16 + y * 10)) / 0.043) * 4 + np.floor((x - course) / half * 1.0 + 2)
    return np.where(river, 4, area), np.where(river, band, pane).astype(np.int64)


def _tree(y: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A tree on the left: 1 for wood, 2 for leaves; every leaf is a pane."""
    shape = y.shape
    stem = [shapes.bezier([(0.95, 0.155), (0.72, 0.19), (0.52, 0.175), (0.34, 0.22), (0.16, 0.21)])]
    arms = [
        shapes.bezier(a)
        for a in (
            [(0.55, 0.18), (0.42, 0.11), (0.29, 0.10)],
            [(0.47, 0.185), (0.36, 0.30), (0.27, 0.35)],
            [(0.34, 0.22), (0.22, 0.27), (0.13, 0.29)],
            [(0.38, 0.20), (0.25, 0.17), (0.14, 0.13)],
        )
    ]
    wood = (shapes.lines(shape, stem, 0.042) > 0.5) | (shapes.lines(shape, arms, 0.020) > 0.5)
    area, pane = np.where(wood, 1, 0), np.floor(y * 7).astype(np.int64)
    tips = np.concatenate([arm[20::11] for arm in arms] + [stem[0][90::16]])
    for number, (cy, cx) in enumerate(np.repeat(tips, 2, 0)[::-1]):
        angle = rng.uniform(0, 2 * np.pi)
        long, wide = rng.uniform(0.058, 0.078), rng.uniform(0.026, 0.034)
        dy, dx = y - cy - 0.036 * np.sin(angle), x - cx - 0.036 * np.cos(angle)
        u, v = dx * np.cos(angle) + dy * np.sin(angle), -dx * np.sin(angle) + dy * np.cos(angle)
        leaf = np.abs(v) < wide * (1 - (u / long) ** 2) * 1.1
        leaf &= np.abs(u) < long
        area, pane = np.where(leaf, 2, area), np.where(leaf, 100 + 2 * number + (v > 0), pane)
    return area, pane


def _lilies(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Red flowers in the foreground: 1 for petals, 2 for leaves."""
    area, pane = np.zeros(y.shape, np.int64), np.zeros(y.shape, np.int64)
    for number, (cy, cx, size, tilt) in enumerate(
        (
            (0.80, 0.70, 0.10, 0.1),
            (0.865, 0.865, 0.085, 0.3),
            (0.895, 0.575, 0.07, -0.4),
            (0.66, 0.845, 0.062, -0.1),
            (0.885, 0.33, 0.062, 0.2),
        )
    ):
        stalk = (np.abs(x - cx - 0.25 * tilt * (y - cy)) < 0.007) & (y > cy)
        area, pane = np.where(stalk & (area == 0), 2, area), np.where(stalk, 900 + number, pane)
        for part, lean in enumerate((-0.95, 0.95, -0.45, 0.45, 0.0)):
            angle = lean + tilt - np.pi / 2
            u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
            v = -(x - cx) * np.sin(angle) + (y - cy) * np.cos(angle) - 0.25 * lean * size * (u / size) ** 2
            petal = (u > 0) & (u < size) & (np.abs(v) < 0.50 * size * np.sin(np.clip(u / size, 0, 1) ** 0.8 * np.pi))
            area, pane = np.where(petal, 1, area), np.where(petal, number * 10 + part, pane)
    return area, pane


def _plan(p: Parameters, shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Area (0 sky, 1-3 hills, 4 river, 5 sun, 6 wood, 7 leaf, 8 petal, 9 stalk, 10-11 border) and pane number."""
    y, x = fields.grid(shape)
    wobble = noise.smooth(shape, 4, rng)
    sky, wheel = _rays(y, x, wobble)
    land, land_pane = _land(y, x, wobble)
    area, pane = land, np.where(land > 0, land_pane, sky)
    for mask, number, panes in (((wheel >= 0) & (land == 0), 5, wheel),):
        area, pane = np.where(mask, number, area), np.where(mask, panes, pane)
    for first, (kind, panes) in ((6, _tree(y, x, rng)), (8, _lilies(y, x))):
        area, pane = np.where(kind > 0, first + kind - 1, area), np.where(kind > 0, panes, pane)
    width = shape[1] / shape[0]
    edge = np.minimum(np.minimum(y, 1 - y), np.minimum(x, width - x))
    near_side = np.minimum(x, width - x) < np.minimum(y, 1 - y)
    run = np.where(near_side, y, x + 3)
    block = np.floor(run / 0.0833).astype(np.int64)
    frame = np.where(edge < 0.016, 11, np.where(edge < 0.058, 10, 0))
    corner = (np.minimum(y, 1 - y) < 0.058) & (np.minimum(x, width - x) < 0.058)
    side = 100 * (y > 0.5) + 200 * (x > width / 2)
    panes = np.where(corner, 5000 + side, block * 2 + 300 * near_side + 1000 * side * (frame == 10) + (frame == 11))
    return np.where(frame > 0, frame, area), np.where(frame > 0, panes, pane)


TONES = {
    0: [0, 1, 2, 3],
    1: [4, 5, 1],
    2: [5, 6, 4],
    3: [6, 7, 5],
    4: [0, 2, 3],
    5: [9, 10, 11],
    6: [12, 13, 8],
    7: [7, 6, 9, 10],
    8: [13, 14, 15],
    9: [5, 6, 7],
    10: [0, 14, 16, 9],
    11: [16, 0],
}  # palette numbers by area


def glass(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: four blues, three greens, lime, brown, amber, yellow, pale, dark brown, wine, red, rose, violet, lead.
    """
    rng, c = p.generator(), palette(p.palette)
    canvas = Canvas(p, c[17])
    area, pane = _plan(p, canvas.shape, rng)
    _, label = np.unique(area.astype(np.int64) * 10_000_000 + pane + 5_000_000, return_inverse=True)
    label = label.reshape(canvas.shape)
    border = (label != np.roll(label, 1, 0)) | (label != np.roll(label, 1, 1))
    border[[0, -1]] = border[:, [0, -1]] = True
    distance = ndimage.distance_transform_edt(~border).astype(np.float32) / canvas.oversampling
    canvas.colour = _panes(p, c, canvas, area, label, distance, rng)
    _matting(p, canvas, label, rng)
    _lead(p, c, canvas, distance, rng)
    return canvas.finish()


def _panes(
    p: Parameters,
    c: np.ndarray,
    canvas: Canvas,
    area: np.ndarray,
    label: np.ndarray,
    distance: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """The glass: a tone for every pane, streaks in it, paint along its edges, light behind it."""
    y, x = fields.grid(canvas.shape)
    own = rng.uniform(0, 1, label.max() + 1)[label]  # a tone for each pane
    flow = fields.unit(np.exp(1j * 2.2 * noise.smooth((384, 384), 3, rng)))
    streak = noise.resize(fields.drag(noise.octaves((384, 384), 30, rng, 3), flow, 26), canvas.shape)
    seedy = noise.octaves(canvas.shape, 45, rng, 3)
    away = np.hypot(y - SUN[0], x - SUN[1])
    colour = np.empty((*canvas.shape, 3), np.float32)
    for number, tones in TONES.items():
        mask = area == number
        value = 0.12 + 0.70 * own[mask] + 0.55 * streak[mask] + 0.06 * seedy[mask]
        if number in (0, 4):
            value += 0.55 * np.exp(-((away[mask] / 0.30) ** 2)) - 0.12
        colour[mask] = ramp(c[tones], value)
    # Some panes of the sky come from another batch of glass.
    for low, high, tone in ((0.00, 0.07, 16), (0.93, 1.00, 15), (0.50, 0.55, 11), (0.30, 0.34, 5)):
        other = (area == 0) & (own >= low) & (own < high)
        colour[other] = mix(colour[other], c[tone], 0.62)
    tilt = rng.normal(scale=0.5, size=(label.max() + 1, 2))
    slope = (tilt[label, 0] * (y - 0.5) + tilt[label, 1] * (x - 0.5)) * 0.35  # thicker on one side: darker
    shade = 1 - 0.50 * np.exp(-np.clip(distance, 0, None) / (0.75 * p.stroke_width)) * (0.8 + 0.35 * seedy)
    bubble = shapes.step(noise.smooth(canvas.shape, 150, rng), 2.6, 3.4)
    glow = 1.10 + 0.32 * np.exp(-((away / 0.33) ** 2)) - 0.25 * shapes.step(away, 0.45, 0.85)
    light = glow * shade * (1 + slope) * (1 + 0.10 * seedy * 0.5)
    colour = colour * light[..., None]
    return mix(np.clip(colour, 0, 1), c[11], 0.5 * bubble)


def _matting(p: Parameters, canvas: Canvas, label: np.ndarray, rng: np.random.Generator) -> None:
    """Glass paint: thin dark strokes and scratched lights inside each pane, each pane with a direction of its own."""
    canvas.keep_within(label)
    turn = np.exp(1j * rng.uniform(0, np.pi, label.max() + 1))[label].astype(np.complex64)[::2, ::2]
    field = fields.choose(p, fields.unit(turn * np.exp(0.7j * noise.smooth(turn.shape, 6, rng))))
    glass_ = noise.resize(canvas.colour, p.shape)
    w = p.stroke_width * canvas.oversampling
    for width, coverage, factor, opacity in (
        (1.1, 1.2, 0.66, 0.32),
        (0.35, 1.3, 0.45, 0.45),
        (0.6, 1.0, 1.35, 0.42),
        (0.22, 0.6, 1.6, 0.5),
    ):
        brush = Brush(
            w * width, w * width * 7, dryness=0.45, streak=0.12, relief=0.35, opacity=opacity, pickup=0.2, ragged=0.5, pointed=0.5
        )
        where = np.clip(noise.octaves(p.shape, 8, rng, 3) + 0.6, 0, None)
        paint(
            canvas,
            np.clip(glass_ * factor + 0.05 * (factor > 1), 0, 1),
            field,
            [Pass(brush, coverage, light=0.03, tint=0.01, broken=0.03, where=where)],
            rng,
        )
    canvas.keep_within(None)


def _lead(p: Parameters, c: np.ndarray, canvas: Canvas, distance: np.ndarray, rng: np.random.Generator) -> None:
    """Came of lead over the joints: round, worn, with light bleeding over it."""
    half = p.stroke_width * (0.25 + 0.035 * noise.smooth(canvas.shape, 20, rng))
    cover = shapes.step(distance, half + 0.6, half - 0.6)
    bloom = np.stack([ndimage.gaussian_filter(canvas.colour[..., i], 7 * canvas.scale) for i in range(3)], -1)
    worn = noise.octaves(canvas.shape, 60, rng, 4)
    metal = ramp(np.stack([c[17], c[17] + 0.06, c[17] + 0.30]), 0.35 + 0.18 * worn)
    canvas.cover(metal, cover)
    canvas.height += (
        5 * canvas.scale * np.sqrt(np.clip(1 - (distance / np.maximum(half, 0.1)) ** 2, 0, 1)) * 0.4
        + 0.25 * worn
        + 0.5 * noise.octaves(canvas.shape, 25, rng, 3)
    )
    canvas.light(0.5, gloss=0.35)
    canvas.colour = 1 - (1 - np.clip(canvas.colour, 0, 1)) * (1 - 0.13 * bloom)  # light bleeds around the lead
