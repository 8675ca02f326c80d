"""The command `train`: options that reach the recipe, styles and folders as they are named, and mistakes."""

from dataclasses import replace

import pytest
import torch

from nstlib import load_image, save_image, style
from nstlib.__main__ import main
from nstlib.errors import NstError
from nstlib.images.files import read_provenance
from nstlib.losses.objective import Weights
from nstlib.nets.fast import FastNet
from nstlib.nets.files import load_fast, read_about
from nstlib.training.loop import Trained, TrainingSettings
from nstlib.training.recipes import FastRecipe

TINY = ["--steps", "4", "--batch", "2", "--crop", "32", "--style-size", "48", "--width", "0.125", "--precision", "no"]


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
        (["--style-size", "64"], "recipe", "style_size", 64),
        (["--saturation", "0.5"], "recipe", "saturation", 0.5),
        (["--content-weight", "2"], "recipe", "weights", Weights(2, 5, 2)),
        (["--style-weight", "3"], "recipe", "weights", Weights(1, 3, 2)),
        (["--tv-weight", "4"], "recipe", "weights", Weights(1, 5, 4)),
    ],
)
def test_each_option_of_train_reaches_the_recipe(tmp_path, handed_on, words, part, name, value):
    assert main(["train", "waves", "-o", str(tmp_path / "x.safetensors"), *words]) == 0
    usual = {"settings": TrainingSettings(ema=0.99), "recipe": FastRecipe(sample_every=250, style_size=384)}
    usual[part] = replace(usual[part], **{name: value})
    assert {key: handed_on[key] for key in usual} == usual
    assert torch.equal(handed_on["styles"]["waves"], style("waves")) and handed_on["where"] == tmp_path / "x.run"


def test_train_takes_styles_sizes_and_folders_as_they_are_named(tmp_path, album, handed_on):
    (album / "broken.png").unlink()
    run = ["--run", str(tmp_path / "elsewhere"), "--style-size", "100", "--also", str(album / "cat.jpg"), "ink"]
    assert main(["train", "waves", str(album), "-o", str(tmp_path / "x.safetensors"), *run]) == 0
    assert list(handed_on["styles"]) == ["waves", "cat", "ink"] and handed_on["where"] == tmp_path / "elsewhere"
    assert handed_on["recipe"].style_size == 100 and len(handed_on["pictures"]) == 2
    assert min(handed_on["pictures"][0].shape[1:]) == 256  # enough for crops of 128 px
    assert main(["train", "waves", str(album), "-o", str(tmp_path / "x.safetensors"), "--crop", "300"]) == 0
    assert min(handed_on["pictures"][0].shape[1:]) == 300


def test_it_trains_on_a_folder_for_several_styles(tmp_path, album):
    (album / "broken.png").unlink()
    out = tmp_path / "both.safetensors"
    assert main(["train", "waves", str(album), "--also", "mosaic", "-o", str(out), *TINY]) == 0
    assert load_fast(out).names == ["waves", "mosaic"] and read_about(out)["pictures"] == 2


def test_no_sample_is_written_over_the_style(tmp_path, capsys):
    style_file, command = tmp_path / "r.run" / "samples" / "step_000002.png", ["-o", str(tmp_path / "r.safetensors"), *TINY]
    style_file.parent.mkdir(parents=True)
    save_image(style("waves", 48), style_file)
    before = style_file.read_bytes()
    assert main(["train", str(style_file), *command, "--sample-every", "2"]) == 1
    assert "written over" in capsys.readouterr().err and style_file.read_bytes() == before
    assert main(["train", str(style_file), *command, "--sample-every", "3"]) == 0 and style_file.read_bytes() == before


def test_a_training_that_breaks_off_leaves_its_network(tmp_path, monkeypatch, capsys):
    """The folder of the checkpoints is full, the output's is not; or neither takes it, and both are named."""

    def full(*given, **named):
        raise NstError("no room")

    monkeypatch.setattr("nstlib.training.loop.save_checkpoint", full)
    out = tmp_path / "x.safetensors"
    command = ["train", "waves", "-o", str(out), *TINY, "--sample-every", "0"]
    assert main(command) == 1 and read_about(out)["steps"] == 4 and load_fast(out)
    assert f"no room. The network that was trained until then is in {out}" in capsys.readouterr().err
    monkeypatch.setattr("nstlib.commands.train.save_somewhere", lambda *_: full())
    assert main(command) == 1 and "no room. no room" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "waves", "{}/empty", "-o", "{}/x.safetensors", *TINY], "no picture in"),
        (["train", "waves", "{}/nowhere", "-o", "{}/x.safetensors", *TINY], "there is no folder"),
        (["train", "waves", "-o", "{}/x.png", *TINY], ".safetensors"),
        (["train", "nowhere.png", "-o", "{}/x.safetensors", *TINY], "nowhere.png"),
        (["train", "waves", "-o", "{}/x.safetensors", *TINY, "--steps", "0"], "steps=0"),
        (["train", "waves", "{}/empty", "-o", "{}/x.safetensors", *TINY, "--crop", "100000"], "crop=100000"),
        (["train", "waves", "", "-o", "{}/x.safetensors", *TINY], "the folder of photographs is empty"),
        (["train", "waves", "-o", "{}/x.safetensors", "--run", "", *TINY], "--run is empty"),
        (["train", "waves", "-o", "{}/x.safetensors", "--start", "", *TINY], "--start is empty"),
        (["train", "waves", "-o", "{}/x.safetensors", "--also", "", *TINY], "a style of --also is empty"),
        (["train", "waves", "-o", "", *TINY], "--output is empty"),
        (["train", "", "-o", "{}/x.safetensors", *TINY], "the style is empty"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path, capsys, words, said):
    (tmp_path / "empty").mkdir()
    assert main([word.format(tmp_path) for word in words]) == 1
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]
