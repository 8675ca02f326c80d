"""A small training in a process of its own, which tests kill, starve and multiply: FOLDER BATCH STEPS [PAUSE]."""

import json
import sys
import time
from pathlib import Path

import torch

from nstlib.datasets import Crops, bundled
from nstlib.features import FeatureExtractor
from nstlib.gallery import style
from nstlib.nets.fast import FastNet
from nstlib.perceptual import PerceptualLoss
from nstlib.training import TrainingSettings, train

LAYERS = ("relu1_1", "relu2_1")


def small_training(folder, batch=2, steps=12, pause=0):
    """Train a tiny network for a few steps, each after a pause in hundredths of a second; the Trained."""
    torch.manual_seed(0)
    network = FastNet(0.125, "conditional", 2)
    loss = PerceptualLoss(FeatureExtractor("mini", LAYERS), [style("swirls", 64), style("waves", 64)],
                          content_layers=LAYERS[1:], style_layers=LAYERS)
    settings = TrainingSettings(steps, batch, ema=0.9, precision="no", checkpoint_every=2)
    crops = Crops(bundled(64, ["cat", "temple"]), 32)

    def batches(*which):
        time.sleep(pause / 100)
        return crops.batch(*which)
    return train(network, loss, batches, settings, folder, progress=False)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    trained = small_training(folder, *map(int, sys.argv[2:]))
    # Every process has the whole history; the last one to write leaves the same numbers.
    (folder / "history.json").write_text(json.dumps(trained.history))
