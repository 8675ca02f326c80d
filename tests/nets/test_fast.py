"""Johnson's network and its conditional form: counts of the papers, sizes, styles, files."""

import pytest
import torch
import torch.nn.functional as F
from networks import spread

from nstlib.errors import NstError, WeightsError
from nstlib.nets.fast import ConditionalInstanceNorm2d, FastNet, add_style, with_styles, without_flat_slopes
from nstlib.nets.files import load_fast, read_about, save_network


@pytest.fixture
def many():
    return spread(FastNet(0.125, "conditional", 3, names=("a", "b", "c")))


@pytest.fixture
def picture():
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("width", "count"), [(1.0, 1_679_235), (0.5, 424_899)])
def test_counts_of_the_paper(width, count):
    assert sum(weight.numel() for weight in FastNet(width).parameters()) == count


def test_a_style_is_two_thousandths_of_the_full_network():
    one, two = (sum(w.numel() for w in FastNet(1.0, "conditional", n).parameters()) for n in (1, 2))
    assert two - one == 3200 and (two - one) / one == pytest.approx(0.002, rel=0.1)


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
@pytest.mark.parametrize("norm", ["instance", "batch", "conditional"])
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (50, 35)])
def test_the_size_that_went_in_comes_out(norm, upsampling, size):
    assert FastNet(0.125, norm, upsampling=upsampling)(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def test_too_small_a_picture_is_refused():
    with pytest.raises(NstError, match="at least 32 px"):
        FastNet(0.125)(torch.rand(1, 3, 31, 64))


def test_instance_normalisation_sees_one_picture_and_one_channel():
    x = torch.randn(2, 3, 5, 7) * 4 + 1
    norm = FastNet(3 / 32, "instance").norms()[0]
    normal = norm(x)
    torch.testing.assert_close(normal, F.instance_norm(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(normal[:1], norm(x[:1]))


def test_conditional_normalisation_by_hand():
    norm = ConditionalInstanceNorm2d(2, 3)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        norm.bias.copy_(torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    x = torch.randn(1, 2, 6, 6)
    found = norm(x, torch.tensor([[0.5, 0.0, 0.5]]))
    wanted = F.instance_norm(x) * torch.tensor([3.0, 4.0]).view(1, 2, 1, 1) + torch.tensor([2.0, 3.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_styles_by_index_and_by_shares(many, picture):
    both = torch.cat([picture, picture])
    one, other = many(picture, 0), many(picture, 2)
    assert (one - other).abs().max() > 0.01
    torch.testing.assert_close(many(both, torch.tensor([0, 2])), torch.cat([one, other]))
    torch.testing.assert_close(many(picture, torch.tensor([0.0, 0.0, 1.0])), other)
    torch.testing.assert_close(many(picture), one)


@pytest.mark.parametrize("style", [3, -1, torch.tensor([0.5, 0.5]), torch.tensor([[0, 1]])])
def test_a_style_that_is_not_there(many, picture, style):
    with pytest.raises(NstError, match="style"):
        many(picture, style)


def test_a_network_of_one_style_has_no_choice(picture):
    with pytest.raises(NstError, match="leave the argument out"):
        FastNet(0.125)(picture, 0)


def test_a_new_style_leaves_the_others_as_they_were(many, picture):
    larger = add_style(many, "d")
    assert larger.names == ["a", "b", "c", "d"] and many.names == ["a", "b", "c"]
    for style in range(3):
        assert torch.equal(larger(picture, style), many(picture, style))
    torch.testing.assert_close(larger(picture, 3), many(picture, torch.full((3,), 1 / 3)), rtol=1e-4, atol=1e-4)
    with pytest.raises(NstError, match="already"):
        add_style(larger, "d")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width"),
        ({"norm": "layer"}, "instance, batch, conditional"),
        ({"upsampling": "cubic"}, "nearest, transposed"),
        ({"styles": 2}, "conditional"),
        ({"names": ("a", "b")}, "2 entries for 1 styles"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(NstError, match=message):
        FastNet(**options)


def test_a_network_comes_back_from_its_file(tmp_path, many, picture):
    path = save_network(many, tmp_path / "net.safetensors", seconds=3, data="noise")
    again = load_fast(path)
    assert again.names == many.names and not again.training and read_about(path) == {"seconds": 3, "data": "noise"}
    torch.testing.assert_close(again(picture), many(picture), rtol=0, atol=0.02)  # half precision
    assert path.stat().st_size < 2.3 * sum(w.numel() for w in many.parameters()) + 8000


@pytest.mark.parametrize("spoil", [lambda data: data[:300], lambda data: b"{}" + data, lambda _: b""])
def test_a_damaged_file_is_named(tmp_path, many, spoil):
    path = save_network(many, tmp_path / "net.safetensors")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WeightsError, match="net.safetensors"):
        load_fast(path)


def test_another_name_is_answered_with_those_there_are():
    with pytest.raises(WeightsError, match="many"):
        load_fast("nothing")


@pytest.mark.parametrize("options", [{}, {"norm": "conditional", "styles": 2}])
def test_with_styles_paints_the_first_style_in_every_row(options):
    one, picture = spread(FastNet(0.125, **options)), torch.rand(1, 3, 40, 44)
    many = with_styles(one, ["a", "b", "c"]).eval()
    assert many.names == ["a", "b", "c"]
    for row in range(3):
        torch.testing.assert_close(many(picture, row), one(picture), rtol=1e-4, atol=1e-5)


def test_with_styles_copies_a_network_that_has_them():
    many = spread(FastNet(0.125, "conditional", 2, names=["a", "b"]))
    again = with_styles(many, ["a", "b"])
    assert again is not many and torch.equal(again.norms()[3].weight, many.norms()[3].weight)


def test_a_residual_block_adds_what_may_be_negative():
    """As Johnson's: convolution, normalisation, ReLU, convolution, normalisation; what is added passes no ReLU."""
    block = FastNet(0.25).blocks[0]
    x = torch.randn(1, block.first.conv.in_channels, 9, 7, generator=torch.Generator().manual_seed(0))
    change = block(x) - x
    assert (block.first(x) >= 0).all() and (change < -0.1).any()
    torch.testing.assert_close(change, block.second(block.first(x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("grey", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("norm", ["instance", "conditional", "batch"])
def test_a_flat_picture_teaches_what_it_can(norm, grey):
    """Normalised, its maps are their shifts: of the weights before, nothing is learned, and nothing becomes infinite.

    In a batch, normalised by itself, it leaves to the others what they teach.
    """
    torch.manual_seed(0)
    network, flat, wanted = FastNet(0.125, norm).train(), torch.full((1, 3, 48, 40), grey), torch.rand(2, 3, 48, 40)
    (network(flat) - wanted[:1]).square().mean().backward()
    slopes = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
    assert all(torch.isfinite(slope).all() for slope in slopes.values())
    assert slopes["up.2.conv.bias"].norm() > 1e-3
    assert not slopes["down.0.conv.weight"].any() and not slopes["blocks.4.second.conv.weight"].any()
    if norm == "batch":
        return
    network.zero_grad()
    network(torch.cat([flat, wanted[1:]])).sum().backward()
    both = network.down[0].conv.weight.grad.clone()
    network.zero_grad()
    network(wanted[1:]).sum().backward()
    torch.testing.assert_close(both, network.down[0].conv.weight.grad, rtol=1e-3, atol=1e-3 * both.abs().max().item())


def test_normalisation_that_does_not_look_at_the_picture_lets_every_slope_pass():
    network = FastNet(0.125, "batch").eval()
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    network(flat).sum().backward()
    assert flat.grad.norm() > 0


def test_of_other_pictures_every_slope_stays_as_it_is_to_the_bit(picture, monkeypatch):
    torch.manual_seed(0)
    network, found = FastNet(0.125).train(), []
    for keep in (without_flat_slopes, lambda x, together: x):
        monkeypatch.setattr("nstlib.nets.fast.without_flat_slopes", keep)
        network.zero_grad()
        network(picture).square().sum().backward()
        found.append([parameter.grad.clone() for parameter in network.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
