"""Training again into the same folder: the same goes on, another is refused by what differs, or begun anew where asked."""

import dataclasses
import signal

import pytest
import torch

from nstlib import photo, save_image, style
from nstlib.__main__ import main
from nstlib.commands.train import style_names
from nstlib.errors import NstError
from nstlib.losses.objective import Weights
from nstlib.nets.adain import AdaINNet
from nstlib.nets.fast import FastNet
from nstlib.nets.files import load_fast, read_about
from nstlib.training.checkpoints import latest_path, load_latest
from nstlib.training.datasets import Joined, bundled, folder
from nstlib.training.fast_loss import PerceptualLoss
from nstlib.training.loop import Run, TrainingSettings, TrainStep
from nstlib.training.recipes import AdaptiveRecipe, FastRecipe, train_adain, train_fast, train_sanet
from nstlib.training.samples import Samples

SETTINGS = TrainingSettings(1, 1, precision="no")
STYLES = {"waves": style("waves", 48)}
RECIPE = FastRecipe(width=0.125, crop=32)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder with two photographs."""
    path = tmp_path_factory.mktemp("photos")
    for name in ("cat", "temple"):
        save_image(photo(name, 64), path / f"{name}.png")
    return path


def again(where, photos, styles=None, settings=SETTINGS, side=48, **recipe):
    return train_fast(styles or STYLES, folder(photos, side), settings, where, dataclasses.replace(RECIPE, **recipe))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, photos):
    """The folder of a training of one step."""
    where = tmp_path_factory.mktemp("run")
    again(where, photos)
    return where


def another_style():
    other = style("waves", 48).clone()
    other[0, 0, 5, 5] = 1 - other[0, 0, 5, 5]
    return {"waves": other}


OTHERS = {
    "one pixel of the style": (lambda: {"styles": another_style()}, "style waves: another picture of 48x48 px"),
    "a style of another size": (
        lambda: {"styles": {"waves": style("waves", 64)}},
        "style waves picture of 64x64 px, was picture of 48x48 px",
    ),
    "another name": (lambda: {"styles": {"foam": STYLES["waves"]}}, "style foam picture.*was not there"),
    "one style more": (lambda: {"styles": STYLES | {"ink": style("ink", 48)}}, "network's styles 2, was 1"),
    "the style's size": (lambda: {"style_size": 40}, "style size 40, was None"),
    "the crop": (lambda: {"crop": 40}, "crop 40, was 32"),
    "the photographs' size": (lambda: {"side": 56}, "shorter side 56, was 48"),
    "the weights": (lambda: {"weights": Weights(1, 6, 2)}, "style weight 6.0, was 5.0"),
    "saturation": (lambda: {"saturation": 1.0}, "saturation 1.0, was 0.0"),
    "the width": (lambda: {"width": 0.25}, "network's width 0.25, was 0.125"),
    "where it begins": (lambda: {"start": FastNet(0.125)}, "network to start with.*was none"),
    "the steps": (lambda: {"settings": dataclasses.replace(SETTINGS, steps=2)}, "steps 2, was 1"),
    "the batch": (lambda: {"settings": dataclasses.replace(SETTINGS, batch=2)}, "batch 2, was 1"),
    "the rate": (lambda: {"settings": dataclasses.replace(SETTINGS, learning_rate=1e-4)}, "learning rate 0.0001, was 0.0015"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_decides_the_network_is_noticed(trained, photos, name):
    change, said = OTHERS[name]
    before = latest_path(trained).read_bytes()
    with pytest.raises(NstError, match=f"holds another training.*{said}.*--anew"):
        again(trained, photos, **change())
    assert latest_path(trained).read_bytes() == before


def test_the_same_goes_on_and_a_photograph_is_known_by_its_content(tmp_path, photos):
    import shutil

    moved, where = tmp_path / "moved", tmp_path / "run"
    shutil.copytree(photos, moved)
    first = again(where, photos)
    assert again(where, moved, sample_every=1).history == first.history  # neither names nor samples decide anything
    save_image(1 - photo("cat", 64), moved / "cat.png")
    with pytest.raises(NstError, match="photographs: another 2 pictures"):
        again(where, moved)
    save_image(photo("coffee", 64), moved / "coffee.png")
    with pytest.raises(NstError, match="photographs 3 pictures, was 2 pictures"):
        again(where, moved)


def test_the_network_to_begin_with_is_known_by_its_weights(tmp_path, photos):
    torch.manual_seed(0)
    start = FastNet(0.125)
    again(tmp_path, photos, start=start)
    again(tmp_path, photos, start=start)
    with pytest.raises(NstError, match="network to start with: another network"):
        again(tmp_path, photos, start=FastNet(0.125))


def test_a_backbone_is_known_by_its_weights(tmp_path, photos, monkeypatch):
    again(tmp_path, photos)
    from nstlib.features import extractor as features

    mini = features.BACKBONES["mini"]
    monkeypatch.setitem(features.BACKBONES, "mini", mini._replace(load=lambda weights: features.randomise(features.load_mini())))
    with pytest.raises(NstError, match="backbone: another mini"):
        again(tmp_path, photos)


@pytest.mark.parametrize("train", [train_adain, train_sanet])
def test_networks_for_any_style(tmp_path, train):
    photos, styles = bundled(48, ["cat"]), bundled(48, ["waves"])
    recipe = AdaptiveRecipe(crop=32)
    train(photos, styles, SETTINGS, tmp_path, recipe)
    train(photos, styles, SETTINGS, tmp_path, recipe)
    for given, said in [
        ((photos, bundled(48, ["ink"])), "styles' photographs: another 1 pictures"),
        ((bundled(48, ["temple"]), styles), "photographs: another 1 pictures"),
        ((photos, Joined([styles, bundled(48, ["ink"])])), "styles' photographs 2 pictures"),
    ]:
        with pytest.raises(NstError, match=said):
            train(*given, SETTINGS, tmp_path, recipe)
    for change, said in [
        ({"weights": {"style_weight": 3.0}}, "style weight 3.0"),
        ({"crop": 40}, "crop 40"),
        ({"start": AdaINNet()}, "start with"),
    ]:
        with pytest.raises(NstError, match=said):
            train(photos, styles, SETTINGS, tmp_path, dataclasses.replace(recipe, **change))
    other = train_sanet if train is train_adain else train_adain
    with pytest.raises(NstError, match="network .*Net, was"):
        other(photos, styles, SETTINGS, tmp_path, recipe)


def test_a_network_to_begin_with_stays_as_it_is():
    torch.manual_seed(0)
    start = AdaINNet()
    before = start.decoder.blocks[-1][-1].weight.clone()
    trained = train_adain(bundled(48, ["cat"]), bundled(48, ["ink"]), SETTINGS, None, AdaptiveRecipe(crop=32, start=start))
    assert torch.equal(start.decoder.blocks[-1][-1].weight, before) and not torch.equal(
        trained.network.decoder.blocks[-1][-1].weight, before
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FastRecipe(crop=0), "crop=0"),
        (lambda: FastRecipe(crop=64.5), "crop=64.5"),
        (lambda: FastRecipe(sample_every=-1), "sample_every=-1"),
        (lambda: AdaptiveRecipe(crop=True), "crop=True"),
        (lambda: PerceptualLoss(None, [], Weights()), "there is no style"),
        (lambda: PerceptualLoss(None, STYLES, Weights(), saturation=float("nan")), "saturation=nan"),
        (lambda: PerceptualLoss(None, STYLES, saturation=-1), "saturation=-1"),
        (lambda: PerceptualLoss(None, STYLES, saturation="much"), "saturation='much'"),
        (lambda: TrainingSettings(steps=True), "steps=True"),
        (lambda: TrainingSettings(learning_rate="fast"), "learning_rate='fast'"),
        (lambda: TrainingSettings(ema=float("nan")), "ema=nan"),
        (
            lambda: train_adain(
                bundled(48, ["cat"]), bundled(48, ["ink"]), SETTINGS, None, AdaptiveRecipe({"styel_weight": 1}, 32)
            ),
            "style_weight",
        ),
        (lambda: train_fast({}, bundled(48, ["cat"]), SETTINGS, None, RECIPE), "there is no style"),
    ],
)
def test_what_cannot_be_is_a_sentence(make, said):
    with pytest.raises(NstError, match=said):
        make()


TINY = [
    "--steps",
    "2",
    "--batch",
    "1",
    "--crop",
    "32",
    "--style-size",
    "48",
    "--width",
    "0.125",
    "--precision",
    "no",
    "--sample-every",
    "0",
]


def test_the_command_begins_anew_where_asked(tmp_path, photos, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["train", "waves", str(photos), "-o", "n.safetensors", *TINY]
    assert main(command) == 0 and main(command) == 0
    before, kept = (tmp_path / "n.safetensors").read_bytes(), latest_path(tmp_path / "n.run").read_bytes()
    other = ["train", "ink", str(photos), "-o", "n.safetensors", *TINY]
    assert main(other) == 1 and "style ink" in capsys.readouterr().err and (tmp_path / "n.safetensors").read_bytes() == before
    assert main([*other, "--anew"]) == 0 and load_fast("n.safetensors").names == ["ink"]
    assert latest_path(tmp_path / "n.run" / "before").read_bytes() == kept
    assert main(other) == 0 and str(tmp_path) not in str(read_about("n.safetensors"))


def test_the_command_knows_a_file_by_its_pixels(tmp_path, photos, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_image(style("waves", 64), "a.png")
    command = ["train", "a.png", str(photos), "-o", "n.safetensors", *TINY]
    assert main(command) == 0
    assert main([*command, "--style-size", "40"]) == 1 and "style size 40, was 48" in capsys.readouterr().err
    save_image(style("ink", 64), "a.png")
    assert main(command) == 1 and "style a: another picture of 64x64 px" in capsys.readouterr().err
    assert main([*command, "--saturation", "nan"]) == 1
    said = capsys.readouterr().err
    assert "saturation=nan" in said and "learning rate" not in said


def test_samples_inside_the_folder_of_photographs_are_not_learned_from(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "temple"):
        save_image(photo(name, 64), f"{name}.png")
    command = ["train", "waves", ".", "-o", "n.safetensors", *TINY, "--sample-every", "1"]
    assert main(command) == 0 and main(command) == 0 and read_about("n.safetensors")["pictures"] == 2
    assert len(list((tmp_path / "n.run" / "samples").iterdir())) == 2
    assert (
        len(folder(tmp_path, 48)) == 2
        and main([*command, "--run", "other"]) == 0
        and read_about("n.safetensors")["pictures"] == 2
    )


def test_the_network_is_not_written_over_a_checkpoint(tmp_path, photos, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["train", "waves", str(photos), "--run", ".", "-o", "checkpoint-00000002.safetensors", *TINY]
    assert main(command) == 1 and "checkpoints are named like" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_ctrl_c_in_the_first_step_ends_in_words_and_with_a_checkpoint(tmp_path, photos, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["train", "waves", str(photos), "-o", "n.safetensors", *TINY]
    with monkeypatch.context() as patch:
        patch.setattr(Run, "_gradients", lambda run: signal.raise_signal(signal.SIGINT))
        assert main(command) == 130
    assert "interrupted after 0 of 2 steps" in capsys.readouterr().out and not (tmp_path / "n.safetensors").exists()
    assert load_latest(tmp_path / "n.run").step == 0
    assert main(command) == 0 and read_about("n.safetensors")["steps"] == 2


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["swirls", "waves"], ["swirls", "waves"]),
        (["a/paint.png", "b/paint.png", "c/Paint.jpg"], ["paint", "paint-2", "Paint-3"]),
        (["http://x/1/a.png?w=2", "http://y/a.jpg"], ["a", "a-2"]),
        (["http://x.org/", "http://y.org/"], ["x", "y"]),
        (["http://x.org/s3cret?t0ken=s3cret"], ["x"]),
        (["/"], ["style"]),
        (["http://x/a%20b.png"], ["a b"]),
        (["a/paint.png", "b/paint-2.png", "c/paint.png"], ["paint", "paint-2", "paint-3"]),
        (["dir/waves.png", "waves"], ["waves", "waves-2"]),
        (["a/x=1.png"], ["x=1"]),
        (["a/caf\u00e9.png", "b/cafe\u0301.png"], ["caf\u00e9", "cafe\u0301-2"]),
    ],
)
def test_names_of_styles(sources, names):
    assert style_names(sources) == names


def test_a_style_that_is_given_twice(tmp_path):
    save_image(style("waves", 48), tmp_path / "a.png")
    for sources in (
        ["waves", "waves"],
        [str(tmp_path / "a.png"), f"{tmp_path}/../{tmp_path.name}/a.png"],
        ["http://x/a.png"] * 2,
    ):
        with pytest.raises(NstError, match="given twice"):
            style_names(sources)


def test_a_sample_that_cannot_be_written_ends_nothing(tmp_path, caplog):
    (tmp_path / "samples").touch()
    samples = Samples(tmp_path / "samples", 1)
    for step in range(3):
        network = FastNet(0.125)
        samples(TrainStep(step, {}, network))
        assert network.training
    assert sum("no picture of how it paints" in message for message in caplog.messages) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]


def test_a_sample_that_cannot_be_painted_ends_nothing(tmp_path, caplog, monkeypatch):
    samples = Samples(tmp_path / "samples", 1)
    monkeypatch.setattr(FastNet, "forward", lambda *_: (_ for _ in ()).throw(RuntimeError("not enough memory")))
    samples(TrainStep(0, {}, FastNet(0.125)))
    assert "not enough memory" in caplog.text and not (tmp_path / "samples").exists()
