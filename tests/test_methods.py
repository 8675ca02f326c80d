"""One call for every method: results, options that a method has or refuses, mixing, regions, colours, and mistakes."""

import inspect
from pathlib import Path

import pytest
import torch

from nstlib import mask, photo, style, stylize
from nstlib.control.color import luminance
from nstlib.errors import ImageError, NstError, WeightsError
from nstlib.images.files import resize
from nstlib.images.gallery import STYLES
from nstlib.methods import METHODS, Painted, fast_styles, transfer
from nstlib.nets.adain import AdaINNet
from nstlib.nets.any_style import AnyStyle, paint_like
from nstlib.nets.files import SHIPPED_FAST, load_adain, load_sanet, save_network
from nstlib.nets.sanet import SANet
from nstlib.nets.wct import whiten_and_color
from nstlib.optimization.recording import Stylized
from nstlib.settings import memory_advice

ONE_PASS = ("adain", "wct", "sanet")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An untrained network for each method, in a file: what it paints is no picture, but every law holds for it."""
    torch.manual_seed(0)
    folder, made = tmp_path_factory.mktemp("networks"), {}
    for kind, network in (("adain", AdaINNet()), ("sanet", SANet())):
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
        last = network.decoder.blocks[-1][-1]
        with torch.no_grad():  # grey on average and hardly ever outside [0, 1], where all is clamped
            last.weight.mul_(0.1 / network(photo("astronaut", 64), style("swirls", 64)).std())
            last.bias.fill_(0.5)
        made[kind] = save_network(network, folder / f"{kind}.safetensors")
    return made | {"wct": made["adain"]}


@pytest.fixture(scope="module")
def pictures():
    return photo("astronaut", 64), style("swirls", 72), style("mosaic", 60)


def options_for(method, files):
    return {"weights": files[method]} if method in ONE_PASS else {"steps": 3, "backbone": "mini"} if method == "optimise" else {}


@pytest.mark.parametrize("method", METHODS)
def test_each_method_paints_and_says_how(method, files, pictures):
    given = "mosaic" if method == "fast" else pictures[1]
    painted = transfer(pictures[0], given, method, size=48, progress=False, seed=1, **options_for(method, files))
    assert isinstance(painted, Painted) and painted.method == method and painted.seconds > 0
    assert painted.image.shape == (1, 3, 48, 48) and painted.image.device.type == "cpu" and not painted.image.is_inference()
    assert 0 <= painted.image.min() and painted.image.max() <= 1 and painted.image.std() > 0.01
    assert painted.evaluations == (3 if method == "optimise" else 0)
    assert painted.backbone == (None if method == "fast" else "mini")
    assert (painted.stylized is not None) == (painted.weights is None) == (method == "optimise")
    assert "tensor(" not in repr(painted)


@pytest.mark.parametrize("method", ONE_PASS)
def test_it_is_the_networks_own_picture(method, files, pictures):
    network = {"adain": load_adain, "wct": load_adain, "sanet": load_sanet}[method](files[method])
    content, manner = pictures[0], resize(pictures[1], 64)
    with torch.no_grad():
        maps = network.encode(content), [network.encode(manner)]
        painted = {
            "adain": lambda: network(content, manner),
            "sanet": lambda: network(content, manner),
            "wct": lambda: network.paint_maps(*maps, 1.0, content.shape[-2:], match=whiten_and_color),
        }[method]()
    torch.testing.assert_close(
        transfer(content, manner, method, weights=files[method], half=False).image, painted.clamp(0, 1), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("method", ONE_PASS)
@pytest.mark.parametrize("size", [(32, 32), (45, 63), (33, 150)])
def test_content_of_any_size(method, size, files):
    content = torch.rand(1, 3, *size)
    assert transfer(content, "waves", method, weights=files[method]).image.shape == content.shape


def test_a_style_by_name_is_its_picture(files, pictures):
    named, given = (transfer(pictures[0], one, "adain", weights=files["adain"]).image for one in ("swirls", style("swirls")))
    assert torch.equal(named, given)


def test_an_encoded_style_paints_more_than_one_picture(files, pictures):
    painter = AnyStyle("adain", files["adain"])
    encoded = painter.encode(resize(pictures[1], 64))
    for content in (pictures[0], pictures[2]):
        torch.testing.assert_close(painter.paint(content, [encoded]), paint_like(painter, content, [pictures[1]], style_size=64))


@pytest.mark.parametrize("method", ["adain", "wct"])
def test_alpha_goes_from_the_content_to_the_style(method, files, pictures):
    def painted(alpha, name="swirls"):
        return transfer(pictures[0], name, method, alpha=alpha, weights=files[method]).image

    assert torch.equal(painted(0.0), painted(0.0, "ink"))
    torch.testing.assert_close(painted(1.0), transfer(pictures[0], "swirls", method, weights=files[method]).image)
    steps = [(painted(alpha) - painted(0.0)).abs().mean() for alpha in (0.3, 0.6, 1.0)]
    assert 0 < steps[0] < steps[1] < steps[2]


@pytest.mark.parametrize("method", ["adain", "wct"])
def test_shares_of_several_styles(method, files, pictures):
    content, *styles = pictures
    one, other = (transfer(content, manner, method, weights=files[method]).image for manner in styles)
    mixed = {
        shares: transfer(content, styles, method, mix=shares, weights=files[method]).image for shares in ((1, 0), (0, 2), (1, 1))
    }
    torch.testing.assert_close(mixed[1, 0], one)
    torch.testing.assert_close(mixed[0, 2], other)
    torch.testing.assert_close(mixed[1, 1], transfer(content, styles, method, weights=files[method]).image)
    assert (mixed[1, 1] - one).abs().mean() > 1e-3 and (mixed[1, 1] - other).abs().mean() > 1e-3


@pytest.mark.parametrize("method", ONE_PASS)
def test_a_style_for_each_region(method, files):
    """Far from the masks' edge each region looks as its style alone; where no mask holds, the style does not matter."""
    content, left = photo("temple", 128), torch.zeros(1, 1, 1, 8)
    left[..., :4] = 1
    alone = {name: transfer(content, name, method, weights=files[method]).image for name in ("swirls", "ink")}
    halves = transfer(content, ["swirls", "ink"], method, masks=[left, 1 - left], weights=files[method]).image
    only = [transfer(content, name, method, masks=[left], weights=files[method]).image for name in ("swirls", "ink")]
    torch.testing.assert_close(halves[..., :24], alone["swirls"][..., :24], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(halves[..., 104:], alone["ink"][..., 104:], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(only[0][..., 104:], only[1][..., 104:], rtol=1e-3, atol=1e-4)
    assert (only[0][..., :24] - only[1][..., :24]).abs().mean() > 1e-3


def test_a_mask_of_the_course(files):
    content, sky = photo("temple", 96), mask("temple", "sky")
    assert (
        transfer(content, ["swirls", "ink"], "sanet", masks=[sky, 1 - sky], weights=files["sanet"]).image.shape == content.shape
    )


@pytest.mark.parametrize("method", ONE_PASS)
def test_the_contents_colours_are_kept(method, files, pictures):
    painted = transfer(pictures[0], pictures[1], method, color="luminance", weights=files[method]).image
    hue, wanted = ((image - luminance(image)).flatten(2) for image in (painted, pictures[0]))
    assert torch.nn.functional.cosine_similarity(hue, wanted, dim=2).min() > 0.8
    assert not torch.equal(painted, transfer(pictures[0], pictures[1], method, weights=files[method]).image)


def test_the_size_of_the_style_picture(files, pictures, monkeypatch):
    seen = []
    encode = AnyStyle.encode
    monkeypatch.setattr(AnyStyle, "encode", lambda self, picture: seen.append(max(picture.shape)) or encode(self, picture))
    for wanted in (None, 40, 100):  # px
        transfer(pictures[0], "swirls", "adain", style_size=wanted, weights=files["adain"])
    transfer(pictures[0], pictures[2], "adain", weights=files["adain"])
    monkeypatch.setattr("nstlib.nets.any_style.LARGEST_STYLE", 48)
    transfer(pictures[0], "swirls", "adain", weights=files["adain"])
    assert seen == [64, 40, 100, 60, 48]  # the content's, as asked for (also enlarged), never enlarged by default, at most


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


def test_one_pass_gets_the_options_of_painting(files, pictures, monkeypatch):
    seen, left = [], torch.ones(1, 1, 4, 4)
    monkeypatch.setattr(
        "nstlib.methods.paint_like", lambda painter, content, styles, **how: seen.append((painter, styles, how)) or content
    )
    how = {"alpha": 0.5, "mix": [1, 2], "masks": [left, left], "color": "affine", "style_size": 40}
    painted = transfer(pictures[0], pictures[1:], "wct", weights=files["wct"], half=True, **how)
    ((painter, styles, given),) = seen
    assert given == how and styles == list(pictures[1:]) and painter.method == "wct" and painter.network.decoder.in_half
    assert painted.weights == str(files["wct"]) and painted.backbone == "mini"
    assert not AnyStyle("adain", files["adain"], half=False).network.decoder.in_half


def test_a_style_picture_is_made_as_large_as_the_content_and_never_larger(pictures):
    """paint_like: shares of several styles are those of AnyStyle.paint, each style at the size of the content."""
    seen = []

    class Painter:
        def encode(self, picture):
            return picture

        def paint(self, content, styles, **how):
            seen.append((content, styles, how))
            return content * 3 - 1

    content, large, small = torch.rand(1, 3, 40, 64), torch.rand(1, 3, 200, 100), torch.rand(1, 3, 36, 48)
    painted = paint_like(Painter(), content, [large, small], alpha=0.5)
    ((given, styles, how),) = seen
    assert given is content and [tuple(one.shape[2:]) for one in styles] == [(64, 32), (36, 48)] and how == {"alpha": 0.5}
    torch.testing.assert_close(painted, (content * 3 - 1).clamp(0, 1))
    paint_like(Painter(), torch.rand(1, 3, 40, 700), [torch.rand(1, 3, 300, 900)])
    assert seen[1][1][0].shape[-1] == 512  # at most


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
def test_bad_options_are_named(method, options, words, files, pictures):
    with pytest.raises(NstError, match=words):
        transfer(pictures[0], pictures[1], method, **options | ({"weights": files[method]} if method in ONE_PASS else {}))


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
def test_bad_pictures_are_named(content, given, method, words, files):
    with pytest.raises(NstError, match=words):
        transfer(content, given, method, weights=files[method])


def test_a_file_of_another_network_is_refused(files, pictures):
    with pytest.raises(WeightsError, match="'adain', not 'sanet'"):
        transfer(pictures[0], pictures[1], "sanet", weights=files["adain"])
    with pytest.raises(WeightsError, match="nowhere"):
        transfer(pictures[0], pictures[1], "wct", weights="nowhere.safetensors")
    with pytest.raises(NstError, match="method='fast': choose one of adain, wct, sanet"):
        AnyStyle("fast")


def test_a_lack_of_memory_is_put_into_words(files, pictures, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    painter = AnyStyle("adain", files["adain"])
    monkeypatch.setattr(painter.network, "encode", full)
    with pytest.raises(NstError, match="64x64 px.*size="):
        painter.paint(pictures[0], [torch.rand(1, 144, 8, 8)])
    assert "size=" in memory_advice((64, 64))


def test_pictures_of_the_wrong_kind(files):
    with pytest.raises(ImageError, match="content"):
        transfer("temple", "waves", "adain", weights=files["adain"])


@pytest.mark.parametrize("method", ONE_PASS)
def test_half_precision_paints_nearly_the_same_where_it_is_fast(method, files, pictures, monkeypatch):
    exact, half = (transfer(*pictures[:2], method, weights=files[method], half=half).image for half in (False, True))
    assert 0 < (exact - half).abs().mean() < 3 / 255
    for fast, expected in ((True, half), (False, exact)):
        monkeypatch.setattr("nstlib.nets.any_style.has_bf16", lambda fast=fast: fast)
        assert torch.equal(transfer(*pictures[:2], method, weights=files[method]).image, expected)
