"""Files that installed packages carry along: found by the package's own list, nothing of the package imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


def packaged_file(package: str, name: str) -> Path | None:
    """Return where the file of this name lies that the installed package carries; None where there is none."""
    try:
        listed = distribution(package).files or []
    except PackageNotFoundError:
        return None
    found = (Path(one.locate()) for one in listed if one.name == name)
    return next((path for path in found if path.is_file()), None)
