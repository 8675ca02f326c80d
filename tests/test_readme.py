"""The README's first page: its programs run as printed, its links lead somewhere, its table agrees with the lessons."""

import os
import re
import shlex
import subprocess
import sys
import tomllib

import nbformat
import pytest
from lesson_rules import LINK, PICTURE, ROOT
from test_setup import MAKE_TARGETS

from nstlib import photo, save_image

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PROGRAMS = [text for language, text in BLOCKS if language == "python"]
SHELL = [line.split("  #")[0].strip() for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
INLINE = re.findall(r"`((?:make|python|conda) [^`]+)`", README)
LOCAL_LINKS = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
ROWS = re.findall(r"^\| \d+ \| \[([^\]]+)\]\(notebooks/(\S+?)\) \|[^|]+\| ([^|]+) \|", README, re.MULTILINE)
FAST = os.environ | {"NSTLIB_PROFILE": "fast", "TQDM_DISABLE": "1"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_run_as_printed(program, tmp_path):
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=FAST, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "painted.png").stat().st_size > 10_000 and "evaluations" in done.stdout


@pytest.mark.parametrize("command", [line for line in SHELL if line.startswith("python ")])
def test_the_command_lines_run_as_printed(command, tmp_path):
    save_image(photo("temple", 160), tmp_path / "STYLE.png")
    (tmp_path / "FOLDER").mkdir()
    save_image(photo("cat", 160), tmp_path / "FOLDER" / "cat.png")
    words = [sys.executable, *shlex.split(command.replace("--steps 3000", "--steps 2"))[1:]]  # its 15 minutes are the reader's
    done = subprocess.run(words, cwd=tmp_path, env=FAST, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = tmp_path / words[words.index("-o") + 1]
    assert (out / "cat.png" if out.is_dir() else out).stat().st_size > 10_000


def test_both_kinds_of_program_are_there():
    assert PROGRAMS and any(line.startswith("python -m nstlib") for line in SHELL)


@pytest.mark.parametrize("command", SHELL + INLINE)
def test_commands_name_targets_and_files_that_exist(command):
    words = shlex.split(command)
    if words[0] == "make":
        assert set(words[1:]) <= MAKE_TARGETS
    elif words[0] == "python":
        assert words[1] == "-m" or (ROOT / words[1]).is_file()
    elif words[0] == "conda":
        assert (ROOT / words[-1]).is_file()
    else:
        repository = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
        assert words == ["pip", "install", f"nstlib @ git+{repository}"]


@pytest.mark.parametrize("target", LOCAL_LINKS)
def test_links_lead_to_files(target):
    assert (ROOT / target).exists()


def test_pictures_say_what_they_show():
    pictures = PICTURE.findall(README)
    assert len(pictures) >= 2 and all(len(alt.split()) >= 5 for alt, _ in pictures)


def test_the_table_has_every_lesson_once_and_in_order():
    assert [name for _, name, _ in ROWS] == [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]


@pytest.mark.parametrize(("title", "name", "takes"), ROWS)
def test_the_table_says_what_the_lessons_title_cell_says(title, name, takes):
    first = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells[0].source
    assert first.startswith(f"# Lesson {int(name[:2])}: {title}\n")
    assert f"**Takes:** {takes} on a laptop" in first


def test_links_outside_are_https():
    assert all(link.startswith("https://") for link in LINK.findall(README))
