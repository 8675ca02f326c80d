"""`stylize`: paint a photograph by optimisation."""

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
from nstlib.features.extractor import BACKBONES, POOLINGS
from nstlib.images.files import SAVERS, load_image
from nstlib.images.gallery import PHOTOS, STYLES, photo, style
from nstlib.losses.statistics import STATISTICS
from nstlib.optimization import search as optimization


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    one = commands.add_parser("stylize", help="paint a photograph in the manner of a style picture")
    one.set_defaults(run=run)
    one.add_argument("photo", help=f"a file, a URL, or one of {', '.join(PHOTOS)}")
    one.add_argument("style", nargs="+", help=f"one or several, each a file, a URL, or one of {', '.join(STYLES)}")
    one.add_argument("-o", "--output", type=Path, required=True, help=f"the picture to write: {', '.join(SAVERS)}")
    one.add_argument("--size", type=int, default=512, help="pixels of the longer side (default: %(default)s)")
    one.add_argument("--backbone", choices=list(BACKBONES), default="auto")
    one.add_argument("--content-weight", type=float, default=optimization.Weights.content, metavar="W")
    one.add_argument("--style-weight", type=float, default=optimization.Weights.style, metavar="W")
    one.add_argument("--tv-weight", type=float, default=optimization.Weights.tv, metavar="W")
    one.add_argument("--content-layers", nargs="+", default=optimization.CONTENT_LAYERS, metavar="LAYER")
    one.add_argument("--style-layers", nargs="+", default=optimization.STYLE_LAYERS, metavar="LAYER")
    one.add_argument("--steps", type=int, default=optimization.STEPS, help="evaluations in all (default: %(default)s)")
    one.add_argument("--finish", type=int, default=0, metavar="N", help="N more evaluations of VGG-19 at full size, such as 10")
    one.add_argument("--init", default="content", help=f"{', '.join(optimization.STARTS)}, or a picture to start from")
    one.add_argument("--optimizer", choices=list(optimization.OPTIMIZERS), default="lbfgs")
    one.add_argument("--no-pyramid", dest="pyramid", action="store_false", help="full size only")
    _add_control(one.add_argument_group("control", "with several styles, --mix and --masks take one entry for each"))
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--quiet", dest="progress", action="store_false", help="no progress bar")


def _add_control(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--mix", type=float, nargs="+", metavar="SHARE", help="what each style counts (default: equally)")
    group.add_argument("--masks", nargs="+", metavar="MASK", help=mask_help())
    group.add_argument("--style-scale", type=float, default=1.0, metavar="S", help="below 1: smaller strokes")
    group.add_argument("--color", choices=list(COLOR_WAYS), default="style", help="whose colours (default: the style's)")
    group.add_argument("--statistic", choices=list(STATISTICS), default="gram", help="what is remembered of a style")
    group.add_argument("--pooling", choices=list(POOLINGS), default="max")
    group.add_argument("--half", action="store_true", help="bfloat16: twice as fast on CPUs that have matrix units for it")
    group.add_argument("--tile", type=int, metavar="PX", help="for large pictures: pixels that the network sees at once")


NAMES = (
    "backbone",
    "size",
    "content_weight",
    "style_weight",
    "tv_weight",
    "content_layers",
    "style_layers",
    "steps",
    "finish",
    "optimizer",
    "pyramid",
    "seed",
    "progress",
    "mix",
    "style_scale",
    "color",
    "statistic",
    "pooling",
    "tile",
    "half",
)


def run(options: argparse.Namespace) -> int:
    """Paint one picture and write it; an interrupted or broken run writes its last good picture."""
    init = None if options.init in optimization.STARTS else options.init
    check_picture(options.output, [options.photo, *options.style, init, *(options.masks or ())])
    content, alpha = picture_and_alpha(options.photo, photo, PHOTOS)
    styles = [picture(one, style, STYLES) for one in options.style]
    output = check_picture(options.output, content=content, size=options.size)
    given = {name: getattr(options, name) for name in NAMES}
    given["init"] = options.init if init is None else load_image(init)
    given["masks"] = masks(options.masks) if options.masks else None
    about = {"method": "stylize", "content": public_names([options.photo]), "style": public_names(options.style)}
    painted = keep_last_good(lambda: optimization.stylize(content, styles, **given), output, about, alpha)
    said = (
        f"{painted.image.shape[-1]}x{painted.image.shape[-2]} px, {painted.backbone}, {painted.evaluations} evaluations, "
        f"{painted.seconds:.1f} s"
    )
    return write_picture(painted.image, output, about, said, painted.stopped == "interrupted", alpha)
