"""Draw the style pictures of the course into images/styles, with styles.json beside them.

python tools/make/draw_styles.py                 every picture
python tools/make/draw_styles.py swirls waves    these only
python tools/make/draw_styles.py --size 384 --out /tmp/try swirls
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from PIL import Image, ImageFile
from styles import STYLES, Style, draw
from styles.catalogue import LICENCE

LIMIT = 375_000  # bytes of one file
QUALITIES = range(92, 77, -1)  # of the JPEG files, tried from the best
OUT = Path(__file__).resolve().parents[2] / "images" / "styles"


def record(style: Style) -> dict:
    """What styles.json says of a picture."""
    p = style.parameters
    return {
        "title": style.title,
        "kind": style.kind,
        "description": style.description,
        "seed": p.seed,
        "size": list(p.size),
        "stroke_width": p.stroke_width,
        "direction": p.direction,
        "palette": list(p.palette),
        "author": "the authors of this course",
        "licence": LICENCE,
    }


def save(picture: Image.Image, path: Path) -> None:
    """Write a JPEG file without colour subsampling, at the best quality that keeps it below LIMIT."""
    ImageFile.MAXBLOCK = 1 << 23  # bytes: an optimised file is written in one block
    for quality in QUALITIES:
        picture.save(path, quality=quality, subsampling=0, optimize=True)
        if path.stat().st_size <= LIMIT:
            break


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(STYLES)} (default: all)")
    parser.add_argument("--size", type=int, help="height in pixels, for trying out (strokes shrink with it)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to draw into")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(STYLES))
    if unknown:
        parser.error(f"unknown style {', '.join(unknown)}; choose from {', '.join(STYLES)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or STYLES:
        start, p = time.perf_counter(), STYLES[name].parameters
        if options.size:
            p = p.scaled((round(p.size[0] * options.size / p.size[1]), options.size))
        path = options.out / f"{name}.jpg"
        save(Image.fromarray(draw(name, p)), path)
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB  {time.perf_counter() - start:.1f} s")
    records = {name: record(style) for name, style in STYLES.items()}
    (options.out / "styles.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
