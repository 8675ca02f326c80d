"""Gold: a tree of spirals on gold leaf, over a meadow and between panels of ornament."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.brush import Brush, stroke
from ..engine.canvas import Canvas
from ..engine.colours import jitter, palette, ramp
from ..parameters import Parameters


def _leaf_ground(p: Parameters, c: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> None:
    """Sheets of gold leaf, worn at their seams, over red bole; small spirals pressed into the chalk below."""
    y, x = fields.grid(canvas.shape)
    wob = 0.004 * noise.smooth(canvas.shape, 12, rng), 0.004 * noise.smooth(canvas.shape, 12, rng)
    row = np.floor((y + wob[0]) * 7.3)
    sheet = (row * 13 + np.floor((x + wob[1]) * 6.6 + 0.37 * row)).astype(int)
    tone = rng.normal(scale=0.11, size=400)[sheet % 400]
    cloud = noise.octaves(canvas.shape, 7, rng, 5)
    fine = noise.octaves(canvas.shape, 70, rng, 4)
    canvas.colour = ramp(c[[0, 1, 2, 3]], 0.50 + tone + 0.16 * cloud + 0.06 * fine).astype(np.float32)
    seam = np.minimum(
        np.abs(np.mod((y + wob[0]) * 7.3 + 0.5, 1) - 0.5), np.abs(np.mod((x + wob[1]) * 6.6 + 0.37 * row + 0.5, 1) - 0.5)
    )
    worn = shapes.step(fine + 1.5 * cloud - 28 * seam, 1.0, 1.8)
    canvas.cover(c[4], 0.75 * worn)
    canvas.height += 0.5 * fine
    count = int(330 * (9 * p.unit / p.stroke_width) ** 2)
    places, _ = shapes.cells((192, 192), rng.uniform(0, 192, (count, 2)))
    centres = np.array(ndimage.center_of_mass(np.ones((192, 192)), places, np.unique(places)))
    centres = centres / 192 * [1, p.shape[1] / p.shape[0]]
    for cy, cx in centres:
        _spiral(p, c, canvas, (cy, cx), rng.uniform(0.7, 1.5) * 1.5 * p.stroke_width / p.shape[0], rng)


def _spiral(
    p: Parameters, c: np.ndarray, canvas: Canvas, at: tuple[float, float], radius: float, rng: np.random.Generator
) -> None:
    """One small spiral of raised gold, in light or dark metal."""
    turn = np.linspace(0, 1, 33)
    angle = rng.uniform(0, 6.3) + rng.choice([-1, 1]) * turn * rng.uniform(9, 14)
    path = np.stack([at[0] + radius * (1 - 0.92 * turn) * np.sin(angle), at[1] + radius * (1 - 0.92 * turn) * np.cos(angle)], 1)
    tone = c[[rng.choice([2, 3, 0, 4, 5], p=[0.3, 0.2, 0.25, 0.15, 0.1])]]
    brush = Brush(1, 1, dryness=0.05, streak=0.06, relief=1.5, opacity=0.85, pickup=0.0, pointed=0.3)
    stroke(
        canvas,
        path[None].astype(np.float32) * canvas.shape[0],
        np.array([0.36 * p.stroke_width * canvas.oversampling], np.float32),
        tone,
        brush,
        rng,
    )


def _branches(rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Branches that leave the trunk and roll up: curves and their widths (picture heights)."""
    found = []
    starts = [
        (0.60, 0.47, 3.65, 1, 0.56, 0.030),
        (0.56, 0.53, -0.50, -1, 0.54, 0.030),
        (0.45, 0.48, 3.95, 1, 0.46, 0.024),
        (0.42, 0.52, -0.85, -1, 0.48, 0.024),
        (0.36, 0.49, -1.95, -1, 0.40, 0.022),
        (0.35, 0.51, -1.15, 1, 0.40, 0.022),
        (0.50, 0.47, 3.35, -1, 0.40, 0.020),
        (0.48, 0.53, -0.15, 1, 0.42, 0.020),
        (0.62, 0.53, -0.1, -1, 0.34, 0.018),
        (0.64, 0.47, 3.3, 1, 0.34, 0.018),
    ]
    while starts:
        y, x, angle, side, length, width = starts.pop()
        steps, points = 64, []
        for k in range(steps):
            points.append((y, x))
            share = k / steps
            angle -= side * (0.012 + 0.30 * share**2.2 + 0.02 * np.sin(share * 9))
            pace = length / steps * (1.55 - 1.25 * share)
            y, x = y + pace * np.sin(angle), x + pace * np.cos(angle)
            if width > 0.012 and k in (16, 27, 38) and len(found) + len(starts) < 60:
                starts.append((y, x, angle + side * rng.uniform(0.6, 1.0), -side, length * rng.uniform(0.40, 0.58), width * 0.62))
        found.append((np.array(points), width))
    return found


def _tree(p: Parameters, c: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> None:
    """Trunk and branches in layered strokes of brown and gold, set with eyes."""
    trunk = [
        shapes.bezier(
            [(0.88, 0.50 + d), (0.72, 0.50 + 0.45 * d), (0.52, 0.50 + 0.28 * d), (0.36 - 0.9 * abs(d), 0.50 + 0.30 * d)], 22
        )
        for d in rng.permutation(np.linspace(-0.125, 0.125, 11))
    ]
    curves = [(t[np.linspace(0, len(t) - 1, 64).astype(int)], 0.030) for t in trunk] + _branches(rng)
    curves.sort(key=lambda row: -row[1])
    widths = np.array([w for _, w in curves], np.float32) * canvas.shape[0]
    path = np.stack([curve for curve, _ in curves]).astype(np.float32) * canvas.shape[0]
    base = Brush(1, 1, dryness=0.04, streak=0.14, relief=1.6, pickup=0.0, pointed=0.15)
    body = jitter(ramp(c[[6, 5, 7]], rng.uniform(0, 1, len(curves))), rng, 0.03, 0.01)
    stroke(canvas, path, widths, np.repeat(c[[8]], len(path), 0), base, rng)
    stroke(
        canvas,
        path,
        widths * 0.78,
        body,
        Brush(1, 1, dryness=0.18, streak=0.2, relief=1.8, pickup=0.0),
        rng,
        np.repeat(c[[1]], len(path), 0),
    )
    across = np.gradient(path, axis=1)[..., ::-1] * [1, -1]
    across = across / np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-6)
    for offset, tone, width in ((-0.33, 2, 0.12), (0.33, 1, 0.10), (0.0, 9, 0.12)):
        moved = (path + across * (offset * widths)[:, None, None]).astype(np.float32)
        stroke(
            canvas,
            moved,
            np.maximum(width * widths, 2),
            np.repeat(c[[tone]], len(path), 0),
            Brush(1, 1, dryness=0.3, relief=1.8, pickup=0.0),
            rng,
        )
    for curve, width in curves:
        for k in rng.integers(3, 60, 9):
            if rng.uniform() < (0.14 if width > 0.028 else 0.5):
                _eye(p, c, canvas, curve[k], width * rng.uniform(0.42, 0.62), rng)


def _eye(p: Parameters, c: np.ndarray, canvas: Canvas, at: np.ndarray, radius: float, rng: np.random.Generator) -> None:
    """A small ornament of rings: white, black, a jewel."""
    y, x, r = at[0] * canvas.shape[0], at[1] * canvas.shape[0], max(radius * canvas.shape[0], 2.0)
    top, left = max(0, int(y - r - 1)), max(0, int(x - r - 1))
    part = canvas.colour[top : int(y + r) + 2, left : int(x + r) + 2]
    if not part.size:
        return
    rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    distance = np.hypot((rows - y) * rng.uniform(1, 1.35), columns - x) / r
    for limit, tone in ((1.0, 8), (0.82, 10), (0.58, rng.choice([9, 11, 12, 13, 14])), (0.28, rng.choice([8, 2, 10]))):
        part += (c[tone] - part) * shapes.step(distance, limit, limit - 0.12)[..., None]
    canvas.height[top : top + part.shape[0], left : left + part.shape[1]] += 2.2 * np.clip(1 - distance**2, 0, 1)


def _panel(p: Parameters, c: np.ndarray, canvas: Canvas, mask: np.ndarray, lean: float, rng: np.random.Generator) -> None:
    """A robe of upright rectangles, boards and discs, in black, white, silver and gold."""
    y, x = fields.grid(canvas.shape)
    u = (x + lean * y + 0.006 * noise.smooth(canvas.shape, 5, rng)) / 0.034
    column = np.floor(u).astype(int)
    starts = rng.uniform(0, 1, 64)[column % 64]
    heights = rng.choice([0.05, 0.075, 0.11], 64)[column % 64]
    v = (y + starts * 0.1 + 0.003 * noise.smooth(canvas.shape, 8, rng)) / heights
    cell = (column * 31 + np.floor(v).astype(int) * 17) % 509
    tone = rng.choice([1, 2, 8, 10, 15, 3, 9, 8, 10], 509)[cell]
    inset = np.minimum(np.abs(np.mod(u, 1) - 0.5) * 0.034, np.abs(np.mod(v, 1) - 0.5) * heights)
    side = np.minimum(0.5 * 0.034 - np.abs(np.mod(u, 1) - 0.5) * 0.034, (0.5 - np.abs(np.mod(v, 1) - 0.5)) * heights)
    kind = rng.integers(0, 6, 509)[cell]
    colour = c[tone]
    second = c[rng.choice([8, 10, 2, 12, 11, 13], 509)[cell]]
    fillings = (
        side > 0.0065,
        np.sin(side * 1250) > 0.1,
        (np.floor(np.mod(u, 1) * 3) + np.floor(np.mod(v, 1) * 6)) % 2 > 0,
        np.hypot((np.mod(u, 1) - 0.5) * 0.034, (np.mod(v * 2, 1) - 0.5) * heights / 2) < 0.0095,
        inset < 0.004,
        np.sin(v * 44) > 0.2,
    )
    for number, filling in enumerate(fillings):
        colour = np.where(((kind == number) & filling)[..., None], second, colour)
    colour = np.where((side < 0.0022)[..., None], c[5], colour)
    grain = noise.octaves(canvas.shape, 60, rng, 4)
    canvas.cover(np.clip(colour * (1 + 0.09 * grain)[..., None], 0, 1), mask)
    canvas.height += mask * (3.0 * shapes.step(side, 0.001, 0.004) + 0.6 * grain)


def _meadow(p: Parameters, c: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> None:
    """Flowers, discs and grasses at the foot of the tree, thick as a carpet."""
    y, x = fields.grid(canvas.shape)
    line = 0.845 + 0.03 * np.sin(x * 7) + 0.012 * noise.smooth(canvas.shape, 10, rng)[:1]
    grass = noise.octaves(canvas.shape, 26, rng, 4)
    canvas.cover(ramp(c[[16, 17, 13, 16]], 0.5 + 0.28 * grain_of(grass)), shapes.step(y - line, -0.004, 0.004))
    count = 900
    at = np.stack([0.835 + 0.18 * rng.uniform(0, 1, count), rng.uniform(0, p.shape[1] / p.shape[0], count)], 1)
    length, angle = rng.uniform(0.02, 0.05, count), rng.normal(-np.pi / 2, 0.35, count)
    along = np.linspace(0, 1, 5)[None] * length[:, None]
    path = np.stack([at[:, :1] + np.sin(angle)[:, None] * along, at[:, 1:] + np.cos(angle)[:, None] * along], 2)
    blades = jitter(ramp(c[[16, 17, 13, 2]], rng.uniform(0, 1, count)), rng, 0.05, 0.02)
    stroke(
        canvas,
        (path * canvas.shape[0]).astype(np.float32),
        np.full(count, 0.6 * p.stroke_width * canvas.oversampling, np.float32),
        blades,
        Brush(1, 1, dryness=0.1, relief=1.4, pointed=0.8),
        rng,
    )
    for cy, cx in at[np.argsort(at[:, 0])][::3]:
        _flower(p, c, canvas, (cy, cx), rng.uniform(0.007, 0.017), rng)


def grain_of(values: np.ndarray) -> np.ndarray:
    """Noise limited to two standard deviations."""
    return np.clip(values, -2, 2)


def _flower(
    p: Parameters, c: np.ndarray, canvas: Canvas, at: tuple[float, float], radius: float, rng: np.random.Generator
) -> None:
    """A round flower of petals with an eye."""
    count = int(rng.integers(6, 11))
    angle = np.arange(count) * 2 * np.pi / count + rng.uniform(0, 6)
    reach = np.linspace(0.15, 1, 5)[None] * radius
    path = np.stack([at[0] + np.sin(angle)[:, None] * reach, at[1] + np.cos(angle)[:, None] * reach], 2).astype(np.float32)
    tone = jitter(np.repeat(c[[rng.choice([9, 11, 12, 14, 10, 2])]], count, 0), rng, 0.05, 0.02)
    stroke(
        canvas,
        path * canvas.shape[0],
        np.full(count, radius * 0.75 * canvas.shape[0], np.float32),
        tone,
        Brush(1, 1, dryness=0.05, relief=1.5, pointed=0.4),
        rng,
    )
    _eye(p, c, canvas, np.array(at), radius * 0.42, rng)


def gold(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: dark gold, gold, bright gold, pale gold, red bole, umber, brown, amber, black, rust red, white, rose,
    blue, leaf green, violet, silver, dark green, moss.
    """
    if p.direction != "form":
        raise ValueError(f"direction={p.direction!r}: the spirals of this picture go their own way; use form")
    rng, c = p.generator(), palette(p.palette)
    canvas = Canvas(p, c[1])
    _leaf_ground(p, c, canvas, rng)
    width = p.shape[1] / p.shape[0]
    left = shapes.polygon(
        canvas.shape,
        shapes.bezier(
            [(0.44, 0.03), (0.40, 0.10), (0.47, 0.17), (0.62, 0.21), (0.80, 0.27), (1.1, 0.30), (1.1, -0.1), (0.6, -0.02)]
        ),
    )
    right = shapes.polygon(
        canvas.shape,
        shapes.bezier(
            [
                (0.52, width - 0.04),
                (0.48, width - 0.11),
                (0.56, width - 0.18),
                (0.70, width - 0.21),
                (0.86, width - 0.27),
                (1.1, width - 0.29),
                (1.1, width + 0.1),
                (0.7, width + 0.02),
            ]
        ),
    )
    _tree(p, c, canvas, rng)
    _meadow(p, c, canvas, rng)
    _panel(p, c, canvas, left, -0.12, rng)
    _panel(p, c, canvas, right, 0.12, rng)
    canvas.light(0.75, gloss=0.45)
    return canvas.finish()
