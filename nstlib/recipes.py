"""How the course trains its networks: one call for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from nstlib.datasets import Crops
from nstlib.features import FeatureExtractor
from nstlib.nets.fast import FastNet
from nstlib.objective import CONTENT_LAYERS, STYLE_LAYERS, Weights
from nstlib.perceptual import FAST_WEIGHTS, PerceptualLoss
from nstlib.settings import device
from nstlib.training import Trained, TrainingSettings, TrainStep, train

CROP = 160  # pixels
STYLE_SIZE = 384  # pixels, longer side: the strokes are as large as in a style picture of this size
WIDTH = 0.5  # of the published network: a quarter of its weights and of its time


def train_fast(styles: Mapping[str, Tensor], pictures: Sequence[Tensor], settings: TrainingSettings | None = None,
               folder: Path | None = None, *, weights: Weights = FAST_WEIGHTS, network: FastNet | None = None,
               callback: Callable[[TrainStep], object] | None = None) -> Trained:
    """Train a network that paints in one style, or a conditional one for several, on crops of photographs.

    `styles`: pictures (1, 3, H, W) by name, of the size that their strokes shall have. `pictures`: see
    `nstlib.datasets`. `network`: one to go on with. With a folder, a training that was stopped goes on. Raises NstError.
    """
    torch.manual_seed(0)
    if network is None:
        norm = "conditional" if len(styles) > 1 else "instance"
        network = FastNet(WIDTH, norm, len(styles), names=list(styles))
    where = device()
    extractor = FeatureExtractor("auto", (*STYLE_LAYERS, *CONTENT_LAYERS)).to(where)
    loss = PerceptualLoss(extractor, [picture.to(where) for picture in styles.values()], weights)
    return train(network, loss, Crops(pictures, CROP).batch, settings or TrainingSettings(), folder, callback=callback)
