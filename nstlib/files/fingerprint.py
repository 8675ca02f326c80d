"""What a job is known by: names and contents of all that decides its result, so that another one is not taken for it.

An identity is a flat dict {name: value} that JSON can hold. Contents stand in it as what they are and a digest, such as
"picture of 384x288 px 0f3c...", so that `differences` can say in words what is another.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import types
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

DIGITS = 16  # hexadecimal, of a digest
CONTENT = re.compile(rf"(.+) [0-9a-f]{{{DIGITS}}}")
PLAIN = (str, bytes, bool, int, float, complex, type(None))
NOTHING = object()


def digest(value: object, besides: object = None) -> str:
    """Return what tells contents apart, on any machine: of tensors, networks, numbers, text, lists, dicts, functions, objects.

    `besides`: a thing inside it that does not count.
    """
    found = hashlib.sha256()
    _feed(found, value, (id(besides),) if besides is not None else ())
    return found.hexdigest()[:DIGITS]


def content(what: str, value: object, besides: object = None) -> str:
    """Return what something is, and the digest of its content, for an identity."""
    return f"{what} {digest(value, besides)}"


def picture(image: Tensor) -> str:
    """Return a picture's entry in an identity: its size and its pixels (1, 3, H, W)."""
    return content(f"picture of {image.shape[-1]}x{image.shape[-2]} px", image)


def file(path: str | os.PathLike) -> str:
    """Return a file's entry in an identity: its bytes, not its name. Raises OSError."""
    with Path(path).open("rb") as opened:
        return f"file {hashlib.file_digest(opened, 'sha256').hexdigest()[:DIGITS]}"


def network(net: nn.Module) -> str:
    """Return a network's entry in an identity: how it is built, and its weights."""
    return content("network", net)


def of_part(part: object, name: str, besides: object = None) -> dict[str, object]:
    """Return the identity of a part of a job: what its `identity()` says, or that of the object whose method it is.

    Of anything else, a function of a notebook say, its code and what it holds, by this name. `besides`: see `digest`.
    """
    owner = getattr(part, "__self__", part)
    return dict(owner.identity()) if hasattr(owner, "identity") else {name: content(type(owner).__name__, part, besides)}


def plain(identity: Mapping[str, object]) -> dict[str, object]:
    """Return an identity as JSON gives it back: with lists for tuples, and text for what JSON cannot hold."""
    return json.loads(json.dumps(dict(identity), default=str))


def differences(stored: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """Return what two identities differ in, in words, such as "crop 64, was 128" or "style mosaic: another picture ..."."""
    stored, now = plain(stored), plain(now)
    names = [*now, *(name for name in stored if name not in now)]
    pairs = [(name, stored.get(name, NOTHING), now.get(name, NOTHING)) for name in names]
    return [_said(*pair) for pair in pairs if pair[1] != pair[2]]


def _said(name: str, before: object, after: object) -> str:
    kinds = [found[1] if isinstance(one, str) and (found := CONTENT.fullmatch(one)) else None for one in (before, after)]
    if kinds[0] is not None and kinds[0] == kinds[1]:
        return f"{name}: another {kinds[0]}"
    before, after = (kind or one for kind, one in zip(kinds, (before, after), strict=True))
    if before is NOTHING:
        return f"{name} {after}, was not there"
    return f"{name} is not there, was {before}" if after is NOTHING else f"{name} {after}, was {before}"


def tensor_bytes(tensor: Tensor) -> np.ndarray:
    """Return a tensor's values as bytes (n,), whatever their type: numpy lacks some."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def _feed(found, value: object, inside: tuple[int, ...]) -> None:
    """Feed a value to a hash, and with it all that it holds; `inside`: what holds it, since some hold themselves."""
    if id(value) in inside:
        return
    if isinstance(value, PLAIN):
        found.update(f"{type(value).__name__} {value!r};".encode("utf-8", "backslashreplace"))
    elif isinstance(value, Tensor):
        found.update(f"tensor {value.dtype} {tuple(value.shape)};".encode())
        found.update(tensor_bytes(value))
    else:
        found.update(f"{type(value).__module__}.{type(value).__qualname__}(".encode())
        for one in _held(value):
            _feed(found, one, (*inside, id(value)))
        found.update(b");")


def _held(value: object) -> Iterable[object]:
    """What decides what a value is; of objects the public attributes, for the others are caches."""
    if isinstance(value, np.ndarray):
        return [value.dtype.str, value.shape, value.tobytes()]
    if isinstance(value, Mapping):
        return [one for pair in sorted(value.items(), key=lambda pair: repr(pair[0])) for one in pair]
    if isinstance(value, set | frozenset):
        return sorted(map(digest, value))  # their order is another in each process
    if isinstance(value, list | tuple | range):
        return value
    if isinstance(value, nn.Module):
        return [getattr(value, "options", None), dict(value.state_dict())]
    if isinstance(value, types.CodeType):
        return [value.co_code, value.co_names, value.co_consts]
    if isinstance(value, types.FunctionType):
        named = {name: value.__globals__.get(name) for name in value.__code__.co_names if name[:2] != "__"}
        named = {name: one for name, one in named.items() if isinstance(one, PLAIN)}
        return [value.__code__, value.__defaults__, value.__kwdefaults__, *map(_in_cell, value.__closure__ or ()), named]
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, type | types.ModuleType | types.BuiltinFunctionType | os.PathLike):
        return [str(value) if isinstance(value, os.PathLike) else value.__name__]
    if hasattr(value, "identity"):
        return [plain(value.identity())]
    public = {name: one for name, one in getattr(value, "__dict__", {}).items() if not name.startswith("_")}
    return [public] if public or " at 0x" in repr(value) else [repr(value)]


def _in_cell(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
