"""What a reader types first: every name that a lesson, the README, a hint or a message gives opens behind `import nstlib`."""

import ast
import json
import re
import subprocess
import sys

import pytest
from checkout import ROOT

import nstlib

ROOMS = sorted(
    {
        path.stem if path.suffix else path.name
        for path in (ROOT / "nstlib").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file()) and not path.name.startswith("_")
    }
)
SOURCES = [*(ROOT / "nstlib").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
PAGES = [ROOT / "README.md", *(ROOT / "images").rglob("*.md"), *(ROOT / "nstlib").rglob("*.md")]
VARIABLES = {"features", "settings"}  # rooms whose names hints use for a reader's own variables

# The names of each room are looked up as if they were the first: nothing of the library has been imported before.
FIRST = """
import importlib, json, sys
room = None
for name in json.load(sys.stdin):
    if name.split(".")[1] != room:
        room = name.split(".")[1]
        for module in [module for module in sys.modules if module.split(".")[0] == "nstlib"]:
            del sys.modules[module]
    value = importlib.import_module("nstlib")
    try:
        for part in name.split(".")[1:]:
            value = getattr(value, part)
    except (AttributeError, ImportError) as error:
        print(name, type(error).__name__, error)
"""


def cells(kind=("code", "markdown")):
    """The source of each cell of each lesson."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        yield from (
            "".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] in kind
        )


def sayings():
    """What is said to a reader: lessons' text, pages, and every string of the library and the tools."""
    yield from cells(("markdown",))
    yield from (path.read_text(encoding="utf-8") for path in PAGES)
    for path in SOURCES:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        yield from (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def typed(text):
    """Names in a text that begin at the front door: `nstlib.x.y`, and those of `from nstlib.x import y`."""
    for found in re.finditer(r"(?<![\w./-])nstlib(?:\.[A-Za-z]\w*)+", text):
        yield found[0]
    for module, names in re.findall(r"from (nstlib[\w.]*) import (\([^)]*\)|[\w, ]+)", text):
        yield from (f"{module}.{name.split()[0]}" for name in names.strip("()").split(",") if name.strip())


def named_by_a_room(text):
    """Names such as `gallery.STYLES`, without files and a reader's own variables."""
    for found in re.findall(rf"(?<![\w./-])((?:{'|'.join(set(ROOMS) - VARIABLES)})\.[A-Za-z]\w*)\b(?!\.)", text):
        if not re.search(r"\.(py|js|css|json|md|jpg|png)$", found):
            yield f"nstlib.{found}"


TYPED = {name for text in [*cells(), *sayings(), *(path.read_text(encoding="utf-8") for path in SOURCES)] for name in typed(text)}
SAID = {name for text in sayings() for name in named_by_a_room(text)}
INSIDE = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "nstlib").rglob("*.py")
    if path.name != "__main__.py"
} - {"nstlib"}
WRONG = {"nstlib.images.gallery.NOTHING", "nstlib.nothing", "nstlib._HOME.nothing"}


@pytest.fixture(scope="module")
def closed():
    """The names that do not open, of all above."""
    names = json.dumps(sorted(TYPED | SAID | INSIDE | WRONG))
    done = subprocess.run([sys.executable, "-c", FIRST], input=names, capture_output=True, text=True, check=True)
    return {line.split()[0]: line for line in done.stdout.splitlines()}


@pytest.mark.parametrize(
    ("names", "among"),
    [
        (TYPED, {"nstlib.images.STYLES", "nstlib.judging.ssim", "nstlib.stylize", "nstlib.nets.encoder_decoder.blend"}),
        (SAID, {"nstlib.course.start", "nstlib.images.show"}),
        (INSIDE, {"nstlib.images.gallery", "nstlib.nets", "nstlib.nets.adain", "nstlib.notebook.checks.lesson_01"}),
    ],
    ids=["typed", "said", "rooms"],
)
def test_what_a_reader_types_first_opens(closed, names, among):
    """What lessons, pages and sources type; what they name by its room; and every room."""
    assert among <= names
    assert not [closed[name] for name in names if name in closed]


def test_what_does_not_open_is_seen(closed):
    assert WRONG <= set(closed)


def test_a_function_wins_over_a_room_and_no_room_bears_its_name():
    """An imported room becomes an attribute of the package, and would hide a function of its name from then on."""
    assert not set(ROOMS) & set(nstlib.__all__)


def test_dir_lists_both():
    assert set(nstlib.__all__) | set(ROOMS) == set(dir(nstlib))
    assert {"adain", "fast", "sanet"} <= set(dir(nstlib.nets))


@pytest.mark.parametrize("name", ["imags", "Images", "__wrapped__", "_images"])
def test_a_wrong_name_says_what_there_is(name):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'; it has .*stylize.*images") as caught:
        getattr(nstlib, name)
    assert caught.value.name == name
    with pytest.raises(AttributeError, match="adain"):
        nstlib.nets.galery  # noqa: B018
    with pytest.raises(ImportError):
        from nstlib import galery  # noqa: F401
