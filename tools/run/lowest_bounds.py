"""Write constraints that pin whatever pyproject.toml asks for to its lower bound: `make test` passes with them, too.

    python tools/run/lowest_bounds.py --out lowest.txt
    python -m pip install -c lowest.txt -e ".[lab,test]"

It reads the file and nothing else, so it runs before anything is installed.
"""

import argparse
import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
BOUND = re.compile(r"([\w.-]+)>=([\d.]+)")


def lowest(pyproject: Path) -> dict[str, str]:
    """The lower bound of each requirement of the library and of all its extras, by name: an extra may ask for more."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    own = f"{project['name']}["  # an extra that takes another extra in
    bounds = sorted(_bound(text) for texts in lists for text in texts if not text.startswith(own))
    return {name: ".".join(map(str, version)) for name, version in bounds}


def _bound(requirement: str) -> tuple[str, tuple[int, ...]]:
    match = BOUND.fullmatch(requirement)
    if match is None:
        raise SystemExit(f"{requirement!r} is not of the form NAME>=VERSION: say how low it goes")
    return match[1], tuple(map(int, match[2].split(".")))


def main() -> None:
    """Write the file, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="the file to write; without it they are printed")
    options = parser.parse_args()
    text = "".join(f"{name}=={version}\n" for name, version in sorted(lowest(PYPROJECT).items()))
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
