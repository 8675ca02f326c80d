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


@pytest.mark.parametrize("name", ["https://me:hunter2@a.org/x", Path("https://me:hunter2@a.org/x"), " ftp://me:hunter2@a.org/x"])
def test_an_address_is_no_place_on_this_machine(name):
    with pytest.raises(NstError, match=r"ps?:/+a.org/x' is an address: expected a file or folder on this machine") as caught:
        expanded(name)
    assert "hunter2" not in str(caught.value)


def test_a_folder_may_be_called_like_the_beginning_of_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine:").mkdir()
    assert expanded("mine:/a.png") == Path("mine:/a.png")


ADDRESSES = ["ftp://me:hunter2@a.org/x.png", " https://me:hunter2@a.org/x.png", "htps://me:hunter2@a.org/x.png?token=hunter2"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paint", "{}", "swirls", "-o", "x.png"], "cannot be read: expected the path of a file, or an address"),
        (["paint", "cat", "{}", "-o", "x.png"], "on this machine"),
        (["paint", "cat", "swirls", "-o", "{}"], "on this machine"),
        (["stylize", "cat", "{}", "-o", "x.png"], "cannot be read"),
        (["stylize", "cat", "swirls", "-o", "x.png", "--masks", "{}"], "cannot be read"),
        (["transfer", "cat", "swirls", "-o", "x.png", "--weights", "{}"], "on this machine"),
        (["train", "{}", "-o", "n.safetensors"], "cannot be read"),
        (["train", "swirls", "{}", "-o", "n.safetensors"], "on this machine"),
        (["train", "swirls", "-o", "n.safetensors", "--run", "{}"], "on this machine"),
        (["train", "swirls", "-o", "n.safetensors", "--start", "{}"], "on this machine"),
    ],
)
def test_an_address_that_is_not_read_is_said_without_its_password(words, said, address, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([word.format(address) for word in words]) == 1 and not list(tmp_path.iterdir())
    told = "".join(capsys.readouterr())
    assert said in told and "hunter2" not in told and "a.org/x.png" in told


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
