"""Which pictures are in a folder: one answer, without what nobody means by them."""

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from nstlib.errors import NstError
from nstlib.images.decoding import FORMATS
from nstlib.training.checkpoints import Checkpoint, save_checkpoint
from nstlib.training.folders import picture_files, suffixes

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")


@pytest.fixture
def make(tmp_path):
    """A function that makes files in the folder."""

    def made(*names):
        for path in map(tmp_path.joinpath, names):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"any")

    return made


def found(path, *without):
    return [file.relative_to(path).as_posix() for file in picture_files(path, without)]


def test_all_readable_formats_and_nothing_else(tmp_path, make):
    make(*(f"a{suffix}" for suffix in suffixes()), "b.txt", "c.JPG", "d.Jfif", "e", "f.eps", "g.mp4", "h.psd")
    assert found(tmp_path) == sorted([*(f"a{suffix}" for suffix in suffixes()), "c.JPG", "d.Jfif"])
    assert {
        ".jpg",
        ".jpeg",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".jp2",
        ".ppm",
        ".tga",
        ".ico",
        ".pcx",
        ".mpo",
    } <= set(suffixes())
    assert {Image.registered_extensions()[suffix] for suffix in suffixes()} <= set(FORMATS)


def test_pictures_of_kinds_that_are_not_read_are_counted_in_a_warning(tmp_path, make, caplog):
    make("a.jpg", "b.HEIC", "c.dng", "d.dng", "e.txt", ".f.heic", "trip/g.psd", "trip/notes", "out/h.heic", "i.webp")
    (tmp_path / "j.raw").mkdir()
    assert found(tmp_path, tmp_path / "out") == ["a.jpg", "i.webp"]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2 and f"skipped 3 of the files in {tmp_path} (.dng, .heic): not read here" in said[0]
    assert f"skipped 1 of the files in {tmp_path / 'trip'} (.psd)" in said[1]


def test_hidden_ones_and_what_systems_leave(tmp_path, make):
    make(
        "a.jpg",
        ".b.jpg",
        "._a.jpg",
        ".hidden/c.jpg",
        "__MACOSX/a.jpg",
        "deep/.ipynb_checkpoints/d.jpg",
        "deep/e.jpg",
        "@eaDir/f.jpg",
    )
    assert found(tmp_path) == ["a.jpg", "deep/e.jpg"]


def test_a_hidden_folder_that_is_named_is_meant(tmp_path, make):
    make(".mine/a.jpg")
    assert found(tmp_path / ".mine") == ["a.jpg"]


def test_without_the_folders_of_results(tmp_path, make):
    make("a.jpg", "out/a.jpg", "deep/out/b.jpg", "deep/c.jpg")
    assert found(tmp_path, tmp_path / "out", tmp_path / "deep" / ".." / "deep" / "out", tmp_path / "nowhere") == [
        "a.jpg",
        "deep/c.jpg",
    ]
    with pytest.raises(NstError, match="another folder"):
        picture_files(tmp_path, [tmp_path])


def test_without_the_folders_of_trainings(tmp_path, make):
    make("a.jpg", "net.run/samples/step_000001.png")
    save_checkpoint(tmp_path / "net.run", Checkpoint(1, {}, {}))
    assert found(tmp_path) == ["a.jpg"]


@needs_links
def test_links_are_followed_to_each_place_once(tmp_path, make):
    make("photos/a.jpg", "photos/real/b.jpg", "elsewhere/c.jpg", "elsewhere/d.jpg")
    (tmp_path / "photos" / "also").symlink_to(tmp_path / "photos" / "real")
    (tmp_path / "photos" / "up").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "other2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "e.jpg").symlink_to(tmp_path / "photos" / "a.jpg")
    (tmp_path / "photos" / "f.jpg").symlink_to(tmp_path / "elsewhere" / "c.jpg")
    assert sorted(file.name for file in picture_files(tmp_path / "photos")) in (
        ["a.jpg", "b.jpg", "c.jpg", "d.jpg"],
        ["a.jpg", "b.jpg", "d.jpg", "f.jpg"],
    )
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert "c.jpg" in found(tmp_path / "link")


@needs_links
def test_links_that_lead_nowhere_are_named(tmp_path, make, caplog):
    make("a.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "c.jpg").symlink_to(tmp_path / "c.jpg")
    assert found(tmp_path) == ["a.jpg"] and "b.jpg" in caplog.text


@needs_links
def test_hard_links_are_two_files(tmp_path, make):
    make("a.jpg")
    os.link(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert found(tmp_path) == ["a.jpg", "b.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_pipes_and_folders_named_like_pictures(tmp_path, make):
    make("folder.jpg/a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert found(tmp_path) == ["folder.jpg/a.jpg"]


def test_what_may_not_be_looked_at_is_no_picture_and_stops_nothing(tmp_path, make, monkeypatch):
    make("a.png", "odd/b.png")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    for question in ("is_dir", "is_file", "exists", "glob"):
        monkeypatch.setattr(Path, question, refuse)
    assert found(tmp_path) == ["a.png", "odd/b.png"]
