"""Networks for any style: pairs to learn from, losses in closed form, what learns and what does not, the recipes."""

import sys

import pytest
import torch

from nstlib import photo, style
from nstlib.errors import NstError
from nstlib.nets.adain import LAYER, AdaINNet, adain
from nstlib.nets.files import load_adain, load_sanet, save_network
from nstlib.nets.sanet import LAYERS, SANet
from nstlib.training.datasets import Crops, Joined, Pairs, bundled
from nstlib.training.loop import TrainingSettings
from nstlib.training.pair_losses import AdaINLoss, IdentityLoss, SANetLoss, moments_loss
from nstlib.training.recipes import AdaptiveRecipe, train_adain, train_decoder, train_sanet

KINDS = {"adain": (AdaINNet, AdaINLoss, train_adain, load_adain), "sanet": (SANet, SANetLoss, train_sanet, load_sanet)}
each_kind = pytest.mark.parametrize("kind", KINDS)


def pairs(size=32, seed=1):
    return Pairs(Crops(bundled(48, ["cat", "temple"]), size), Crops(bundled(48, ["waves", "ink", "swirls"]), size, seed))


def test_a_batch_is_the_same_for_the_same_step():
    one, two = pairs().batch(3, 4), pairs().batch(3, 4)
    assert one.shape == (4, 2, 3, 32, 32) and torch.equal(one, two) and not torch.equal(one, pairs().batch(4, 4))
    assert torch.equal(pairs().batch(3, 2, first=2), one[2:])  # the share of a second process
    assert torch.equal(one[:, 0], Crops(bundled(48, ["cat", "temple"]), 32).batch(3, 4))
    assert not torch.equal(one[:, 1], pairs(seed=2).batch(3, 4)[:, 1])


def test_pairs_in_step_are_refused():
    crops = Crops(bundled(48, ["cat"]), 32, 1)
    for other in (Crops(bundled(48, ["waves"]), 32, 1), Crops(bundled(48, ["waves"]), 40, 2)):
        with pytest.raises(NstError, match="one size and two seeds"):
            Pairs(crops, other)


def test_a_small_collection_of_styles_is_not_forgotten():
    joined = Joined([[torch.full((3, 1, 1), 1)] * 40, [torch.full((3, 1, 1), 2)] * 3])
    values = [int(picture[0, 0, 0]) for picture in joined]
    assert values.count(1) == 40 and values.count(2) == 9  # the multiple of 3 that is nearest to a quarter


def test_manner_is_mean_and_deviation_relative_to_the_targets():
    maps = torch.rand(2, 5, 6, 7, generator=torch.Generator().manual_seed(0)) + 1
    assert moments_loss(maps, maps.flip(-1)).item() == pytest.approx(0, abs=1e-10)  # where things are does not count
    assert moments_loss(torch.zeros_like(maps), maps).item() == pytest.approx(1, abs=0.01)
    assert moments_loss(maps * 1.5, maps).item() == pytest.approx(0.25, rel=1e-3)
    assert moments_loss(100 * maps * 1.5, 100 * maps).item() == pytest.approx(0.25, rel=1e-3)


class Answer(torch.nn.Module):
    """A network that always paints these pictures, whatever it is given."""

    def __init__(self, pictures):
        super().__init__()
        self.pictures = pictures

    def forward(self, content, style):
        return self.pictures


def test_adain_loss_knows_the_style_itself_and_the_photograph_itself():
    images = pairs(48).batch(0, 2)
    own = torch.stack([images[0, 0], images[1, 1]])  # pair 0 is asked for its photograph, pair 1 for its style
    same, numbers = torch.stack([images[:, 1]] * 2, 1), torch.arange(2)
    for weight in (20.0, 40.0):
        loss = AdaINLoss(weight, pixel_weight=7)
        perfect = loss(Answer(torch.cat([images[:, 1]] * 2)), same, numbers)  # its statistics are already the style's
        assert all(value.item() == pytest.approx(0, abs=1e-3) for value in perfect.values())
        found = loss(Answer(torch.cat([images[:, 1], own])), images, numbers)
        assert found["style"].item() == pytest.approx(0, abs=1e-6) == found["pixels"].item() and found["content"].item() > 0.1
        photographs = loss(Answer(torch.cat([images[:, 0], 1 - own])), images, numbers)
        assert photographs["style"].item() == pytest.approx(
            weight
            * sum(
                moments_loss(loss.encode(images[:, 0])[layer], loss.encode(images[:, 1])[layer]).item() for layer in loss.layers
            )
            / 4,
            rel=1e-3,
        )
        assert photographs["pixels"].item() == pytest.approx(7 * (1 - 2 * own).square().mean().item(), rel=1e-4)
        assert photographs["total"].item() == pytest.approx(
            sum(photographs[name].item() for name in ("content", "style", "pixels"))
        )


def test_the_decoders_first_lesson_is_to_give_pictures_back():
    images = pairs(48).batch(0, 2)
    own = torch.stack([images[0, 1], images[1, 0]])  # picture 3 is asked for its style, picture 4 for its photograph
    found = IdentityLoss()(Answer(own), images, torch.tensor([3, 4]))
    assert found["pixels"] == 0 and found["maps"].item() == pytest.approx(0, abs=1e-6)
    grey = IdentityLoss(7.0)(Answer(torch.full_like(own, 0.5)), images, torch.tensor([3, 4]))
    assert grey["pixels"].item() == pytest.approx(7 * (own - 0.5).square().mean().item(), rel=1e-4) and grey["maps"] > 0


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


def test_identity_losses_are_zero_where_a_picture_in_its_own_style_comes_back():
    images = pairs(48).batch(0, 2)
    own = torch.stack([images[0, 0], images[1, 1]])  # pair 0 is asked for its photograph, pair 1 for its style
    found = SANetLoss()(Answer(torch.cat([images[:, 1], own])), images, torch.tensor([4, 7]))
    assert found["pixels"] == 0 and found["maps"].item() == pytest.approx(0, abs=1e-6) == found["style"].item()
    assert found["content"].item() > 0.1
    other = SANetLoss()(Answer(torch.cat([images[:, 0], own])), images, torch.tensor([5, 8]))
    assert other["content"].item() == pytest.approx(0, abs=1e-6) and other["pixels"] > 0 and other["style"] > 0
    wanted = 50 * (own - torch.stack([images[0, 1], images[1, 0]])).square().mean()
    assert other["pixels"].item() == pytest.approx(wanted.item(), rel=1e-4)


@each_kind
def test_the_gradient_reaches_what_learns_and_nothing_else(kind):
    build, judge, _, _ = KINDS[kind]
    torch.manual_seed(0)
    network, loss = build(), judge()
    loss(network, pairs(32).batch(0, 2), torch.arange(2))["total"].backward()
    assert all(
        weight.grad is not None and weight.grad.abs().sum() > 0
        for name, weight in network.named_parameters()
        if "key.bias" not in name
    )  # one number more in every product: softmax takes it away again
    frozen = [*network._encoder[0].parameters(), *loss.extractor.parameters()]
    assert frozen and not any(weight.requires_grad or weight.grad is not None for weight in frozen)


@each_kind
def test_what_was_encoded_already_paints_the_same(kind):
    network, content, manner = KINDS[kind][0](), photo("cat", 96)[..., :48, :64], style("waves", 64)
    with torch.no_grad():
        maps = [network.encode(picture) for picture in (content, manner)]
        torch.testing.assert_close(network(*maps), network(content, manner))


def test_the_decoder_gets_the_target_that_the_loss_asks_for():
    """A decoder of which only the target is kept: what it gets is adaptive instance normalisation of both maps."""
    network, images = AdaINNet(), pairs(32).batch(0, 2)
    got = []
    network.decoder.register_forward_hook(lambda module, inputs, output: got.append(inputs[0]))
    AdaINLoss()(network, images, torch.arange(2))
    content, manner = (network.encode(images[:, half]) for half in (0, 1))
    torch.testing.assert_close(got[0][:2], adain(content, manner), rtol=1e-4, atol=1e-5)
    assert LAYER == LAYERS[0]


@each_kind
def test_it_learns_goes_on_and_leaves_samples(kind, tmp_path):
    _, _, train, load = KINDS[kind]
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


def test_the_weights_that_were_found_by_looking():
    assert IdentityLoss().weights == {"pixels": 20, "maps": 1} and AdaINLoss().weights == {"content": 1, "style": 8, "pixels": 30}
    assert SANetLoss().weights == {"content": 2, "style": 20, "pixels": 50, "maps": 2}
    assert SANetLoss(1, 2, 3, 4).weights == {"style": 1, "content": 2, "pixels": 3, "maps": 4}
    for wrong in (-0.1, float("inf"), float("nan"), "1"):
        with pytest.raises(NstError, match="from 0 up"):
            AdaINLoss(style_weight=wrong)
    assert AdaINLoss(style_weight=0.0).weights["style"] == 0


def test_mistakes_are_sentences():
    photos = bundled(48, ["cat"])
    for recipe, said in (
        (AdaptiveRecipe(crop=36), "multiple of 8"),
        (AdaptiveRecipe({"style_weight": -1.0}, 32), "from 0 up"),
        (AdaptiveRecipe(start=AdaINNet("vgg19", "random"), crop=32), "'vgg19'"),
    ):
        with pytest.raises(NstError, match=said):
            train_adain(photos, photos, recipe=recipe)


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
