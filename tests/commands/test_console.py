"""Around the commands: consoles of any encoding or none, interrupts of every kind, and results that are not lost."""

import io
import logging
import os
import shutil
import signal
import sys
import threading

import pytest
import torch
from PIL import Image

from nstlib import methods
from nstlib.__main__ import main
from nstlib.commands import console
from nstlib.commands.shared import write_picture
from nstlib.errors import NstError
from nstlib.images import files as images
from nstlib.images.files import load_image, read_provenance, save_image
from nstlib.optimization import search as optimization
from nstlib.optimization.recording import OptimizationError, Recorder, Stylized

SMALL = ["--size", "48", "--steps", "6", "--quiet", "--backbone", "mini"]
GREY = torch.full((1, 3, 40, 48), 0.5)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals or links")


def done(image=GREY):
    return Stylized(image, {"evaluations": [1]}, 1.0, "mini")


# ---------------------------------------------------------------- consoles


def console_of(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("name", ["猫.png", "Ж.png", "🎨.png", "\udcff.png"])
def test_names_of_any_script_are_shown_on_any_console(tmp_path, monkeypatch, encoding, name):
    out, err = console_of(encoding), console_of(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(optimization, "stylize", lambda *_, **__: done())
    assert main(["stylize", "temple", "swirls", "-o", str(tmp_path / name)]) == 0
    assert main(["stylize", str(tmp_path / "no" / name), "swirls", "-o", str(tmp_path / "x.png")]) == 1
    assert b"48x40 px" in out.buffer.getvalue() and b"there is no file" in err.buffer.getvalue()
    assert (out.errors, err.errors) == ("strict", "strict")  # as they were


def test_without_streams_a_command_works_in_silence(tmp_path, monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert (
        main(["stylize", "temple", "swirls", "-o", str(tmp_path / "x.png"), "--size", "48", "--steps", "1", "--backbone", "mini"])
        == 0
    )
    assert main(["stylize", "nowhere.jpg", "swirls", "-o", str(tmp_path / "y.png")]) == 1
    assert load_image(tmp_path / "x.png").shape == (1, 3, 32, 48)


@pytest.mark.parametrize(
    "address, shown",
    [
        ("http://me:hunter2@example.org/x.png", "http://example.org/x.png"),
        ("https://me:p@ss@example.org", "https://example.org"),
        ("ftp://me@example.org/a and http://a:b@c/d", "ftp://example.org/a and http://c/d"),
        ("https://example.org/a@b.png", "https://example.org/a@b.png"),
        ("me@example.org", "me@example.org"),
        (
            "http://example.org/x.png?token=s3cret: gone (http://me:p@b.org/;s3cret)",
            "http://example.org/x.png: gone (http://b.org/)",
        ),
        (
            "begin with https:// or http://, such as https://[::1]:80.",
            "begin with https:// or http://, such as https://[::1]:80.",
        ),
    ],
)
def test_no_password_is_shown(capsys, address, shown):
    console.complain(address)
    assert capsys.readouterr().err == f"{shown}\n"
    assert console.Discreet("%(message)s").format(logging.LogRecord("x", 20, "", 0, "%s", (address,), None)) == shown


# ---------------------------------------------------------------- interrupts


def interrupting(monkeypatch, number, while_saving=0):
    """The signal comes in the third evaluation, and again so often while the picture is made into a file."""
    add, encode = Recorder.add, images._encode

    def interrupted(self, step):
        add(self, step)
        if step.index == 2:
            signal.raise_signal(number)

    def pressed(*arguments):
        for _ in range(while_saving):
            signal.raise_signal(number)
        return encode(*arguments)

    monkeypatch.setattr(Recorder, "add", interrupted)
    monkeypatch.setattr(images, "_encode", pressed)


@pytest.mark.parametrize(
    "command, name, again",
    [
        ("stylize", "SIGINT", 0),
        ("stylize", "SIGINT", 3),
        ("stylize", "SIGTERM", 3),
        ("transfer", "SIGTERM", 2),
        pytest.param("stylize", "SIGHUP", 1, marks=posix),
    ],
)
def test_an_interrupted_command_writes_its_last_good_picture(tmp_path, monkeypatch, capsys, command, name, again):
    how = {"stylize": [*SMALL, "--steps", "100000"], "transfer": ["--method", "optimise", "--size", "48", "--quiet"]}[command]
    out, before = tmp_path / "x.png", [signal.getsignal(number) for number in console.STOPPING]
    interrupting(monkeypatch, getattr(signal, name), again)
    assert main([command, "temple", "swirls", "-o", str(out), *how]) == 130
    assert "3 evaluations" in capsys.readouterr().out and load_image(out).shape == (1, 3, 32, 48)
    assert [signal.getsignal(number) for number in console.STOPPING] == before and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_comes_while_the_finished_picture_is_saved_waits(tmp_path, monkeypatch, capsys, number):
    def late(*_, **__):
        monkeypatch.setattr(
            images, "_encode", lambda *arguments, kept=images._encode: (signal.raise_signal(number), kept(*arguments))[1]
        )
        return done()

    monkeypatch.setattr(optimization, "stylize", late)
    assert main(["stylize", "temple", "swirls", "-o", str(tmp_path / "x.png")]) == 130
    said = capsys.readouterr()
    assert (
        "48x40 px" in said.out
        and "before there was a result" not in said.err
        and load_image(tmp_path / "x.png").shape == (1, 3, 40, 48)
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_before_there_is_a_picture_says_so(tmp_path, monkeypatch, capsys, number):
    monkeypatch.setattr(optimization, "stylize", lambda *_, **__: signal.raise_signal(number))
    assert main(["stylize", "temple", "swirls", "-o", str(tmp_path / "x.png")]) == 130
    assert "interrupted before there was a result" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_impatience_is_no_second_interrupt(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    handler = console.Interrupt()
    for moment, raises in ((100.0, True), (100.1, False), (109.9, False), (110.0, True), (111.0, False)):
        now[0] = moment
        if raises:
            with pytest.raises(KeyboardInterrupt):
                handler(signal.SIGINT, None)
        else:
            handler(signal.SIGINT, None)


@posix
def test_what_is_ignored_stays_ignored(monkeypatch):
    """A program that was started with nohup, or in the background of a shell, is not stopped by what it shall ignore."""
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with console.interruptible():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert isinstance(signal.getsignal(signal.SIGTERM), console.Interrupt)
    finally:
        signal.signal(signal.SIGHUP, kept)


def test_commands_run_in_other_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(optimization, "stylize", lambda *_, **__: done())
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(["stylize", "temple", "swirls", "-o", str(tmp_path / "x.png")])))
    thread.start()
    thread.join()
    assert codes == [0] and load_image(tmp_path / "x.png").shape == (1, 3, 40, 48)


# ---------------------------------------------------------------- results are not lost


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


def test_a_result_that_no_place_takes_is_an_error_that_says_why(tmp_path, temporary, monkeypatch):
    monkeypatch.setattr("nstlib.files.writing.Path.home", lambda: tmp_path / "none")
    temporary.rmdir()
    with pytest.raises(NstError, match="there is no folder"):
        write_picture(GREY, tmp_path / "none" / "x.png", {}, "")


# ---------------------------------------------------------------- refused before the work


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
