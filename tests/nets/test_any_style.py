"""Painting in any style in one pass: styles encoded once, sizes, memory, and half precision."""

import pytest
import torch

from nstlib import photo, style
from nstlib.control.color import luminance
from nstlib.errors import NstError, WeightsError
from nstlib.images.files import resize
from nstlib.methods import transfer
from nstlib.nets.any_style import AnyStyle, paint_like
from nstlib.nets.files import load_adain, load_sanet
from nstlib.nets.wct import whiten_and_color
from nstlib.settings import memory_advice

ONE_PASS = ("adain", "wct", "sanet")


@pytest.fixture(scope="module")
def pictures():
    return photo("astronaut", 64), style("swirls", 72), style("mosaic", 60)


@pytest.mark.parametrize("method", ONE_PASS)
def test_it_is_the_networks_own_picture(method, network_files, pictures):
    network = {"adain": load_adain, "wct": load_adain, "sanet": load_sanet}[method](network_files[method])
    content, manner = pictures[0], resize(pictures[1], 64)
    with torch.no_grad():
        maps = network.encode(content), [network.encode(manner)]
        painted = {
            "adain": lambda: network(content, manner),
            "sanet": lambda: network(content, manner),
            "wct": lambda: network.paint_maps(*maps, 1.0, content.shape[-2:], match=whiten_and_color),
        }[method]()
    torch.testing.assert_close(
        transfer(content, manner, method, weights=network_files[method], half=False).image,
        painted.clamp(0, 1),
        rtol=1e-3,
        atol=1e-4,
    )


@pytest.mark.parametrize("method", ONE_PASS)
@pytest.mark.parametrize("size", [(32, 32), (45, 63), (33, 150)])
def test_content_of_any_size(method, size, network_files):
    content = torch.rand(1, 3, *size)
    assert transfer(content, "waves", method, weights=network_files[method]).image.shape == content.shape


def test_an_encoded_style_paints_more_than_one_picture(network_files, pictures):
    painter = AnyStyle("adain", network_files["adain"])
    encoded = painter.encode(resize(pictures[1], 64))
    for content in (pictures[0], pictures[2]):
        torch.testing.assert_close(painter.paint(content, [encoded]), paint_like(painter, content, [pictures[1]], style_size=64))


@pytest.mark.parametrize("method", ["adain", "wct"])
def test_alpha_goes_from_the_content_to_the_style(method, network_files, pictures):
    def painted(alpha, name="swirls"):
        return transfer(pictures[0], name, method, alpha=alpha, weights=network_files[method]).image

    assert torch.equal(painted(0.0), painted(0.0, "ink"))
    torch.testing.assert_close(painted(1.0), transfer(pictures[0], "swirls", method, weights=network_files[method]).image)
    steps = [(painted(alpha) - painted(0.0)).abs().mean() for alpha in (0.3, 0.6, 1.0)]
    assert 0 < steps[0] < steps[1] < steps[2]


@pytest.mark.parametrize("method", ["adain", "wct"])
def test_shares_of_several_styles(method, network_files, pictures):
    content, *styles = pictures
    one, other = (transfer(content, manner, method, weights=network_files[method]).image for manner in styles)
    mixed = {
        shares: transfer(content, styles, method, mix=shares, weights=network_files[method]).image
        for shares in ((1, 0), (0, 2), (1, 1))
    }
    torch.testing.assert_close(mixed[1, 0], one)
    torch.testing.assert_close(mixed[0, 2], other)
    torch.testing.assert_close(mixed[1, 1], transfer(content, styles, method, weights=network_files[method]).image)
    assert (mixed[1, 1] - one).abs().mean() > 1e-3 and (mixed[1, 1] - other).abs().mean() > 1e-3


@pytest.mark.parametrize("method", ONE_PASS)
def test_a_style_for_each_region(method, network_files):
    """Far from the masks' edge each region looks as its style alone; where no mask holds, the style does not matter."""
    content, left = photo("temple", 128), torch.zeros(1, 1, 1, 8)
    left[..., :4] = 1
    alone = {name: transfer(content, name, method, weights=network_files[method]).image for name in ("swirls", "ink")}
    halves = transfer(content, ["swirls", "ink"], method, masks=[left, 1 - left], weights=network_files[method]).image
    only = [transfer(content, name, method, masks=[left], weights=network_files[method]).image for name in ("swirls", "ink")]
    torch.testing.assert_close(halves[..., :24], alone["swirls"][..., :24], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(halves[..., 104:], alone["ink"][..., 104:], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(only[0][..., 104:], only[1][..., 104:], rtol=1e-3, atol=1e-4)
    assert (only[0][..., :24] - only[1][..., :24]).abs().mean() > 1e-3


@pytest.mark.parametrize("method", ONE_PASS)
def test_the_contents_colours_are_kept(method, network_files, pictures):
    painted = transfer(pictures[0], pictures[1], method, color="luminance", weights=network_files[method]).image
    hue, wanted = ((image - luminance(image)).flatten(2) for image in (painted, pictures[0]))
    assert torch.nn.functional.cosine_similarity(hue, wanted, dim=2).min() > 0.8
    assert not torch.equal(painted, transfer(pictures[0], pictures[1], method, weights=network_files[method]).image)


def test_the_size_of_the_style_picture(network_files, pictures, monkeypatch):
    seen = []
    encode = AnyStyle.encode
    monkeypatch.setattr(AnyStyle, "encode", lambda self, picture: seen.append(max(picture.shape)) or encode(self, picture))
    for wanted in (None, 40, 100):  # px
        transfer(pictures[0], "swirls", "adain", style_size=wanted, weights=network_files["adain"])
    transfer(pictures[0], pictures[2], "adain", weights=network_files["adain"])
    monkeypatch.setattr("nstlib.nets.any_style.LARGEST_STYLE", 48)
    transfer(pictures[0], "swirls", "adain", weights=network_files["adain"])
    assert seen == [64, 40, 100, 60, 48]  # the content's, as asked for (also enlarged), never enlarged by default, at most


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


def test_a_file_of_another_network_is_refused(network_files, pictures):
    with pytest.raises(WeightsError, match="'adain', not 'sanet'"):
        transfer(pictures[0], pictures[1], "sanet", weights=network_files["adain"])
    with pytest.raises(WeightsError, match="nowhere"):
        transfer(pictures[0], pictures[1], "wct", weights="nowhere.safetensors")
    with pytest.raises(NstError, match="method='fast': choose one of adain, wct, sanet"):
        AnyStyle("fast")


def test_a_lack_of_memory_is_put_into_words(network_files, pictures, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    painter = AnyStyle("adain", network_files["adain"])
    monkeypatch.setattr(painter.network, "encode", full)
    with pytest.raises(NstError, match="64x64 px.*size="):
        painter.paint(pictures[0], [torch.rand(1, 144, 8, 8)])
    assert "size=" in memory_advice((64, 64))


@pytest.mark.parametrize("method", ONE_PASS)
def test_half_precision_paints_nearly_the_same_where_it_is_fast(method, network_files, pictures, monkeypatch):
    exact, half = (transfer(*pictures[:2], method, weights=network_files[method], half=half).image for half in (False, True))
    assert 0 < (exact - half).abs().mean() < 3 / 255
    for fast, expected in ((True, half), (False, exact)):
        monkeypatch.setattr("nstlib.nets.any_style.has_bf16", lambda fast=fast: fast)
        assert torch.equal(transfer(*pictures[:2], method, weights=network_files[method]).image, expected)


def test_a_painted_picture_stays_in_range(network_files, pictures, monkeypatch):
    painter = AnyStyle("adain", network_files["adain"])
    encoded = painter.encode(pictures[1])
    monkeypatch.setattr(painter.network, "paint_maps", lambda *_, **__: torch.linspace(-1, 2, 3 * 64 * 64).view(1, 3, 64, 64))
    painted = painter.paint(pictures[0], [encoded])
    assert painted.min() == 0 and painted.max() == 1


def test_messages_name_the_style_that_is_wrong(pictures):
    content, good, _ = pictures
    for styles, name in (([good * 300], "style has"), ([good, good * 300], r"style\[1\] has")):
        with pytest.raises(NstError, match=f"^{name}"):
            paint_like(None, content, styles)


def test_a_picture_is_no_encoded_style(network_files, pictures):
    with pytest.raises(NstError, match="encode them first"):
        AnyStyle("adain", network_files["adain"]).paint(pictures[0], [pictures[1]])


@pytest.mark.parametrize("how", [{"alpha": 0.5}, {"mix": [1]}])
def test_attention_has_no_shares(how, network_files, pictures):
    painter = AnyStyle("sanet", network_files["sanet"])
    with pytest.raises(NstError, match="sanet has neither alpha nor mix"):
        painter.paint(pictures[0], [painter.encode(pictures[1])], **how)


def test_a_strip_is_never_made_thinner_than_a_network_takes():
    """10 to 1, asked for at 50 px: 320 x 32."""
    seen = []

    class Painter:
        def encode(self, picture):
            seen.append(tuple(picture.shape[2:]))

        def paint(self, content, styles, **how):
            return content

    paint_like(Painter(), torch.rand(1, 3, 64, 64), [torch.rand(1, 3, 40, 400)], style_size=50)
    assert seen == [(32, 320)]
