"""The plan of the house: who may import whom, what a module may do, and sizes that keep the code readable."""

import ast
import os
import re
import subprocess
import sys
from statistics import median

import pytest
from checkout import ROOT

import nstlib

# From the ground up: a room imports only from rows before its own.
LADDER = [
    {"errors", "doors"},
    {"options", "files"},
    {"settings"},
    {"images", "features"},
    {"control", "plots"},
    {"losses", "nets"},
    {"optimization", "training", "judging"},
    {"textures", "methods"},
    {"notebook", "commands"},
    {"course", "__main__"},
]
SUBJECT = {"features", "textures", "losses", "optimization", "control", "judging", "nets", "training"}
NO_SUBJECT = {"notebook", "commands", "course", "plots"}
FLOOR = {room: height for height, rooms in enumerate(LADDER) for room in rooms}
POSIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
SPEAKS = {"course", "commands", "__main__"}  # the notebook's voice, and the command line's
MODULES = sorted((ROOT / "nstlib").rglob("*.py"))
SCRIPTS = sorted((ROOT / "tools").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES + SCRIPTS}
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: shown(path))
each_file = pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=lambda path: shown(path))


def room(path):
    """The room that a module belongs to: its own name, or its folder's."""
    return path.relative_to(ROOT / "nstlib").parts[0].removesuffix(".py")


def imported(path):
    """The modules and packages of nstlib that a module imports anywhere, also inside functions: ("nstlib", "images", "files")."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "nstlib" if node.level and not node.module else f"nstlib.{node.module}" if node.level else node.module
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = tuple(name.split("."))
            if parts[0] == "nstlib":
                yield parts if exists(parts) else parts[:-1]  # of a module, a name in it


def exists(parts):
    return ROOT.joinpath(*parts).is_dir() or ROOT.joinpath(*parts).with_suffix(".py").is_file()


@each_module
def test_imports_are_a_ladder(path):
    if room(path) == "__init__":
        return  # the front door opens every room, when a name is asked for
    assert room(path) in FLOOR, f"give the room {room(path)!r} a place in LADDER"
    others = {parts[1] for parts in imported(path) if parts[1:]} - {room(path)}
    climbs = [other for other in others if FLOOR[other] >= FLOOR[room(path)]]
    assert not climbs, f"{room(path)} imports {climbs} from its own floor or above"
    if room(path) in SUBJECT:
        assert not others & NO_SUBJECT, "what the lessons explain knows neither notebooks nor commands"


@each_module
def test_modules_import_modules(path):
    """A folder's face is for lessons and tests: a name is read where it is written."""
    if path.name != "__init__.py":
        faces = {".".join(parts) for parts in imported(path) if ROOT.joinpath(*parts).is_dir()}
        assert not faces, f"import the module of {faces} in which the name is written"


def test_the_front_door_has_a_map_of_all_rooms_and_says_how_long_the_reading_is():
    text = nstlib.__doc__
    rooms = {path.stem for path in (ROOT / "nstlib").iterdir() if path.name != "__init__.py" and not path.name.startswith("__py")}
    on_the_map = re.findall(r"^ {4}(\w+) {2,}\S", text, re.MULTILINE)
    assert set(on_the_map) == rooms and len(on_the_map) == len(rooms)
    assert set(on_the_map[: len(SUBJECT)]) == SUBJECT
    said = int(re.search(r"([\d,]+) lines", text)[1].replace(",", ""))
    modules = re.findall(r"\b(\w+)\.(\w+)\b", text.split(" lines:")[1].split("What is used")[0])
    length = sum(
        len((ROOT / "nstlib" / folder / f"{name}.py").read_text(encoding="utf-8").splitlines()) for folder, name in modules
    )
    assert len(modules) == 12 and abs(length - said) < 50, f"the reading list has {length} lines"


@each_file
def test_what_other_systems_lack_is_neither_imported_at_the_top_nor_called(path):
    top = {alias.name for node in TREES[path].body if isinstance(node, ast.Import) for alias in node.names}
    top |= {node.module for node in TREES[path].body if isinstance(node, ast.ImportFrom)}
    assert not top & POSIX_ONLY, "import it where it is used, after a look at the system"
    called = {node.attr for node in ast.walk(TREES[path]) if isinstance(node, ast.Attribute)}
    assert "cpu_affinity" not in called, "psutil has it on Linux and Windows only: use nstlib.settings.cores"


@each_module
def test_the_library_does_not_print(path):
    if room(path) in SPEAKS:
        return
    prints = [n.lineno for n in ast.walk(TREES[path]) if isinstance(n, ast.Call) and ast.unparse(n.func) == "print"]
    assert not prints, f"print in lines {prints}: use logging"


@each_module
def test_nothing_is_unpickled(path):
    calls = [n for n in ast.walk(TREES[path]) if isinstance(n, ast.Call)]
    loads = [n for n in calls if ast.unparse(n.func) in ("torch.load", "pickle.load", "pickle.loads", "np.load")]
    unsafe = [n.lineno for n in loads if not re.search("weights_only=True|allow_pickle=False", ast.unparse(n))]
    assert not unsafe, f"lines {unsafe}: say weights_only=True, or use safetensors"


def public_definitions(path):
    """Public functions, classes and methods of a module, by qualified name."""
    for node in TREES[path].body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                methods = [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
                yield from ((f"{node.name}.{method.name}", method) for method in methods)


@each_module
def test_every_public_name_says_what_it_is(path):
    silent = [name for name, node in public_definitions(path) if not ast.get_docstring(node)]
    assert not silent, f"no docstring: {silent}"


@each_file
def test_every_file_says_what_it_is(path):
    assert ast.get_docstring(TREES[path])


def shown(path):
    return path.relative_to(ROOT).as_posix()


def unnumbered(name):
    return re.sub(r":\d+", "", name)


def functions(paths):
    found = [(path, node) for path in paths for node in ast.walk(TREES[path]) if isinstance(node, ast.FunctionDef)]
    return {f"{shown(path)}:{node.lineno} {node.name}": node for path, node in found}


SETTINGS_AS_ARGUMENTS = {
    "nstlib/optimization/search.py stylize",  # the one call of the course: its settings are its arguments, by keyword only
    "nstlib/losses/objective.py __init__",  # what stylize hands on, by keyword only
    "nstlib/files/downloads.py download",  # limits that a caller seldom changes, by keyword only
}


def lines_of(node, arguments=True):
    """Lines of a function without its docstring."""
    text = ast.get_docstring(node, clean=False)
    first = node.lineno if arguments else node.body[0].lineno
    return node.end_lineno - first + 1 - (len(text.splitlines()) if text else 0)


def test_functions_are_short():
    found = functions(MODULES + SCRIPTS).items()
    lengths = {name: lines_of(node, arguments=unnumbered(name) not in SETTINGS_AS_ARGUMENTS) for name, node in found}
    # What a scene shows is drawn from back to front in one go: in parts it would only be longer.
    most = {name: 60 if "/scenes/" in name else 40 for name in lengths}
    assert not {name: length for name, length in lengths.items() if length > most[name]}
    assert median(lengths.values()) <= 10


TABLES = {  # data, an entry every few lines: cutting it in two would only hide where to look
    "tools/make/styles/catalogue.py",
    "tools/make/make_masks.py",
}


def test_files_are_short():
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES + SCRIPTS}
    assert {name for name, length in lengths.items() if length > 300} <= TABLES


def test_functions_take_few_arguments():
    counts = {
        unnumbered(name): len(n.args.posonlyargs + n.args.args + n.args.kwonlyargs) for name, n in functions(MODULES).items()
    }
    many = {name: count for name, count in counts.items() if count > 7 and name not in SETTINGS_AS_ARGUMENTS}
    assert not many, f"more than six arguments beside self: {many}"


def test_the_import_is_light():
    script = (
        "import sys, torch; before = set(sys.modules); import nstlib;"
        "print([m for m in ('matplotlib', 'ipywidgets', 'skimage', 'sklearn', 'requests') if m in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("word", [r"/work/", r"/root/", r"\bpypi-\w+"])
def test_no_machine_of_ours_is_named(word):
    texts = (
        MODULES + SCRIPTS + [ROOT / n for n in ("README.md", "Makefile", "pyproject.toml", "constraints.txt", "environment.yml")]
    )
    named = [path.name for path in texts if re.search(word, path.read_text(encoding="utf-8"))]
    assert not named
