"""Mosaic: tesserae in rows that follow the outlines (opus vermiculatum): two fish in a pool."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage import feature, measure

from ..engine import fields, noise, shapes
from ..engine.canvas import Canvas
from ..engine.colours import jitter, mix, palette, ramp
from ..engine.paint import pick
from ..parameters import Parameters


def _fish(y: np.ndarray, x: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A fish bent along a circle: mask of body, u from nose (0) to tail (1), v across from belly (-1) to back (1)."""
    offset = ((x - 0.5) + 1j * (y - 0.5)) * np.exp(-1j * turn)
    radius, angle = np.abs(offset), np.mod(np.angle(offset), 2 * np.pi)
    u = angle / 2.75
    swim = 0.212 + 0.014 * np.sin(u * 6)
    body = 0.074 * np.clip(np.sin(np.clip(u / 0.80, 0, 1) ** 0.62 * np.pi), 0, 1) ** 0.75
    tail = 0.115 * np.clip((u - 0.74) / 0.26, 0, 1) ** 0.9 * (u < 1)
    notch = 0.95 + 0.20 * np.abs((radius - swim) / 0.1)
    fin = 0.052 * np.exp(-(((u - 0.36) / 0.10) ** 2))
    v = (radius - swim) / np.maximum(np.maximum(body, tail), 1e-3)
    half = np.maximum(body, tail)
    inside = (radius - swim < half + fin) & (swim - radius < half + 0.55 * fin) & (u < notch) & (u > 0.004)
    return inside & (np.maximum(body, tail) > 0.006), u, v


def _scene(p: Parameters, c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Underpainting and region numbers (rows of stones follow the borders between regions)."""
    y, x = fields.grid(p.shape)
    x = x - (p.shape[1] / p.shape[0] - 1) / 2
    radius, angle = np.hypot(y - 0.5, x - 0.5), np.arctan2(y - 0.5, x - 0.5)
    swell = np.sin(angle * 3 + radius * 26 + 1.2 * noise.smooth(p.shape, 4, rng))
    colour = ramp(c[[0, 1, 2, 3, 4]], 0.46 + 0.24 * swell + 0.20 * noise.octaves(p.shape, 5, rng, 2) - 0.9 * (radius - 0.25))
    region = (swell > 0.25).astype(np.int32)
    for turn, tones in ((0.35, [5, 6, 7, 8]), (0.35 + np.pi, [9, 6, 8, 10])):
        mask, u, v = _fish(y, x, turn)
        scales = np.cos(u * 62 + np.where(np.floor(v * 3) % 2 == 0, 0, np.pi)) * np.cos(v * 3 * np.pi)
        tone = 0.55 - 0.42 * v + 0.17 * scales
        skin = ramp(c[tones], tone)
        skin = mix(skin, c[11], 0.85 * shapes.step(np.sin(v * 15 + u * 4), 0.2, 0.8) * shapes.step(u, 0.76, 0.82))
        skin = mix(skin, c[13], 0.9 * shapes.step(np.abs(u - 0.175 - 0.035 * v**2), 0.016, 0.008))  # gill
        eye = np.hypot((u - 0.095) * 1.9, (v - 0.30) * 0.10)
        skin = mix(mix(skin, c[11], shapes.step(eye, 0.066, 0.056)), c[13], shapes.step(eye, 0.040, 0.030))
        colour = mix(colour, skin, mask.astype(np.float32))
        region = np.where(mask, 10 + (turn > 2) + 2 * (u > 0.78), region)
    colour, region = _weeds(y, x, c, colour, region)
    return _border(p, c, colour, region, radius, angle)


def _weeds(y: np.ndarray, x: np.ndarray, c: np.ndarray, colour: np.ndarray, region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A star in the middle, weeds that grow in from the rim."""
    radius, angle = np.hypot(y - 0.5, x - 0.5), np.arctan2(y - 0.5, x - 0.5)
    star = radius < 0.052 + 0.024 * np.cos(angle * 7)
    colour = mix(colour, ramp(c[[11, 8, 7]], radius / 0.075), star.astype(np.float32))
    region = np.where(star, 30, region)
    for number, start in enumerate(np.linspace(0, 2 * np.pi, 9)[:-1] + 0.25):
        length = 0.075 + 0.03 * (number % 2)
        bend = np.angle(np.exp(1j * (angle - start - 0.22 * np.sin((radius - 0.40) * 32 + number))))
        reach = radius - 0.415 + length
        weed = (np.abs(bend) * radius < 0.028 * np.clip(reach / 0.05, 0, 1)) & (reach > 0)
        weed &= region < 2
        colour = mix(colour, ramp(c[[14, 15]], (radius - 0.33) / 0.08), weed.astype(np.float32))
        region = np.where(weed, 40, region)
    return colour, region


def _border(
    p: Parameters, c: np.ndarray, colour: np.ndarray, region: np.ndarray, radius: np.ndarray, angle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A plait of two ribbons around the pool, palmettes in the corners, a dark edge."""
    y, x = fields.grid(p.shape)
    wave = 0.017 * np.sin(angle * 22)
    first, second = np.abs(radius - 0.450 - wave) < 0.0125, np.abs(radius - 0.450 + wave) < 0.0125
    over = np.sin(angle * 22 + np.pi / 2) > 0
    band = np.where(first & (over | ~second), 1, np.where(second, 2, 0))
    ring = (radius > 0.412) & (radius < 0.488)
    rings = np.stack([c[13], c[7], c[11]])[band]
    colour = np.where(ring[..., None], rings, colour)
    region = np.where(ring, 50 + band, region)
    outside = radius >= 0.488
    edge = np.minimum(np.minimum(y, 1 - y), np.minimum(x, p.shape[1] / p.shape[0] - x))
    corner = np.abs(np.mod(angle, np.pi / 2) - np.pi / 4)
    leaf = np.cos((radius - 0.49) * 55) * 0.5 + np.cos(corner * 26) * 0.6
    colour = np.where(outside[..., None], ramp(c[[12, 11, 8, 16, 9]], 0.45 + 0.32 * leaf), colour)
    region = np.where(outside, 60 + (leaf > 0.15), region)
    frame = edge < 0.040
    meander = np.where(np.floor(np.where(np.minimum(y, 1 - y) < 0.04, x, y) / 0.0357) % 2 == 0, 1, 0)
    colour = np.where(frame[..., None], np.where(((edge < 0.020) ^ (meander == 1))[..., None], c[16], c[1]), colour)
    return colour, np.where(frame, 70 + (edge < 0.02), region)


def _rows(distance: np.ndarray, side: float) -> np.ndarray:
    """Centres and directions (N, 4: y, x, dy, dx) of stones along the level lines of a distance map, row by row."""
    stones = []
    for level in np.arange(0.56 * side, distance.max(), 1.06 * side):
        for line in measure.find_contours(distance, level):
            steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
            if steps[-1] < 0.8 * side:
                continue
            at = np.linspace(0, steps[-1], max(2, round(steps[-1] / (1.10 * side)) + 1))[:-1]
            centre = np.stack([np.interp(at, steps, line[:, i]) for i in (0, 1)], 1)
            ahead = np.stack([np.interp(np.minimum(at + 0.4 * side, steps[-1]), steps, line[:, i]) for i in (0, 1)], 1)
            behind = np.stack([np.interp(np.maximum(at - 0.4 * side, 0), steps, line[:, i]) for i in (0, 1)], 1)
            stones.append(np.concatenate([centre, ahead - behind], 1))
    return np.concatenate(stones)


def _lay(shape: tuple[int, int], stones: np.ndarray, side: float, rng: np.random.Generator) -> np.ndarray:
    """Lay square stones where there is room: label (H, W), 0 where mortar stays; stone i has label i + 1."""
    image = Image.new("I", (shape[1], shape[0]), 0)
    draw, pixels = ImageDraw.Draw(image), image.load()
    heading = stones[:, 2:] / np.maximum(np.linalg.norm(stones[:, 2:], axis=1, keepdims=True), 1e-6)
    across = heading[:, ::-1] * [1, -1]
    half = side * 0.5 * rng.uniform(0.88, 1.04, (len(stones), 2, 1))
    corners = [
        stones[:, :2] + a * heading * half[:, 0] + b * across * half[:, 1] + rng.normal(scale=0.055 * side, size=heading.shape)
        for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))
    ]
    probes = [stones[:, :2]] + [0.55 * corner + 0.45 * stones[:, :2] for corner in corners]
    probes = np.clip(np.stack(probes, 1), 0, np.array(shape) - 1).astype(int)
    for number in range(len(stones)):
        taken = [pixels[int(x), int(y)] for y, x in probes[number]]
        if taken[0] == 0 and sum(t > 0 for t in taken) <= 1:
            draw.polygon([(corner[number, 1], corner[number, 0]) for corner in corners], fill=number + 1)
    return np.asarray(image).astype(np.int32)


def _fill(label: np.ndarray, side: float, rng: np.random.Generator, first: int) -> np.ndarray:
    """Put small chips into the holes that the rows left."""
    for _ in range(2):
        room = ndimage.distance_transform_edt(label == 0)
        peaks = feature.peak_local_max(
            room, min_distance=max(1, int(side * 0.28)), threshold_abs=side * 0.20, exclude_border=False
        )
        image = Image.fromarray(label)
        draw = ImageDraw.Draw(image)
        for number, (y, x) in enumerate(peaks):
            angle = rng.uniform(0, np.pi / 2) + np.arange(4) * np.pi / 2 + rng.normal(scale=0.15, size=4)
            size = room[y, x] * 1.15
            draw.polygon([(x + size * np.cos(a), y + size * np.sin(a)) for a in angle], fill=first + number)
        label, first = np.asarray(image).astype(np.int32), first + len(peaks)
    return label


def mosaic(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: five of the water, dark red, red, orange, gold, rust, brown, cream, sand, black, two greens, blue-grey.
    """
    rng, c = p.generator(), palette(p.palette)
    colour, region = _scene(p, c, rng)
    canvas = Canvas(p, c[13])
    edges = (region != np.roll(region, 1, 0)) | (region != np.roll(region, 1, 1))
    distance = noise.resize(ndimage.gaussian_filter(ndimage.distance_transform_edt(~edges), 0.8), canvas.shape) * 2
    side = p.stroke_width * canvas.oversampling
    stones = _rows(distance, side)
    if p.direction != "form":
        field = fields.choose(p, np.ones(p.shape, np.complex64))
        heading = pick(field, stones[:, :2], canvas.shape)
        stones = np.concatenate([stones[:, :2], np.stack([heading.imag, heading.real], 1)], 1)
    label = _fill(_lay(canvas.shape, stones, side * 0.93, rng), side, rng, len(stones) + 1)
    _stones(p, c, canvas, colour, label, rng)
    return canvas.finish()


def _stones(
    p: Parameters, c: np.ndarray, canvas: Canvas, colour: np.ndarray, label: np.ndarray, rng: np.random.Generator
) -> None:
    """Colour every stone by the underpainting below its middle; chip its edges; tilt it; sink it into mortar."""
    count = label.max() + 1
    laid = np.unique(label[label > 0])
    middle = np.zeros((count, 2))
    middle[laid] = ndimage.center_of_mass(label > 0, label, laid)
    tints = jitter(pick(colour, middle, canvas.shape), rng, 0.045, 0.014)
    depth = ndimage.distance_transform_edt(label > 0).astype(np.float32) / canvas.oversampling
    y, x = np.indices(canvas.shape, np.float32)
    tilt = rng.normal(scale=1.0, size=(count, 2)).astype(np.float32)
    lean = (tilt[label, 0] * (y - middle[label, 0]) + tilt[label, 1] * (x - middle[label, 1])) / canvas.oversampling
    grain = noise.octaves(canvas.shape, 120, rng, 4)
    vein = noise.octaves(canvas.shape, 30, rng, 4)
    stone = tints[label] * (1 + 0.055 * grain + 0.05 * vein + 0.016 * lean)[..., None]
    mortar = mix(c[13], c[12], np.clip(0.30 + 0.10 * grain, 0, 1))
    canvas.colour = mortar * (1 - 0.35 * (depth <= 0)[..., None] * 0.5)
    canvas.cover(stone, shapes.step(depth + 0.25 * vein, 0.1, 0.9))
    canvas.height = 3.2 * np.clip(depth, 0, 2.2) * p.unit + 0.16 * lean * (depth > 0) + 0.35 * grain
    canvas.light(0.55, gloss=0.4)
