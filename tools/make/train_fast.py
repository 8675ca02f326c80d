"""Train the networks that the course ships to paint in one pass: nstlib/weights/fast_*.safetensors.

    python tools/make/train_fast.py swirls --photos FOLDER      # one style
    python tools/make/train_fast.py many --photos FOLDER        # the conditional network for MANY

A training that was stopped goes on from its last checkpoint in build/fast_NAME, where sample pictures are, too. Without
--photos it trains on the photographs of the course, which then are held out no more.
"""

import argparse
import json
import logging
from pathlib import Path
from statistics import fmean

from nstlib.images.gallery import STYLES, style
from nstlib.losses.objective import Weights
from nstlib.nets.files import WEIGHTS_FOLDER, load_fast, save_network
from nstlib.training.datasets import bundled, folder
from nstlib.training.fast_loss import FAST_LOSS
from nstlib.training.loop import TrainingSettings
from nstlib.training.recipes import STYLE_SIZE, FastRecipe, train_fast

SIDE = 256  # pixels, shorter side of the photographs
LEFT_OUT = ("autumn", "sunset", "facets")  # styles that lesson 8 adds to the network for many
MANY = tuple(name for name in STYLES if name not in LEFT_OUT)
STEPS = {"many": 4500}
SINGLE_STEPS = 1700


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("many", *STYLES))
    parser.add_argument("--photos", type=Path, help="a folder of photographs")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--style-weight", type=float, default=FAST_LOSS.style)
    parser.add_argument("--crop", type=int, default=FastRecipe.crop, help="pixels")
    parser.add_argument("--batch", type=int, default=TrainingSettings.batch)
    parser.add_argument("--learning-rate", type=float, default=TrainingSettings.learning_rate)
    parser.add_argument("--saturation", type=float, default=0.0, help="weight of what keeps glaring spots away")
    parser.add_argument("--start", help="a network whose convolutions to begin with")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pictures = folder(args.photos, SIDE) if args.photos else bundled(SIDE)
    styles = {name: style(name, STYLE_SIZE) for name in (MANY if args.name == "many" else (args.name,))}
    settings = TrainingSettings(args.steps or STEPS.get(args.name, SINGLE_STEPS), args.batch, args.learning_rate, ema=0.99)
    weights = Weights(FAST_LOSS.content, args.style_weight, FAST_LOSS.tv)
    start = load_fast(args.start) if args.start else None
    recipe = FastRecipe(weights, crop=args.crop, saturation=args.saturation, sample_every=250, start=start)
    trained = train_fast(styles, pictures, settings, Path("build") / f"fast_{args.name}", recipe)
    last = {name: round(fmean(values[-100:]), 4) for name, values in trained.history.items()}
    about = {
        "pictures": len(pictures),
        "crop": recipe.crop,
        "batch": settings.batch,
        "style_size": STYLE_SIZE,
        "weights": vars(recipe.weights) | {"saturation": args.saturation},
        "start": args.start,
        "steps": len(trained.history["total"]),
        "seconds": round(trained.seconds),
        "losses": last,
    }
    path = save_network(trained.network, WEIGHTS_FOLDER / f"fast_{args.name}.safetensors", **about)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {json.dumps(about)}")


if __name__ == "__main__":
    main()
