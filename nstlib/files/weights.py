"""Weights: read from files without running anything in them, put into networks, drawn at random, told by checksum."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load
from torch import Tensor, nn

from nstlib.errors import NstError, WeightsError
from nstlib.files.writing import undisturbed

Network = TypeVar("Network", bound=nn.Module)
MOST_HEADER = 16 * 2**20  # bytes of names, shapes and notes in a .safetensors file: a thousand times what a network needs
PICKLES = (b"PK\3\4", b"\x80")  # how the files of torch.save begin, today's and those of old


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors or .pth file; nothing in it is ever executed.

    Raises WeightsError where there is no such file, or where it is something else.
    """
    if not path.is_file():
        raise WeightsError(f"no weights at {path}. Name a .safetensors or .pth file that exists.")
    try:
        if path.suffix == ".safetensors" or _begins_like_safetensors(path):
            state = load(path.read_bytes())  # not by its name, see `opened`
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose own words advise to run whatever is in the file
        raise WeightsError(
            f"{path} holds more than weights, or is damaged: it is not opened. Name a file of weights alone."
        ) from error
    except Exception as error:  # the readers raise a dozen types for a damaged file
        why = str(error) or "it ends too early"
        raise WeightsError(f"{path} cannot be read as weights ({why}). Delete it and let it be loaded again.") from error
    if not (isinstance(state, Mapping) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items())):
        raise WeightsError(f"{path} holds no weights by name, but something else: save a network's state_dict()")
    return dict(state)


def unpacked(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return weights, read from `path`, in float32; where they have eight bits, "NAME.unit" (C, 1, ...) is the worth of 1.

    Raises WeightsError where such units do not fit.
    """
    whole = {name: tensor.float() for name, tensor in state.items() if not name.endswith(".unit")}
    for name in state.keys() - whole.keys():
        weight, unit = whole.get(name.removesuffix(".unit")), state[name]
        if weight is None or unit.shape != weight.shape[:1] + (1,) * (weight.dim() - 1):
            raise WeightsError(f"{path}: {name} {tuple(unit.shape)} are no units of a weight that is there: the file is damaged")
        weight.mul_(unit)
    return whole


def _begins_like_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(10)[8:] == b'{"'


@contextmanager
def opened(path: Path) -> Iterator[safe_open]:
    """In the block, a .safetensors file is open; a tensor is read when it is asked for.

    Raises SafetensorError or OSError where it is damaged or another file.
    """
    with path.open("rb") as file:
        # safetensors takes names in UTF-8 only. On Linux a name may be any bytes; there an open file has a second name.
        plain = os.fsencode(path).decode(errors="replace") == str(path)
        with safe_open(path if plain else f"/dev/fd/{file.fileno()}", "pt") as found:
            yield found


def read_header(path: Path) -> tuple[dict[str, str], dict[str, tuple[int, ...]]]:
    """Return the notes of a .safetensors file and the shape of each tensor, without reading one.

    Raises WeightsError where it is no such file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(9)
        if head.startswith(PICKLES) and head[8:] != b"{":  # a header's length may begin like one of them
            raise WeightsError(
                f"{path} is a file of torch.save (.pth): expected a .safetensors file that `train` or save_network wrote"
            )
        if int.from_bytes(head[:8], "little") > MOST_HEADER:
            raise WeightsError(f"{path} is no .safetensors file, or is damaged: its header would have over {MOST_HEADER:,} bytes")
        with opened(path) as file:
            return file.metadata() or {}, {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(
            f"{path} is no .safetensors file, or is damaged ({error}): train it again, or copy it again"
        ) from error


def check_shapes(build: Callable[[], nn.Module], shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """Raise WeightsError unless the network that `build` makes has tensors of these shapes, all of them; none is made for it."""
    try:
        with undisturbed(), torch.device("meta"):  # an interrupt as it ends would leave the device for good
            wanted = {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}
    except NstError as error:
        raise WeightsError(f"{path} does not fit any network: {error}") from error
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:  # of torch, for sizes that no machine has
        raise WeightsError(f"{path} asks for a network that cannot be built ({str(error).splitlines()[0]})") from error
    wrong = [
        f"{name} {shapes.get(name, 'missing')}, expected {wanted.get(name, 'none')}"
        for name in sorted(wanted.keys() | shapes.keys())
        if wanted.get(name) != shapes.get(name)
    ]
    if wrong:
        raise WeightsError(
            f"{path} does not fit the network: {'; '.join(wrong[:3])}{f' and {len(wrong) - 3} more' if wrong[3:] else ''}"
        )


def fill(network: Network, state: dict[str, Tensor], path: Path, assign: bool = False) -> Network:
    """Return the network with these weights, read from `path`; `assign`: the tensors themselves become its parameters.

    So a network that has no memory, made on torch's device "meta", is filled. Raises WeightsError where the weights do not
    fit, or are no numbers.
    """
    check_finite(state, path)
    try:
        network.load_state_dict(state, assign=assign)
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit the network: {error}") from error
    return network


def check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    """Raise WeightsError where a weight is NaN or infinite."""
    wrong = [name for name, one in state.items() if not torch.isfinite(one).all()]
    if wrong:
        raise WeightsError(
            f"{path}: {wrong[0]} holds NaN or infinity, {len(wrong)} of {len(state)} tensors do: the file is damaged, "
            "or its training broke off; train it again, or copy it again"
        )


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
