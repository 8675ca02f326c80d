"""Train the networks that the course ships to paint in one pass: nstlib/weights/fast_*.safetensors.

    python tools/train_fast.py swirls --photos FOLDER      # one style
    python tools/train_fast.py many --photos FOLDER        # the conditional network for MANY
    python tools/train_fast.py swirls --export             # only write the file again, from the last checkpoint

A training that was stopped goes on from its last checkpoint in build/fast_NAME. Without --photos it trains on the
photographs of the course, which then are held out no more.
"""

import argparse
import json
import logging
from pathlib import Path
from statistics import fmean

from nstlib.datasets import bundled, folder
from nstlib.gallery import STYLES, style
from nstlib.nets.files import WEIGHTS_FOLDER, save_network
from nstlib.recipes import CROP, STYLE_SIZE, train_fast
from nstlib.training import TrainingSettings

SIDE = 256  # pixels, shorter side of the photographs
LEFT_OUT = ("ink", "glass", "dots")  # styles that lesson 8 adds to the network for many
MANY = tuple(name for name in STYLES if name not in LEFT_OUT)
STEPS = {"many": 8000}
SINGLE_STEPS = 2500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("many", *STYLES))
    parser.add_argument("--photos", type=Path, help="a folder of photographs")
    parser.add_argument("--steps", type=int)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run = Path("build") / f"fast_{args.name}"
    pictures = folder(args.photos, SIDE) if args.photos else bundled(SIDE)
    styles = {name: style(name, STYLE_SIZE) for name in (MANY if args.name == "many" else (args.name,))}
    steps = args.steps or STEPS.get(args.name, SINGLE_STEPS)
    trained = train_fast(styles, pictures, TrainingSettings(steps, ema=0.99), run, callback=report(run))
    last = {name: round(fmean(values[-100:]), 4) for name, values in trained.history.items()}
    about = {"pictures": len(pictures), "crop": CROP, "style_size": STYLE_SIZE, "steps": len(trained.history["total"]),
             "seconds": round(trained.seconds), "losses": last}
    path = save_network(trained.network, WEIGHTS_FOLDER / f"fast_{args.name}.safetensors", **about)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {json.dumps(about)}")


def report(run: Path):
    """A callback that writes the losses of every hundredth step into a log."""
    run.mkdir(parents=True, exist_ok=True)

    def look(step) -> None:
        if (step.index + 1) % 100 == 0:
            with (run / "log.jsonl").open("a") as file:
                file.write(json.dumps({"step": step.index + 1} | {k: round(v, 4) for k, v in step.losses.items()}) + "\n")
    return look


if __name__ == "__main__":
    main()
