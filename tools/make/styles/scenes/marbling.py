"""Marbling: drops of ink on a bath, drawn through combs, lifted off on paper.

Every step of the marbler is a map of the plane that keeps areas (Lu, Jaffer and others 2012: "Mathematical Marbling").
The picture is read backwards: each pixel is traced through the steps, last step first, to the drop it came from.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..engine import noise, shapes
from ..engine.canvas import Canvas
from ..engine.colours import lighter, palette
from ..engine.fields import grid
from ..parameters import Parameters


def comb(
    y: np.ndarray,
    x: np.ndarray,
    degrees: float,
    spacing: float,
    reach: float,
    sharp: float,
    phase: float = 0.0,
    both: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Undo a comb drawn in a direction: teeth at distances of spacing pull the bath along by up to reach."""
    angle = np.deg2rad(degrees)
    across = (-np.sin(angle) * x + np.cos(angle) * y) / spacing + phase
    tooth = np.round(across)
    pull = reach * np.exp(-sharp * np.sqrt((across - tooth) ** 2 + 0.004))
    if both:  # neighbouring teeth go there and back
        pull = pull * np.where(tooth % 2 == 0, 1, -1)
    return y - pull * np.sin(angle), x - pull * np.cos(angle)


def curl(y: np.ndarray, x: np.ndarray, cy: float, cx: float, radius: float, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Undo a stick that was turned in the bath around (cy, cx)."""
    dy, dx = y - cy, x - cx
    angle = -turn * np.exp(-(dy**2 + dx**2) / radius**2)
    return cy + dy * np.cos(angle) + dx * np.sin(angle), cx - dy * np.sin(angle) + dx * np.cos(angle)


def drops(y: np.ndarray, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which drop (its number, -1 for none) is at each point; rows: y, x, radius, in the order they fell."""
    owner = np.full(y.size, -1, np.int32)
    index, y, x = np.arange(y.size), y.ravel().copy(), x.ravel().copy()
    for number in range(len(rows) - 1, -1, -1):
        cy, cx, radius = rows[number]
        dy, dx = y - cy, x - cx
        square = dy * dy + dx * dx
        hit = square < radius * radius
        owner[index[hit]] = number
        shrink = np.sqrt(np.maximum(1 - radius * radius / np.maximum(square, 1e-9), 0))
        y, x = cy + dy * shrink, cx + dx * shrink
        if number % 8 == 0:
            open_ = owner[index] < 0
            index, y, x = index[open_], y[open_], x[open_]
    return owner


def _bath(p: Parameters, shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The colour numbers of the bath after all steps, and which of them are late specks."""
    y, x = grid(shape)
    width = shape[1] / shape[0]
    pitch = p.stroke_width / p.shape[0] * 2.2  # the fine comb's teeth
    sway = 0.004 * noise.smooth(shape, 5, rng)
    late = np.stack([rng.uniform(0, 1, 90), rng.uniform(0, width, 90), rng.gamma(3, 0.0016, 90)], 1)
    specks = drops(y, x, late).reshape(shape)
    for cy, cx, radius, turn in (
        (0.27, 0.28, 0.125, 4.2),
        (0.70, 0.33, 0.11, -4.0),
        (0.46, 0.72, 0.14, -4.6),
        (0.86, 0.78, 0.10, 3.8),
        (0.12, 0.70, 0.085, 3.6),
        (0.93, 0.12, 0.08, 3.4),
    ):
        y, x = curl(y, x, cy, cx * width, radius, turn)
    turned = p.turn
    y, x = comb(y + sway, x, 90 + turned, pitch, 0.075, 3.2, 0.3)
    y, x = comb(y, x + sway, turned, 0.085, 0.16, 2.6, 0.1, both=True)
    y, x = comb(y, x, 90 + turned, 0.17, 0.22, 2.4, 0.4, both=True)
    count = 210
    rows = np.stack([rng.uniform(-0.35, 1.35, count), rng.uniform(-0.35, width + 0.35, count), rng.gamma(5, 0.015, count)], 1)
    return drops(y, x, rows).reshape(shape), specks


def marbling(p: Parameters) -> np.ndarray:
    """Draw the picture: uint8 (height, width, 3).

    Palette: paper, then the inks, the most used first.
    """
    rng, c = p.generator(), palette(p.palette)
    canvas = Canvas(p, c[0])
    owner, specks = _bath(p, canvas.shape, rng)
    share = 1 / np.arange(1, len(c)) ** 0.45
    ink = rng.choice(np.arange(1, len(c)), 400, p=share / share.sum())
    ink[-1] = 0
    inks = lighter(c[ink], rng.normal(scale=0.025, size=400))
    inks[-1] = c[0]
    colour = inks[owner]
    colour = np.where((specks >= 0)[..., None], c[np.array([0, 1, 2, 0, 3])[specks % 5]], colour)
    # Ink is thin where it was stretched and gathers at the edges of a vein.
    number = owner + 1000 * (specks + 1)
    edge = (number != np.roll(number, 1, 0)) | (number != np.roll(number, 1, 1))
    near = ndimage.gaussian_filter(edge.astype(np.float32), 1.3 * canvas.scale)
    grain = noise.octaves(canvas.shape, 60, rng, 4)
    cloud = noise.octaves(canvas.shape, 9, rng, 4)
    density = 0.05 * cloud + 0.035 * grain - 0.30 * np.clip(near * 2 - 0.2, 0, 0.5)
    canvas.colour = np.clip(colour * (1 + density[..., None]), 0, 1)
    pale = shapes.step(noise.octaves(canvas.shape, 130, rng, 2), 1.5, 2.6)  # pinholes where the paper did not take
    canvas.cover(c[0], pale * 0.6)
    canvas.cover(c[0], np.clip(edge - 0.45, 0, 1).astype(np.float32) * 0.5 * (cloud > 0.2))
    canvas.height = 1.0 * grain + 2.5 * near
    canvas.light(0.25, gloss=0.12)
    return canvas.finish()
