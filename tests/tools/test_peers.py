"""The measure beside other programs: what counts as nearer, what a process took, and a peer that is not there."""

import argparse
import sys

import peers
import pytest
import torch

from nstlib import photo, save_image, style
from nstlib.features.extractor import FeatureExtractor
from nstlib.images.files import load_image
from nstlib.judging.seen import seen_distances


@pytest.fixture
def pair():
    return photo("temple", 64), style("swirls", 64)


def test_the_first_picture_that_is_nearer_both_ways_counts(tmp_path, pair):
    """The photograph is nearest in content and farthest in style; half of each is nearer both ways than grey."""
    content, manner = pair
    eye, grey = FeatureExtractor("micro"), torch.full_like(content, 0.5)
    middle = (content + torch.nn.functional.interpolate(manner, content.shape[-2:])) / 2
    for number, picture in enumerate((grey, content, middle, content)):
        save_image(picture, tmp_path / f"{number:03d}_{number + 0.25:.2f}_.png")
    written = load_image(tmp_path / "000_0.25_.png")  # in eight bits
    of_grey, of_photograph = (seen_distances(one, content, manner, eye) for one in (written, content))
    seconds, found = peers.first_nearer(tmp_path, pair, of_grey, eye)
    assert seconds == 1.25 and found["content"] < 0.01
    between = {"content": 1e9, "style": of_photograph["style"] * 0.99}
    assert peers.first_nearer(tmp_path, pair, between, eye)[0] == 2.25
    assert peers.first_nearer(tmp_path, pair, {"content": 1e9, "style": 0.0}, eye)[0] == float("inf")
    assert peers.first_nearer(tmp_path, pair, None, eye)[0] == 3.25  # no peer: the last


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone")
def test_a_process_is_timed_and_its_memory_read():
    seconds, peak = peers.process([sys.executable, "-c", "import time; x = bytearray(150 * 2**20); time.sleep(0.3)"])
    assert 0.3 < seconds < 60 and 150 < peak < 400
    with pytest.raises(SystemExit, match="no such thing"):
        peers.process([sys.executable, "-c", "import sys; sys.exit('no such thing')"])


def test_a_peer_that_is_not_installed_is_left_out_with_a_word(tmp_path, capsys):
    assert peers.installed(tmp_path, "pastiche") is None and "left out" in capsys.readouterr().out
    (tmp_path / "pastiche").touch()
    assert peers.installed(tmp_path, "pastiche") == str(tmp_path / "pastiche")


def test_our_process_writes_the_canvases_of_full_size_with_their_seconds(tmp_path, monkeypatch, pair):
    monkeypatch.setitem(peers.WAYS, "VGG-19", {"backbone": "mini", "steps": 6})
    files = [tmp_path / "content.png", tmp_path / "style.png"]
    for picture, path in zip(pair, files, strict=True):
        save_image(picture, path)
    out = tmp_path / "ours"
    out.mkdir()
    (out / "999_1.00_.png").touch()  # of a run before
    peers.one(argparse.Namespace(files=[*files, out], way="VGG-19"))
    seconds = [float(path.stem.split("_")[1]) for path in sorted(out.glob("*.png"))]
    assert 0 < len(seconds) <= 6 and seconds == sorted(seconds) and not (out / "999_1.00_.png").exists()
