"""Names of files as people type them: each is expanded, or refused in words, wherever it is taken."""

from pathlib import Path

import pytest

from nstlib.__main__ import main
from nstlib.errors import NstError, WeightsError
from nstlib.files.locks import hold
from nstlib.files.paths import expanded
from nstlib.judging.study import Study
from nstlib.nets.files import find_fast, load_fast, read_about
from nstlib.training.checkpoints import set_aside
from nstlib.training.folders import picture_files

NOBODY = "~nobody_of_this_name/a"


def test_the_home_folder_is_written_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expanded("~/a") == tmp_path / "a" and expanded("a/~") == Path("a/~") and expanded(Path("")) == Path()


@pytest.mark.parametrize("name", [NOBODY, "\ud800", "a\0b", None, 7])
def test_what_is_no_name_is_said(name):
    with pytest.raises(WeightsError, match="no name of a file"):
        expanded(name, WeightsError)


@pytest.mark.parametrize("take", [hold, Study, load_fast, find_fast, read_about, set_aside, picture_files])
@pytest.mark.parametrize("name", [NOBODY, "\ud800"])
def test_whoever_takes_a_name_says_so(take, name):
    with pytest.raises(NstError, match="no name of a file"):
        take(name, *(["training"] if take is hold else []))


@pytest.mark.parametrize(
    "words",
    [
        ["paint", NOBODY, "swirls", "-o", "x.png"],
        ["paint", ".", "swirls", "-o", NOBODY],
        ["train", "swirls", NOBODY, "-o", "n.safetensors"],
        ["train", "swirls", "-o", "n.safetensors", "--run", NOBODY],
    ],
)
def test_the_command_line_says_so(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1 and "no name of a file" in capsys.readouterr().err and not list(tmp_path.iterdir())
