"""Every script of tools/ runs from the repository's root, and whatever names a file of the repository names one that is there."""

import ast
import json
import re
import subprocess
import sys

import pytest
from checkout import ROOT

SCRIPTS = [path for path in sorted((ROOT / "tools").rglob("*.py")) if "__main__" in path.read_text(encoding="utf-8")]
NAMES = [path.relative_to(ROOT).as_posix() for path in SCRIPTS]
# Each as Python runs a script: its own folder first on the path, no module of another script's folder loaded before. One
# process for all, which imports torch once.
HELP = """
import contextlib, io, json, os, runpy, sys
usual, found = [entry for entry in sys.path if entry], {}  # without "", the present folder
for name in sys.argv[1:]:
    for key, module in list(sys.modules.items()):
        if os.path.abspath(getattr(module, "__file__", None) or "").startswith(os.path.abspath("tools") + os.sep):
            del sys.modules[key]
    sys.path[:], before, shown = [os.path.dirname(os.path.abspath(name)), *usual], sys.argv, io.StringIO()
    sys.argv = [name, "--help"]
    try:
        with contextlib.redirect_stdout(shown):
            runpy.run_path(name, run_name="__main__")
        found[name] = "it does not know --help"
    except SystemExit as end:
        found[name] = shown.getvalue() if not end.code else f"it ended with {end.code}"
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
    sys.argv = before
print(json.dumps(found))
"""
TEXTS = [
    *(ROOT / name for name in ("README.md", "Makefile", "pyproject.toml", "images/README.md", "nstlib/weights/README.md")),
    *(ROOT / ".github" / "workflows").glob("*.yml"),
    *(path for folder in ("nstlib", "tools", "tests") for path in sorted((ROOT / folder).rglob("*.py"))),
    *sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")),
]
NAMED = re.compile(r"(?<![\w/.}])(?:tools|tests|nstlib|notebooks|images)/[\w/-]+\.(?:py|sh|md|json|ipynb|safetensors)\b")
NO_FILE = re.compile(r"X|^nstlib/_images/")  # "lesson_0X.py" stands for any; in a wheel the pictures lie in nstlib/_images


@pytest.fixture(scope="module")
def helped():
    """What each script says with --help, or what went wrong."""
    command = [sys.executable, "-c", HELP, *NAMES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", NAMES)
def test_a_script_knows_help_from_the_root(helped, name):
    assert helped[name].startswith("usage: "), helped[name]


@pytest.mark.parametrize("path", SCRIPTS, ids=NAMES)
def test_a_script_says_how_it_is_called(path):
    assert path.relative_to(ROOT).as_posix() in ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def written(path):
    """The text of a file; of a lesson, its cells without their outputs."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_are_named_are_there(path):
    missing = [name for name in NAMED.findall(written(path)) if not (NO_FILE.search(name) or (ROOT / name).exists())]
    assert not missing
