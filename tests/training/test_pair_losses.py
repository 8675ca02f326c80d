"""Losses of networks for any style: closed form, the pairs they are of, and what learns."""

import pytest
import torch

from nstlib import photo, style
from nstlib.errors import NstError
from nstlib.nets.adain import LAYER, AdaINNet, adain
from nstlib.nets.sanet import LAYERS, SANet
from nstlib.training.datasets import Crops, Pairs, bundled
from nstlib.training.pair_losses import AdaINLoss, IdentityLoss, SANetLoss, moments_loss

KINDS = {"adain": (AdaINNet, AdaINLoss), "sanet": (SANet, SANetLoss)}
each_kind = pytest.mark.parametrize("kind", KINDS)


def pairs(size=32, seed=1):
    return Pairs(Crops(bundled(48, ["cat", "temple"]), size), Crops(bundled(48, ["waves", "ink", "swirls"]), size, seed))


def test_manner_is_mean_and_deviation_relative_to_the_targets():
    maps = torch.rand(2, 5, 6, 7, generator=torch.Generator().manual_seed(0)) + 1
    assert moments_loss(maps, maps.flip(-1)).item() == pytest.approx(0, abs=1e-10)  # where things are does not count
    assert moments_loss(torch.zeros_like(maps), maps).item() == pytest.approx(1, abs=0.01)
    assert moments_loss(maps * 1.5, maps).item() == pytest.approx(0.25, rel=1e-3)
    assert moments_loss(100 * maps * 1.5, 100 * maps).item() == pytest.approx(0.25, rel=1e-3)


@each_kind
def test_a_network_of_another_encoder_is_refused_in_words(kind):
    build, loss = KINDS[kind]
    network = build("micro")
    network.options["backbone"] = "vgg19"  # as one that was trained so
    with pytest.raises(NstError, match=f"sees through 'vgg19', its loss through 'micro': give {loss.__name__}"):
        loss()(network, pairs().batch(0, 2), torch.arange(2))


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
    build, judge = KINDS[kind]
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


def test_the_weights_that_were_found_by_looking():
    assert IdentityLoss().weights == {"pixels": 20, "maps": 1} and AdaINLoss().weights == {"content": 1, "style": 8, "pixels": 30}
    assert SANetLoss().weights == {"content": 2, "style": 20, "pixels": 50, "maps": 2}
    assert SANetLoss(1, 2, 3, 4).weights == {"style": 1, "content": 2, "pixels": 3, "maps": 4}
    for wrong in (-0.1, float("inf"), float("nan"), "1"):
        with pytest.raises(NstError, match="from 0 up"):
            AdaINLoss(style_weight=wrong)
    assert AdaINLoss(style_weight=0.0).weights["style"] == 0
    with pytest.raises(NstError, match="nothing can be learned"):
        IdentityLoss(0, 0.0)
