"""Train the networks for any style that the course ships: nstlib/weights/adain.safetensors and sanet.safetensors.

    python tools/make/draw_training_styles.py STYLES
    python tools/make/train_adaptive.py decoder --photos FOLDER --styles STYLES --steps 1500 --learning-rate 2e-3 \\
        --out build/decoder.safetensors
    python tools/make/train_adaptive.py adain --photos FOLDER --styles STYLES --start build/decoder.safetensors
    python tools/make/train_adaptive.py sanet --photos FOLDER --styles STYLES --start build/decoder.safetensors --steps 5000

First a decoder learns to give pictures back, in minutes; both networks begin with it.

A training that was stopped goes on from its last checkpoint in build/NAME (--run names another folder), where sample
pictures are, too. Without --photos it trains on the photographs of the course, which then are held out no more; the word
"drawn" stands for the style pictures of the course. Of several collections of styles a larger one is drawn from more
often, but the smallest at least a quarter as often as the largest.
"""

import argparse
import json
import logging
from pathlib import Path
from statistics import fmean

from nstlib.errors import WeightsError
from nstlib.images.gallery import STYLES
from nstlib.nets.adain import AdaINNet
from nstlib.nets.files import WEIGHTS_FOLDER, load_adain, load_sanet, save_network
from nstlib.nets.sanet import SANet
from nstlib.training.datasets import Joined, Pictures, bundled, folder
from nstlib.training.loop import TrainingSettings
from nstlib.training.recipes import AdaptiveRecipe, train_adain, train_decoder, train_sanet

SIDE = 256  # pixels, shorter side of photographs and styles
LEARNING_RATE, STEPS = 1e-3, 8000
TRAINERS = {"decoder": train_decoder, "adain": train_adain, "sanet": train_sanet}
WEIGHTS = {"decoder": ("pixel", "map"), "adain": ("content", "style", "pixel"), "sanet": ("content", "style", "pixel", "map")}


def collection(source: str) -> Pictures:
    """The styles of a folder, or those of the course for "drawn"."""
    return bundled(SIDE, STYLES) if source == "drawn" else folder(Path(source), SIDE)


def beginning(source: str) -> AdaINNet | SANet:
    """A network of either kind, by name or file."""
    try:
        return load_adain(source)
    except WeightsError:
        return load_sanet(source)


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=TRAINERS)
    parser.add_argument("--photos", type=Path, help="a folder of photographs")
    parser.add_argument("--styles", nargs="+", default=["drawn"], metavar="FOLDER", help='folders of styles, or "drawn"')
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--batch", type=int, default=TrainingSettings.batch)
    parser.add_argument("--crop", type=int, default=AdaptiveRecipe.crop, help="pixels")
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    for kind in WEIGHTS["sanet"]:
        parser.add_argument(f"--{kind}-weight", type=float, help=None if kind in WEIGHTS["adain"] else "of sanet")
    parser.add_argument("--sample-every", type=int, default=500, metavar="STEPS")
    parser.add_argument("--start", help="a network to go on with, by name or file; sanet takes an adain's decoder, too")
    parser.add_argument("--run", type=Path, help="folder of checkpoints and samples (default: build/NAME)")
    parser.add_argument("--out", type=Path, help="file to write (default: in nstlib/weights, what the course ships)")
    return parser.parse_args()


def main() -> None:
    """Train one of them and write it."""
    args = read_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    photos = folder(args.photos, SIDE) if args.photos else bundled(SIDE)
    collections = {source: collection(source) for source in args.styles}
    weights = {f"{kind}_weight": getattr(args, f"{kind}_weight") for kind in WEIGHTS[args.name]}
    weights = {name: value for name, value in weights.items() if value is not None}
    settings = TrainingSettings(args.steps, args.batch, args.learning_rate, ema=0.995)
    recipe = AdaptiveRecipe(weights, args.crop, args.sample_every, beginning(args.start) if args.start else None)
    trained = TRAINERS[args.name](photos, Joined(collections.values()), settings, args.run or Path("build") / args.name, recipe)
    last = {name: round(fmean(values[-100:]), 4) for name, values in trained.history.items()}
    about = {
        "pictures": len(photos),
        "styles": {Path(source).name: len(one) for source, one in collections.items()},
        "crop": args.crop,
        "batch": args.batch,
        "learning_rate": args.learning_rate,
        "weights": weights,
        "start": args.start,
        "steps": len(trained.history["total"]),
        "seconds": round(trained.seconds),
        "losses": last,
    }
    path = save_network(trained.network, args.out or WEIGHTS_FOLDER / f"{args.name}.safetensors", **about)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {json.dumps(about)}")


if __name__ == "__main__":
    main()
