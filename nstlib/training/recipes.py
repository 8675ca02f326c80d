"""How the course trains its networks: one call for each kind."""

from __future__ import annotations

import copy
import inspect
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from nstlib.errors import ImageError, NstError
from nstlib.features.extractor import FeatureExtractor, choose_backbone
from nstlib.files import fingerprint
from nstlib.images.decoding import MAX_PIXELS
from nstlib.images.files import MIN_SIDE, with_longer_side
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, Weights
from nstlib.nets.adain import AdaINNet
from nstlib.nets.encoder_decoder import SHRUNK
from nstlib.nets.fast import FastNet, with_styles
from nstlib.nets.sanet import SANet
from nstlib.settings import device
from nstlib.training.datasets import Crops, Pairs
from nstlib.training.fast_loss import FAST_LOSS, PerceptualLoss, check_style
from nstlib.training.loop import Loss, Run, Trained, finish
from nstlib.training.pair_losses import AdaINLoss, IdentityLoss, SANetLoss
from nstlib.training.samples import SHEETS, PairSamples, Samples
from nstlib.training.schedule import TrainingSettings, is_number

STYLE_SIZE = 384  # pixels, longer side: the strokes are as large as in a style picture of this size


@dataclass(frozen=True)
class FastRecipe:
    """The settings of a network that paints in one pass, beside the length of its training."""

    weights: Weights = FAST_LOSS
    width: float = 0.5  # of the published network: a quarter of its weights and of its time
    crop: int = 128  # pixels
    saturation: float = 0.0  # weight of nstlib.training.fast_loss.saturation, which a network for many styles needs
    sample_every: int = 0  # steps between pictures of how it paints; 0: none
    start: FastNet | None = None  # a network whose convolutions to begin with; else random ones
    style_size: int | None = None  # pixels, longer side that the styles are brought to; None: as they come

    def __post_init__(self) -> None:
        _check_sizes(self.crop, self.sample_every)


def train_fast(
    styles: Mapping[str, Tensor],
    pictures: Sequence[Tensor],
    settings: TrainingSettings | None = None,
    folder: str | os.PathLike | None = None,
    recipe: FastRecipe | None = None,
) -> Trained:
    """Train a network that paints in one style, or a conditional one for several, on crops of photographs.

    `styles`: pictures (1, 3, H, W) by name, of the size that their strokes shall have, or with `recipe.style_size`.
    `pictures`: see `nstlib.training.datasets`. With a folder, a training that was stopped goes on, and sample pictures are
    put there; another training is refused in words that say what differs. Raises NstError.
    """
    settings, recipe, where = settings or TrainingSettings(), recipe or FastRecipe(), device()
    torch.manual_seed(0)
    if not styles:
        raise NstError("there is no style: give at least one picture, by name")
    if recipe.start:
        network = with_styles(recipe.start, list(styles))
    else:
        network = FastNet(recipe.width, "conditional" if len(styles) > 1 else "instance", len(styles), names=list(styles))
    extractor = FeatureExtractor("auto", (*STYLE_LAYERS, *CONTENT_LAYERS)).to(where)
    network.options["backbone"] = extractor.backbone_name
    sized = {name: _sized(one, name, recipe.style_size) for name, one in styles.items()}
    loss = PerceptualLoss(
        extractor, {name: one.to(where) for name, one in sized.items()}, recipe.weights, saturation=recipe.saturation
    )
    samples = Samples(Path(folder) / SHEETS, recipe.sample_every, len(styles)) if folder and recipe.sample_every else None
    # The pictures as they came: resized, they differ in the last digit from one processor to another.
    known = {f"style {name}": fingerprint.picture(one) for name, one in styles.items()} | {"style size": recipe.style_size}
    run = Run(network, loss, Crops(pictures, recipe.crop).batch, settings, folder, known | _begun(recipe.start))
    return finish(run, callback=samples)


def _sized(picture: Tensor, name: str, size: int | None) -> Tensor:
    """The style of this name with `size` pixels on its longer side; None: as it is."""
    check_style(picture, name)
    try:
        return with_longer_side(picture, size, f"style {name}")
    except ImageError as error:
        raise NstError(f"style_size={size} (--style-size): {error}") from error


def _begun(start: nn.Module | None) -> dict[str, str]:
    """What the network to begin with is known by."""
    return {"network to start with": "none" if start is None else fingerprint.network(start)}


def _check_sizes(crop: int, sample_every: int) -> None:
    if not is_number(crop, int) or crop < MIN_SIDE:
        raise NstError(f"crop={crop!r}: expected a whole number of pixels from {MIN_SIDE} up")
    if crop**2 > MAX_PIXELS:
        raise NstError(
            f"crop={crop}: a picture has {MAX_PIXELS:,} pixels at most, take crops of {math.isqrt(MAX_PIXELS)} px or less"
        )
    if not is_number(sample_every, int) or sample_every < 0:
        raise NstError(f"sample_every={sample_every!r}: expected a whole number of steps, or 0 for no pictures")


@dataclass(frozen=True)
class AdaptiveRecipe:
    """The settings of a network for any style, beside the length of its training."""

    weights: Mapping[str, float] = field(default_factory=dict)  # of the loss, by name; the rest as they have it
    crop: int = 128  # pixels, a multiple of 8
    sample_every: int = 0  # steps between pictures of how it paints; 0: none
    start: AdaINNet | SANet | None = None  # a network to begin with; for a SANet, an AdaINNet gives its decoder
    backbone: str = "micro"  # its encoder, and what judges it

    def __post_init__(self) -> None:
        _check_sizes(self.crop, self.sample_every)


def train_adain(
    contents: Sequence[Tensor],
    styles: Sequence[Tensor],
    settings: TrainingSettings | None = None,
    folder: str | os.PathLike | None = None,
    recipe: AdaptiveRecipe | None = None,
) -> Trained:
    """Train the decoder of an AdaINNet on crops of photographs and of styles, both as `nstlib.training.datasets` gives them.

    With a folder, a training that was stopped goes on, and sample pictures are put there; another training is refused in
    words that say what differs. Raises NstError.
    """
    return _train_pairs((AdaINNet, AdaINLoss), (contents, styles), settings, folder, recipe or AdaptiveRecipe())


def train_decoder(
    contents: Sequence[Tensor],
    styles: Sequence[Tensor],
    settings: TrainingSettings | None = None,
    folder: str | os.PathLike | None = None,
    recipe: AdaptiveRecipe | None = None,
) -> Trained:
    """Train the decoder of an AdaINNet to give pictures back, as a beginning for both networks; otherwise as `train_adain`."""
    return _train_pairs((AdaINNet, IdentityLoss), (contents, styles), settings, folder, recipe or AdaptiveRecipe())


def train_sanet(
    contents: Sequence[Tensor],
    styles: Sequence[Tensor],
    settings: TrainingSettings | None = None,
    folder: str | os.PathLike | None = None,
    recipe: AdaptiveRecipe | None = None,
) -> Trained:
    """Train the attentions and the decoder of a SANet; otherwise as `train_adain`.

    From random weights it can collapse to flat grey, a local minimum of the content loss: begin with the decoder
    of an AdaINNet (`recipe.start`), if only of a few hundred steps.
    """
    return _train_pairs((SANet, SANetLoss), (contents, styles), settings, folder, recipe or AdaptiveRecipe())


def _train_pairs(
    kind: tuple[type[nn.Module], Callable[..., Loss]],
    pictures: Sequence[Sequence[Tensor]],
    settings: TrainingSettings | None,
    folder: str | os.PathLike | None,
    recipe: AdaptiveRecipe,
) -> Trained:
    if recipe.crop % SHRUNK:
        raise NstError(f"crop={recipe.crop}: expected a multiple of {SHRUNK} pixels")
    torch.manual_seed(0)
    build, judge = kind
    network = _beginning(build, recipe)
    pairs = Pairs(*(Crops(one, recipe.crop, seed) for seed, one in enumerate(pictures)))
    samples = PairSamples(Path(folder) / SHEETS, recipe.sample_every) if folder and recipe.sample_every else None
    known = set(inspect.signature(judge).parameters) - {"backbone"}
    if not set(recipe.weights) <= known:
        raise NstError(f"weights={dict(recipe.weights)}: this loss has {', '.join(sorted(known))}")
    loss = judge(**recipe.weights, backbone=recipe.backbone)
    return finish(Run(network, loss, pairs.batch, settings or TrainingSettings(), folder, _begun(recipe.start)), callback=samples)


def _beginning(build: type[nn.Module], recipe: AdaptiveRecipe) -> nn.Module:
    """The network to train: a new one, a copy of the one to begin with, or a new one with its decoder."""
    if recipe.start is None:
        return build(recipe.backbone)
    backbone = recipe.start.backbone
    if backbone != (choose_backbone() if recipe.backbone == "auto" else recipe.backbone):
        raise NstError(f"the network to start with sees through {backbone!r}, the recipe's backbone is {recipe.backbone!r}")
    if isinstance(recipe.start, build):
        return copy.deepcopy(recipe.start)
    network = build(recipe.backbone)
    network.decoder.load_state_dict(recipe.start.decoder.state_dict())  # both mirror the same encoder
    return network
