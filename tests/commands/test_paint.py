"""The command `paint`: networks made here, pictures, folders that go on where they stopped, and mistakes."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from nstlib import load_image, photo, save_image
from nstlib.__main__ import main
from nstlib.images.files import load_with_alpha, read_provenance
from nstlib.nets.bands import paint
from nstlib.nets.files import find_fast, load_fast


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], (None, None, None)),
        (["--tile", "64"], (None, 64, None)),
        (["--half"], (None, None, True)),
        (["--no-half"], (None, None, False)),
        (["--style", "night"], ({"night": 1.0}, None, None)),
        (["--style", "day=2", "night=0.5"], ({"day": 2.0, "night": 0.5}, None, None)),
    ],
)
def test_each_option_of_paint_reaches_the_library(tmp_path, two_styles, album, monkeypatch, words, wanted):
    """Of one picture and of a folder's, alike."""
    seen = []
    monkeypatch.setattr(
        "nstlib.commands.paint.paint", lambda network, picture, *how: seen.append((max(picture.shape), *how)) or picture
    )
    for source, out in (("cat", tmp_path / "x.png"), (str(album), tmp_path / "out")):
        assert main(["paint", source, str(two_styles), "-o", str(out), "--size", "50", *words]) == 0
    assert seen == [(side, *wanted) for side in (50, 32, 50, 50)]  # before a folder's, a small grey one as a trial


def test_one_style_or_a_mixture(tmp_path, two_styles):
    pictures = []
    for number, style in enumerate((["day"], ["night"], ["day=1", "night=3"])):
        out = tmp_path / f"{number}.png"
        assert main(["paint", "cat", str(two_styles), "-o", str(out), "--size", "64", "--style", *style]) == 0
        pictures.append(load_image(out))
    wanted = paint(load_fast(two_styles), photo("cat"), {"day": 0.25, "night": 0.75})
    assert not torch.equal(pictures[0], pictures[1]) and not torch.equal(pictures[1], pictures[2])
    assert wanted.shape[1] == 3 and read_provenance(tmp_path / "2.png")["style"] == ["day=1", "night=3"]


@pytest.mark.parametrize("change", ["gone", "another"])
def test_the_photograph_is_read_once(tmp_path, two_styles, monkeypatch, change):
    """What becomes of its file while it is painted changes nothing."""
    source, alpha = tmp_path / "a.png", torch.ones(1, 1, 40, 48)
    alpha[..., :24] = 0
    save_image(torch.full((1, 3, 40, 48), 0.5), source, alpha=alpha)

    def painted(network, picture, *how):
        source.unlink() if change == "gone" else save_image(torch.full((1, 3, 40, 48), 0.5), source)
        return picture

    monkeypatch.setattr("nstlib.commands.paint.paint", painted)
    assert main(["paint", str(source), str(two_styles), "-o", str(tmp_path / "x.png")]) == 0
    assert torch.equal(load_with_alpha(tmp_path / "x.png")[1], alpha)


def test_a_folder_goes_on_where_it_stopped(tmp_path, album, two_styles, capsys):
    out = tmp_path / "out"
    command = ["paint", str(album), str(two_styles), "-o", str(out), "--style", "night"]
    assert main(command) == 0
    assert "2 painted, 0 there already, 1 skipped" in (said := capsys.readouterr().out) and "broken.png" in said
    assert load_image(out / "trip" / "temple.png").shape == load_image(album / "trip" / "temple.png").shape
    (out / "cat.jpg").unlink()
    untouched = (out / "trip" / "temple.png").stat().st_mtime_ns
    assert main(command) == 0 and "1 painted, 1 there already" in capsys.readouterr().out
    assert (out / "trip" / "temple.png").stat().st_mtime_ns == untouched


def test_nothing_is_painted_over(tmp_path, album, two_styles, capsys):
    before = (album / "cat.jpg").read_bytes()
    assert main(["paint", str(album), str(two_styles), "-o", str(album), "--style", "day"]) == 1
    assert "another folder" in capsys.readouterr().err and (album / "cat.jpg").read_bytes() == before
    out = str(tmp_path / "out")
    assert main(["paint", str(album), str(two_styles), "-o", out, "--style", "day"]) == 0
    assert main(["paint", str(album), str(two_styles), "-o", out, "--style", "night"]) == 1
    assert "otherwise" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_between_pictures(tmp_path, two_styles):
    album, out = tmp_path / "many", tmp_path / "out"
    album.mkdir()
    for number in range(200):
        save_image(photo("cat", 200), album / f"{number:03}.jpg")
    command = [sys.executable, "-m", "nstlib", "paint", str(album), str(two_styles), "-o", str(out), "--style", "day"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        while not any(out.glob("*.jpg")):
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        printed, errors = running.communicate(timeout=60)
    done = len(list(out.glob("*.jpg")))
    assert running.returncode == 130 and "goes on from there" in printed and "Traceback" not in errors and 0 < done < 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paint", "cat", "nobody", "-o", "{}/x.png"], "there is no network 'nobody'"),
        (["paint", "cat", "{}/nothing.safetensors", "-o", "{}/x.png"], "no network at"),
        (["paint", "cat", "{}/two.safetensors", "-o", "{}/x.png", "--style", "dusk"], "the network has day, night"),
        (["paint", "cat", "{}/two.safetensors", "-o", "{}/x.png", "--style", "day=much"], "NAME=SHARE"),
        (["paint", "cat", "{}/two.safetensors", "-o", "{}/x.txt"], ".png"),
        (["paint", "{}/empty", "{}/two.safetensors", "-o", "{}/out"], "no picture in"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path, two_styles, capsys, words, said):
    (tmp_path / "empty").mkdir()
    assert main([word.format(tmp_path) for word in words]) == 1
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "two.safetensors"]


def test_a_style_of_many_needs_no_network_name(two_styles, monkeypatch):
    monkeypatch.setattr("nstlib.nets.files.load_fast", lambda name, path=two_styles: load_fast(path))
    assert find_fast("night")[1] == "night" and find_fast("many")[1] is None
