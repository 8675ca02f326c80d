"""`transfer`: paint a photograph by any method of the course."""

from __future__ import annotations

import argparse
from pathlib import Path

from nstlib.commands.shared import (
    check_picture,
    keep_last_good,
    mask_help,
    masks,
    picture,
    picture_and_alpha,
    public_names,
    write_picture,
)
from nstlib.control.color import COLOR_WAYS
from nstlib.images.files import SAVERS
from nstlib.images.gallery import PHOTOS, STYLES, photo, style
from nstlib.methods import METHODS, Painted
from nstlib.methods import transfer as paint_by_method

CHOICES = ("alpha", "mix", "color", "style_size", "weights")  # handed on where given: a method refuses what it does not have


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    one = commands.add_parser(
        "transfer",
        help="paint a photograph by any method of the course",
        epilog=" ".join(f"{name}: {method.about}." for name, method in METHODS.items()),
    )
    one.set_defaults(run=run)
    one.add_argument("photo", help=f"a file, a URL, or one of {', '.join(PHOTOS)}")
    one.add_argument(
        "style",
        nargs="+",
        help=f"one or several, each a file, a URL, or one of {', '.join(STYLES)}; for --method fast "
        "the name of a style that was learned, or a .safetensors file",
    )
    one.add_argument("-o", "--output", type=Path, required=True, help=f"the picture to write: {', '.join(SAVERS)}")
    one.add_argument("--method", choices=list(METHODS), default="adain", help="how (default: %(default)s)")
    one.add_argument("--size", type=int, help="pixels of the longer side (default: the photograph's own)")
    one.add_argument(
        "--alpha", type=float, metavar="A", help="0 gives the photograph back, 1, the default, all style: adain, wct"
    )
    one.add_argument(
        "--mix", type=float, nargs="+", metavar="SHARE", help="what each style counts (default: equally): all but sanet"
    )
    one.add_argument("--masks", nargs="+", metavar="MASK", help=f"all but fast: {mask_help()}")
    one.add_argument("--color", choices=list(COLOR_WAYS), help="whose colours (default: the style's): all but fast")
    one.add_argument("--style-size", type=int, metavar="PX", help="of the style picture, longer side: adain, wct, sanet")
    one.add_argument("--weights", type=Path, metavar="FILE", help="a network that was trained: adain, wct, sanet")
    one.add_argument("--quiet", dest="progress", action="store_false", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    """Paint one picture and write it."""
    check_picture(options.output, [options.photo, *options.style, *(options.masks or ()), options.weights])
    content, alpha = picture_and_alpha(options.photo, photo, PHOTOS)
    output = check_picture(options.output, content=content, size=options.size)
    styles = options.style if options.method == "fast" else [picture(one, style, STYLES) for one in options.style]
    chosen = {name: getattr(options, name) for name in CHOICES}
    regions = masks(options.masks) if options.masks else None
    about = {"method": options.method, "content": public_names([options.photo]), "style": public_names(options.style)}
    about |= {name: value for name, value in chosen.items() if value is not None}
    about |= {"weights": public_names([options.weights])} if options.weights else {}
    about |= {"masks": [public_names([one]) for one in options.masks]} if options.masks else {}
    painted = keep_last_good(
        lambda: paint_by_method(
            content, styles, options.method, size=options.size, progress=options.progress, masks=regions, **chosen
        ),
        output,
        about,
        alpha,
    )
    return write_picture(
        painted.image,
        output,
        about,
        _said(painted),
        painted.stylized is not None and painted.stylized.stopped == "interrupted",
        alpha,
    )


def _said(painted: Painted) -> str:
    """Size, method and seconds in a line."""
    evaluations = f", {painted.evaluations} evaluations" if painted.evaluations else ""
    return f"{painted.image.shape[-1]}x{painted.image.shape[-2]} px, {painted.method}{evaluations}, {painted.seconds:.2f} s"
