"""Around the commands: consoles of any encoding or none, and interrupts of every kind."""

import builtins
import io
import logging
import os
import signal
import sys
import threading

import pytest
import torch

from nstlib.__main__ import main
from nstlib.commands import console
from nstlib.images import files as images
from nstlib.images.files import load_image
from nstlib.optimization import search as optimization
from nstlib.optimization.recording import Recorder, Stylized

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


SECRET = "https://ann:hunter2@example.org/x.png"


@pytest.mark.parametrize(
    "words",
    [
        [SECRET],
        ["paint", "temple", "swirls", "-o", "x.png", SECRET],
        ["stylize", "temple", "swirls", "-o", "x.png", "--size", SECRET],
        ["train", "swirls", "photos", "-o", "x.safetensors", f"--{SECRET}"],
    ],
)
def test_a_command_line_that_is_wrong_is_repeated_without_passwords(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    said = capsys.readouterr().err
    assert "example.org" in said and "hunter2" not in said and "usage:" in said


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


def test_ctrl_c_while_the_commands_are_loaded_ends_in_words(monkeypatch, capsys):
    load = builtins.__import__

    def interrupted(name, *rest):
        if name.startswith("nstlib.commands"):
            raise KeyboardInterrupt
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    code = main(["paint", "cat", "waves", "-o", "x.png"])
    assert code == 130 and capsys.readouterr().err == "interrupted before there was a result\n"


@posix
@pytest.mark.parametrize("command", [["paint", "cat", "waves", "--size", "48"], ["transfer", "cat", "waves", "--size", "48"]])
def test_nobody_reads_what_is_said(tmp_path, monkeypatch, command):
    """A pipe whose reader went away: the picture is written all the same, and nothing is left to be said at the end."""
    reader, writer = os.pipe()
    os.close(reader)
    out = tmp_path / "x.png"
    with open(writer, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        assert main([*command, "-o", str(out)]) == 0 and out.is_file()
