"""Networks that paint, in files: their weights in half precision, and how to build them, in one .safetensors file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from nstlib.errors import WeightsError
from nstlib.nets.adain import AdaINNet
from nstlib.nets.fast import FastNet
from nstlib.nets.sanet import SANet
from nstlib.weightfiles import fill

NETWORKS: dict[str, type[nn.Module]] = {"fast": FastNet, "adain": AdaINNet, "sanet": SANet}
FAST_WEIGHTS = ("swirls", "mosaic", "waves", "many")  # the networks that the course ships: for these styles,
ADAPTIVE_WEIGHTS = ("adain", "sanet")  # and for any style, one of each kind
WEIGHTS_FOLDER = Path(__file__).parents[1] / "weights"


def save_network(network: nn.Module, path: str | os.PathLike, **about: object) -> Path:
    """Write a network of NETWORKS, whole or not at all; `about` (data, seconds, losses, ...) goes into the file as JSON."""
    path = Path(path)
    kind = next(name for name, one in NETWORKS.items() if type(network) is one)
    meta = {"network": kind, "options": json.dumps(network.options), "about": json.dumps(about)}
    state = {name: tensor.detach().cpu().half().contiguous() for name, tensor in network.state_dict().items()}
    part = path.with_name(f".{path.name}.part")
    try:
        save_file(state, part, meta)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def load_fast(source: str | os.PathLike) -> FastNet:
    """A network that paints in one pass, ready to use: one of FAST_WEIGHTS, or a file that `save_network` wrote.

    Raises WeightsError for another name, for a missing or damaged file, and for one that holds another network.
    """
    return _load(source, "fast", {name: f"fast_{name}" for name in FAST_WEIGHTS})


def load_adain(source: str | os.PathLike = "adain") -> AdaINNet:
    """The network of adaptive instance normalisation for any style, ready to use: "adain", or a file. Raises WeightsError."""
    return _load(source, "adain", {"adain": "adain"})


def load_sanet(source: str | os.PathLike = "sanet") -> SANet:
    """The style-attentional network for any style, ready to use: "sanet", or a file. Raises WeightsError."""
    return _load(source, "sanet", {"sanet": "sanet"})


def find_painter(name: str | os.PathLike) -> tuple[FastNet, str | None]:
    """A network and the style to ask it for: of one of FAST_WEIGHTS, a file, or a style's name that "many" holds.

    The style is None where the network has only one, or where its first is as good as any. Raises WeightsError.
    """
    if name in FAST_WEIGHTS or Path(name).suffix:
        return load_fast(name), None
    many = load_fast("many")
    if name not in many.names:
        raise WeightsError(f"there is no network {str(name)!r}: choose one of {', '.join(FAST_WEIGHTS)}, a style that 'many' "
                           f"holds ({', '.join(many.names)}), or a .safetensors file that was trained")
    return many, str(name)


def _load(source: str | os.PathLike, kind: str, shipped: Mapping[str, str]) -> nn.Module:
    """A network by one of the names that are shipped, {name: name of its file}, or a file."""
    if source in shipped and not Path(source).is_file():
        return load_network(WEIGHTS_FOLDER / f"{shipped[source]}.safetensors", kind)
    if not Path(source).is_file():
        raise WeightsError(f"no network at {source}: name one of {', '.join(shipped)}, or a file that was trained")
    return load_network(Path(source), kind)


def load_network(path: Path, kind: str) -> nn.Module:
    """The network of this kind in a file, in float32, in evaluation mode. Raises WeightsError."""
    if not path.is_file():
        raise WeightsError(f"no network at {path}: train it, or name a file that was trained")
    try:
        with safe_open(path, "pt") as file:
            meta, state = file.metadata() or {}, {key: file.get_tensor(key).float() for key in file.offset_keys()}
        options = json.loads(meta["options"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} is no network of this course, or is damaged ({error}): train it again") from error
    if meta.get("network") != kind:
        raise WeightsError(f"{path} holds a network of the kind {meta.get('network')!r}, not {kind!r}")
    return fill(NETWORKS[kind](**options), state, path).eval()


def read_about(path: str | os.PathLike) -> dict:
    """What was noted about a network when its file was written."""
    with safe_open(Path(path), "pt") as file:
        return json.loads(file.metadata()["about"])
