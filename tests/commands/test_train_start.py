"""`train --start`: a network's convolutions to begin with; and the model card, whose commands made what is shipped."""

import re
from pathlib import Path

import pytest
import torch
from checkout import ROOT

from nstlib import photo, save_image
from nstlib.__main__ import main
from nstlib.nets.fast import FastNet
from nstlib.nets.files import SHIPPED_FAST, WEIGHTS_FOLDER, load_fast, read_about, save_network
from nstlib.training.loop import Trained

CARD = (ROOT / "nstlib" / "weights" / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
TINY = ["--steps", "1", "--batch", "1", "--crop", "32", "--style-size", "48", "--precision", "no", "--sample-every", "0"]


@pytest.fixture
def handed_on(monkeypatch):
    """What `train` hands to the recipe, instead of training."""
    seen = {}

    def train_fast(styles, pictures, settings, where, recipe):
        seen.update(styles=styles, settings=settings, recipe=recipe)
        return Trained(FastNet(0.125), {"total": [1.0] * settings.steps}, 1.0)

    monkeypatch.setattr("nstlib.commands.train.train_fast", train_fast)
    return seen


@pytest.fixture
def small(tmp_path):
    """A network of one style, untrained, in a file."""
    torch.manual_seed(1)
    return save_network(FastNet(0.125, names=["day"]), tmp_path / "small.safetensors")


def test_it_begins_with_the_convolutions_of_a_file_or_of_a_network_of_the_course(tmp_path, small, handed_on):
    output = tmp_path / "x.safetensors"
    for start in (str(small), "waves"):
        assert main(["train", "waves", "-o", str(output), "--start", start]) == 0
        wanted, found = load_fast(start).state_dict(), handed_on["recipe"].start.state_dict()
        assert wanted.keys() == found.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)
        assert read_about(output)["start"] == Path(start).name
    assert main(["train", "waves", "-o", str(output)]) == 0
    assert handed_on["recipe"].start is None and "start" not in read_about(output)


def test_a_training_moves_on_from_them(tmp_path, small):
    """A step of a small rate leaves the convolutions near where they began; without --start they are others."""
    output, words = tmp_path / "x.safetensors", ["train", "waves", *TINY, "--learning-rate", "1e-6", "--ema", "0"]
    assert main([*words, "-o", str(output), "--start", str(small)]) == 0
    begun, done = load_fast(small).state_dict(), load_fast(output).state_dict()
    convolutions = [name for name in begun if begun[name].ndim == 4]
    assert all(torch.allclose(done[name], begun[name], atol=1e-3) for name in convolutions) and len(convolutions) > 10
    assert main([*words, "-o", str(tmp_path / "y.safetensors"), "--width", "0.125"]) == 0
    other = load_fast(tmp_path / "y.safetensors").state_dict()
    assert not any(torch.allclose(other[name], begun[name], atol=1e-3) for name in convolutions)


@pytest.mark.parametrize(
    ("start", "output", "said"),
    [
        ("nobody", "x.safetensors", "no network at 'nobody': name one of swirls"),
        ("{}/nothing.safetensors", "x.safetensors", "no network at"),
        ("adain", "x.safetensors", "no network at 'adain': name one of swirls"),
        ("{}/small.safetensors", "small.safetensors", "small.safetensors"),  # it would be written over
    ],
)
def test_a_network_that_cannot_be_had_is_a_sentence(tmp_path, small, capsys, start, output, said):
    before = small.read_bytes()
    assert main(["train", "waves", "-o", str(tmp_path / output), *TINY, "--start", start.format(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown
    assert [path.name for path in tmp_path.iterdir()] == ["small.safetensors"] and small.read_bytes() == before


@pytest.mark.parametrize("name", SHIPPED_FAST)
def test_the_model_card_trains_what_is_shipped(tmp_path, handed_on, monkeypatch, name):
    """Its command for a network asks for the styles, weights and steps that the network's own file tells of."""
    (tmp_path / "album").mkdir()
    save_image(photo("cat", 256), tmp_path / "album" / "cat.png")
    for begun in ("begun", "fast_waves"):
        save_network(load_fast("waves"), tmp_path / f"{begun}.safetensors")
    monkeypatch.chdir(tmp_path)
    (line,) = re.findall(rf"^python -m nstlib (train .* -o fast_{name}\.safetensors.*)$", CARD, re.MULTILINE)
    assert main(["album" if word == "PHOTOS" else word for word in line.split()]) == 0
    network, about, recipe = load_fast(name), read_about(WEIGHTS_FOLDER / f"fast_{name}.safetensors"), handed_on["recipe"]
    assert list(handed_on["styles"]) == network.names and recipe.width == network.options["width"]
    assert handed_on["settings"].steps == about["steps"] and handed_on["settings"].batch == about.get("batch", 4)
    assert (recipe.crop, recipe.style_size) == (about["crop"], about["style_size"])
    assert vars(recipe.weights) | {"glare": recipe.saturation} == {"glare": 0} | about["weights"]
    assert (recipe.start is not None) == ("start" in about)
