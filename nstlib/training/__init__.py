"""Training networks that paint: their losses, their data, one loop for all, checkpoints."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.training.datasets import Crops, Joined, Pairs, bundled, folder, imagenette
from nstlib.training.fast_loss import FAST_LOSS, PerceptualLoss
from nstlib.training.loop import Trained, TrainingError, TrainingSettings, train, training_steps
from nstlib.training.pair_losses import AdaINLoss, IdentityLoss, SANetLoss, moments_loss
from nstlib.training.recipes import AdaptiveRecipe, FastRecipe, train_adain, train_decoder, train_fast, train_sanet

__all__ = [
    "FAST_LOSS",
    "AdaINLoss",
    "AdaptiveRecipe",
    "Crops",
    "FastRecipe",
    "IdentityLoss",
    "Joined",
    "Pairs",
    "PerceptualLoss",
    "SANetLoss",
    "Trained",
    "TrainingError",
    "TrainingSettings",
    "bundled",
    "folder",
    "imagenette",
    "moments_loss",
    "train",
    "train_adain",
    "train_decoder",
    "train_fast",
    "train_sanet",
    "training_steps",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
