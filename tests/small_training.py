"""A small training in a process of its own, which tests kill, starve and multiply: [--forked] FOLDER BATCH STEPS [PAUSE]."""

import json
import multiprocessing
import sys
import time
from pathlib import Path

import torch

from nstlib.features.extractor import FeatureExtractor
from nstlib.images.gallery import style
from nstlib.nets.fast import FastNet
from nstlib.training.datasets import Crops, bundled
from nstlib.training.fast_loss import PerceptualLoss
from nstlib.training.loop import TrainingSettings, train

LAYERS = ("relu1_1", "relu2_1")


class Pausing(Crops):
    """Crops that are known as the same whatever the pause before each batch."""

    seconds = 0.0

    def batch(self, *which):
        time.sleep(self.seconds)
        return super().batch(*which)


def small_training(folder, batch=2, steps=12, pause=0):
    """Train a tiny network for a few steps, each after a pause in hundredths of a second; the Trained."""
    torch.manual_seed(0)
    network = FastNet(0.125, "conditional", 2)
    loss = PerceptualLoss(
        FeatureExtractor("mini", LAYERS),
        [style("swirls", 64), style("waves", 64)],
        content_layers=LAYERS[1:],
        style_layers=LAYERS,
    )
    settings = TrainingSettings(steps, batch, ema=0.9, precision="no", checkpoint_every=2)
    Pausing.seconds = pause / 100
    crops = Pausing(bundled(64, ["cat", "temple"]), 32)
    return train(network, loss, crops.batch, settings, folder, progress=False)


def run(folder, *numbers):
    """Train, and write down the history beside the checkpoints."""
    trained = small_training(folder, *numbers)
    # Every process has the whole history; the last one to write leaves the same numbers.
    (folder / "history.json").write_text(json.dumps(trained.history))


def run_forked(*arguments):
    """For each line that is read, train in a forked process: its number is printed at once, how it ended after the next line.

    Importing takes longer than this training. A fork has nothing to fear: no thread has been started yet.
    """
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first optimiser imports most of all
    for _ in sys.stdin:
        child = multiprocessing.get_context("fork").Process(target=run, args=arguments)
        child.start()
        print(child.pid, flush=True)
        sys.stdin.readline()
        child.join()  # only now is its number free for another process
        print(child.exitcode, flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    words = sys.argv[1:]
    forked = words[0] == "--forked"
    folder, *numbers = words[forked:]
    (run_forked if forked else run)(Path(folder), *map(int, numbers))
