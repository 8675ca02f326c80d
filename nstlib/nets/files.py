"""Networks that paint, in files: their weights in half precision, and how to build them, in one .safetensors file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor, nn

from nstlib.errors import NstError, WeightsError
from nstlib.files.paths import expanded
from nstlib.files.weights import check_finite, check_shapes, fill, opened, read_header
from nstlib.files.writing import write_whole
from nstlib.nets.adain import AdaINNet
from nstlib.nets.fast import FastNet
from nstlib.nets.sanet import SANet
from nstlib.options import shortened

KINDS: dict[str, type[nn.Module]] = {"fast": FastNet, "adain": AdaINNet, "sanet": SANet}
SHIPPED_FAST = ("swirls", "mosaic", "waves", "many")  # the networks that the course ships: for these styles,
ADAPTIVE_WEIGHTS = ("adain", "sanet")  # and for any style, one of each kind
OPTIONS = {  # what is needed to build one, and of which type: a file may say nothing else
    "fast": {"width": (int, float), "norm": str, "styles": int, "upsampling": str, "names": list, "backbone": str},
    "adain": {"backbone": str},
    "sanet": {"backbone": str},
}
BACKBONES = ("micro", "mini", "vgg19", "vgg19_torchvision", "auto")  # that have the layers which these networks are judged by
FIRST_OF_DECODER, MICRO_CHANNELS = "decoder.blocks.0.0.weight", 144  # it reads the encoder's relu4_1; micro has so many there
WEIGHTS_FOLDER = Path(__file__).parents[1] / "weights"


def save_network(network: nn.Module, path: str | os.PathLike, **about: object) -> Path:
    """Write a network of KINDS, whole or not at all; `about` (data, seconds, losses, ...) goes into the file as JSON.

    Returns the path. Raises NstError for another network, for weights that are NaN or too large for half precision, and
    where the disk refuses the file.
    """
    path = Path(path)
    kind = next((name for name, one in KINDS.items() if type(network) is one), None)
    if kind is None:
        raise NstError(
            f"a {type(network).__name__} cannot be written: expected one of {', '.join(one.__name__ for one in KINDS.values())}"
        )
    meta = {"network": kind, "options": json.dumps(network.options), "about": json.dumps(about)}
    state = {name: tensor.detach().cpu().half().contiguous() for name, tensor in network.state_dict().items()}
    check_finite(state, path)
    return write_whole(path, save(state, meta))


def load_fast(source: str | os.PathLike) -> FastNet:
    """Return a network that paints in one pass, ready to use: one of SHIPPED_FAST, or a file that `save_network` wrote.

    Raises WeightsError for another name, for a missing or damaged file, and for one that holds another network.
    """
    return _load(source, "fast", {name: f"fast_{name}" for name in SHIPPED_FAST})


def load_adain(source: str | os.PathLike = "adain") -> AdaINNet:
    """Return the AdaIN network for any style, ready to use: "adain", or a file. Raises WeightsError."""
    return _load(source, "adain", {"adain": "adain"})


def load_sanet(source: str | os.PathLike = "sanet") -> SANet:
    """Return the style-attentional network for any style, ready to use: "sanet", or a file. Raises WeightsError."""
    return _load(source, "sanet", {"sanet": "sanet"})


def find_fast(name: str | os.PathLike) -> tuple[FastNet, str | None]:
    """Return a network and the style to paint: of SHIPPED_FAST, a file, or the name of a style in "many".

    The style is None where the network has only one, or where its first is as good as any. Raises WeightsError.
    """
    if name in SHIPPED_FAST or Path(name).suffix or os.path.isfile(expanded(name, WeightsError)):
        return load_fast(name), None
    many = load_fast("many")
    if name not in many.names:
        raise WeightsError(
            f"there is no network {str(name)!r}: choose one of {', '.join(SHIPPED_FAST)}, a style that 'many' "
            f"holds ({', '.join(many.names)}), or a .safetensors file that was trained"
        )
    return many, str(name)


def _load(source: str | os.PathLike, kind: str, shipped: Mapping[str, str]) -> nn.Module:
    """Return a network by the name of a shipped one, {name: name of its file}, or a file."""
    path = expanded(source, WeightsError)
    if source in shipped and not os.path.isfile(path):
        return load_network(WEIGHTS_FOLDER / f"{shipped[source]}.safetensors", kind)
    if not os.path.isfile(path):
        raise WeightsError(f"no network at {shortened(source)}: name one of {', '.join(shipped)}, or a file that was trained")
    return load_network(path, kind)


def load_network(path: Path, kind: str) -> nn.Module:
    """Return the network of this kind in a file, in float32, in evaluation mode.

    Nothing is built or read before the header says that it fits. Raises WeightsError.
    """
    if not path.is_file():
        raise WeightsError(f"no network at {path}: train it, or name a file that was trained")
    meta, shapes = read_header(path)
    options = _options(meta, kind, path)
    if options.get("backbone") == "mini" and shapes.get(FIRST_OF_DECODER, ())[1:2] == (MICRO_CHANNELS,):
        options["backbone"] = "micro"  # written before mini was exchanged: what was mini then is called so now
    try:
        if kind == "fast":
            check_shapes(lambda: KINDS[kind](**options), shapes, path)
        network = KINDS[kind](**options)  # of those for any style the options say the backbone only
        check_shapes(lambda: network, shapes, path)
        return fill(network, {name: tensor.float() for name, tensor in _numbers(path).items()}, path).eval()
    except WeightsError:
        raise
    except (SafetensorError, NstError, OSError, RuntimeError) as error:
        raise WeightsError(f"{path} cannot be used: {error}") from error


def _numbers(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, as they are stored. Raises WeightsError where one is of a type that weights never have."""
    with opened(path) as file:
        state = {name: file.get_tensor(name) for name in list(file.keys())}
    wrong = [f"{name} {tensor.dtype}" for name, tensor in state.items() if not tensor.is_floating_point()]
    if wrong:
        raise WeightsError(f"{path}: {wrong[0]}, expected floating-point numbers: the file is damaged, or another program's")
    return state


def _options(meta: Mapping[str, str], kind: str, path: Path) -> dict[str, object]:
    """What a file's notes say of how to build its network, checked. Raises WeightsError."""
    if not {"network", "options"} <= set(meta):
        raise WeightsError(
            f"{path} is no network of this course: its notes name neither kind nor options; "
            "expected a file that `train` or save_network wrote"
        )
    if meta["network"] != kind:
        raise WeightsError(f"{path} holds a network of the kind {meta['network']!r}, not {kind!r}")
    try:
        options = json.loads(meta["options"])
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: its options are damaged ({error}): train it again, or copy it again") from error
    if not isinstance(options, dict):
        raise WeightsError(f"{path}: its options are damaged: expected names and values, got a {type(options).__name__}")
    unknown = [name for name in options if name not in OPTIONS[kind]]
    if unknown:
        raise WeightsError(
            f"{path}: this version of nstlib does not know the option {', '.join(unknown)}: a newer one wrote the file; "
            "update nstlib, or train the network again"
        )
    wrong = [
        f"{name}={value!r}"[:60]
        for name, value in options.items()
        if not isinstance(value, OPTIONS[kind][name]) or isinstance(value, bool)
    ]
    wrong += [] if all(isinstance(name, str) for name in options.get("names", ()) if not wrong) else ["names, which are no text"]
    wrong += [f"backbone={options['backbone']!r}"] if options.get("backbone", "micro") not in BACKBONES else []
    if wrong:
        raise WeightsError(
            f"{path}: options that cannot be: {', '.join(wrong)}; the file is damaged, or a newer version wrote it"
        )
    return options


def read_about(path: str | os.PathLike) -> dict:
    """Return what was noted about a network when its file was written. Raises WeightsError."""
    path = expanded(path, WeightsError)
    try:
        about = json.loads(read_header(path)[0]["about"])
    except (KeyError, ValueError, RecursionError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} is no network of this course, or its notes are damaged: nothing is noted about it") from error
    if not isinstance(about, dict):
        raise WeightsError(f"{path}: what is noted about the network is damaged")
    return about
