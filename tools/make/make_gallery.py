"""Paint the pictures of the README and of lesson 0's first page from the course's own photographs and style pictures.

python tools/make/make_gallery.py                           # all of them into images/figures, ten minutes on two cores
python tools/make/make_gallery.py cover --folder /tmp       # one of them, elsewhere
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

import nstlib
from nstlib.images.files import to_pil
from nstlib.images.sheet import contact_sheet

ROOT = Path(__file__).resolve().parents[2]
PAPER, GAP = "white", 8  # pixels
log = logging.getLogger("make_gallery")

# Chosen by eye; no style twice.
GALLERY = [
    ("temple", "ink"),
    ("flower", "gold"),
    ("astronaut", "waves"),
    ("cat", "mosaic"),
    ("rocket", "swirls"),
    ("retina", "marbling"),
    ("cat", "linocut"),
    ("flower", "halftone"),
    ("temple", "sunset"),
    ("coffee", "facets"),
    ("tissue", "glass"),
    ("rocket", "autumn"),
]
COVER = [("temple", "swirls"), ("cat", "sunset"), ("flower", "glass")]
START = [("temple", "swirls")]
FOCUS = {"temple": 0.15}  # which part of a wide photograph a square shows: 0 the left end, 0.5 the middle, 1 the right end


@dataclass(frozen=True)
class Painted:
    """A photograph, a style picture, and what became of the two."""

    photograph: Image.Image
    style: Image.Image
    result: Image.Image
    focus: float


def paint(photograph: str, style: str, size: int) -> Painted:
    """Stylize with the defaults, as a reader would; size: pixels, longer side."""
    content, manner = nstlib.photo(photograph, size), nstlib.style(style, size)
    painted = nstlib.stylize(content, manner, progress=False)
    log.info("%s as %s, %d px: %.1f s", photograph, style, size, painted.seconds)
    return Painted(to_pil(content), to_pil(manner), to_pil(painted.image), FOCUS.get(photograph, 0.5))


def square(picture: Image.Image, side: int, focus: float = 0.5) -> Image.Image:
    """A square out of a picture, at `side` pixels; focus: 0 takes its left or upper end, 1 the other."""
    short = min(picture.size)
    left, top = (round(focus * (length - short)) for length in picture.size)
    return picture.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.LANCZOS)


def mount(pictures: Sequence[Image.Image], columns: int, gap: int = GAP) -> Image.Image:
    """Pictures of one size in rows, on paper."""
    width, height = (side + gap for side in pictures[0].size)
    rows = -(-len(pictures) // columns)
    paper = Image.new("RGB", (columns * width - gap, rows * height - gap), PAPER)
    for number, picture in enumerate(pictures):
        paper.paste(picture, (number % columns * width, number // columns * height))
    return paper


def gallery(all_painted: Sequence[Painted]) -> Image.Image:
    """Four in a row, each with the photograph and the style picture in its lower corners."""
    side, inset, border = 300, 68, 3  # pixels
    tiles = []
    for painted in all_painted:
        tile = square(painted.result, side, painted.focus)
        photograph, style = square(painted.photograph, inset, painted.focus), square(painted.style, inset)
        for source, left in ((photograph, 0), (style, side - inset - 2 * border)):
            frame = Image.new("RGB", (inset + 2 * border,) * 2, PAPER)
            frame.paste(source, (border, border))
            tile.paste(frame, (left, side - inset - 2 * border))
        tiles.append(tile)
    return mount(tiles, 4)


def cover(all_painted: Sequence[Painted]) -> Image.Image:
    """Side by side, each with the photograph and the style picture above it."""
    side = 408  # pixels
    half = (side - GAP) // 2
    columns = []
    for painted in all_painted:
        column = Image.new("RGB", (side, half + GAP + side), PAPER)
        column.paste(mount([square(painted.photograph, half, painted.focus), square(painted.style, half)], 2))
        column.paste(square(painted.result, side, painted.focus), (0, half + GAP))
        columns.append(column)
    return mount(columns, len(columns), 3 * GAP)


def first_picture(all_painted: Sequence[Painted]) -> Image.Image:
    """What lesson 0 makes: photograph, style picture and result in a row, with labels."""
    (painted,) = all_painted
    pictures = [painted.photograph, painted.style, painted.result]
    return contact_sheet(pictures, ["content", "style", "painted"], 260, None)


PLATES = {  # file name: (pairs, size in pixels, how they are put together)
    "00_start_here": (START, 384, first_picture),
    "cover": (COVER, 576, cover),
    "gallery": (GALLERY, 448, gallery),
}


def main(arguments: list[str] | None = None) -> int:
    """Paint, mount, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plates", nargs="*", choices=[*PLATES, []], default=[], help="all of them by default")
    parser.add_argument("--size", type=int, help="pixels, longer side of each painted picture; each plate has its own")
    parser.add_argument("--folder", type=Path, default=ROOT / "images/figures")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.plates or PLATES:
        pairs, size, put_together = PLATES[name]
        picture = put_together([paint(photograph, style, options.size or size) for photograph, style in pairs])
        picture.save(options.folder / f"{name}.jpg", quality=87, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
