"""Writing files: whole or not at all, never over an input, and refused before the work where it cannot be done."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nstlib.errors import NstError
from nstlib.files import writing
from nstlib.files.writing import check_output, undisturbed, write_whole

PICTURES = (".png", ".jpg", ".webp")
each_kind = pytest.mark.parametrize(
    "write", [lambda data: data, lambda data: lambda part: part.write_bytes(data)], ids=["bytes", "call"]
)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other modes and links for the privileged only")


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


# ---------------------------------------------------------------- whole or not at all


@each_kind
def test_it_writes_and_leaves_nothing_beside(tmp_path, write):
    path = tmp_path / "a.png"
    for data in (b"first", b"second, longer", b""):
        assert write_whole(path, write(data)) == path and path.read_bytes() == data
    assert names(tmp_path) == ["a.png"]


def test_the_home_folder_can_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert write_whole("~/a.txt", b"x") == tmp_path / "a.txt" == check_output("~/a.txt")
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("no")])
def test_what_breaks_off_leaves_the_old_file(tmp_path, error):
    (tmp_path / "a").write_bytes(b"old")

    def half(part):
        part.write_bytes(b"ne")
        raise error

    with pytest.raises(
        NstError if isinstance(error, OSError) else type(error), match="disk is full" if isinstance(error, OSError) else None
    ):
        write_whole(tmp_path / "a", half)
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_a_rename_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def refuse(*_):
        raise OSError("no such luck")

    monkeypatch.setattr(writing.os, "replace", refuse)
    with pytest.raises(NstError, match="cannot be written: no such luck"):
        write_whole(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_errors_of_the_caller_pass_as_they_are(tmp_path):
    def refuse(_):
        raise NstError("mine")

    with pytest.raises(NstError, match=r"^mine$"):
        write_whole(tmp_path / "a", refuse)


# ---------------------------------------------------------------- modes and links


@posix
@each_kind
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_a_replaced_file_keeps_its_mode(tmp_path, write, mode):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_whole(path, write(b"new"))
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() == b"new"


@posix
@each_kind
def test_a_new_file_has_the_mode_of_every_new_file(tmp_path, write):
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "a", write(b"new"))
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@posix
def test_a_writer_that_makes_the_file_anew_does_not_widen_its_mode(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o600)

    def anew(part):
        part.unlink()
        part.write_bytes(b"new")

    write_whole(path, anew)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("there", [True, False], ids=["file", "nothing yet"])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path, there):
    (tmp_path / "far").mkdir()
    far, near, nearer = tmp_path / "far" / "b.png", tmp_path / "a.png", tmp_path / "c.png"
    if there:
        far.write_bytes(b"old")
    near.symlink_to(far)
    nearer.symlink_to("a.png")
    write_whole(check_output(nearer), b"new")
    assert nearer.is_symlink() and near.is_symlink() and far.read_bytes() == b"new" and names(tmp_path / "far") == ["b.png"]


# ---------------------------------------------------------------- interrupts wait


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_writing_acts_when_the_file_is_whole(tmp_path, number):
    acted = []
    kept = signal.signal(number, lambda *_: acted.append((tmp_path / "a").read_bytes()))

    def interrupted(part):
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert not acted
        part.write_bytes(b"whole")

    try:
        write_whole(tmp_path / "a", interrupted)
    finally:
        signal.signal(number, kept)
    assert acted == [b"whole"]


def test_ctrl_c_while_writing_is_a_keyboard_interrupt_afterwards(tmp_path):
    def interrupted(part):
        signal.raise_signal(signal.SIGINT)
        part.write_bytes(b"whole")

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", interrupted)
    assert (tmp_path / "a").read_bytes() == b"whole" and names(tmp_path) == ["a"]


def test_a_signal_can_be_answered_in_the_block_and_the_handlers_come_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with undisturbed() as held:
        signal.raise_signal(signal.SIGINT)
        assert held == [signal.SIGINT]
        held.clear()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_what_was_ignored_stays_ignored():
    kept = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with undisturbed() as held:
            signal.raise_signal(signal.SIGTERM)
        assert not held and signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, kept)


def test_other_threads_write_as_well(tmp_path):
    thread = threading.Thread(target=write_whole, args=(tmp_path / "a", b"x"))
    thread.start()
    thread.join()
    assert (tmp_path / "a").read_bytes() == b"x"


@posix
def test_sigterm_ends_a_program_after_its_file_is_whole(tmp_path):
    script = (
        "import os, signal, sys; from nstlib.files.writing import write_whole\n"
        "write_whole(sys.argv[1], lambda part: (os.kill(os.getpid(), signal.SIGTERM), part.write_bytes(b'whole')))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")], check=False)
    assert done.returncode == -signal.SIGTERM and (tmp_path / "a").read_bytes() == b"whole" and names(tmp_path) == ["a"]


# ---------------------------------------------------------------- refused before the work


def test_what_can_be_written_is_left_as_it_is(tmp_path):
    (tmp_path / "old.PNG").write_bytes(b"old")
    for name in ("new.png", "old.PNG", "with spaces and 猫.webp", "-o.jpg"):
        assert check_output(tmp_path / name, PICTURES) == tmp_path / name
    assert check_output(str(tmp_path / "any")) == tmp_path / "any"
    assert names(tmp_path) == ["old.PNG"] and (tmp_path / "old.PNG").read_bytes() == b"old"


@pytest.mark.parametrize(
    "name, said",
    [
        ("a.txt", "should end in .png, .jpg, .webp"),
        ("a", "should end in"),
        ("", "should end in"),
        (None, "no name of a file"),
        (7, "no name of a file"),
        ("a\0.png", "no name of a file"),
        ("\ud800.png", "no name of a file"),
        ("folder.png", "it is a folder; add the name of a file"),
        ("none/a.png", "there is no folder .*; make it first"),
        ("file.png/a.png", "cannot be written: .*folder"),
        ("a" * 300 + ".png", "cannot be written: the name is too long"),
        ("猫" * 100 + ".png", "cannot be written: the name is too long"),
        ("~nobody_of_this_name/a.png", "no name of a file"),
    ],
)
@pytest.mark.parametrize("write", [check_output, write_whole])
def test_what_cannot_be_written_is_a_sentence(tmp_path, monkeypatch, name, said, write):
    if write is write_whole and "should end" in said:
        return
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file.png").touch()
    with pytest.raises(NstError, match=said):
        write(name, PICTURES if write is check_output else b"")
    assert names(tmp_path) == ["file.png", "folder.png"]


@posix
def test_places_that_take_no_file(tmp_path):
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "lost.png").symlink_to("none/a.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "kept.png").touch()
    (tmp_path / "kept.png").chmod(0o444)
    for path, said in {
        "loop.png": "link that leads back",
        "lost.png": "there is no folder",
        "pipe.png": "a device or a pipe",
        "kept.png": "write-protected",
        "/dev/null": "a device or a pipe",
        "/proc/a.png": "cannot be written",
    }.items():
        if Path("/", path).parts[1] == "proc" and sys.platform != "linux":
            continue
        with pytest.raises(NstError, match=said):
            check_output(tmp_path / path)
        with pytest.raises(NstError, match=said):
            write_whole(tmp_path / path, b"")
    assert names(tmp_path) == ["kept.png", "loop.png", "lost.png", "pipe.png"]


def test_a_full_disk_is_seen_before_the_work(tmp_path):
    resource = pytest.importorskip("resource")
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, kept[1]))
    try:
        with pytest.raises(NstError, match="may not be so large there"):
            check_output(tmp_path / "a.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
    assert not names(tmp_path)


@pytest.mark.parametrize(
    "name, size, fits",
    [
        ("a.webp", (16383, 16383), True),
        ("a.webp", (16384, 40), False),
        ("a.WEBP", (40, 17000), False),
        ("a.jpg", (65500, 40), True),
        ("a.jpeg", (40, 65501), False),
        ("a.png", (70000, 40), True),
    ],
)
def test_the_sides_that_a_format_can_have(tmp_path, name, size, fits):
    if fits:
        check_output(tmp_path / name, size=size)
    else:
        with pytest.raises(NstError, match=f"cannot hold a picture of {size[1]}x{size[0]} px"):
            check_output(tmp_path / name, size=size)


def test_no_input_is_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"mine")
    (tmp_path / "sub").mkdir()
    ways = [photo, "photo.png", "./photo.png", "sub/../photo.png"]
    if os.name != "nt":
        (tmp_path / "soft.png").symlink_to("photo.png")
        (tmp_path / "hard.png").hardlink_to(photo)
        ways += ["soft.png", "hard.png"]
    for output in ways:
        for source in ways:
            with pytest.raises(NstError, match="would be written over"):
                check_output(output, PICTURES, ["temple", "https://x/photo.png", None, source])
    assert photo.read_bytes() == b"mine"
    (tmp_path / "copy.png").write_bytes(b"mine")
    assert check_output("copy.png", PICTURES, [photo, "x" * 5000, "a\0", 3.0]) == Path("copy.png")
