"""Paint the README's gallery: a dozen pairs of photograph and style picture, each result with its two sources inset.

    python tools/make_gallery.py                        # writes images/figures/gallery.jpg, a few minutes
    python tools/make_gallery.py --size 128 --pairs 2 --out small.jpg
"""

import argparse
import logging
import sys
from itertools import cycle, islice
from pathlib import Path

from PIL import Image

import nstlib
from nstlib.gallery import STYLES
from nstlib.images import to_pil

ROOT = Path(__file__).resolve().parents[1]
PHOTOGRAPHS = ("temple", "flower", "astronaut", "cat", "coffee", "rocket")
TILE, INSET, BORDER, GAP, COLUMNS = 300, 88, 3, 8, 4  # pixels, pixels, pixels, pixels, tiles
PAPER = "white"
log = logging.getLogger("make_gallery")


def pairs(count: int) -> list[tuple[str, str]]:
    """The first styles of the catalogue, each with the next photograph."""
    return list(islice(zip(cycle(PHOTOGRAPHS), STYLES, strict=False), count))


def square(picture: Image.Image, side: int) -> Image.Image:
    """The middle square of a picture, at `side` pixels."""
    short = min(picture.size)
    left, top = (picture.width - short) // 2, (picture.height - short) // 2
    return picture.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.LANCZOS)


def tile(photograph: str, style: str, size: int) -> Image.Image:
    """The painted picture with the photograph and the style picture in its lower corners."""
    content, manner = nstlib.photo(photograph, size), nstlib.style(style, size)
    painted = nstlib.stylize(content, manner, seed=0, progress=False)
    log.info("%s as %s: %.1f s", photograph, style, painted.seconds)
    sheet = square(to_pil(painted.image), TILE)
    for source, left in ((content, BORDER), (manner, TILE - INSET - 3 * BORDER)):
        frame = Image.new("RGB", (INSET + 2 * BORDER, INSET + 2 * BORDER), PAPER)
        frame.paste(square(to_pil(source), INSET), (BORDER, BORDER))
        sheet.paste(frame, (left, TILE - INSET - 3 * BORDER))
    return sheet


def mount(tiles: list[Image.Image]) -> Image.Image:
    """The tiles in rows, on paper."""
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    step = TILE + GAP
    paper = Image.new("RGB", (columns * step - GAP, rows * step - GAP), PAPER)
    for number, one in enumerate(tiles):
        paper.paste(one, (number % columns * step, number // columns * step))
    return paper


def main(arguments: list[str] | None = None) -> int:
    """Paint, mount, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=384, help="pixels, longer side of each painted picture")
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=ROOT / "images/figures/gallery.jpg")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    mount([tile(photograph, style, options.size) for photograph, style in pairs(options.pairs)]).save(options.out, quality=88)
    return 0


if __name__ == "__main__":
    sys.exit(main())
