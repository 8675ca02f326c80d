"""What networks for any style learn from: pairs of a photograph and a style, other ones at every step.

Huang and Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization" (2017); Park and Lee,
"Arbitrary style transfer with style-attentional networks" (2019). Their losses are raw squared errors of VGG-19's maps;
here each layer's error is divided by the energy of its target, as elsewhere in the course, so that no layer drowns another
in any backbone; the weights were found by looking.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor
from nstlib.files import fingerprint
from nstlib.losses.objective import STYLE_LAYERS
from nstlib.losses.terms import content_loss, mean_loss
from nstlib.nets import adain, sanet

Maps = dict[str, Tensor]


def moments_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the distance of means and deviations of maps (N, C, H, W) and (N, C, h, w): a scalar >= 0, mean over N.

    |difference|^2 / |target's|^2, over all channels: 0 where they agree, 1 about as wrong as empty maps.
    """
    found, wanted = (torch.cat(adain.mean_and_deviation(maps), 1) for maps in (features, target))
    return ((found - wanted).square().sum(1) / wanted.square().sum(1)).mean()


class _PairLoss:
    """The base of both losses: an encoder of photographs, styles and painted pictures, with float32 at the end."""

    def __init__(self, layers: Sequence[str], backbone: str, weights: dict[str, float]):
        if not all(
            isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
            for value in weights.values()
        ):
            raise NstError(f"weights are finite numbers from 0 up; got {weights}")
        if not any(weights.values()):
            raise NstError(f"nothing can be learned with {weights}: one of the weights is above 0")
        self.extractor, self.layers, self.weights = FeatureExtractor(backbone, layers), tuple(layers), weights

    def identity(self) -> dict[str, object]:
        """Return what the loss is known by: its kind, weights and layers, and the network that sees."""
        weights = {f"{name} weight": value for name, value in self.weights.items()}
        return {"loss": type(self).__name__} | weights | {"layers": self.layers} | fingerprint.of_part(self.extractor, "backbone")

    def encode(self, pictures: Tensor) -> Maps:
        """Return {layer: maps} of pictures (N, 3, H, W)."""
        return {layer: maps.float() for layer, maps in self.extractor.to(pictures.device)(pictures).items()}

    def check(self, network: nn.Module) -> None:
        """Raise NstError for a network whose encoder is another: its decoder cannot read this one's maps."""
        backbone = getattr(network, "backbone", self.extractor.backbone_name)
        if backbone != self.extractor.backbone_name:
            raise NstError(
                f"the network sees through {backbone!r}, its loss through {self.extractor.backbone_name!r}: "
                f"give {type(self).__name__}(backbone={backbone!r})"
            )

    def weighted(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return each loss times its weight, and their "total"."""
        losses = {name: self.weights[name] * value for name, value in losses.items()}
        return losses | {"total": sum(losses.values())}


class IdentityLoss(_PairLoss):
    """A decoder's first lesson: a picture in its own manner is the picture.

    "pixels": squared error; "maps": relative, relu1_1 to relu4_1. For an AdaINNet, whose `adain` then changes nothing. What it
    has learned here, colours before all, it need not learn from losses of features, which say little of them: a beginning
    for both networks.
    """

    def __init__(self, pixel_weight: float = 20.0, map_weight: float = 1.0, *, backbone: str = "micro"):
        super().__init__(STYLE_LAYERS[:4], backbone, {"pixels": pixel_weight, "maps": map_weight})

    def __call__(self, network: nn.Module, images: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        """{"pixels", "maps", "total"} of pairs (N, 2, 3, H, W): of photographs and of styles, by turns as `numbers` (N,) say."""
        self.check(network)
        own = images[torch.arange(len(images)), numbers.to(images.device) % 2]
        with torch.no_grad():
            seen = self.encode(own)
        painted = network(seen[adain.LAYER], seen[adain.LAYER]).float()
        again = self.encode(painted)
        with torch.autocast(images.device.type, enabled=False):
            return self.weighted(
                {
                    "pixels": F.mse_loss(painted, own),
                    "maps": mean_loss([content_loss(again[layer], seen[layer]) for layer in self.layers]),
                }
            )


class AdaINLoss(_PairLoss):
    """Content and style of pictures that AdaIN painted, and pixels of one that should stay as it is.

    Content: the painted picture's maps of relu4_1 against those that the decoder got. Style: means and deviations, relu1_1 to
    relu4_1.
    "pixels", which the paper has not, is the squared error of a picture that is painted in its own style, one of each pair by
    turns: within thousands of steps, not 160,000, the other two leave garish colours and specks.
    """

    def __init__(
        self, style_weight: float = 8.0, content_weight: float = 1.0, pixel_weight: float = 30.0, *, backbone: str = "micro"
    ):
        super().__init__(STYLE_LAYERS[:4], backbone, {"content": content_weight, "style": style_weight, "pixels": pixel_weight})

    def __call__(self, network: nn.Module, images: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        """Return "content", "style", "pixels", "total" of pairs (N, 2, 3, H, W), contents first; `numbers`: see `SANetLoss`."""
        self.check(network)
        pictures, photos, styles, own = _rows(images, numbers)
        with torch.no_grad():
            seen = self.encode(pictures)
            deep = seen[adain.LAYER]
            target = adain.adain(deep[photos], deep[styles])
        painted = network(deep[torch.cat([photos, own])], deep[torch.cat([styles, own])]).float()
        found = self.encode(painted[: len(images)])
        with torch.autocast(images.device.type, enabled=False):
            return self.weighted(
                {
                    "content": content_loss(found[adain.LAYER], target),
                    "style": mean_loss([moments_loss(found[layer], seen[layer][styles]) for layer in self.layers]),
                    "pixels": F.mse_loss(painted[len(images) :], pictures[own]),
                }
            )


class SANetLoss(_PairLoss):
    """Content: normalised maps of relu4_1 and relu5_1. Style: means and deviations, relu1_1 to relu5_1. And two identity losses.

    A picture that is painted in its own style should come back: "pixels" is the mean squared error of its pixels, "maps"
    that of its maps, relative. Each pair is asked this of one of its two pictures, by turns: half the work of both.
    """

    def __init__(
        self,
        style_weight: float = 20.0,
        content_weight: float = 2.0,
        pixel_weight: float = 50.0,
        map_weight: float = 2.0,
        *,
        backbone: str = "micro",
    ):
        super().__init__(
            STYLE_LAYERS, backbone, {"content": content_weight, "style": style_weight, "pixels": pixel_weight, "maps": map_weight}
        )

    def __call__(self, network: nn.Module, images: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        """Return {"content", "style", "pixels", "maps", "total"} of pairs (N, 2, 3, H, W), numbered `numbers` (N,).

        The identity losses use the photograph of pairs with an even number, the style picture of the others.
        """
        self.check(network)
        pictures, photos, styles, own = _rows(images, numbers)
        with torch.no_grad():
            seen = self.encode(pictures)
        asked = [
            {layer: seen[layer][rows] for layer in sanet.LAYERS} for rows in (torch.cat([photos, own]), torch.cat([styles, own]))
        ]
        painted = network(*asked).float()
        found, again = _halves(self.encode(painted))
        with torch.autocast(images.device.type, enabled=False):
            return self.weighted(
                {
                    "content": mean_loss([_normalised_error(found[layer], seen[layer][photos]) for layer in sanet.LAYERS]),
                    "style": mean_loss([moments_loss(found[layer], seen[layer][styles]) for layer in self.layers]),
                    "pixels": F.mse_loss(painted[len(images) :], pictures[own]),
                    "maps": mean_loss([content_loss(again[layer], seen[layer][own]) for layer in self.layers]),
                }
            )


def _rows(images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the pictures of pairs (N, 2, 3, H, W) in one row (2 N, 3, H, W), and three index tensors (N,).

    The indices of the photographs, of the styles, and of the pictures that the identity losses use.
    """
    count = len(images)
    photos = torch.arange(count, device=images.device)
    return images.transpose(0, 1).flatten(0, 1), photos, photos + count, photos + count * (numbers.to(images.device) % 2)


def _halves(maps: Maps) -> tuple[Maps, Maps]:
    """Return the first N and the other N of a batch of 2 N."""
    parts = {layer: one.chunk(2) for layer, one in maps.items()}
    return tuple({layer: halves[number] for layer, halves in parts.items()} for number in (0, 1))


def _normalised_error(features: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(sanet.channel_normalised(features), sanet.channel_normalised(target))
