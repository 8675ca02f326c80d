"""One call for every method: results, options that a method has or refuses, mixing, regions, colours, and mistakes."""

import inspect
from pathlib import Path

import pytest
import torch

from nstlib import mask, photo, style, stylize
from nstlib.errors import ImageError, NstError, WeightsError
from nstlib.images.files import resize
from nstlib.images.gallery import STYLES
from nstlib.methods import METHODS, Painted, fast_styles, transfer
from nstlib.nets.any_style import AnyStyle
from nstlib.nets.files import SHIPPED_FAST
from nstlib.optimization.recording import Stylized

ONE_PASS = ("adain", "wct", "sanet")


@pytest.fixture(scope="module")
def pictures():
    return photo("astronaut", 64), style("swirls", 72), style("mosaic", 60)


def options_for(method, network_files):
    return (
        {"weights": network_files[method]}
        if method in ONE_PASS
        else {"steps": 3, "backbone": "mini"}
        if method == "optimise"
        else {}
    )


@pytest.mark.parametrize("method", METHODS)
def test_each_method_paints_and_says_how(method, network_files, pictures):
    given = "mosaic" if method == "fast" else pictures[1]
    painted = transfer(pictures[0], given, method, size=48, progress=False, seed=1, **options_for(method, network_files))
    assert isinstance(painted, Painted) and painted.method == method and painted.seconds > 0
    assert painted.image.shape == (1, 3, 48, 48) and painted.image.device.type == "cpu" and not painted.image.is_inference()
    assert 0 <= painted.image.min() and painted.image.max() <= 1 and painted.image.std() > 0.01
    assert painted.evaluations == (3 if method == "optimise" else 0)
    assert painted.backbone == {"optimise": "mini", "adain": "micro", "wct": "micro", "sanet": "micro"}.get(method)
    assert (painted.stylized is not None) == (painted.weights is None) == (method == "optimise")
    assert "tensor(" not in repr(painted)


def test_a_style_by_name_is_its_picture(network_files, pictures):
    named, given = (
        transfer(pictures[0], one, "adain", weights=network_files["adain"]).image for one in ("swirls", style("swirls"))
    )
    assert torch.equal(named, given)


def test_a_mask_of_the_course(network_files):
    content, sky = photo("temple", 96), mask("temple", "sky")
    assert (
        transfer(content, ["swirls", "ink"], "sanet", masks=[sky, 1 - sky], weights=network_files["sanet"]).image.shape
        == content.shape
    )


def test_the_optimiser_gets_all_that_it_was_given(pictures, monkeypatch):
    """What is None is left out; one style in a list is given as a picture, several as a list; names are pictures."""
    seen = []

    def stylize(content, styles, **options):
        seen.append((content, styles, options))
        return Stylized(content, {"evaluations": [1, 2]}, 4.5, "mini")

    monkeypatch.setattr("nstlib.methods.stylize", stylize)
    painted = transfer(
        pictures[0], [pictures[1]], "optimise", size=48, seed=7, progress=False, steps=2, init="style", mix=None, half=True
    )
    content, given, options = seen.pop()
    assert torch.equal(content, resize(pictures[0], 48)) and given is pictures[1]
    assert options == {"seed": 7, "progress": False, "steps": 2, "init": "style", "half": True}
    assert (painted.seconds, painted.backbone, painted.evaluations, painted.stylized.seconds) == (4.5, "mini", 2, 4.5)
    transfer(pictures[0], ["swirls", pictures[2]], "optimise", masks=["a", "b"])
    content, given, options = seen.pop()
    assert content is pictures[0] and torch.equal(given[0], style("swirls")) and given[1] is pictures[2] and len(given) == 2
    assert options == {"seed": 0, "progress": True, "masks": ["a", "b"]}
    transfer(pictures[0], Path("swirls").name, "optimise")
    assert torch.equal(seen.pop()[1], style("swirls"))


def test_every_option_of_stylize_is_one_of_the_method(pictures):
    assert set(METHODS["optimise"].options) == set(inspect.signature(stylize).parameters) - {
        "content",
        "style",
        "size",
        "seed",
        "progress",
    }


@pytest.mark.parametrize(
    ("options", "wanted"), [({}, {}), ({"tile": 64}, {"tile": 64}), ({"half": False, "tile": 48}, {"half": False, "tile": 48})]
)
def test_the_fast_method_gets_tile_and_half(pictures, monkeypatch, options, wanted):
    seen = []
    monkeypatch.setattr(
        "nstlib.methods.paint", lambda network, content, chosen, **how: seen.append((network, chosen, how)) or content
    )
    transfer(pictures[0], "mosaic", "fast", **options)
    transfer(pictures[0], ["mosaic", "swirls"], "fast", mix=[1, 3], **options)
    (_, alone, first), (network, mixed, second) = seen
    assert alone is None and mixed == {"mosaic": 1, "swirls": 3} and first == second == wanted and "swirls" in network.names


def test_one_pass_gets_the_options_of_painting(network_files, pictures, monkeypatch):
    seen, left = [], torch.ones(1, 1, 4, 4)
    monkeypatch.setattr(
        "nstlib.methods.paint_like", lambda painter, content, styles, **how: seen.append((painter, styles, how)) or content
    )
    how = {"alpha": 0.5, "mix": [1, 2], "masks": [left, left], "color": "affine", "style_size": 40}
    painted = transfer(pictures[0], pictures[1:], "wct", weights=network_files["wct"], half=True, **how)
    ((painter, styles, given),) = seen
    assert given == how and styles == list(pictures[1:]) and painter.method == "wct" and painter.network.decoder.in_half
    assert painted.weights == str(network_files["wct"]) and painted.backbone == "micro"
    assert not AnyStyle("adain", network_files["adain"], half=False).network.decoder.in_half


def test_fast_knows_the_names_of_its_styles(pictures):
    names = fast_styles()
    assert set(SHIPPED_FAST) <= set(names) and len(names) > len(SHIPPED_FAST)
    held = next(name for name in names if name not in SHIPPED_FAST)
    assert transfer(pictures[0], held, "fast").weights == "many" and transfer(pictures[0], "mosaic", "fast").weights == "mosaic"
    mixed = transfer(pictures[0], [held, "mosaic"], "fast", mix=[1, 3], tile=48)
    assert mixed.weights == "many" and mixed.image.shape == pictures[0].shape


def test_fast_refuses_other_styles_with_the_names_that_there_are(pictures):
    unheld = next(name for name in STYLES if name not in fast_styles())
    for other, error in (
        (pictures[1], NstError),
        (unheld, WeightsError),
        ("nobody", WeightsError),
        (["mosaic", unheld], NstError),
        ([pictures[1]], NstError),
        ([], NstError),
        (None, NstError),
    ):
        with pytest.raises(error, match="mosaic"):
            transfer(pictures[0], other, "fast")


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("optimise", {"alpha": 0.5}, "method='optimise' has no option 'alpha': adain, wct have it"),
        ("fast", {"masks": []}, "'fast' has no option 'masks': optimise, adain, wct, sanet have it"),
        ("sanet", {"mix": [1]}, "'sanet' has no option 'mix': optimise, fast, adain, wct have it"),
        ("sanet", {"alpha": 1.0}, "adain, wct have it"),
        ("adain", {"steps": 5}, "optimise has it"),
        ("adain", {"tile": 64}, "optimise, fast have it"),
        ("adain", {"strength": 1}, "no method has it; adain has size, seed, progress, alpha"),
        ("adain", {"alpha": 1.5}, "alpha=1.5: expected a number from 0"),
        ("wct", {"alpha": "much"}, "alpha='much'"),
        ("adain", {"mix": [1, 2]}, "mix has 2 entries for 1 styles"),
        ("adain", {"mix": [0]}, "above 0"),
        ("adain", {"mix": 0.5}, "mix is 0.5 for 1 styles"),
        ("adain", {"mix": [1], "masks": [torch.ones(1, 1, 4, 4)]}, "mix and masks together"),
        ("wct", {"masks": [torch.ones(1, 1, 4, 4)] * 2}, "masks has 2 entries for 1 styles"),
        ("sanet", {"masks": [torch.zeros(1, 1, 4, 4)]}, r"masks\[0\] is 0 everywhere"),
        ("adain", {"color": "sepia"}, "color='sepia'.*luminance"),
        ("adain", {"style_size": 16}, "size=16"),
        ("adain", {"size": 16}, "size=16.*32"),
        ("paste", {}, "method='paste': choose one of optimise, fast, adain, wct, sanet"),
    ],
)
def test_bad_options_are_named(method, options, words, network_files, pictures):
    with pytest.raises(NstError, match=words):
        transfer(pictures[0], pictures[1], method, **options | ({"weights": network_files[method]} if method in ONE_PASS else {}))


@pytest.mark.parametrize(
    ("content", "given", "method", "words"),
    [
        (torch.rand(1, 3, 20, 64), "waves", "adain", "content is 64x20 pixels: at least 32"),
        (torch.rand(1, 3, 64, 64), 255 * torch.rand(1, 3, 64, 64), "wct", "style"),
        (torch.rand(3, 64, 64), "waves", "adain", r"content\[None\]"),
        (torch.rand(2, 3, 64, 64), "waves", "adain", "content holds 2 pictures"),
        (torch.rand(1, 3, 64, 64), "nobody", "adain", "there is no style 'nobody'"),
        (torch.rand(1, 3, 64, 64), None, "adain", "there is no style None: give a picture"),
        (torch.rand(1, 3, 64, 64), Path("x.png"), "adain", "x.png.*load_image"),
        (torch.rand(1, 3, 64, 64), ["waves", 5], "adain", "there is no style 5"),
        (torch.rand(1, 3, 64, 64), [], "adain", "at least one"),
        (torch.rand(1, 3, 64, 64), ["waves", "ink"], "sanet", "2 styles without masks"),
    ],
)
def test_bad_pictures_are_named(content, given, method, words, network_files):
    with pytest.raises(NstError, match=words):
        transfer(content, given, method, weights=network_files[method])


def test_pictures_of_the_wrong_kind(network_files):
    with pytest.raises(ImageError, match="content"):
        transfer("temple", "waves", "adain", weights=network_files["adain"])
