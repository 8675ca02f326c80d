"""What commands share: masks by name, results that are not lost, and refusals before the work."""

import os
import shutil

import pytest
import torch
from PIL import Image

from nstlib import methods
from nstlib.__main__ import main
from nstlib.commands.shared import masks, write_picture
from nstlib.errors import NstError
from nstlib.images.files import load_image, read_provenance, save_image
from nstlib.optimization import search as optimization
from nstlib.optimization.recording import OptimizationError, Stylized

GREY = torch.full((1, 3, 40, 48), 0.5)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals or links")


def done(image=GREY):
    return Stylized(image, {"evaluations": [1]}, 1.0, "mini")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_a_result_whose_folder_went_away_is_kept_elsewhere(tmp_path, temporary, monkeypatch, capsys):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(optimization, "stylize", lambda *_, **__: shutil.rmtree(tmp_path / "out") or done())
    assert main(["stylize", "temple", "swirls", "-o", str(tmp_path / "out" / "x.png")]) == 1
    (kept,) = temporary.rglob("x.png")
    said = capsys.readouterr().err
    assert "there is no folder" in said and f"The result is in {kept}" in said and load_image(kept).shape == (1, 3, 40, 48)
    assert read_provenance(kept)["content"] == "temple"


def test_the_last_good_picture_of_a_run_that_broke_off_is_written(tmp_path, monkeypatch, capsys):
    def broken(*_, **__):
        raise OptimizationError("the losses are nan", done())

    monkeypatch.setattr(optimization, "stylize", broken)
    assert main(["stylize", "temple", "swirls", "-o", str(tmp_path / "x.png")]) == 1
    monkeypatch.setattr(methods, "stylize", broken)
    assert main(["transfer", "temple", "swirls", "--method", "optimise", "-o", str(tmp_path / "y.png")]) == 1
    assert "the losses are nan" in capsys.readouterr().err
    assert load_image(tmp_path / "x.png").shape == load_image(tmp_path / "y.png").shape == (1, 3, 40, 48)


def test_the_names_of_a_hundred_styles_are_cut_short_and_the_result_is_written(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("nstlib.commands.stylize.picture", lambda *_: GREY)
    monkeypatch.setattr(optimization, "stylize", lambda *_, **__: done())
    styles = ["\u732b" * 80 + f"{number}.png" for number in range(135)]
    assert main(["stylize", "temple", *styles, "-o", str(tmp_path / "x.jpg")]) == 0
    found = read_provenance(tmp_path / "x.jpg")
    assert found["content"] == "temple" and styles[0] in found["style"] and "cut short" in found["style"]
    assert "style is cut short" in caplog.text


def test_a_result_that_no_place_takes_is_an_error_that_says_why(tmp_path, temporary, monkeypatch):
    monkeypatch.setattr("nstlib.files.writing.Path.home", lambda: tmp_path / "none")
    temporary.rmdir()
    with pytest.raises(NstError, match="there is no folder"):
        write_picture(GREY, tmp_path / "none" / "x.png", {}, "")


@pytest.fixture
def idle(tmp_path, monkeypatch):
    """A folder with pictures, in which no command may begin its work."""

    def work(*_, **__):
        raise AssertionError("worked first")

    monkeypatch.setattr(optimization, "stylize", work)
    monkeypatch.setattr("nstlib.commands.transfer.paint_by_method", work)
    monkeypatch.chdir(tmp_path)
    for name in ("photo.png", "style.png", "mask.png", "init.png"):
        save_image(GREY, tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    Image.new("RGB", (17000, 40)).save("wide.png")
    if os.name != "nt":
        (tmp_path / "link.png").symlink_to("photo.png")
        (tmp_path / "hard.png").hardlink_to("style.png")
    return tmp_path


@pytest.mark.parametrize("command", ["stylize", "transfer"])
@pytest.mark.parametrize(
    "photo, output, said",
    [
        ("photo.png", "folder.png", "it is a folder"),
        ("photo.png", "a" * 300 + ".png", "the name is too long"),
        ("photo.png", "none/x.png", "make it first"),
        ("photo.png", "x.tiff", "should end in"),
        ("photo.png", "x", "should end in"),
        ("photo.png", "photo.png", "written over"),
        ("photo.png", "style.png", "written over"),
        ("photo.png", "mask.png", "written over"),
        pytest.param("photo.png", "link.png", "written over", marks=posix),
        pytest.param("link.png", "photo.png", "written over", marks=posix),
        pytest.param("photo.png", "hard.png", "written over", marks=posix),
        pytest.param("photo.png", "/dev/null.png/x.png", "cannot be written", marks=posix),
        ("wide.png", "x.webp", "WEBP cannot hold a picture of 17000x40 px"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(idle, capsys, command, photo, output, said):
    before = {entry.name: entry.stat().st_mtime_ns for entry in idle.iterdir()}
    size = [] if command == "transfer" else ["--size", "17000" if photo == "wide.png" else "48"]
    assert main([command, photo, "style.png", "-o", output, "--masks", "mask.png", *size]) == 1
    assert said in capsys.readouterr().err
    assert {entry.name: entry.stat().st_mtime_ns for entry in idle.iterdir()} == before


def test_the_picture_that_a_run_starts_from_and_the_network_are_inputs_too(idle, capsys):
    assert main(["stylize", "photo.png", "style.png", "-o", "init.png", "--init", "init.png"]) == 1
    shutil.copy("init.png", "network.png")
    assert main(["transfer", "photo.png", "style.png", "-o", "network.png", "--weights", "network.png"]) == 1
    assert capsys.readouterr().err.count("written over") == 2


@pytest.mark.parametrize(
    "size, output, fits",
    [("16383", "x.webp", True), ("16384", "x.webp", False), ("65501", "x.jpg", False), ("70000", "x.png", True)],
)
def test_the_size_asked_for_must_fit_the_format(idle, capsys, size, output, fits):
    words = ["stylize", "photo.png", "style.png", "-o", output, "--size", size]
    if fits:
        with pytest.raises(AssertionError, match="worked first"):
            main(words)
    else:
        assert main(words) == 1 and f"cannot hold a picture of {size}x" in capsys.readouterr().err


def test_the_rest_of_masks_of_two_sizes_that_overlap(tmp_path):
    """Files: the left half in 4 x 2 px, the upper half in 8 x 8 px, both grey pictures, white inside."""
    left, upper = torch.zeros(1, 3, 32, 64), torch.zeros(1, 3, 64, 64)
    left[..., :32], upper[..., :32, :] = 1, 1
    names = [str(save_image(picture, tmp_path / f"{n}.png")) for n, picture in enumerate((left, upper))]
    found = masks(["rest", *names])
    assert [tuple(one.shape) for one in found] == [(1, 1, 32, 64), (1, 1, 32, 64), (1, 1, 64, 64)]
    wanted = torch.zeros(1, 1, 32, 64)
    wanted[..., 16:, 32:] = 1  # the lower right quarter
    assert torch.equal(found[0], wanted) and torch.equal(found[1], left[:, :1]) and torch.equal(found[2], upper[:, :1])
