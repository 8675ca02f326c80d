"""Weights: read from files without running anything in them, put into networks, drawn at random, told by checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nstlib.errors import WeightsError

Network = TypeVar("Network", bound=nn.Module)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors or .pth file; nothing in it is ever executed.

    Raises WeightsError where there is no such file, or where it is something else.
    """
    if not path.is_file():
        raise WeightsError(f"no weights at {path}. Name a .safetensors or .pth file that exists.")
    try:
        if path.suffix == ".safetensors" or path.read_bytes()[8:10] == b'{"':
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise a dozen types for a damaged file
        raise WeightsError(f"{path} cannot be read as weights ({error}). Delete it and let it be loaded again.") from error


def fill(network: Network, state: dict[str, Tensor], path: Path) -> Network:
    """The network with these weights, read from `path`. Raises WeightsError where they do not fit."""
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit the network: {error}") from error
    return network


def randomise(network: Network, seed: int = 0) -> Network:
    """The network with random convolutions that keep the size of what flows through, without biases.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015), the form that torchvision starts its training from.
    """
    random = torch.Generator().manual_seed(seed)
    for conv in (module for module in network.modules() if isinstance(module, nn.Conv2d)):
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu", generator=random)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
    return network


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
