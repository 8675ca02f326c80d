"""ResNet-50 in place of VGG, why its features fail at style, and the remedy: flattening their peaks.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2016). Wang, Li and Vasconcelos, "Rethinking and
improving the robustness of image style transfer" (2021), found that adding block after block to what came before makes
values grow into few, high peaks, which the Gram matrix squares; their remedy is called SWAG. In Gatys's form of the loss
nearly all of it then comes from the deepest layer; our relative form, which divides each layer's by its own energy, is a
remedy of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.files.imagenet import torchvision_file
from nstlib.files.weights import fill, randomise, read_weights

FILE = "resnet50-0676ba61.pth"  # torchvision's IMAGENET1K_V1
STAGES = 4  # "layer1" to "layer4", each of several blocks

# The last block of each stage, as in the paper's code.
RESNET_STYLE_LAYERS = ("relu1", "layer1_3", "layer2_4", "layer3_6", "layer4_3")
RESNET_CONTENT_LAYERS = ("layer3_6",)


class ResNet50(nn.Module):
    """torchvision's ResNet-50 without its classifier, walked layer by layer.

    "relu1" is the first convolution's map, at half the picture's size; "layer2_3" is what the third block of the second
    stage adds to what came before, after the ReLU. The stages work at 1/4, 1/8, 1/16 and 1/32 of the size.
    """

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import resnet50

        with torch.random.fork_rng(devices=[]):  # its first weights are replaced: no reason to move the caller's seed
            self.net = resnet50(weights=None)
        del self.net.fc

    def layers(self) -> list[str]:
        """Return the name of every layer, first to last."""
        return ["relu1", *(name for name, _ in self._blocks())]

    def walk(self, x: Tensor, keep: Sequence[str] = (), pooling: str = "max") -> Iterator[tuple[str, Tensor]]:
        """Yields (name, feature map) layer by layer, (N, 3, H, W) -> (N, C, h, w). `pooling` is that behind "relu1"."""
        x = self.net.bn1(self.net.conv1(x)).relu()
        yield "relu1", x
        if pooling == "max":
            x = F.max_pool2d(x, 3, stride=2, padding=1)
        else:
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        for name, block in self._blocks():
            x = block(x)
            yield name, x

    def drop_beyond(self, layer: str) -> None:
        """Forget the blocks beyond the layer."""
        names = self.layers()
        for name in names[names.index(layer) + 1 :]:
            stage, _, block = name.partition("_")
            blocks = getattr(self.net, stage)
            setattr(self.net, stage, blocks[: min(len(blocks), int(block) - 1)])

    def _blocks(self) -> Iterator[tuple[str, nn.Module]]:
        for stage in range(1, STAGES + 1):
            for number, block in enumerate(getattr(self.net, f"layer{stage}"), 1):
                yield f"layer{stage}_{number}", block


def load_resnet50(weights: str | Path | None = None) -> ResNet50:
    """Return ResNet-50 with torchvision's ImageNet weights: from the file `weights`, torch's cache or the network.

    weights="random" draws them instead, always the same: enough to see what the architecture does, and needs no network.
    Raises WeightsError where the weights are not ResNet-50's, DownloadError where they cannot be had.
    """
    if weights == "random":
        return randomise(ResNet50())
    path = Path(weights) if weights is not None else torchvision_file(FILE)
    network, state = ResNet50(), read_weights(path)
    state = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}  # the classifier
    fill(network.net, state, path)
    return network


# ---------------------------------------------------------------- peaks


def entropy(features: Tensor) -> float:
    """Return how evenly a feature map is filled, from 0 (one peak, else nothing) to 1 (the same everywhere).

    The entropy of its values' shares of their sum, over that of equal shares; negative values count as nothing.
    """
    values = features.detach().double().relu().flatten()
    shares = values / values.sum().clamp_min(1e-300)
    return float(torch.special.entr(shares).sum() / torch.tensor(float(max(2, len(shares)))).log())


def flatten_peaks(features: Tensor, temperature: float | None = 4.0) -> Tensor:
    """SWAG's softmax over all channels and places of each picture's map: (N, C, H, W) -> (N, C, H, W), all above 0.

    `temperature` counts root mean squares of the map: values are divided by so many before they become exponents. The paper
    does not divide (None). That flattens maps of small values, but turns those of large ones, such as the deep layers of
    a ResNet with random weights have, into a single peak. Ours is scaled to a mean of 1, so that maps of different sizes
    can be compared; the paper's sums to 1.
    """
    flat = features.flatten(1)  # (N, C, H, W) -> (N, C*H*W)
    if temperature is not None:
        flat = flat / (temperature * flat.square().mean(1, keepdim=True).add(1e-20).sqrt())
    return (flat.softmax(1) * flat.shape[1]).view_as(features)


class Flattened:
    """An extractor whose maps go through `flatten`: use it wherever an extractor is used.

    `flatten` is `flatten_peaks` unless another function of a map (N, C, H, W) is given.
    """

    def __init__(self, extractor: nn.Module, flatten: Callable[[Tensor], Tensor] = flatten_peaks):
        self.extractor, self.flatten = extractor, flatten
        self.layers, self.backbone_name = extractor.layers, extractor.backbone_name

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Return {layer: flattened feature map (N, C, h, w)} of the picture(s) (N, 3, H, W)."""
        return {layer: self.flatten(features) for layer, features in self.extractor(image).items()}
