"""The README's first page: its programs run as printed, its links lead somewhere, its table agrees with the lessons."""

import re
import runpy
import shlex
import sys
import tomllib

import nbformat
import pytest
from checkout import MAKE_TARGETS, ROOT
from lesson_rules import LINK, PICTURE

from nstlib import photo, save_image

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PROGRAMS = [text for language, text in BLOCKS if language == "python"]
SHELL = [line.split("  #")[0].strip() for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
INLINE = re.findall(r"`((?:make|python|conda) [^`]+)`", README)
LOCAL_LINKS = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
ROWS = re.findall(r"^\| \d+ \| \[([^\]]+)\]\(notebooks/(\S+?)\) \|[^|]+\| ([^|]+) \|", README, re.MULTILINE)
FAST = {"NSTLIB_PROFILE": "fast", "TQDM_DISABLE": "1"}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Start a file or `-m MODULE` in an empty folder, in this process, as importing takes longer; return what it prints."""
    monkeypatch.chdir(tmp_path)
    for name, value in FAST.items():
        monkeypatch.setenv(name, value)

    def printed(*words):
        monkeypatch.setattr(sys, "argv", [word for word in words if word != "-m"])
        try:
            if words[0] == "-m":
                monkeypatch.delitem(sys.modules, f"{words[1]}.__main__", raising=False)  # another test may have imported it
                runpy.run_module(words[1], run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(words[0], run_name="__main__")
        except SystemExit as ended:
            assert not ended.code, capsys.readouterr().err
        return capsys.readouterr().out

    return printed


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_run_as_printed(program, run, tmp_path):
    (tmp_path / "program.py").write_text(program)
    assert "evaluations" in run("program.py")
    assert (tmp_path / "painted.png").stat().st_size > 10_000


@pytest.mark.parametrize("command", [line for line in SHELL if line.startswith("python ")])
def test_the_command_lines_run_as_printed(command, run, tmp_path):
    save_image(photo("temple", 160), tmp_path / "STYLE.png")
    (tmp_path / "FOLDER").mkdir()
    save_image(photo("cat", 160), tmp_path / "FOLDER" / "cat.png")
    words = shlex.split(command.replace("--steps 3000", "--steps 2"))[1:]  # its 15 minutes are the reader's
    run(*words)
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
        assert words == ["pip", "install", f"nstlib[vgg19] @ git+{repository}"]


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
