"""Networks that see: VGG-19, the small one that the course brings along, and their layers by name."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.features.extractor import (
    BACKBONES,
    POOLINGS,
    SMALLEST_SIDE,
    VGG19_WIDTHS,
    FeatureExtractor,
    conv_names,
    torchvision_indices,
)
from nstlib.features.resnet import RESNET_CONTENT_LAYERS, RESNET_STYLE_LAYERS, Flattened, entropy

__all__ = [
    "BACKBONES",
    "POOLINGS",
    "RESNET_CONTENT_LAYERS",
    "RESNET_STYLE_LAYERS",
    "SMALLEST_SIDE",
    "VGG19_WIDTHS",
    "FeatureExtractor",
    "Flattened",
    "conv_names",
    "entropy",
    "torchvision_indices",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
