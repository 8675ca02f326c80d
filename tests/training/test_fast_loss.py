"""The loss of networks that paint, and the recipe that trains them."""

import pytest
import torch

from nstlib import style
from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, Weights
from nstlib.nets.fast import RANGE, FastNet
from nstlib.training import recipes
from nstlib.training.datasets import bundled
from nstlib.training.fast_loss import PerceptualLoss, saturation
from nstlib.training.loop import TrainingSettings
from nstlib.training.recipes import FastRecipe, train_fast

WEIGHTS = Weights(1, 5, 2)


def same(pictures, style=None):
    """A network that changes nothing."""
    return pictures


@pytest.fixture(scope="module")
def extractor():
    return FeatureExtractor("mini")


def test_for_one_picture_it_is_the_loss_of_the_optimiser(extractor):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    loss = PerceptualLoss(extractor, [style("waves", 64)], WEIGHTS)
    found = loss(lambda content: pictures[1:], pictures[:1], torch.tensor([0]))
    wanted = StyleObjective(extractor, pictures[:1], style("waves", 64), weights=WEIGHTS)(pictures[1:])
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)


def test_styles_without_names_are_numbered_from_one(extractor):
    known = PerceptualLoss(extractor, [style("waves", 64), style("ink", 64)], WEIGHTS).identity()
    assert [name for name in known if name.startswith("style ") and name[6:].isdigit()] == ["style 1", "style 2"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda one: one * 255, r"style waves has values .*expected \[0, 1\]"),
        (lambda one: (one * 255).byte(), "style waves has dtype torch.uint8"),
        (lambda one: one * float("nan"), "style waves holds values that are not finite"),
        (lambda one: one.expand(2, -1, -1, -1), "style waves is a batch of 2 pictures"),
        (lambda one: one[0], "style waves has shape"),
    ],
)
@pytest.mark.parametrize("size", [None, 40])
def test_what_is_no_style_is_refused_by_its_name(extractor, spoil, said, size):
    styles = {"ink": style("ink", 48), "waves": spoil(style("waves", 48))}
    with pytest.raises(NstError, match=said):
        PerceptualLoss(extractor, styles)
    with pytest.raises(NstError, match=said):
        train_fast(styles, bundled(48, ["cat"]), TrainingSettings(1, 1), None, FastRecipe(width=0.125, crop=32, style_size=size))


def test_a_strip_that_would_be_too_narrow_is_refused_with_the_size_that_works():
    strip = torch.rand(1, 3, 40, 2000)
    with pytest.raises(NstError, match=r"style_size=384 \(--style-size\): style strip at size=384 would be 384x8 .*1600 or more"):
        train_fast({"strip": strip}, bundled(48, ["cat"]), recipe=FastRecipe(style_size=384))


def test_each_picture_of_a_batch_is_judged_by_its_own_style(extractor):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    both = PerceptualLoss(extractor, [style("waves", 64), style("ink", 64)], WEIGHTS)
    one = [
        PerceptualLoss(extractor, [style(name, 64)], WEIGHTS)(same, pictures[i : i + 1], torch.tensor([0]))["style"]
        for i, name in enumerate(("ink", "waves"))
    ]
    torch.testing.assert_close(both(same, pictures, torch.tensor([3, 4]))["style"], sum(one) / 2, rtol=1e-4, atol=1e-6)


def test_glare_counts_from_where_the_tanh_grows_flat():
    def picture(before):
        return torch.full((1, 3, 4, 4), 0.5 + RANGE * torch.tanh(torch.tensor(before)).item())

    assert saturation(picture(0.0)) == saturation(picture(0.9)) == saturation(picture(-0.9)) == 0
    assert saturation(picture(3.0)).item() == pytest.approx(4, rel=1e-3) == saturation(picture(-3.0)).item()
    ends = [saturation(torch.full((1, 3, 4, 4), 0.5 + sign * RANGE)).item() for sign in (-1, 1)]  # where float32 knows no more
    assert ends[0] == pytest.approx(ends[1], rel=1e-3) and 20 < ends[1] < 30  # atanh(1 - 1e-5) is 6.1
    before = torch.tensor([3.0], requires_grad=True)
    saturation(0.5 + RANGE * torch.tanh(before).view(1, 1, 1, 1)).backward()
    assert before.grad.item() == pytest.approx(4, rel=1e-2)  # 2 (3 - 1): the tanh weakens it no more


def test_glare_is_part_of_the_loss_where_it_has_a_weight(extractor):
    white = torch.full((1, 3, 64, 64), 1.05)
    found = PerceptualLoss(extractor, [style("ink", 64)], WEIGHTS, saturation=3.0)(same, white, torch.tensor([0]))
    assert saturation(white) > 0 and found["saturation"].item() == pytest.approx(3 * saturation(white).item())
    assert found["total"].item() == pytest.approx(sum(float(v) for k, v in found.items() if k != "total"))


@pytest.fixture
def handed_on(monkeypatch):
    """What the recipe hands to the training, instead of training."""
    seen = {}
    monkeypatch.setattr(
        recipes,
        "Run",
        lambda network, loss, batches, settings, folder, known: seen.update(
            network=network, loss=loss, batch=batches(0, 3), settings=settings, folder=folder, known=known
        ),
    )
    monkeypatch.setattr(recipes, "finish", lambda run, callback: seen.update(samples=callback))
    return seen


def test_each_setting_of_the_recipe_reaches_the_training(handed_on, tmp_path, monkeypatch):
    styles, settings = {name: style(name, 48) for name in ("waves", "ink")}, TrainingSettings(7)
    weights = Weights(2, 3, 4)
    train_fast(
        styles, bundled(48, ["cat"]), settings, tmp_path, FastRecipe(weights, width=0.25, crop=40, saturation=0.7, sample_every=9)
    )
    network, loss, samples = (handed_on[name] for name in ("network", "loss", "samples"))
    assert network.options == {
        "width": 0.25,
        "norm": "conditional",
        "styles": 2,
        "upsampling": "nearest",
        "names": ["waves", "ink"],
        "backbone": loss.extractor.backbone_name,
    }
    assert loss.weights is weights and loss.saturation == 0.7 and loss.count == 2
    assert handed_on["batch"].shape == (3, 3, 40, 40) and handed_on["settings"] is settings and handed_on["folder"] == tmp_path
    assert samples.every == 9 and samples.styles == 2 and samples.folder == tmp_path / "samples"


def test_the_recipe_of_one_style_and_its_defaults(handed_on, tmp_path):
    train_fast({"waves": style("waves", 48)}, bundled(160, ["cat"]), folder=tmp_path)
    assert handed_on["network"].options == {
        "width": 0.5,
        "norm": "instance",
        "styles": 1,
        "upsampling": "nearest",
        "names": ["waves"],
        "backbone": handed_on["loss"].extractor.backbone_name,
    }
    assert handed_on["loss"].weights == Weights(1, 5, 2) and handed_on["loss"].saturation == 0 and handed_on["samples"] is None
    assert handed_on["batch"].shape == (3, 3, 128, 128) and handed_on["settings"] == TrainingSettings()
    train_fast({"waves": style("waves", 48)}, bundled(160, ["cat"]), recipe=FastRecipe(sample_every=9))
    assert handed_on["samples"] is None and handed_on["folder"] is None  # no folder, no samples


def test_the_loss_of_a_recipe_sees_the_layers_of_the_optimiser(handed_on):
    train_fast({"waves": style("waves", 48)}, bundled(48, ["cat"]), recipe=FastRecipe(crop=32))
    assert tuple(handed_on["loss"].targets) == STYLE_LAYERS and handed_on["loss"].content_layers == CONTENT_LAYERS


def test_it_begins_with_another_networks_convolutions(tmp_path):
    torch.manual_seed(0)
    first = FastNet(0.125)
    before = first.up[-1].conv.weight.clone()
    styles = {name: style(name, 48) for name in ("waves", "ink")}
    trained = train_fast(
        styles,
        bundled(48, ["cat"]),
        TrainingSettings(2, 2, learning_rate=1e-5, precision="no"),
        tmp_path,
        FastRecipe(crop=32, start=first, saturation=1.0, sample_every=1),
    )
    assert torch.equal(first.up[-1].conv.weight, before) and trained.network.names == ["waves", "ink"]
    torch.testing.assert_close(trained.network.up[-1].conv.weight, before, rtol=0, atol=1e-4)
    assert (
        set(trained.history) == {"content", "style", "tv", "saturation", "total"}
        and len(list((tmp_path / "samples").iterdir())) == 2
    )
