"""`train`: train a network that paints in one style, or in several."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean

from accelerate import PartialState

from nstlib.commands.shared import EXIT_INTERRUPTED, picture
from nstlib.datasets import IMAGENETTE, Pictures, bundled, folder, imagenette
from nstlib.gallery import STYLES, style
from nstlib.images import resize
from nstlib.nets.files import save_network
from nstlib.objective import Weights
from nstlib.perceptual import FAST_WEIGHTS
from nstlib.recipes import STYLE_SIZE, FastRecipe, train_fast
from nstlib.schedule import PRECISIONS, TrainingSettings
from nstlib.writing import check_output

SIDE = 256  # pixels, shorter side of the photographs


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    one = commands.add_parser("train", help="train a network that paints in one pass")
    one.set_defaults(run=run)
    one.add_argument("style", help=f"a file, a URL, or one of {', '.join(STYLES)}")
    one.add_argument("photos", nargs="?", default="bundled",
                     help=f"a folder of photographs, 'bundled' (the default), or {', '.join(IMAGENETTE)} (a download)")
    one.add_argument("-o", "--output", type=Path, help="the network to write (default: fast_STYLE.safetensors, here)")
    one.add_argument("--also", nargs="+", default=[], metavar="STYLE", help="further styles, for one network of many")
    one.add_argument("--run", dest="folder", type=Path, metavar="FOLDER",
                     help="for checkpoints and sample pictures; the same command goes on from there (default: beside the output)")
    one.add_argument("--steps", type=int, default=TrainingSettings.steps)
    one.add_argument("--batch", type=int, default=TrainingSettings.batch)
    one.add_argument("--learning-rate", type=float, default=TrainingSettings.learning_rate, metavar="R")
    one.add_argument("--precision", choices=PRECISIONS, default="auto")
    one.add_argument("--ema", type=float, default=0.99, help="share of the old in the running mean of the weights; 0: none")
    one.add_argument("--checkpoint-every", type=int, default=TrainingSettings.checkpoint_every, metavar="STEPS")
    one.add_argument("--sample-every", type=int, default=250, metavar="STEPS", help="a picture of how it paints (default: %(default)s)")
    one.add_argument("--crop", type=int, default=FastRecipe.crop, help="pixels (default: %(default)s)")
    one.add_argument("--style-size", type=int, default=STYLE_SIZE, metavar="PX", help="larger: larger strokes (default: %(default)s)")
    one.add_argument("--width", type=float, default=FastRecipe.width, help="1 is the published network (default: %(default)s)")
    one.add_argument("--content-weight", type=float, default=FAST_WEIGHTS.content, metavar="W")
    one.add_argument("--style-weight", type=float, default=FAST_WEIGHTS.style, metavar="W")
    one.add_argument("--glare", type=float, default=0.0, metavar="W", help="weight of what keeps glaring spots away (default: %(default)s)")
    one.add_argument("--tv-weight", type=float, default=FAST_WEIGHTS.tv, metavar="W")


def run(options: argparse.Namespace) -> int:
    """Train, or go on training, and write the network."""
    sources = [options.style, *options.also]
    styles = {Path(source).stem: resize(picture(source, style, STYLES), options.style_size) for source in sources}
    output = options.output or Path(f"fast_{'_'.join(styles)}.safetensors")
    check_output(output, (".safetensors",))
    settings = TrainingSettings(options.steps, options.batch, options.learning_rate, precision=options.precision,
                                ema=options.ema, checkpoint_every=options.checkpoint_every)
    weights = Weights(options.content_weight, options.style_weight, options.tv_weight)
    where, pictures = options.folder or output.with_suffix(".run"), photographs(options.photos, max(SIDE, options.crop))
    recipe = FastRecipe(weights, options.width, options.crop, options.glare, options.sample_every)
    trained = train_fast(styles, pictures, settings, where, recipe)
    steps = len(trained.history["total"])
    if not PartialState().is_main_process:
        return 0
    about = {"photographs": options.photos, "pictures": len(pictures), "crop": options.crop, "style_size": options.style_size,
             "weights": vars(weights), "steps": steps, "batch": options.batch, "seconds": round(trained.seconds),
             "losses": {name: round(fmean(values[-100:]), 4) for name, values in trained.history.items()}}
    save_network(trained.network, output, **about)
    print(f"{output}: {steps} steps, {output.stat().st_size / 1e6:.2f} MB, {json.dumps(about['losses'])}")
    if steps < options.steps:
        print(f"interrupted; the same command goes on from the last checkpoint in {where}")
        return EXIT_INTERRUPTED
    return 0


def photographs(source: str, side: int) -> Pictures:
    """What to train on: 'bundled', a name of IMAGENETTE, or a folder. Raises NstError."""
    if source == "bundled":
        return bundled(side)
    return imagenette(source, side) if source in IMAGENETTE else folder(Path(source), side)
