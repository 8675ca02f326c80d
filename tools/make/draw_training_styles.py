"""Draw random style pictures to train networks on that shall take any style: every kind, with other colours and marks.

    python tools/make/draw_training_styles.py FOLDER --count 1500 --size 256
    python tools/make/draw_training_styles.py FOLDER --without mosaic glass      # these kinds stay unseen

Picture number i is always the same for the same seed and size. What is in the folder already is not drawn again, so a
run that was stopped goes on. Names are NUMBER_KIND.jpg.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
from PIL import Image
from styles import STYLES, Parameters
from styles.engine.colours import from_lab, palette, to_lab
from styles.engine.fields import FIELDS
from styles.scenes.abstract import ABSTRACT

SCENES = {name: style.function for name, style in STYLES.items()}
KINDS = SCENES | ABSTRACT
TURNED = ("marbling", "halftone", "waves")  # they take degrees, no field
FORM_ONLY = ("gold",)
QUALITY = 92  # of the JPEG files
COLOURS = 7  # of an abstract picture, at most


def kind_of(number: int) -> str:
    """The kind of picture number i: scenes and abstract pictures by turns, each kind as often as its neighbours."""
    group = list(ABSTRACT) if number % 2 else list(SCENES)
    return group[number // 2 % len(group)]


def turned(lab: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours (K, 3) in OKLab with other hues, chroma and contrast."""
    angle, chroma = rng.uniform(0, 2 * np.pi), rng.choice([0.0, 1.0], p=[0.06, 0.94]) * rng.uniform(0.4, 1.5)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    light = lab[:, 0].mean() + (lab[:, 0] - lab[:, 0].mean()) * rng.uniform(0.6, 1.2) + rng.normal(scale=0.07)
    light = 1 - light if rng.uniform() < 0.12 else light
    return np.column_stack([light, chroma * lab[:, 1:] @ rotation])


def drawn(size: int, rng: np.random.Generator) -> np.ndarray:
    """A palette (K, 3) in OKLab from dark to light, around one to three hues."""
    hues = rng.uniform(0, 2 * np.pi) + rng.choice([[0, 0, 0], [0, np.pi, 0.3], [0, 2.1, 4.2], [0, 0.7, -0.7]])
    dark, pale = rng.uniform(0.12, 0.5), rng.uniform(0.7, 0.98)
    angle = rng.choice(hues, size) + rng.normal(scale=0.25, size=size)
    chroma = np.clip(rng.gamma(4, rng.uniform(0.008, 0.04), size), 0, 0.3)
    return np.column_stack([np.linspace(dark, pale, size), chroma * np.cos(angle), chroma * np.sin(angle)])


def by_lightness(lab: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each colour (K, 3) the one of another palette (M, 3) that is as dark or light among its own."""
    rank = np.argsort(np.argsort(lab[:, 0])) / max(1, len(lab) - 1)
    return other[np.argsort(other[:, 0])][np.round(rank * (len(other) - 1)).astype(int)]


def random_palette(own: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """As many colours as a drawing has of its own: those turned, another picture's, or drawn; darks mostly stay dark."""
    lab, way = to_lab(palette(own)), rng.choice(["turned", "borrowed", "drawn", "mixed"], p=[0.35, 0.25, 0.3, 0.1])
    if way == "turned":
        lab = turned(lab, rng)
    elif way == "mixed":
        lab = rng.permutation(turned(lab, rng))
    else:
        other = STYLES[rng.choice(list(STYLES))].parameters.palette
        lab = by_lightness(lab, to_lab(palette(other)) if way == "borrowed" else drawn(len(own), rng))
    lab = lab + rng.normal(scale=[0.03, 0.012, 0.012], size=lab.shape)
    return tuple("#{:02x}{:02x}{:02x}".format(*row) for row in (255 * from_lab(lab.astype(np.float32))).round().astype(int))


def random_direction(kind: str, rng: np.random.Generator) -> str | float:
    """A direction that this kind can take."""
    if kind in FORM_ONLY or rng.uniform() < 0.5:
        return "form"
    if kind in TURNED or rng.uniform() < 0.5:
        return float(rng.uniform(0, 180))
    return str(rng.choice(list(FIELDS)))


def parameters_of(number: int, kind: str, size: int, seed: int) -> Parameters:
    """The parameters of picture number i of a size in pixels."""
    rng = np.random.default_rng([seed, number])
    if kind in STYLES:
        base = STYLES[kind].parameters
    else:
        own = STYLES[rng.choice(list(STYLES))].parameters.palette
        chosen = tuple(rng.permutation(own)[: rng.integers(3, COLOURS + 1)].tolist())
        base = Parameters(0, chosen, 8.0)
    scale = np.exp(rng.uniform(np.log(0.7), np.log(2.2)))
    return replace(
        base.scaled((size, size)),
        seed=int(rng.integers(2**31)),
        palette=random_palette(base.palette, rng),
        direction=random_direction(kind, rng),
        stroke_width=base.stroke_width * size / base.size[1] * scale,
    )


def draw_picture(number: int, kind: str, size: int, seed: int) -> Image.Image:
    """Picture number i, turned or mirrored at random: its scene is a scene no more, only a manner."""
    rng = np.random.default_rng([seed, number, 1])
    picture = np.rot90(KINDS[kind](parameters_of(number, kind, size, seed)), int(rng.integers(4)))
    return Image.fromarray(np.ascontiguousarray(picture[:, ::-1] if rng.integers(2) else picture))


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=1500, help="pictures")
    parser.add_argument("--size", type=int, default=256, help="pixels a side")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", nargs="+", choices=KINDS, default=[], metavar="KIND", help=f"of {', '.join(KINDS)}")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = ((number, kind) for number in count() if (kind := kind_of(number)) not in options.without)
    made, start = 0, time.perf_counter()
    for number, kind in islice(wanted, options.count):
        path = options.out / f"{number:05d}_{kind}.jpg"
        if path.exists():
            continue
        part = path.with_suffix(".part")
        draw_picture(number, kind, options.size, options.seed).save(part, "JPEG", quality=QUALITY, subsampling=0)
        os.replace(part, path)
        made += 1
        if made % 50 == 0:
            print(f"{path.name}: {made} drawn, {(time.perf_counter() - start) / made:.2f} s each", flush=True)
    print(f"{made} drawn into {options.out}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
