"""Tiles give the whole picture's loss and gradient, and keep less in memory."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import FeatureExtractor, mask, photo, style
from nstlib.errors import NstError
from nstlib.features.extractor import SMALLEST_SIDE
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, StyleTarget
from nstlib.losses.statistics import STATISTICS
from nstlib.optimization.tiles import GRID, TiledObjective, cut, reach, stride

ADDITIVE = [name for name, statistic in STATISTICS.items() if statistic.additive]
SHALLOW = ("relu1_1", "relu2_1", "relu3_1")


def both(objectives, content):
    """[(losses, gradient of the picture)] of each objective, at one picture near the content."""
    canvas = content + 0.1 * torch.randn(content.shape, generator=torch.Generator().manual_seed(0))
    found = []
    for objective in objectives:
        picture = canvas.clone().requires_grad_()
        losses = objective(picture)
        losses["total"].backward()
        found.append((losses, picture.grad))
    return found


def assert_the_same(objectives, content):
    (losses, gradient), (tiled, tiled_gradient) = both(objectives, content)
    for name, loss in losses.items():
        torch.testing.assert_close(tiled[name], loss, rtol=1e-4, atol=1e-6)
    assert (gradient - tiled_gradient).norm() < 1e-4 * gradient.norm()


@pytest.mark.parametrize("statistic", ADDITIVE)
@pytest.mark.parametrize("size", [333, 400])
def test_loss_and_gradient_of_the_whole_picture(statistic, size):
    """With two styles in two regions; the tiles see less than the picture, as the layers reach 24 pixels only."""
    content = photo("temple", size)
    extractor, sky = FeatureExtractor("mini", SHALLOW), mask("temple", "sky")
    styles = [StyleTarget(style("swirls", 150), 0.7, sky, SHALLOW), StyleTarget(style("waves", 130), 0.3, 1 - sky, SHALLOW[1:])]
    options = {"content_layers": SHALLOW[2:], "statistic": statistic}
    tiled = TiledObjective(extractor, content, styles, 64, **options)
    assert len(tiled.tiles) > 10 and max(s.stop - s.start for tile in tiled.tiles for s in tile.sees) < size / 2
    assert_the_same([StyleObjective(extractor, content, styles, **options), tiled], content)


def test_the_deepest_layers_too():
    content = photo("rocket", 480)
    extractor = FeatureExtractor("mini", (*STYLE_LAYERS, *CONTENT_LAYERS))
    tiled = TiledObjective(extractor, content, style("waves", 130), 96)
    assert_the_same([StyleObjective(extractor, content, style("waves", 130)), tiled], content)


def test_without_the_halo_it_is_not_the_same():
    content, extractor = photo("rocket", 256), FeatureExtractor("mini", SHALLOW)
    options = {"content_layers": SHALLOW[2:], "style_layers": SHALLOW}
    tiled = TiledObjective(extractor, content, style("waves", 130), 64, **options)
    tiled.tiles = list(cut(content.shape[-2:], 64, 0))
    (_, whole), (_, patched) = both([StyleObjective(extractor, content, style("waves", 130), **options), tiled], content)
    assert (whole - patched).norm() > 1e-2 * whole.norm()


@settings(deadline=None)
@given(st.integers(SMALLEST_SIDE, 700), st.integers(SMALLEST_SIDE, 700), st.integers(64, 300), st.integers(0, 100))
def test_every_pixel_has_one_owner_and_what_is_seen_is_large_enough(height, width, tile, halo):
    owners = torch.zeros(height, width)
    for one in cut((height, width), tile, halo):
        owners[one.owns] += 1
        assert all(
            s.start % GRID == 0 and s.start <= o.start and o.stop <= s.stop for o, s in zip(one.owns, one.sees, strict=True)
        )
        assert all(s.stop - s.start >= SMALLEST_SIDE for s in one.sees)
    assert (owners == 1).all()


@pytest.mark.parametrize(("tile", "rows", "columns"), [(64, 4, 5), (100, 3, 4), (128, 2, 3), (191, 2, 2), (400, 1, 1)])
def test_tiles_are_as_large_as_asked_down_to_the_next_multiple_of_16(tile, rows, columns):
    tiles = list(cut((256, 380), tile, 0))
    assert len(tiles) == rows * columns and tiles[0].owns[0] == slice(0, min(tile // 16 * 16, 256))


def test_reach_and_stride():
    """At relu3_1: two 3x3 convolutions on each of two blocks, a pooling after each, one more convolution: 1+1 +1 +2+2 +2 +4."""
    network = FeatureExtractor("mini").network
    assert [reach(network, layer) for layer in ("conv1_1", "relu1_2", "relu2_1", "relu3_1")] == [1, 2, 5, 13]
    assert [stride(layer) for layer in ("relu1_1", "conv2_2", "relu5_1")] == [1, 2, 16]


def test_nothing_outside_the_reach_changes_a_value():
    """The law behind the halo: pixels further away than `reach` do not matter, and one of those within does."""
    network = FeatureExtractor("mini", ("relu3_1",))
    picture = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)).requires_grad_()
    network(picture)["relu3_1"][..., 12, 12].sum().backward()  # its place: pixels 48 to 51
    touched = picture.grad.abs().sum((0, 1)).nonzero()
    far = reach(network.network, "relu3_1")
    assert touched.min() >= 48 - far and touched.max() <= 51 + far and touched.max() > 51 + far / 2


@pytest.mark.parametrize(
    ("options", "words"),
    [({"tile": 20}, "tile=20.*64")]
    + [
        ({"tile": 64, "statistic": name}, f"statistic='{name}'.*gram")
        for name in ("patches", "sliced", "sliced_patches", "histogram")
    ],
)
def test_what_cannot_be_tiled_is_refused(options, words):
    with pytest.raises(NstError, match=words):
        TiledObjective(FeatureExtractor("mini"), photo("cat", 128), style("waves", 64), **options)


def test_the_loss_of_several_canvases_is_the_mean_of_theirs():
    torch.manual_seed(0)
    content, style, *canvases = torch.rand(4, 1, 3, 96, 80)
    objective = TiledObjective(FeatureExtractor("mini", (*CONTENT_LAYERS, *STYLE_LAYERS)), content, style, 64)
    together = objective(torch.cat(canvases))
    for name, loss in together.items():
        torch.testing.assert_close(loss, sum(objective(one)[name] for one in canvases) / 2)
