"""The command `paint` for a folder: what counts as painted, what is stale, names, and everything that is in the way."""

import os
import signal
import struct
import zlib
from pathlib import Path

import pytest
import torch
from PIL import Image

from nstlib import photo, save_image
from nstlib.__main__ import main
from nstlib.commands.paint import painted_names, shares
from nstlib.errors import NstError
from nstlib.files.locks import hold
from nstlib.images.files import read_provenance
from nstlib.nets.fast import FastNet
from nstlib.nets.files import save_network


def make_network(path, seed=0):
    torch.manual_seed(seed)
    network = FastNet(0.125, "conditional", 2, names=["day", "night"])
    for norm in network.norms():
        torch.nn.init.normal_(norm.weight)
    return save_network(network, path)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a network n.safetensors and photographs in `album`, painted once into `out`; it is the working directory."""
    monkeypatch.chdir(tmp_path)
    make_network(tmp_path / "n.safetensors")
    (tmp_path / "album").mkdir()
    for name in ("cat", "temple"):
        save_image(photo(name, 64), tmp_path / "album" / f"{name}.jpg")
    assert main(COMMAND) == 0
    return tmp_path


COMMAND = ["paint", "album", "n.safetensors", "-o", "out", "--no-half"]


def pictures(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*g")}


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (lambda: make_network("n.safetensors", 1), [], "network: another network"),
        (lambda: save_image(photo("coffee", 64), "album/cat.jpg"), [], "cat.jpg: photograph: another file"),
        (lambda: None, ["--size", "48"], "size 48, was None"),
        (lambda: None, ["--half"], "half True, was False"),
        (lambda: None, ["--style", "night"], "style"),
        (lambda: None, ["--style", "day=3", "night"], "style [0.75, 0.25]"),
    ],
)
def test_what_decides_a_painting_is_noticed_and_painted_anew_where_asked(here, capsys, change, words, said):
    change()
    before = pictures(here / "out")
    capsys.readouterr()
    assert main([*COMMAND, *words]) == 1
    complaint = capsys.readouterr().err
    assert said in complaint and "--anew" in complaint and pictures(here / "out") == before
    assert main([*COMMAND, *words, "--anew"]) == 0 and pictures(here / "out") != before
    assert main([*COMMAND, *words]) == 0 and "0 painted, 2 there already" in capsys.readouterr().out


def test_what_changes_nothing_is_not_noticed(here, capsys):
    (here / "n.safetensors").rename(here / "m.safetensors")
    (here / "album").rename(here / "moved")
    capsys.readouterr()
    words = ["paint", "moved", "m.safetensors", "-o", "out", "--no-half", "--tile", "64"]
    assert main(words) == 0 and "0 painted, 2 there already" in capsys.readouterr().out


def test_a_painting_says_what_it_is_known_by_and_no_folder(here):
    found = read_provenance("out/cat.jpg")
    assert found["content"] == "cat.jpg" and found["network"] == "n.safetensors" and str(here) not in str(found)
    assert set(found["fingerprint"]) == {"photograph", "network", "style", "size", "half"}
    assert main(["paint", str(here / "album" / "cat.jpg"), str(here / "n.safetensors"), "-o", "x.png"]) == 0
    assert str(here) not in str(read_provenance("x.png")) and "fingerprint" in read_provenance("x.png")


def test_a_painting_of_an_earlier_version_is_stale(here, capsys):
    save_image(photo("cat", 64), "out/cat.jpg", provenance={"method": "paint", "network": "n.safetensors", "content": "cat.jpg"})
    assert main(COMMAND) == 1 and "earlier version" in capsys.readouterr().err
    assert main([*COMMAND, "--anew"]) == 0 and "fingerprint" in read_provenance("out/cat.jpg")


def bomb():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("data", [b"", b"mine", bomb()], ids=["empty", "text", "bomb"])
def test_files_of_others_are_never_written_over(here, capsys, data):
    (here / "out" / "cat.jpg").write_bytes(data)
    for words in (COMMAND, [*COMMAND, "--anew"]):
        assert main(words) == 1 and "name another folder" in capsys.readouterr().err
        assert (here / "out" / "cat.jpg").read_bytes() == data
    save_image(photo("cat", 64), here / "out" / "cat.jpg", provenance={"method": "stylize", "content": "cat.jpg"})
    assert main([*COMMAND, "--anew"]) == 1 and read_provenance("out/cat.jpg")["method"] == "stylize"


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("link", ["folder", "file", "hard"])
def test_no_photograph_is_painted_over_wherever_links_lead(here, capsys, link):
    """An album that is itself a folder of paintings, and files or folders of the output that are those of the album."""
    Path("out/trip").mkdir()
    Path("out/cat.jpg").rename("out/trip/cat.jpg")
    before = pictures(here / "out")
    Path("again").mkdir()
    if link == "folder":
        Path("again/trip").symlink_to(here / "out" / "trip")
    else:
        Path("again/trip").mkdir()
        make = os.link if link == "hard" else os.symlink
        make(here / "out" / "trip" / "cat.jpg", "again/trip/cat.jpg")
    for words in ([], ["--anew"]):
        assert main(["paint", "out", "n.safetensors", "-o", "again", "--style", "night", *words]) == 1
        assert "cat.jpg is read as out/trip/cat.jpg, and would be written over" in capsys.readouterr().err
        assert pictures(here / "out") == before and not Path("again/temple.jpg").exists()


def test_it_is_found_out_before_the_work(here, capsys):
    save_image(photo("coffee", 64), here / "album" / "a.jpg")
    (here / "out" / "temple.jpg").write_bytes(b"mine")
    assert main(COMMAND) == 1 and not (here / "out" / "a.jpg").exists()
    for words in (["--style", "dusk"], ["--size", "8"], ["--tile", "3"]):
        assert main(["paint", "album", "n.safetensors", "-o", "new", *words]) == 1 and not list(here.glob("new/*.jpg"))
    assert "skipped" not in capsys.readouterr().err


def test_the_folder_of_paintings_may_lie_in_that_of_photographs(here, capsys):
    for number in (2, 0):
        assert main(["paint", "album", "n.safetensors", "-o", "album/painted"]) == 0
        assert f"{number} painted" in capsys.readouterr().out
    assert len(pictures(here / "album")) == 4


def test_two_at_once_are_refused(here, capsys):
    lock = hold(here / "out", "painting")
    assert main(COMMAND) == 1 and "another painting of a folder works in" in capsys.readouterr().err
    lock.release()
    assert main(COMMAND) == 0


def test_what_is_too_large_or_damaged_is_skipped_and_named(here, capsys):
    Image.new("RGB", (42000, 32)).save(here / "album" / "strip.png")
    (here / "album" / "text.png").write_text("no")
    assert main(["paint", "album", "n.safetensors", "-o", "new", "--size", "64"]) == 0
    said = capsys.readouterr().out
    assert "2 painted, 0 there already, 2 skipped" in said and "strip.png" in said and "text.png" in said


def test_what_was_written_when_ctrl_c_came_is_counted(here, monkeypatch, capsys):
    def interrupted(*args, **how):
        save_image(*args, **how)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("nstlib.commands.paint.save_image", interrupted)
    assert main([*COMMAND[:3], "-o", "new"]) == 130 and len(pictures(here / "new")) == 1
    assert "interrupted; 1 painted into new" in capsys.readouterr().out


def test_a_size_too_small_for_a_photograph_is_said_with_the_one_that_works(here, capsys):
    """64 x 43 px: the shorter side would have 22."""
    for source, output in (("album/cat.jpg", "x.png"), ("album", "new")):
        assert main(["paint", source, "n.safetensors", "-o", output, "--size", "33"]) == 1
        assert "the photograph at size=33 would be 33x22 pixels" in (said := capsys.readouterr().err)
        assert "use a size of 48 or more" in said
    assert main(["paint", "album", "n.safetensors", "-o", "new", "--size", "48"]) == 0


def test_a_name_in_no_encoding(here, capsys):
    try:
        os.rename(b"album/cat.jpg", b"album/caf\xe9.jpg")
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    assert main([*COMMAND[:-2], "new"]) == 0 and "2 painted" in capsys.readouterr().out
    assert main([*COMMAND[:-2], "new"]) == 0 and "0 painted, 2 there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a.jpg", "b.png"], ["a.jpg", "b.png"]),
        (["A.jpg", "a.jpg"], ["A.jpg", "a-2.jpg"]),
        (["a.gif", "a.gif.png"], ["a.gif-2.png", "a.gif.png"]),
        (["a.JPG", "a.jpg", "a-2.jpg"], ["a.JPG", "a-3.jpg", "a-2.jpg"]),
        (["a.gif", "a.tif"], ["a.gif.png", "a.tif.png"]),
        (["Trip/a.jpg", "trip/a.jpg"], ["Trip/a.jpg", "trip/a-2.jpg"]),
        (["caf\u00e9.png", "cafe\u0301.png"], ["caf\u00e9-2.png", "cafe\u0301.png"]),
        (["n" * 251 + ".gif"], ["n" * 251 + ".png"]),
        (["\u732b" * 83 + ".gif", "\u732b" * 83 + ".tif"], ["\u732b" * 83 + ".g.png", "\u732b" * 83 + ".t.png"]),
        (["A" * 251 + ".jpg", "a" * 251 + ".jpg"], ["A" * 251 + ".jpg", "a" * 249 + "-2.jpg"]),
        (["a.gif", "a.gif.png/b.png", "z.png"], ["a.gif-2.png", "a.gif.png/b.png", "z.png"]),
        (["A.png/b.png", "a.png"], ["A.png/b.png", "a-2.png"]),
        (["stra\u00dfe.png", "strasse.png"], ["stra\u00dfe-2.png", "strasse.png"]),
    ],
)
def test_no_two_paintings_have_one_name(tmp_path, files, names):
    found = painted_names([tmp_path / name for name in files], tmp_path)
    folded = {str(name).casefold() for name in found.values()}
    assert len(folded) == len(files) and sorted(path.as_posix() for path in found.values()) == sorted(names)


def test_a_file_in_the_place_of_a_folder_is_named(here, capsys):
    Path("album/trip").mkdir()
    Path("album/cat.jpg").rename("album/trip/cat.jpg")
    Path("out/trip").write_text("mine")
    assert main(COMMAND) == 1 and "out/trip is a file: name another folder" in capsys.readouterr().err.replace("\\", "/")


@pytest.mark.parametrize(
    ("words", "names", "wanted"),
    [
        (["waves"], (), {"waves": 1}),
        (["waves=0.5", "ink=2"], (), {"waves": 0.5, "ink": 2}),
        (["a=b=0.5"], (), {"a=b": 0.5}),
        (["a=b"], ("a=b",), {"a=b": 1}),
        (["a=1"], ("a=1",), {"a=1": 1}),
        (["waves", "waves=2"], (), {"waves": 3}),
        (["a=1e-3"], (), {"a": 1e-3}),
    ],
)
def test_shares(words, names, wanted):
    assert shares(words, names) == wanted


@pytest.mark.parametrize("word", ["a=", "a=b", "a=nan", "a=inf", "a=-1", "a=-inf", "a=b=c", "a=1=x"])
def test_shares_that_are_no_numbers_from_0_up(word):
    with pytest.raises(NstError, match="NAME=SHARE"):
        shares([word])


@pytest.mark.parametrize(
    ("place", "name"),
    [(place, name) for place in (1, 2, 4) for name in ("x" * 300, "~nobody-of-this-name/a.png", "a\0b")] + [(1, "")],
)
def test_names_that_no_file_can_have_are_refused_in_words(here, capsys, place, name):
    words = ["paint", "album", "n.safetensors", "-o", "new"]
    words[place] = name
    assert main(words) == 1 and capsys.readouterr().err.startswith("error: ")


def test_a_size_beyond_all_numbers_is_refused(here, capsys):
    for photograph, output in (("album", "new"), ("album/cat.jpg", "new.jpg")):
        assert main(["paint", photograph, "n.safetensors", "-o", output, "--size", "1" + "0" * 400]) == 1
        assert "error: " in capsys.readouterr().err
