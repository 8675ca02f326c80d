"""What a job is known by: names and contents of all that decides its result, so that another one is not taken for it.

An identity is a flat dict {name: value} that JSON can hold. Contents stand in it as what they are and a digest, such as
"picture of 384x288 px 0f3c...", so that `differences` can say in words what is another.

Functions and classes of one's own are known by their code and by what it uses: defaults, variables around it, globals, other
functions, attributes of one's own modules, and so on inwards, to a depth of DEEPEST. Objects are known by all that pickle would
store of them, private attributes too: one that was used, and keeps a cache, is another, unless it says in a method
`identity() -> dict` what it is known by. Code of libraries is known by its name. Another version of Python makes other code.
What cannot be told: what is read while it runs (files, clocks, the random state of a library), names that are made of text
(`getattr`, `globals()`), hooks of networks.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import json
import os
import pickle
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

DIGITS = 16  # hexadecimal, of a digest
CONTENT = re.compile(rf"(.+) [0-9a-f]{{{DIGITS}}}")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # in memory: another in each process
PLAIN = (str, bytes, bool, int, float, complex, type(None))
COLLECTIONS = (Mapping, list, tuple, set, frozenset)
NOTHING = object()
WRAPPERS = (classmethod, staticmethod, type(functools.cache(len)))
DEEPEST = 100  # things inside things
LOOKED_UP = ("LOAD_GLOBAL", "LOAD_NAME")  # how Python's machine fetches a global
OURS = "nstlib"
TORCHS_OWN = frozenset(vars(nn.Module()))  # attributes: weights, hooks, whether it learns just now
FIRST_WEIGHTS = "network's first weights"


def digest(value: object, besides: object = None) -> str:
    """Return what tells contents apart, on any machine: of tensors, networks, numbers, text, lists, dicts, functions, objects.

    `besides`: a thing inside it that does not count. What is told, and what cannot be: see the top of this page.
    """
    return _hashed(value, (id(besides),) if besides is not None else (), {})


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


def weights(state: Mapping[str, Tensor]) -> str:
    """Return the entry of a network's weights {name: tensor} in an identity."""
    return content("set of weights", dict(state))


def of_network(net: nn.Module) -> dict[str, object]:
    """Return the identity of a network that is to learn: its code and settings, and the weights that it begins with."""
    return {"network's code and settings": content(type(net).__name__, _build(net)), FIRST_WEIGHTS: weights(net.state_dict())}


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


def _hashed(value: object, inside: tuple[int, ...], known: dict[int, tuple[int, object]]) -> str:
    found = hashlib.sha256()
    _feed(found, value, inside, known)
    return found.hexdigest()[:DIGITS]


def _feed(found, value: object, inside: tuple[int, ...], known: dict[int, tuple[int, object]]) -> None:
    """Feed a value to a hash, and with it all that it holds.

    `inside`: what holds it, since some hold themselves. `known`: what was fed before, with its number, so that each thing
    counts once; it is kept there, lest its id become another's.
    """
    if id(value) in inside:
        return
    if isinstance(value, PLAIN):
        found.update(f"{type(value).__name__} {value!r};".encode("utf-8", "backslashreplace"))
    elif isinstance(value, Tensor):
        found.update(f"tensor {value.dtype} {tuple(value.shape)};".encode())
        found.update(tensor_bytes(value))
    elif len(inside) > DEEPEST:
        found.update(b"deeper;")
    elif id(value) in known and not isinstance(value, COLLECTIONS):
        found.update(f"number {known[id(value)][0]};".encode())
    else:
        known.setdefault(id(value), (len(known), value))
        found.update(f"{type(value).__module__}.{type(value).__qualname__}(".encode())
        inside = (*inside, id(value))
        held = _held(value)
        if isinstance(value, set | frozenset):  # their order is another in each process
            held = sorted(_hashed(one, inside, dict(known)) for one in held)
        for one in held:
            _feed(found, one, inside, known)
        found.update(b");")


def _held(value: object) -> Iterable[object]:
    """What decides what a value is."""
    if isinstance(value, np.ndarray):
        return [value.dtype.str, value.shape, value.tolist() if value.dtype.hasobject else value.tobytes()]
    if isinstance(value, Mapping):
        return [one for pair in sorted(value.items(), key=lambda pair: ADDRESS.sub("", repr(pair[0]))) for one in pair]
    if isinstance(value, list | tuple | range | set | frozenset):
        return value
    if isinstance(value, type):
        return [value.__name__] if _is_library(value.__module__) else [value.__name__, value.__bases__, _body(value)]
    if isinstance(value, types.ModuleType | os.PathLike):
        return [str(value) if isinstance(value, os.PathLike) else value.__name__]
    if hasattr(value, "identity"):
        return [plain(value.identity())]
    if isinstance(value, nn.Module):
        return [getattr(value, "options", None), dict(value.state_dict()), *([] if _is_ours(value) else [_build(value)])]
    return _held_by_code(value) or _stored(value)


def _held_by_code(value: object) -> list[object]:
    """The same of functions and what is made of them; of other things nothing."""
    if isinstance(value, types.CodeType):
        return [value.co_code, value.co_names, value.co_consts]
    if isinstance(value, types.FunctionType):
        bound = [value.__defaults__, value.__kwdefaults__, *map(_in_cell, value.__closure__ or ()), vars(value)]
        place = value.__globals__.get("__name__")  # a decorator gives its function the `__module__` of another
        return [f"{place}.{value.__code__.co_name}", *bound] if _is_library(place) else [value.__code__, *bound, _used(value)]
    if isinstance(value, types.BuiltinFunctionType):
        return [value.__name__, value.__self__]
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, property):
        return [value.fget, value.fset]
    if isinstance(value, functools.cached_property):
        return [value.func]
    return [value.__wrapped__] if isinstance(value, WRAPPERS) else []


def _stored(value: object) -> list[object]:
    """What pickle would store of an object: its attributes, private ones and those of `__slots__` too, or its name."""
    try:
        parts = value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - of a lock, an open file: whatever its class raises, it is not stored
        return [ADDRESS.sub("", repr(value))]
    return [parts] if isinstance(parts, str) else [list(one) if isinstance(one, Iterator) else one for one in parts]


def _used(function: types.FunctionType) -> dict[str, object]:
    """The globals that a function's code looks up, and of modules of one's own the attributes."""
    codes = _codes(function.__code__)
    asked = {step.argval for code in codes for step in dis.get_instructions(code) if step.opname in LOOKED_UP}
    names = {name for code in codes for name in code.co_names}
    used = {name: function.__globals__[name] for name in asked if name in function.__globals__}
    for name, one in used.items():
        if isinstance(one, types.ModuleType) and not _is_library(one.__name__):
            used[name] = {inside: vars(one)[inside] for inside in names if inside in vars(one)}
    return used


def _codes(code: types.CodeType) -> list[types.CodeType]:
    """A function's code, and that of the functions inside it."""
    return [code, *(one for const in code.co_consts if isinstance(const, types.CodeType) for one in _codes(const))]


def _body(kind: type) -> dict[str, object]:
    """What is written in a class: its methods, and its attributes without Python's own."""
    return {
        name: one
        for name, one in vars(kind).items()
        if not (name.startswith("__") and name.endswith("__")) or isinstance(one, types.FunctionType | classmethod | staticmethod)
    }


def _build(net: nn.Module) -> dict[str, object]:
    """How a network is built, without its weights: each module's class, attributes, and which weights may not learn."""
    return {
        name: [
            type(one),
            {key: held for key, held in vars(one).items() if key not in TORCHS_OWN},
            {key: one._buffers[key] for key in one._non_persistent_buffers_set},
            [key for key, weight in one._parameters.items() if weight is not None and not weight.requires_grad],
        ]
        for name, one in net.named_modules()
    }


def _is_ours(net: nn.Module) -> bool:
    """Is it a network of nstlib? Those are rebuilt from their options and weights."""
    return type(net).__module__.partition(".")[0] == OURS


def _is_library(module: str | None) -> bool:
    """Is it a module of Python, of nstlib, or an installed one? Of those, names say enough."""
    if module is None or module.partition(".")[0] in {OURS, *sys.stdlib_module_names}:
        return module is not None
    place = getattr(sys.modules.get(module), "__file__", None) or ""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(place).parts)


def _in_cell(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
