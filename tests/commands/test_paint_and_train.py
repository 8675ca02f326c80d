"""The commands `train` and `paint`: networks made here, pictures, folders that go on where they stopped, and mistakes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from nstlib import load_image, photo, save_image
from nstlib.__main__ import main
from nstlib.images.files import read_provenance
from nstlib.losses.objective import Weights
from nstlib.nets.bands import paint
from nstlib.nets.fast import FastNet
from nstlib.nets.files import find_fast, load_fast, read_about, save_network
from nstlib.training.loop import Trained, TrainingSettings
from nstlib.training.recipes import FastRecipe

TINY = ["--steps", "4", "--batch", "2", "--crop", "32", "--style-size", "48", "--width", "0.125", "--precision", "no"]


@pytest.fixture
def two_styles(tmp_path):
    """A network of two styles, untrained, in a file."""
    torch.manual_seed(0)
    network = FastNet(0.125, "conditional", 2, names=["day", "night"])
    for norm in network.norms():
        torch.nn.init.normal_(norm.weight)
    return save_network(network, tmp_path / "two.safetensors")


@pytest.fixture
def album(tmp_path):
    """A folder with two pictures, one of them in a folder inside it, and a third that cannot be read."""
    folder = tmp_path / "album"
    (folder / "trip").mkdir(parents=True)
    save_image(photo("cat", 64), folder / "cat.jpg")
    save_image(photo("temple", 64), folder / "trip" / "temple.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_it_trains_and_paints(tmp_path, capsys):
    network, out = tmp_path / "mine.safetensors", tmp_path / "x.png"
    assert main(["train", "waves", "-o", str(network), "--sample-every", "2", *TINY]) == 0
    assert "4 steps" in capsys.readouterr().out and read_about(network)["steps"] == 4
    samples = tmp_path / "mine.run" / "samples"
    assert sorted(path.name for path in samples.iterdir()) == ["step_000002.png", "step_000004.png"]
    assert main(["paint", "cat", str(network), "-o", str(out), "--size", "64"]) == 0
    assert max(load_image(out).shape) == 64 and read_provenance(out)["method"] == "paint"


@pytest.fixture
def handed_on(monkeypatch):
    """What `train` hands to the recipe, instead of training."""
    seen = {}

    def train_fast(styles, pictures, settings, where, recipe):
        seen.update(styles=styles, pictures=pictures, settings=settings, where=where, recipe=recipe)
        return Trained(FastNet(0.125), {"total": [1.0] * settings.steps}, 1.0)

    monkeypatch.setattr("nstlib.commands.train.train_fast", train_fast)
    return seen


@pytest.mark.parametrize(
    ("words", "part", "name", "value"),
    [
        (["--steps", "7"], "settings", "steps", 7),
        (["--batch", "3"], "settings", "batch", 3),
        (["--ema", "0.5"], "settings", "ema", 0.5),
        (["--learning-rate", "0.01"], "settings", "learning_rate", 0.01),
        (["--precision", "bf16"], "settings", "precision", "bf16"),
        (["--checkpoint-every", "9"], "settings", "checkpoint_every", 9),
        (["--sample-every", "11"], "recipe", "sample_every", 11),
        (["--crop", "64"], "recipe", "crop", 64),
        (["--width", "0.25"], "recipe", "width", 0.25),
        (["--saturation", "0.5"], "recipe", "saturation", 0.5),
        (["--content-weight", "2"], "recipe", "weights", Weights(2, 5, 2)),
        (["--style-weight", "3"], "recipe", "weights", Weights(1, 3, 2)),
        (["--tv-weight", "4"], "recipe", "weights", Weights(1, 5, 4)),
    ],
)
def test_each_option_of_train_reaches_the_recipe(tmp_path, handed_on, words, part, name, value):
    assert main(["train", "waves", "-o", str(tmp_path / "x.safetensors"), *words]) == 0
    usual = {"settings": TrainingSettings(ema=0.99), "recipe": FastRecipe(sample_every=250)}
    usual[part] = replace(usual[part], **{name: value})
    assert {key: handed_on[key] for key in usual} == usual
    assert max(handed_on["styles"]["waves"].shape) == 384 and handed_on["where"] == tmp_path / "x.run"


def test_train_takes_styles_sizes_and_folders_as_they_are_named(tmp_path, album, handed_on):
    (album / "broken.png").unlink()
    run = ["--run", str(tmp_path / "elsewhere"), "--style-size", "100", "--also", str(album / "cat.jpg"), "ink"]
    assert main(["train", "waves", str(album), "-o", str(tmp_path / "x.safetensors"), *run]) == 0
    assert list(handed_on["styles"]) == ["waves", "cat", "ink"] and handed_on["where"] == tmp_path / "elsewhere"
    assert {max(picture.shape) for picture in handed_on["styles"].values()} == {100} and len(handed_on["pictures"]) == 2
    assert min(handed_on["pictures"][0].shape[1:]) == 256  # enough for crops of 128 px
    assert main(["train", "waves", str(album), "-o", str(tmp_path / "x.safetensors"), "--crop", "300"]) == 0
    assert min(handed_on["pictures"][0].shape[1:]) == 300


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
    assert seen == [(50, *wanted)] * 3


def test_it_trains_on_a_folder_for_several_styles(tmp_path, album):
    (album / "broken.png").unlink()
    out = tmp_path / "both.safetensors"
    assert main(["train", "waves", str(album), "--also", "mosaic", "-o", str(out), *TINY]) == 0
    assert load_fast(out).names == ["waves", "mosaic"] and read_about(out)["pictures"] == 2


def test_one_style_or_a_mixture(tmp_path, two_styles):
    pictures = []
    for number, style in enumerate((["day"], ["night"], ["day=1", "night=3"])):
        out = tmp_path / f"{number}.png"
        assert main(["paint", "cat", str(two_styles), "-o", str(out), "--size", "64", "--style", *style]) == 0
        pictures.append(load_image(out))
    wanted = paint(load_fast(two_styles), photo("cat"), {"day": 0.25, "night": 0.75})
    assert not torch.equal(pictures[0], pictures[1]) and not torch.equal(pictures[1], pictures[2])
    assert wanted.shape[1] == 3 and read_provenance(tmp_path / "2.png")["style"] == ["day=1", "night=3"]


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
        (["train", "waves", "{}/empty", "-o", "{}/x.safetensors", *TINY], "no picture in"),
        (["train", "waves", "{}/nowhere", "-o", "{}/x.safetensors", *TINY], "there is no folder"),
        (["train", "waves", "-o", "{}/x.png", *TINY], ".safetensors"),
        (["train", "nowhere.png", "-o", "{}/x.safetensors", *TINY], "nowhere.png"),
        (["train", "waves", "-o", "{}/x.safetensors", *TINY, "--steps", "0"], "steps=0"),
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
