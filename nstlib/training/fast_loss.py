"""The loss that trains a network to paint: that of lesson 4, taken of what the network paints.

Johnson, Alahi and Fei-Fei, "Perceptual losses for real-time style transfer and super-resolution" (2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor
from nstlib.files import fingerprint
from nstlib.images.files import check_image
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, Weights
from nstlib.losses.terms import content_loss, gram_matrix, mean_loss, style_loss, total_variation
from nstlib.nets.fast import RANGE

CALM = 1.0  # before the tanh: the picture is 0.05 to 0.95 there
FAST_LOSS = Weights(content=1.0, style=5.0, tv=2.0)  # less style than a single picture bears: see lesson 7


class PerceptualLoss:
    """Content of the photographs and style of one or several pictures, as weighted relative losses.

    `styles` are pictures (1, 3, H, W) of any sizes, by name if you like; photograph number n is painted in style n modulo
    their number. `extractor` gives the layers that are named. Style is measured by Gram matrices. `saturation`: weight of
    `glaring`. Raises NstError.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        styles: Sequence[Tensor] | Mapping[str, Tensor],
        weights: Weights = FAST_LOSS,
        *,
        content_layers: Sequence[str] = CONTENT_LAYERS,
        style_layers: Sequence[str] = STYLE_LAYERS,
        saturation: float = 0.0,
    ):
        if isinstance(saturation, bool) or not isinstance(saturation, int | float) or not 0 <= saturation < float("inf"):
            raise NstError(f"saturation={saturation!r}: expected a finite number from 0 up")
        named = styles if isinstance(styles, Mapping) else {str(number): picture for number, picture in enumerate(styles, 1)}
        if not named:
            raise NstError("there is no style: give at least one picture")
        for name, picture in named.items():
            check_style(picture, name)
        self.pictures = dict(named)
        self.extractor, self.weights, self.content_layers, self.saturation = extractor, weights, tuple(content_layers), saturation
        with torch.no_grad():
            seen = [extractor(picture) for picture in named.values()]
            self.targets = {layer: torch.cat([gram_matrix(maps[layer]) for maps in seen]) for layer in style_layers}  # (S, C, C)
        self.count = len(named)

    def identity(self) -> dict[str, object]:
        """Return what the loss is known by: styles, weights, layers, and the network that sees."""
        weights = {f"{name} weight": value for name, value in vars(self.weights).items()} | {"saturation": self.saturation}
        layers = {"content layers": self.content_layers, "style layers": tuple(self.targets)}
        styles = {f"style {name}": fingerprint.picture(picture) for name, picture in self.pictures.items()}
        return styles | weights | layers | fingerprint.of_part(self.extractor, "backbone")

    def __call__(self, network: nn.Module, images: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        """Return the losses of the painted photographs, whose numbers are `numbers` (N,), each times its weight.

        "content", "style", "tv", "total", and "saturation" where it has a weight.
        """
        chosen = numbers.to(images.device) % self.count
        painted = network(images, chosen) if self.count > 1 else network(images)
        with torch.no_grad():
            wanted = self.extractor(images)
        seen = self.extractor(painted)
        with torch.autocast(images.device.type, enabled=False):  # Gram matrices want all their digits
            content = mean_loss([content_loss(seen[layer].float(), wanted[layer].float()) for layer in self.content_layers])
            style = mean_loss(
                [style_loss(gram_matrix(seen[layer].float()), target[chosen]) for layer, target in self.targets.items()]
            )
            variation = total_variation(painted.float())
        losses = {
            "content": self.weights.content * content,
            "style": self.weights.style * style,
            "tv": self.weights.tv * variation,
        }
        if self.saturation:
            losses["saturation"] = self.saturation * saturation(painted)
        return losses | {"total": sum(losses.values())}


def check_style(picture: Tensor, name: str) -> None:
    """Raise NstError unless the style of this name is one picture (1, 3, H, W), float32 in [0, 1]."""
    if len(check_image(picture, f"style {name}")) != 1:
        raise NstError(f"style {name} is a batch of {len(picture)} pictures: give each a name of its own, as a style of its own")


def saturation(painted: Tensor) -> Tensor:
    """Return the saturation of a network's tanh in pictures (N, 3, H, W): a scalar >= 0.

    What instance normalisation leaves of a map depends on its extremes, so a network that is normalised so may paint a glaring
    spot only to set the scale of all else (Karras and others, "Analyzing and improving the image quality of StyleGAN",
    2020); and where the tanh is flat, no other loss can take the spot away. This one acts before the tanh.
    """
    before = torch.atanh(((painted.float() - 0.5) / RANGE).clamp(-1 + 1e-5, 1 - 1e-5))
    return F.relu(before.abs() - CALM).square().mean()
