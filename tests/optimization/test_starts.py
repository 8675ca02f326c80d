"""Where a search begins: noise that a seed fixes, a picture that one pass paints, words about pictures of another shape."""

import logging

import pytest
import torch

from nstlib import mask, photo, style, stylize, transfer
from nstlib.images.files import resize
from nstlib.losses.objective import StyleTarget
from nstlib.nets.adain import AdaINNet
from nstlib.nets.any_style import AnyStyle
from nstlib.nets.files import load_adain, save_network
from nstlib.optimization import starts


def test_noise_is_grey_of_the_contents_size_and_its_seed_alone_decides():
    content = torch.rand(1, 3, 200, 300)
    made = starts.noise(content, 3)
    assert made.shape == content.shape and torch.equal(made, starts.noise(torch.zeros_like(content), 3))
    assert not torch.equal(made, starts.noise(content, 4))
    # 180,000 values: mean and deviation are known to 0.0004, so the bounds stand ten of that away.
    assert made.mean().item() == pytest.approx(0.5, abs=0.004) and made.std().item() == pytest.approx(0.15, abs=0.004)


def test_one_pass_paints_what_transfer_paints():
    content, picture = photo("cat", 96), style("waves", 96)
    start = starts.one_pass()(content, [StyleTarget(picture)])
    assert start.shape == content.shape
    torch.testing.assert_close(start, transfer(content, picture, "adain").image, rtol=0, atol=1e-5)


def test_a_picture_of_another_shape_is_named(caplog):
    square, wide, dot = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 128), torch.rand(1, 1, 2, 2)
    with caplog.at_level(logging.WARNING):
        starts.say_what_is_stretched(square, [wide, dot], (64, 128))
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == "init is 64x64 and is stretched to the content's shape, 128x64: crop it to keep its own"


@pytest.fixture(scope="module")
def pictures():
    return photo("astronaut", 64), style("swirls", 72)


def paint(pictures, **options):
    return stylize(*pictures, **{"backbone": "mini", "steps": 8, "progress": False} | options)


def first_canvas(pictures, **options):
    seen = []
    paint(pictures, steps=1, callback=lambda step: seen.append(step.canvas), **options)
    return seen[0]


def test_the_start_is_what_was_asked_for(pictures):
    """The photograph, the style picture, noise of that seed around grey, or any picture, brought to the content's size."""
    content, manner = pictures
    given = torch.rand(1, 3, 40, 50)
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(7))
    for init, wanted in (
        ("content", content),
        ("style", resize(manner, (64, 64))),
        ("noise", 0.5 + 0.15 * noise),
        (given, resize(given, (64, 64))),
    ):
        torch.testing.assert_close(first_canvas(pictures, init=init, seed=7), wanted)
    torch.testing.assert_close(first_canvas(pictures), content)  # the default
    torch.testing.assert_close(first_canvas((content, [manner, 1 - manner]), init="style"), resize(manner, (64, 64)))


@pytest.fixture
def one_pass(monkeypatch, tmp_path):
    """An untrained network in the place of the shipped one; what it paints, by the height of the content."""
    torch.manual_seed(0)
    path, seen = save_network(AdaINNet(), tmp_path / "adain.safetensors"), {}
    monkeypatch.setattr("nstlib.nets.any_style.LOADERS", {"adain": lambda: load_adain(path)})
    paint_one = AnyStyle.paint
    monkeypatch.setattr(
        AnyStyle,
        "paint",
        lambda self, content, styles, **how: seen.setdefault(content.shape[-2], paint_one(self, content, styles, **how)),
    )
    return seen


@pytest.mark.parametrize(
    ("options", "height"), [({"pyramid": False}, 256), ({}, 128), ({"pyramid": False, "color": "luminance"}, 256)]
)
def test_one_pass_paints_the_start(pictures, one_pass, options, height):
    """At the size of the first level; the first canvas is that very picture."""
    first = []
    painted = paint(pictures, init="adain", size=256, steps=4, callback=lambda step: first.append(step.canvas), **options)
    assert list(one_pass) == [height] and painted.image.shape[-1] == 256
    torch.testing.assert_close(first[0], one_pass[height])


def test_one_pass_mixes_and_keeps_to_the_regions_too(one_pass):
    sky = mask("temple", "sky")
    assert (
        paint((photo("temple", 64), [style("swirls", 64), style("waves", 64)]), init="adain", masks=[sky, 1 - sky]).evaluations
        == 8
    )
    assert paint((photo("temple", 64), [style("swirls", 64), style("waves", 64)]), init="adain", mix=[1, 2]).evaluations == 8


@pytest.mark.parametrize("options", [{"mix": [1, 3]}, {"masks": [torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])]}])
def test_the_start_that_one_pass_paints_is_mixed_as_the_rest(pictures, monkeypatch, options):
    seen = []
    monkeypatch.setattr(AnyStyle, "encode", lambda self, picture: picture)
    monkeypatch.setattr(AnyStyle, "paint", lambda self, content, styles, **how: seen.append((styles, how)) or 1 - content)
    first = first_canvas((pictures[0], [pictures[1], 1 - pictures[1]]), init="adain", **options)
    ((styles, how),) = seen
    torch.testing.assert_close(first, 1 - pictures[0])
    assert torch.equal(styles[0], resize(pictures[1], 64)) and torch.equal(styles[1], resize(1 - pictures[1], 64))
    if "mix" in options:
        assert how == {"mix": [0.25, 0.75], "masks": None}
    else:
        assert how["mix"] is None and all(
            torch.equal(mask[0, 0], given) for mask, given in zip(how["masks"], options["masks"], strict=True)
        )


def test_one_pass_never_paints_more_than_it_has_memory_for(pictures, one_pass, monkeypatch):
    monkeypatch.setattr("nstlib.optimization.starts.LARGEST_PASS", 48)
    paint(pictures, init="adain")
    assert list(one_pass) == [48]


def test_a_search_with_any_backbone_begins_with_what_the_one_network_paints(pictures, one_pass):
    first = first_canvas(pictures, init="adain", backbone="mini")
    torch.testing.assert_close(first, first_canvas(pictures, init="adain", backbone="micro"))
    torch.testing.assert_close(first, one_pass[64])
