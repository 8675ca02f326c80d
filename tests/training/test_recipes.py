"""The recipes of trainings: what learns, goes on and leaves samples, and what each setting reaches."""

import sys

import pytest
import torch

from nstlib import style
from nstlib.errors import NstError
from nstlib.nets.adain import AdaINNet
from nstlib.nets.files import load_adain, load_sanet, save_network
from nstlib.nets.sanet import SANet
from nstlib.training.datasets import Crops, Pairs, bundled
from nstlib.training.loop import TrainingSettings
from nstlib.training.pair_losses import AdaINLoss, IdentityLoss, SANetLoss
from nstlib.training.recipes import AdaptiveRecipe, FastRecipe, train_adain, train_decoder, train_fast, train_sanet

KINDS = {"adain": (train_adain, load_adain), "sanet": (train_sanet, load_sanet)}
each_kind = pytest.mark.parametrize("kind", KINDS)


def test_a_decoder_that_gives_pictures_back_is_a_beginning_for_both():
    photos, styles, settings = bundled(48, ["cat"]), bundled(48, ["waves"]), TrainingSettings(20, 2, 2e-3, precision="no")
    trained = train_decoder(photos, styles, settings, None, AdaptiveRecipe(crop=32))
    pixels = trained.history["pixels"]
    assert isinstance(trained.network, AdaINNet) and sum(pixels[-5:]) < sum(pixels[:5]) / 2
    for train in (train_adain, train_sanet):
        more = train(
            photos, styles, TrainingSettings(1, 2, 1e-9, precision="no"), None, AdaptiveRecipe(crop=32, start=trained.network)
        )
        torch.testing.assert_close(more.network.decoder.state_dict(), trained.network.decoder.state_dict())


@each_kind
def test_it_learns_goes_on_and_leaves_samples(kind, tmp_path):
    train, load = KINDS[kind]
    photos, styles = bundled(48, ["cat", "temple"]), bundled(48, ["waves", "ink"])
    settings = TrainingSettings(12, 2, 1e-3, precision="no", checkpoint_every=6)
    whole = train(photos, styles, settings, tmp_path / "run", AdaptiveRecipe({"style_weight": 5.0}, 32, sample_every=6))
    totals = whole.history["total"]
    assert sum(totals[-4:]) < sum(totals[:4]) and len(list((tmp_path / "run" / "samples").iterdir())) == 2
    again = train(photos, styles, settings, tmp_path / "run", AdaptiveRecipe({"style_weight": 5.0}, 32))
    assert again.history == whole.history  # from its last checkpoint: nothing is left to do
    start = load(save_network(whole.network, tmp_path / "net.safetensors"))
    more = train(photos, styles, TrainingSettings(1, 2, 1e-6, precision="no"), None, AdaptiveRecipe(crop=32, start=start))
    torch.testing.assert_close(more.network.state_dict(), whole.network.state_dict(), rtol=2e-3, atol=2e-3)


def test_a_sanet_begins_with_the_decoder_of_an_adain():
    torch.manual_seed(3)
    start = AdaINNet()
    photos, settings = bundled(48, ["cat"]), TrainingSettings(1, 1, 1e-6, precision="no")
    trained = train_sanet(photos, photos, settings, None, AdaptiveRecipe(crop=32, start=start)).network
    torch.testing.assert_close(trained.decoder.state_dict(), start.decoder.state_dict(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("train", "network", "loss"),
    [(train_adain, AdaINNet, AdaINLoss), (train_decoder, AdaINNet, IdentityLoss), (train_sanet, SANet, SANetLoss)],
)
def test_each_setting_of_the_recipe_reaches_the_training(train, network, loss, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        "nstlib.training.recipes.Run",
        lambda network, loss, batches, settings, folder, known: seen.update(
            network=network, loss=loss, batch=batches(3, 2), settings=settings, folder=folder, known=known
        ),
    )
    monkeypatch.setattr("nstlib.training.recipes.finish", lambda run, callback: seen.update(samples=callback))
    photos, styles, settings = bundled(48, ["cat"]), bundled(48, ["waves"]), TrainingSettings(7)
    train(photos, styles, settings, tmp_path, AdaptiveRecipe({"pixel_weight": 9.0}, 40, sample_every=5))
    assert type(seen["network"]) is network and type(seen["loss"]) is loss and seen["loss"].weights["pixels"] == 9
    assert torch.equal(seen["batch"], Pairs(Crops(photos, 40, 0), Crops(styles, 40, 1)).batch(3, 2))
    assert seen["settings"] is settings and seen["folder"] == tmp_path
    assert seen["samples"].every == 5 and seen["samples"].folder == tmp_path / "samples"
    train(photos, styles, recipe=AdaptiveRecipe(crop=40, sample_every=5))
    assert seen["samples"] is None and seen["folder"] is None and seen["settings"] == TrainingSettings()
    train(photos, styles, None, tmp_path, AdaptiveRecipe(crop=40))
    assert seen["samples"] is None and seen["loss"].weights == loss().weights


def test_style_size_is_the_longer_side_of_every_style(monkeypatch):
    class Enough(Exception):
        """The loss was asked for: no training is needed."""

    def loss(extractor, styles, *given, **how):
        raise Enough([max(one.shape) for one in styles.values()])

    monkeypatch.setattr("nstlib.training.recipes.PerceptualLoss", loss)
    for size, sides in ((None, [64, 48]), (40, [40, 40])):
        with pytest.raises(Enough) as caught:
            train_fast({"waves": style("waves", 64), "ink": style("ink", 48)}, [], recipe=FastRecipe(style_size=size))
        assert caught.value.args == (sides,)


def test_the_defaults_are_sizes_that_a_network_takes():
    assert AdaptiveRecipe().crop == 128 and FastRecipe().crop % 8 == 0


@pytest.mark.parametrize("kind", [FastRecipe, AdaptiveRecipe])
def test_a_crop_of_more_pixels_than_any_picture_is_refused(kind):
    with pytest.raises(NstError, match="crop=100000: .*crops of 8944 px or less"):
        kind(crop=100_000)
    assert kind(crop=8944).crop == 8944


def test_mistakes_are_sentences():
    photos = bundled(48, ["cat"])
    for recipe, said in (
        (AdaptiveRecipe(crop=36), "multiple of 8"),
        (AdaptiveRecipe({"style_weight": -1.0}, 32), "from 0 up"),
        (AdaptiveRecipe(start=AdaINNet("vgg19", "random"), crop=32), "'vgg19'"),
    ):
        with pytest.raises(NstError, match=said):
            train_adain(photos, photos, recipe=recipe)


def test_a_beginning_sees_as_the_recipe_does_whatever_chooses_its_eye(monkeypatch):
    photos, settings = bundled(48, ["cat"]), TrainingSettings(1, 1, 1e-6, precision="no")
    monkeypatch.setenv("NSTLIB_BACKBONE", "mini")
    train_adain(photos, photos, settings, None, AdaptiveRecipe(crop=32, start=AdaINNet("mini"), backbone="auto"))
    monkeypatch.setenv("NSTLIB_BACKBONE", "vgg19")  # what "auto" is; the recipe says micro, its default
    train_adain(photos, photos, settings, None, AdaptiveRecipe(crop=32, start=AdaINNet()))
    with pytest.raises(NstError, match="'mini'.*'auto'"):
        train_adain(photos, photos, settings, None, AdaptiveRecipe(crop=32, start=AdaINNet("mini"), backbone="auto"))


def test_the_tool_writes_a_network(tmp_path, monkeypatch, capsys):
    import train_adaptive

    out = tmp_path / "net.safetensors"
    monkeypatch.setattr(train_adaptive, "SIDE", 48)
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "train",
            "adain",
            "--steps",
            "2",
            "--batch",
            "1",
            "--crop",
            "32",
            "--style-weight",
            "7",
            "--run",
            str(tmp_path / "run"),
            "--out",
            str(out),
        ],
    )
    train_adaptive.main()
    assert load_adain(out) and '"style_weight": 7.0' in capsys.readouterr().out
