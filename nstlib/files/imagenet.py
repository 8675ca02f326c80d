"""ImageNet weights of torchvision's networks: from torch's cache, or downloaded into it and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from nstlib.errors import WeightsError
from nstlib.files.downloads import download
from nstlib.files.weights import sha256

SERVER = "https://download.pytorch.org/models/"
MOST_BYTES = 620_000_000  # VGG-19's file has 575 MB


def torchvision_path(name: str) -> Path:
    """Return where torch.hub and torchvision keep a file of weights, whether or not it is there."""
    return Path(torch.hub.get_dir()) / "checkpoints" / name


def torchvision_file(name: str, mirrors: Sequence[str] = (), recognise: Callable[[Path], object] | None = None) -> Path:
    """Return the path of a file of torchvision's weights, downloaded once; its name ends in the first digits of its SHA-256.

    `mirrors`: addresses of the same weights in another file, which `recognise` refuses with WeightsError if they are not.
    Raises DownloadError where the weights cannot be had.
    """
    path = torchvision_path(name)
    if path.is_file():
        return path
    digits = path.stem.rpartition("-")[2]

    def check(file: Path) -> None:
        if sha256(file).startswith(digits):
            return
        if recognise is None:
            raise WeightsError(f"it has another checksum than torchvision's {name}, whose begins with {digits}")
        recognise(file)

    return download(SERVER + name, mirrors=mirrors, max_bytes=MOST_BYTES, name=name, cache=path.parent, check=check, resume=True)
