"""The loss of several styles: mixed, in regions, with layers of their own."""

import pytest
import torch

from nstlib import FeatureExtractor, gram_matrix, photo, style
from nstlib.errors import NstError
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, StyleTarget, Weights
from nstlib.losses.statistics import STATISTICS

ONE = Weights(content=0.0, style=1.0, tv=0.0)


@pytest.fixture(scope="module")
def extractor():
    return FeatureExtractor("mini", (*STYLE_LAYERS, *CONTENT_LAYERS))


@pytest.fixture(scope="module")
def pictures():
    return photo("astronaut", 64), style("swirls", 72), style("mosaic", 80)


def half(side=64):
    """A mask of the left half."""
    mask = torch.zeros(1, 1, side, side)
    mask[..., : side // 2] = 1
    return mask


def test_the_content_has_no_content_loss_and_the_style_no_style_loss(extractor, pictures):
    content, manner, _ = pictures
    objective = StyleObjective(extractor, content, manner)
    assert objective(content)["content"] == 0 and objective(manner[..., :64, :64])["style"] > 0
    assert StyleObjective(extractor, manner, manner)(manner)["style"] < 1e-9


def test_a_mix_is_the_weighted_sum_of_its_styles(extractor, pictures):
    content, first, second = pictures
    alone = [StyleObjective(extractor, content, one, weights=ONE)(content)["total"] for one in (first, second)]
    mixed = StyleObjective(extractor, content, [StyleTarget(first, 0.3), StyleTarget(second, 0.7)], weights=ONE)(content)
    torch.testing.assert_close(mixed["total"], 0.3 * alone[0] + 0.7 * alone[1])


def test_a_gain_is_what_a_styles_maps_are_multiplied_by(extractor, pictures):
    """Twice the maps are four times the Gram matrix: the style itself is (1 - 1/4)^2 of the energy away at that layer."""
    manner = pictures[1]
    gains = {"relu2_1": torch.full((extractor(manner)["relu2_1"].shape[1], 1, 1), 2.0)}
    louder = StyleObjective(extractor, manner, [StyleTarget(manner, gains=gains)], weights=ONE)
    assert float(louder(manner)["total"]) == pytest.approx((3 / 4) ** 2 / 5, rel=1e-5)
    plain = StyleObjective(extractor, manner, manner)
    torch.testing.assert_close(louder.targets[0]["relu2_1"], 4 * plain.targets[0]["relu2_1"])
    torch.testing.assert_close(louder.targets[0]["relu1_1"], plain.targets[0]["relu1_1"])


def test_a_mask_of_ones_is_no_mask(extractor, pictures):
    content, manner, _ = pictures
    masked = StyleObjective(extractor, content, [StyleTarget(manner, mask=torch.ones(1, 1, 9, 9))])(content)
    torch.testing.assert_close(masked["total"], StyleObjective(extractor, content, manner)(content)["total"])


def test_a_region_sees_nothing_of_what_lies_outside(extractor, pictures):
    """Nothing changes when pixels outside do, further away than the network looks (here 3 pixels at relu1_2)."""
    content, manner, _ = pictures
    shallow = FeatureExtractor("mini", ("relu1_2",))
    objective = StyleObjective(
        shallow, content, [StyleTarget(manner, mask=half(), layers=("relu1_2",))], content_layers=(), weights=ONE
    )
    other = content.clone()
    other[..., 36:] = torch.rand(1, 3, 64, 28)
    torch.testing.assert_close(objective(other)["total"], objective(content)["total"])
    other[..., :28] = torch.rand(1, 3, 64, 28)
    assert (objective(other)["total"] - objective(content)["total"]).abs() > 1e-4


def test_guided_statistics_are_those_of_the_region_alone(extractor, pictures):
    content = pictures[0]
    features = FeatureExtractor("mini", ("relu1_1",))(content)["relu1_1"]
    torch.testing.assert_close(STATISTICS["gram"].measure(features, half()), gram_matrix(features[..., :32]))


def test_a_style_counts_as_much_as_its_region_is_large(extractor, pictures):
    manner = pictures[1]
    assert StyleTarget(manner, 0.5, half()).weight == 0.25 and StyleTarget(manner, 0.5).weight == 0.5


@pytest.mark.parametrize("statistic", STATISTICS)
def test_every_statistic_has_a_gradient_in_its_region_only(extractor, pictures, statistic):
    content, manner, _ = pictures
    shallow = FeatureExtractor("mini", ("relu1_2",))
    objective = StyleObjective(
        shallow,
        content,
        [StyleTarget(manner, mask=half(), layers=("relu1_2",))],
        content_layers=(),
        weights=ONE,
        statistic=statistic,
    )
    canvas = content.clone().requires_grad_()
    objective(canvas)["total"].backward()
    assert canvas.grad.isfinite().all() and canvas.grad[..., :28].abs().max() > 0
    assert canvas.grad[..., 38:].abs().max() <= 1e-6 * canvas.grad.abs().max()


def test_layers_split_between_two_styles(extractor, pictures):
    content, first, second = pictures
    split = [StyleTarget(first, 0.5, layers=STYLE_LAYERS[:2]), StyleTarget(second, 0.5, layers=STYLE_LAYERS[2:])]
    low = StyleObjective(extractor, content, first, style_layers=STYLE_LAYERS[:2], weights=ONE)(content)["total"]
    high = StyleObjective(extractor, content, second, style_layers=STYLE_LAYERS[2:], weights=ONE)(content)["total"]
    torch.testing.assert_close(StyleObjective(extractor, content, split, weights=ONE)(content)["total"], (low + high) / 2)


def test_an_unknown_statistic_is_named(extractor, pictures):
    with pytest.raises(NstError, match="statistic='cosine'.*gram, mean_std"):
        StyleObjective(extractor, *pictures[:2], statistic="cosine")
