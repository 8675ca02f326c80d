"""Write constraints.txt: the versions, in the present environment, of all that pyproject.toml asks for, directly or not.

    .venv/bin/python tools/run/pin_constraints.py

Run it in an environment in which `make test` has passed. NVIDIA's packages and triton are left out: torch pins them
itself, and other systems have others.
"""

import argparse
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
HEADER = """\
# Versions with which every test has passed (Python {python}). pip reads them with `-c`: they constrain what is
# installed and install nothing themselves, so they serve Python 3.11 to 3.13 on Linux, macOS and Windows alike.
# Written by tools/run/pin_constraints.py.
"""
PINNED_BY_TORCH = ("nvidia-", "cuda-", "triton")


def wanted(pyproject: Path) -> list[Requirement]:
    """The requirements of the library and of all its extras."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    every = [Requirement(text) for requirements in lists for text in requirements]
    return [one for one in every if one.name != project["name"]]  # an extra that takes another one in


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Name and installed version of each requirement and of whatever those require on this system."""
    found: dict[str, str] = {}
    todo = [(requirement.name, frozenset(requirement.extras)) for requirement in requirements]
    seen = set(todo)
    while todo:
        name, extras = todo.pop()
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed: run `make venv` first")
        found[canonicalize_name(name)] = installed.version.split("+")[0]  # torch's "+cpu" is a build, no version
        for requirement in map(Requirement, installed.requires or []):
            entry = (requirement.name, frozenset(requirement.extras))
            if entry not in seen and _applies(requirement, extras):
                seen.add(entry)
                todo.append(entry)
    return found


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    pins = closure(wanted(ROOT / "pyproject.toml"))
    lines = [f"{name}=={version}" for name, version in sorted(pins.items()) if not name.startswith(PINNED_BY_TORCH)]
    python = ".".join(map(str, sys.version_info[:2]))
    (ROOT / "constraints.txt").write_text(HEADER.format(python=python) + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
