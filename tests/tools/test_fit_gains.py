"""The script that fits the style gains of a small backbone: a closed form, and a round of its own."""

import json
import sys

import fit_gains
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from nstlib.features import extractor
from nstlib.files.weights import read_header, read_weights
from nstlib.losses.objective import STYLE_LAYERS

CHANNELS = {f"conv{layer[4:]}": list(range(4)) for layer in STYLE_LAYERS}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Photographs, more than are held out, and two folders of styles."""
    home = tmp_path_factory.mktemp("gains")
    for name, count in (("photos", fit_gains.HELD_OUT + 2), ("drawn", 2), ("paintings", 1)):
        (home / name).mkdir()
        for number in range(count):
            small = torch.randint(256, (6, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(number))
            Image.fromarray(small.numpy()).resize((64, 48)).save(home / name / f"{number:04}.png")
    return home


def test_each_folder_of_styles_serves_in_turn_and_no_photograph_that_is_held_out(folders, monkeypatch):
    monkeypatch.setattr(fit_gains, "load_image", lambda path, size: path)
    drawn = list(fit_gains.pairs(folders / "photos", [folders / "drawn", folders / "paintings"], 40, 0))
    assert [style.parent.name for _, style in drawn] == ["drawn", "paintings"] * 20
    assert {content.stem for content, _ in drawn} == {"0000", "0001"}
    assert drawn == list(fit_gains.pairs(folders / "photos", [folders / "drawn", folders / "paintings"], 40, 0))


def test_what_is_painted_too_faint_grows_to_what_was_asked(monkeypatch):
    """VGG-19's maps of the painting are half of the style's: its Gram matrix has to grow four times, the maps twice."""
    maps = torch.rand(1, 4, 8, 8) + 0.1
    comparison = fit_gains.Comparison(lambda picture: {layer: picture * maps for layer in STYLE_LAYERS}, CHANNELS)
    monkeypatch.setattr(fit_gains, "MOST", 3.0)
    comparison.add(torch.tensor(0.5), torch.tensor(1.0))
    for layer in STYLE_LAYERS:
        torch.testing.assert_close(comparison.growth(layer), torch.full((4, 1, 1), 2.0))
    assert comparison.distances == [[pytest.approx((3 / 4) ** 2)] * 5]
    monkeypatch.setattr(fit_gains, "MOST", 1.5)
    assert comparison.growth("relu1_1").max() == 1.5  # in one round no more


def test_a_channel_of_its_own_grows_alone():
    """Channel 0 is half as loud as it should be, the others are right: it grows most, and they next to nothing."""
    maps = torch.eye(4).view(1, 4, 2, 2)
    quiet = torch.tensor([0.5, 1.0, 1.0, 1.0]).view(1, 4, 1, 1)
    comparison = fit_gains.Comparison(lambda picture: {layer: picture * maps for layer in STYLE_LAYERS}, CHANNELS)
    comparison.add(quiet, torch.ones(1, 4, 1, 1))
    growth = comparison.growth("relu3_1").flatten()
    assert growth[0] > 1.2 and (growth[1:] - growth[1]).abs().max() < 1e-6 and growth[1] < 1.05


@pytest.mark.needs("VGG-19")
def test_a_round_writes_gains_beside_what_the_file_held(folders, monkeypatch, tmp_path, capsys):
    path = tmp_path / "small.safetensors"
    notes = {"channels": read_header(extractor.MINI_WEIGHTS)[0]["channels"]}
    before = {name: one for name, one in read_weights(extractor.MINI_WEIGHTS).items() if not name.startswith(extractor.GAIN)}
    save_file(before, path, notes)
    monkeypatch.setattr(extractor, "MINI_WEIGHTS", extractor.MINI_WEIGHTS)  # which main sets
    monkeypatch.setattr(fit_gains, "SIZE", 64)
    monkeypatch.setattr(fit_gains, "EVALUATIONS", 3)
    options = ["--photos", str(folders / "photos"), "--styles", str(folders / "drawn"), str(folders / "paintings")]
    monkeypatch.setattr(sys, "argv", ["fit_gains", str(path), *options, "--rounds", "2", "--count", "2"])
    fit_gains.main()
    after = read_weights(path)
    assert read_header(path)[0] == notes and all(torch.equal(after.pop(name), one) for name, one in before.items())
    widths = {layer: len(kept) for layer, kept in json.loads(notes["channels"]).items()}
    assert {name: one.shape for name, one in after.items()} == {
        f"style_gain.{layer}": (widths[f"conv{layer[4:]}"], 1, 1) for layer in STYLE_LAYERS
    }
    assert all(line.startswith(f"round {number}: style ") for number, line in enumerate(capsys.readouterr().out.splitlines()))
