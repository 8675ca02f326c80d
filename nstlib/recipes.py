"""How the course trains its networks: one call for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from nstlib.adaptive import AdaINLoss, IdentityLoss, SANetLoss
from nstlib.datasets import Crops, Pairs
from nstlib.errors import NstError
from nstlib.features import FeatureExtractor
from nstlib.nets.adain import SHRUNK, AdaINNet
from nstlib.nets.fast import FastNet, with_styles
from nstlib.nets.sanet import SANet
from nstlib.objective import CONTENT_LAYERS, STYLE_LAYERS, Weights
from nstlib.perceptual import FAST_WEIGHTS, PerceptualLoss
from nstlib.samples import PairSamples, Samples
from nstlib.settings import device
from nstlib.training import Loss, Trained, TrainingSettings, train

STYLE_SIZE = 384  # pixels, longer side: the strokes are as large as in a style picture of this size


@dataclass(frozen=True)
class FastRecipe:
    """What a network that paints in one pass shall be, beside how long it is trained."""

    weights: Weights = FAST_WEIGHTS
    width: float = 0.5  # of the published network: a quarter of its weights and of its time
    crop: int = 128  # pixels
    glare: float = 0.0  # weight of nstlib.perceptual.glaring, which a network for many styles needs
    sample_every: int = 0  # steps between pictures of how it paints; 0: none
    start: FastNet | None = None  # a network whose convolutions to begin with; else random ones


def train_fast(styles: Mapping[str, Tensor], pictures: Sequence[Tensor], settings: TrainingSettings | None = None,
               folder: Path | None = None, recipe: FastRecipe | None = None) -> Trained:
    """Train a network that paints in one style, or a conditional one for several, on crops of photographs.

    `styles`: pictures (1, 3, H, W) by name, of the size that their strokes shall have. `pictures`: see
    `nstlib.datasets`. With a folder, a training that was stopped goes on, and sample pictures are put there. Raises NstError.
    """
    settings, recipe, where = settings or TrainingSettings(), recipe or FastRecipe(), device()
    torch.manual_seed(0)
    if recipe.start:
        network = with_styles(recipe.start, list(styles))
    else:
        network = FastNet(recipe.width, "conditional" if len(styles) > 1 else "instance", len(styles), names=list(styles))
    extractor = FeatureExtractor("auto", (*STYLE_LAYERS, *CONTENT_LAYERS)).to(where)
    loss = PerceptualLoss(extractor, [picture.to(where) for picture in styles.values()], recipe.weights, glare=recipe.glare)
    samples = Samples(folder / "samples", recipe.sample_every, len(styles)) if folder and recipe.sample_every else None
    return train(network, loss, Crops(pictures, recipe.crop).batch, settings, folder, callback=samples)


@dataclass(frozen=True)
class AdaptiveRecipe:
    """What a network for any style shall be, beside how long it is trained."""

    weights: Mapping[str, float] = field(default_factory=dict)  # of the loss, by name; the rest as they have it
    crop: int = 128  # pixels, a multiple of 8
    sample_every: int = 0  # steps between pictures of how it paints; 0: none
    start: AdaINNet | SANet | None = None  # a network to go on with, which changes; for a SANet, an AdaINNet gives its decoder
    backbone: str = "mini"  # its encoder, and what judges it


def train_adain(contents: Sequence[Tensor], styles: Sequence[Tensor], settings: TrainingSettings | None = None,
                folder: Path | None = None, recipe: AdaptiveRecipe | None = None) -> Trained:
    """Train the decoder of an AdaINNet on crops of photographs and of styles, both as `nstlib.datasets` gives them.

    With a folder, a training that was stopped goes on, and sample pictures are put there. Raises NstError.
    """
    return _train_pairs((AdaINNet, AdaINLoss), (contents, styles), settings, folder, recipe or AdaptiveRecipe())


def train_decoder(contents: Sequence[Tensor], styles: Sequence[Tensor], settings: TrainingSettings | None = None,
                  folder: Path | None = None, recipe: AdaptiveRecipe | None = None) -> Trained:
    """Train the decoder of an AdaINNet to give pictures back, as a beginning for both networks; otherwise as `train_adain`."""
    return _train_pairs((AdaINNet, IdentityLoss), (contents, styles), settings, folder, recipe or AdaptiveRecipe())


def train_sanet(contents: Sequence[Tensor], styles: Sequence[Tensor], settings: TrainingSettings | None = None,
                folder: Path | None = None, recipe: AdaptiveRecipe | None = None) -> Trained:
    """Train the attentions and the decoder of a SANet; otherwise as `train_adain`.

    From random weights it may end at flat grey, whose content is less wrong than that of a wrong picture: begin with the decoder
    of an AdaINNet (`recipe.start`), if only of a few hundred steps.
    """
    return _train_pairs((SANet, SANetLoss), (contents, styles), settings, folder, recipe or AdaptiveRecipe())


def _train_pairs(kind: tuple[type[nn.Module], Callable[..., Loss]], pictures: Sequence[Sequence[Tensor]],
                 settings: TrainingSettings | None, folder: Path | None, recipe: AdaptiveRecipe) -> Trained:
    if recipe.crop % SHRUNK:
        raise NstError(f"crop={recipe.crop}: expected a multiple of {SHRUNK} pixels")
    torch.manual_seed(0)
    build, judge = kind
    network, backbone = _beginning(build, recipe), recipe.backbone
    pairs = Pairs(*(Crops(one, recipe.crop, seed) for seed, one in enumerate(pictures)))
    samples = PairSamples(folder / "samples", recipe.sample_every) if folder and recipe.sample_every else None
    return train(network, judge(**recipe.weights, backbone=backbone), pairs.batch, settings or TrainingSettings(), folder, callback=samples)


def _beginning(build: type[nn.Module], recipe: AdaptiveRecipe) -> nn.Module:
    """The network to train: a new one, the one to go on with, or a new one with its decoder."""
    if recipe.start is None:
        return build(recipe.backbone)
    backbone = recipe.start.options["backbone"]
    if backbone != recipe.backbone:
        raise NstError(f"the network to start with sees through {backbone!r}, the recipe's backbone is {recipe.backbone!r}")
    if isinstance(recipe.start, build):
        return recipe.start
    network = build(recipe.backbone)
    network.decoder.load_state_dict(recipe.start.decoder.state_dict())  # both mirror the same encoder
    return network
