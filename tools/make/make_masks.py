"""Draw images/masks/<photo>_<region>.png: where the sky, the building, the face ... are in the course's photographs.

Two classical ways, chosen per region in REGIONS:
- `colour`: a soft threshold on a colour difference, inside a polygon;
- `walk`: polygons that are surely inside and surely contain the region; a random walker
  (Grady, "Random walks for image segmentation", 2006) decides between them.

Run `python tools/make/make_masks.py` to draw them all, with `--look FOLDER` to see them over their photographs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.segmentation import random_walker

from nstlib.images.files import to_pil
from nstlib.images.gallery import photo

FOLDER = Path(__file__).resolve().parents[2] / "images" / "masks"
SOFT = 0.7  # pixels: standard deviation of the blur along the edges
Polygon = list[tuple[float, float]]  # (x, y) in pixels of the photograph
WHOLE: Polygon = [(-1, -1), (9999, -1), (9999, 9999), (-1, 9999)]


@dataclass(frozen=True)
class Colour:
    """A region of one colour: `score` above `low` begins to belong to it, above `high` it does."""

    score: Callable[[np.ndarray], np.ndarray]  # (H, W, 3) -> (H, W)
    low: float
    high: float
    within: tuple[Polygon, ...] = (WHOLE,)
    without: tuple[Polygon, ...] = ()
    smallest: int = 60  # pixels: smaller islands and holes are filled in


@dataclass(frozen=True)
class Walk:
    """A region between polygons: all of `inside` belongs to it, nothing beyond `outside` does."""

    inside: tuple[Polygon, ...]
    outside: tuple[Polygon, ...]
    beta: float = 900  # how much a colour edge stops the walker


def filled(shape: tuple[int, int], polygons: tuple[Polygon, ...]) -> np.ndarray:
    """True inside any of the polygons: (H, W)."""
    canvas = Image.new("1", shape[::-1])
    for polygon in polygons:
        ImageDraw.Draw(canvas).polygon(polygon, fill=1)
    return np.array(canvas)


def by_colour(pixels: np.ndarray, region: Colour) -> np.ndarray:
    """Soft membership (H, W) in [0, 1] by colour."""
    soft = np.clip((region.score(pixels) - region.low) / (region.high - region.low), 0, 1)
    soft *= filled(soft.shape, region.within) & ~filled(soft.shape, region.without)
    solid = ~without_islands(~without_islands(soft > 0.5, region.smallest), region.smallest)
    return np.where(solid == (soft > 0.5), soft, solid)


def without_islands(mask: np.ndarray, smallest: int) -> np.ndarray:
    """The mask (H, W) without its connected parts of `smallest` pixels or less."""
    parts, _ = ndimage.label(mask)
    return mask & (np.bincount(parts.ravel())[parts] > smallest)


def by_walk(pixels: np.ndarray, region: Walk) -> np.ndarray:
    """Soft membership (H, W) in [0, 1] by a random walker between the two sets of polygons."""
    labels = np.zeros(pixels.shape[:2], dtype=np.int32)
    labels[~filled(labels.shape, region.outside)] = 2
    labels[filled(labels.shape, region.inside)] = 1
    chances = random_walker(pixels, labels, beta=region.beta, mode="bf", channel_axis=-1, return_full_prob=True)
    return np.clip((chances[0] - 0.5) * 3 + 0.5, 0, 1)


def lightness(pixels: np.ndarray) -> np.ndarray:
    """Mean of the channels, less what is green: leaves are not sky."""
    return pixels.mean(-1) + np.minimum(0, pixels[..., 2] - pixels[..., 1]) * 2


def blueness(pixels: np.ndarray) -> np.ndarray:
    """Blue above red: the dusk, not the towers."""
    return pixels[..., 2] - pixels[..., 0]


def warmth(pixels: np.ndarray) -> np.ndarray:
    """Red above blue."""
    return pixels[..., 0] - pixels[..., 2]


TEMPLE_OUT: Polygon = [
    (196, 26),
    (217, 26),
    (222, 58),
    (240, 80),
    (268, 92),
    (302, 103),
    (323, 118),
    (322, 131),
    (301, 136),
    (301, 158),
    (331, 165),
    (333, 182),
    (325, 192),
    (327, 236),
    (354, 248),
    (354, 260),
    (344, 268),
    (347, 312),
    (374, 332),
    (372, 345),
    (352, 372),
    (334, 374),
    (330, 395),
    (328, 420),
    (290, 415),
    (276, 392),
    (240, 392),
    (206, 384),
    (196, 366),
    (158, 358),
    (150, 342),
    (110, 342),
    (68, 344),
    (72, 325),
    (77, 290),
    (60, 275),
    (60, 264),
    (84, 246),
    (92, 245),
    (94, 230),
    (97, 190),
    (82, 180),
    (82, 166),
    (116, 156),
    (116, 142),
    (93, 132),
    (94, 105),
    (118, 95),
    (150, 88),
    (176, 76),
    (194, 62),
]
TEMPLE_IN: tuple[Polygon, ...] = (
    [
        (200, 33),
        (212, 33),
        (210, 45),
        (214, 62),
        (230, 82),
        (260, 101),
        (300, 117),
        (310, 124),
        (290, 130),
        (292, 160),
        (318, 174),
        (322, 178),
        (314, 188),
        (316, 232),
        (340, 256),
        (328, 264),
        (336, 308),
        (364, 335),
        (340, 366),
        (322, 345),
        (300, 372),
        (285, 382),
        (214, 376),
        (206, 364),
        (170, 350),
        (158, 338),
        (110, 334),
        (80, 330),
        (84, 288),
        (80, 272),
        (72, 266),
        (94, 252),
        (102, 228),
        (104, 188),
        (96, 176),
        (124, 164),
        (124, 140),
        (104, 128),
        (102, 112),
        (150, 97),
        (180, 80),
        (198, 62),
    ],
)
FACE_OUT: Polygon = [
    (178, 82),
    (192, 72),
    (215, 78),
    (245, 88),
    (262, 84),
    (276, 100),
    (276, 132),
    (266, 140),
    (262, 160),
    (254, 174),
    (238, 184),
    (212, 184),
    (190, 172),
    (184, 150),
    (178, 134),
    (172, 120),
    (172, 96),
]
FACE_IN: Polygon = [
    (188, 86),
    (205, 84),
    (235, 90),
    (256, 98),
    (264, 110),
    (262, 136),
    (254, 152),
    (246, 164),
    (232, 174),
    (212, 172),
    (196, 160),
    (190, 140),
    (184, 122),
    (184, 100),
]
PERSON_OUT: Polygon = [
    (150, 70),
    (158, 48),
    (180, 36),
    (200, 16),
    (235, 12),
    (270, 24),
    (290, 44),
    (304, 76),
    (302, 110),
    (284, 138),
    (262, 146),
    (262, 170),
    (290, 190),
    (306, 222),
    (312, 234),
    (330, 246),
    (346, 268),
    (356, 300),
    (364, 335),
    (366, 346),
    (400, 340),
    (440, 348),
    (472, 374),
    (494, 412),
    (502, 450),
    (512, 460),
    (512, 512),
    (0, 512),
    (24, 490),
    (16, 440),
    (14, 400),
    (24, 330),
    (40, 280),
    (58, 248),
    (90, 222),
    (106, 208),
    (110, 184),
    (120, 160),
    (150, 145),
    (182, 145),
    (176, 134),
    (158, 122),
    (150, 96),
]
PERSON_IN: Polygon = [
    (160, 70),
    (168, 52),
    (190, 42),
    (208, 24),
    (235, 22),
    (264, 32),
    (282, 50),
    (294, 76),
    (290, 106),
    (272, 130),
    (254, 146),
    (252, 178),
    (284, 202),
    (300, 238),
    (318, 250),
    (334, 274),
    (346, 304),
    (354, 352),
    (400, 352),
    (434, 358),
    (462, 382),
    (484, 416),
    (492, 456),
    (506, 470),
    (508, 512),
    (32, 512),
    (34, 490),
    (26, 440),
    (24, 400),
    (34, 330),
    (50, 286),
    (70, 252),
    (108, 222),
    (118, 212),
    (118, 186),
    (132, 162),
    (156, 153),
    (188, 156),
    (182, 130),
    (162, 114),
    (158, 96),
]


def ellipse(x: float, y: float, across: float, down: float, tilt: float = 0) -> Polygon:
    """A polygon of 48 corners around (x, y) with these half-axes in pixels, tilted by so many degrees."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    points = (across * np.cos(turns) + 1j * down * np.sin(turns)) * np.exp(1j * np.radians(tilt))
    return [(x + float(point.real), y + float(point.imag)) for point in points]


REGIONS: dict[str, Colour | Walk] = {
    "temple_sky": Colour(lightness, 0.55, 0.68, within=([(0, 0), (640, 0), (640, 203), (0, 203)],), without=TEMPLE_IN),
    "temple_building": Walk(TEMPLE_IN, (TEMPLE_OUT,)),
    "astronaut_face": Walk((FACE_IN,), (FACE_OUT,)),
    "astronaut_person": Walk((PERSON_IN,), (PERSON_OUT,)),
    "cat_eyes": Walk(
        (ellipse(170, 114, 30, 25, 20), ellipse(320, 137, 20, 23, 0)),
        (ellipse(171, 115, 40, 34, 25), ellipse(320, 137, 27, 30, 0)),
    ),
    "flower_bloom": Colour(
        warmth,
        0.13,
        0.25,
        smallest=400,
        without=([(370, 366), (406, 366), (406, 377), (370, 377)],),  # a leaf
        within=(ellipse(307, 221, 146, 146), [(270, 427), (285, 368), (480, 368), (480, 427)]),
    ),
    "rocket_sky": Colour(blueness, 0.04, 0.12, within=([(0, 0), (640, 0), (640, 366), (0, 366)],), smallest=12),
    "rocket_rocket": Walk(
        ([(318, 134), (324, 134), (330, 150), (330, 400), (314, 400), (314, 150)],),
        ([(322, 122), (336, 140), (337, 412), (307, 412), (308, 140)],),
    ),
}


def draw(name: str) -> Image.Image:
    """The mask of one of REGIONS as an 8-bit grey picture of its photograph's size."""
    pixels = np.asarray(to_pil(photo(name.partition("_")[0])), dtype=np.float64) / 255
    region = REGIONS[name]
    soft = by_colour(pixels, region) if isinstance(region, Colour) else by_walk(pixels, region)
    return Image.fromarray((ndimage.gaussian_filter(soft, SOFT).clip(0, 1) * 255).round().astype(np.uint8))


def over_photograph(name: str, mask: Image.Image) -> Image.Image:
    """The photograph with everything outside the mask in pale violet, to judge the edges by."""
    picture = to_pil(photo(name.partition("_")[0]))
    return Image.composite(picture, Image.blend(picture, Image.new("RGB", picture.size, (255, 0, 255)), 0.65), mask)


def main() -> None:
    """Draw every mask."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--look", type=Path, metavar="FOLDER", help="also write each mask over its photograph there")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in REGIONS:
        mask = draw(name)
        mask.save(FOLDER / f"{name}.png", optimize=True)
        if arguments.look:
            over_photograph(name, mask).save(arguments.look / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    main()
