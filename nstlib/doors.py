"""How a package opens its rooms: a module, or a function in it, is imported when its name is first used."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import MappingProxyType


def open_rooms(package: str, path: Iterable[str], home: Mapping[str, str] = MappingProxyType({})) -> tuple[Callable, Callable]:
    """Return `__getattr__` and `__dir__` for a package: they offer its modules, and names from `home` (name -> module)."""

    def names() -> list[str]:
        rooms = [room.name for room in pkgutil.iter_modules(path)]
        face = vars(sys.modules[package]).get("__all__", ())
        return list(dict.fromkeys([*home, *face, *(room for room in rooms if not room.startswith("_"))]))

    def open_door(name: str) -> object:
        if name in home:  # a function wins over a room of its name
            return getattr(import_module(f"{package}.{home[name]}"), name)
        if not name.startswith("_") and name in names():
            return import_module(f"{package}.{name}")
        raise AttributeError(
            f"module {package!r} has no attribute {name!r}; it has {', '.join(names())}", name=name, obj=sys.modules[package]
        )

    return open_door, names
