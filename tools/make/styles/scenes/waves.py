"""Waves: a woodblock print, flat colours inside carved lines, on fibrous paper."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import fields, noise, shapes
from ..engine.canvas import Canvas
from ..engine.colours import mix, palette, ramp
from ..parameters import Parameters

BREAKERS = (  # foot y, crest x, height, width, direction (+1 breaks to the right), seed of its claws
    (0.66, 0.74, 0.16, 0.30, -1, 1),
    (0.84, 0.36, 0.60, 0.62, 1, 2),
    (0.98, 0.80, 0.36, 0.46, -1, 3),
    (1.10, 0.22, 0.26, 0.42, 1, 4),
)


def _profile(breaker: tuple, count: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """The back and the hollow of a breaking wave: two curves from the water to the tip, (count, 2) as y, x."""
    foot, crest, height, width, way, _ = breaker
    back = [
        (0.10, -1.05),
        (-0.10, -0.75),
        (-0.42, -0.46),
        (-0.78, -0.20),
        (-0.98, 0.08),
        (-0.97, 0.34),
        (-0.82, 0.52),
        (-0.64, 0.57),
    ]
    hollow = [
        (0.10, 1.10),
        (0.02, 0.80),
        (-0.10, 0.42),
        (-0.27, 0.16),
        (-0.48, 0.06),
        (-0.66, 0.14),
        (-0.72, 0.32),
        (-0.64, 0.57),
    ]

    def place(points: list[tuple[float, float]]) -> np.ndarray:
        curve = shapes.bezier(points, count // 7)
        return np.stack([foot + curve[:, 0] * height, crest + way * curve[:, 1] * width], 1)

    return place(back), place(hollow)


def _body(
    p: Parameters, c: np.ndarray, colour: np.ndarray, breaker: tuple, line: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Paint one wave: stripes that run up its face, foam along its crest; returns colour, lines and its mask."""
    shape = colour.shape[:2]
    back, hollow = _profile(breaker)
    base = np.array([[1.4, hollow[0, 1]], [1.4, back[0, 1]]])
    mask = shapes.polygon(shape, np.concatenate([back, hollow[::-1], base]))
    solid = mask > 0.5
    to_back = _distance(shape, back)
    to_hollow = _distance(shape, hollow)
    rise = to_back / (to_back + to_hollow + 1e-4)  # 0 on the back, 1 on the hollow
    way = np.clip((breaker[0] + 0.05 - fields.grid(shape)[0]) / breaker[2], -0.4, 1)
    flow = rise * 11.5 + 0.9 * np.sin(way * 5 + rise * 2) + 0.35 * noise.smooth(shape, 3, rng)
    band = np.mod(flow, 1)
    tone = c[[0, 1, 2, 1, 3, 0, 2, 1, 4]][np.clip(flow.astype(int) % 9, 0, 8)]
    fade = shapes.step(band, 0.15, 0.95)
    body = mix(tone, mix(tone, c[3], 0.55), fade * 0.8)
    gouge = shapes.step(np.abs(np.mod(flow * 3.0, 1) - 0.5), 0.5 - 0.16 * np.clip(1.2 - way, 0.2, 1), 0.5 - 0.02)
    body = mix(body, c[5], gouge * 0.85 * (np.mod(flow, 3) < 1.2))
    colour = mix(colour, body, mask)
    width = p.stroke_width / p.shape[0]
    edge_line = np.minimum(to_back, to_hollow) < 0.32 * width
    inner = (np.abs(np.mod(flow + 0.5, 1) - 0.5) < 0.055) & solid & (way < 0.95)
    line = np.where(solid, 0, line)
    line = np.maximum(line, (edge_line | inner) & ndimage.binary_dilation(solid, iterations=2))
    return _foam(p, c, colour, line, breaker, back, hollow, rng)


def _distance(shape: tuple[int, int], curve: np.ndarray) -> np.ndarray:
    """Distance to a curve in picture heights."""
    drawn = shapes.lines(shape, [curve], 1.2 / shape[0]) > 0.3
    return (ndimage.distance_transform_edt(~drawn) / shape[0]).astype(np.float32)


def _fingers(rim: np.ndarray, height: float, way: int, own: np.random.Generator) -> tuple[list, list]:
    """Fingers along the rim (n, 2), each a hook: circles (y, x, radius) of their bodies, and of their tips."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(rim, axis=0), axis=1))])
    circles, tips = [], []
    for at in np.arange(0, steps[-1], 0.0085):
        y, x = (np.interp(at, steps, rim[:, i]) for i in (0, 1))
        ahead = [np.interp(at + 0.01, steps, rim[:, i]) for i in (0, 1)]
        heading = np.arctan2(ahead[0] - y, ahead[1] - x)
        share = at / steps[-1]
        size = (0.008 + 0.022 * height) * (0.30 + 0.9 * np.sin(share * np.pi) ** 0.7) * own.uniform(0.7, 1.35)
        circles.append((y, x, size))
        bend = heading - way * own.uniform(0.3, 1.35)
        for k in range(9):  # a finger: circles that shrink along a hook
            y, x = y + np.sin(bend) * size * 0.9, x + np.cos(bend) * size * 0.9
            bend += way * own.uniform(0.10, 0.48)
            size *= 0.84
            (tips if k > 5 else circles).append((y, x, size))
    return circles, tips


def _foam(
    p: Parameters,
    c: np.ndarray,
    colour: np.ndarray,
    line: np.ndarray,
    breaker: tuple,
    back: np.ndarray,
    hollow: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Claws of foam along the crest: a bundle of curled fingers, each ending in smaller ones."""
    shape = colour.shape[:2]
    _, _, height, _, way, seed = breaker
    own = np.random.default_rng([p.seed, 50 + seed])
    rim = np.concatenate([back[int(len(back) * 0.33) :], hollow[::-1][: int(len(hollow) * 0.28)]])
    circles, tips = _fingers(rim, height, way, own)
    foam = _circles(shape, circles + tips)
    rim_line = foam & ~ndimage.binary_erosion(foam, iterations=max(1, round(0.13 * p.stroke_width * shape[0] / p.shape[0])))
    depth = ndimage.distance_transform_edt(foam) / shape[0] * p.shape[0] / p.stroke_width  # in stroke widths
    vein = np.mod(depth + 0.35 * noise.smooth(shape, 14, rng), 1.15)
    blue = foam & (depth > 0.55) & (vein > 0.75) & (noise.smooth(shape, 34, rng) > -0.7)
    rim_line = rim_line | (foam & (depth > 0.8) & (np.abs(vein - 0.72) < 0.05) & (noise.smooth(shape, 24, rng) > 0.1))
    colour = np.where(foam[..., None], c[5], colour)
    colour = np.where((blue & ~rim_line)[..., None], mix(c[5], c[3], 0.8), colour)
    spray = [
        (y + own.normal(scale=0.045) - 0.02, x + way * abs(own.normal(scale=0.06)), own.gamma(3, 0.0011))
        for y, x, _ in circles
        for _ in range(2)
        if own.uniform() < 0.22
    ]
    drops = _circles(shape, spray) & ~foam
    colour = np.where(drops[..., None], c[5], colour)
    return colour, np.where(foam | drops, rim_line, line)


def _circles(shape: tuple[int, int], rows: list[tuple[float, float, float]]) -> np.ndarray:
    """Union of circles (y, x, radius in picture heights) as a boolean mask."""
    mask = np.zeros(shape, bool)
    for cy, cx, radius in rows:
        y, x, r = cy * shape[0], cx * shape[0], radius * shape[0]
        top, left = max(0, int(y - r)), max(0, int(x - r))
        part = mask[top : int(y + r) + 2, left : int(x + r) + 2]
        if part.size:
            rows_, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
            part |= (rows_ - y) ** 2 + (columns - x) ** 2 < r * r
    return mask


def _sky(p: Parameters, c: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Graded sky, red sun, cloud bands, a snowy mountain, the far sea in rows of small waves."""
    y, x = fields.grid(shape)
    colour = ramp(c[[6, 7, 8, 7, 9]], y / 0.62)
    sun = np.hypot(y - 0.20, x - 0.70)
    colour = mix(colour, ramp(c[[11, 10]], sun / 0.11), shapes.step(sun, 0.105, 0.103))
    line = np.abs(sun - 0.105) < 0.0016
    for cy, cx, length in (
        (0.155, 0.62, 0.26),
        (0.235, 0.88, 0.22),
        (0.10, 0.22, 0.20),
        (0.33, 0.13, 0.16),
        (0.285, 0.62, 0.10),
        (0.055, 0.50, 0.15),
        (0.40, 0.05, 0.14),
        (0.07, 0.93, 0.14),
    ):
        lobe = 0.010 * np.abs(np.sin((x - cx) * 42)) * (1 - ((x - cx) / length) ** 2)
        cloud = np.abs(y - cy) < (0.016 + lobe) * np.sqrt(np.clip(1 - ((x - cx) / length) ** 2, 0, 1))
        colour = np.where(cloud[..., None], mix(c[5], c[8], shapes.step(y, cy + 0.02, cy - 0.02)), colour)
        line = np.where(cloud, 0, line) | (cloud & ~ndimage.binary_erosion(cloud, iterations=2))
    peak = 0.36 + 0.62 * np.abs(x - 0.87) ** 1.2 + 0.004 * np.sin(x * 120)
    mount = (y > peak) & (y < 0.62)
    snow = y < peak + 0.045 + 0.020 * np.abs(np.sin(x * 45)) + 0.012 * np.sin(x * 97)
    colour = np.where(mount[..., None], np.where(snow[..., None], c[5], ramp(c[[1, 3, 8]], (y - 0.38) / 0.2)), colour)
    line = np.where(mount, 0, line) | (mount & ~ndimage.binary_erosion(mount, iterations=2)) & (y < 0.6)
    row = np.clip(y - 0.545, 0, None) ** 0.62 * 26
    arch = np.abs(np.sin(x * (46 - 1.0 * np.floor(row)) + np.floor(row) * 1.9)) ** 0.7
    scale_ = np.mod(row, 1) + 0.75 * arch - 0.5
    sea = y > 0.545
    far = c[[1, 3, 2, 4]][(np.floor(row + (scale_ > 0.55)) % 4).astype(int)]
    colour = np.where(sea[..., None], mix(far, c[5], 0.85 * (np.abs(scale_ - 0.66) < 0.055)), colour)
    return colour, np.where(sea, np.abs(scale_ - 0.55) < 0.055, line)


def waves(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: indigo, blue, mid blue, light blue, green-blue, foam, night sky, dusk, peach, haze, red, vermilion,
    ink.
    """
    rng, c = p.generator(), palette(p.palette)
    canvas = Canvas(p, c[5])
    colour, line = _sky(p, c, canvas.shape, rng)
    for breaker in BREAKERS:
        colour, line = _body(p, c, colour, breaker, line, rng)
    return _print(p, c, canvas, colour, np.asarray(line, np.float32), rng)


def _print(
    p: Parameters, c: np.ndarray, canvas: Canvas, colour: np.ndarray, line: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Ink the blocks: wood grain in the flat colours, baren marks, a key block slightly off, paper fibres."""
    y, x = fields.grid(canvas.shape)
    turned = np.deg2rad(p.turn)
    across = y * np.cos(turned) + x * np.sin(turned)
    rings = across * 34 + 2.2 * noise.smooth(canvas.shape, 2, rng) + 0.25 * noise.octaves(canvas.shape, 10, rng, 3)
    grain = np.sin(rings * 2 * np.pi) * 0.5 + 0.5 * np.sin(rings * 5.3 * np.pi + 1)
    long = noise.resize(noise.streaks((256, 96), 0.8, 9, rng), canvas.shape)
    baren = noise.octaves(canvas.shape, 16, rng, 4)
    dry = shapes.step(noise.octaves(canvas.shape, 160, rng, 3) + 0.5 * grain, 1.4, 2.6)
    ink = np.clip(colour * (1 + 0.050 * grain + 0.06 * (long - 0.5) + 0.035 * baren)[..., None], 0, 1)
    ink = mix(ink, c[8], 0.45 * dry)
    shifted = np.roll(ink, (round(0.8 * canvas.scale), -round(0.6 * canvas.scale)), (0, 1))
    canvas.colour = shifted
    wander = noise.warp(
        ndimage.gaussian_filter(line, 0.55 * canvas.scale), *noise.wander(canvas.shape, 1.1 * canvas.scale, 30, rng)
    )
    worn = 0.93 - 0.16 * shapes.step(baren + grain, 1.2, 2.4)
    canvas.cover(mix(c[12], c[0], 0.4), shapes.step(wander, 0.22, 0.55) * worn)
    canvas.height = 1.1 * noise.octaves(canvas.shape, 110, rng, 4) + 0.8 * ndimage.gaussian_filter(line, canvas.scale)
    canvas.light(0.22, gloss=0.12)
    return canvas.finish()
