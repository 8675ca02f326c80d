"""What is remembered of a style: laws that hold for every statistic, and closed forms."""

import pytest
import torch

from nstlib import gram_matrix
from nstlib.losses import statistics
from nstlib.losses.statistics import LEVELS, MOST_PATCHES, STATISTICS, quantiles, second_moment

PLACELESS = [name for name in STATISTICS if not name.endswith("patches")]
ADDITIVE = [name for name in STATISTICS if STATISTICS[name].additive]
each = pytest.mark.parametrize("name", STATISTICS)


def maps(seed=0, shape=(1, 6, 12, 16)):
    """Feature maps like those behind a ReLU: correlated channels, many zeros."""
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(shape[1], shape[1], generator=random)
    return torch.einsum("cd,ndhw->nchw", mixing, torch.randn(shape, generator=random)).relu()


def distance(name, features, target, weight=None):
    statistic = STATISTICS[name]
    return statistic.distance(statistic.measure(features, weight), statistic.measure(target, None))


@each
def test_equal_maps_are_at_distance_zero_and_others_are_not(name):
    assert distance(name, maps(), maps()).item() == pytest.approx(0, abs=1e-6)
    assert distance(name, maps(), maps(1)).item() > 0.01


@each
def test_an_empty_map_is_at_distance_one(name):
    found = distance(name, torch.zeros(1, 6, 12, 16), maps()).item()
    assert found == pytest.approx(1, abs=0.05) or (name == "patches" and 0.1 < found < 5)  # an empty patch resembles none


@each
def test_distances_do_not_depend_on_the_scale_of_the_features(name):
    for scale in (1e-2, 1e2):
        torch.testing.assert_close(
            distance(name, scale * maps(), scale * maps(1)), distance(name, maps(), maps(1)), rtol=1e-3, atol=1e-6
        )


@pytest.mark.sampled
@pytest.mark.parametrize("name", PLACELESS)
def test_shuffled_places_change_nothing(name):
    shuffled = maps(1).flatten(2)[..., torch.randperm(12 * 16)].view(1, 6, 12, 16)
    torch.testing.assert_close(distance(name, shuffled, maps()), distance(name, maps(1), maps()), rtol=1e-4, atol=1e-6)


@pytest.mark.sampled
@pytest.mark.parametrize("name", ["patches", "sliced_patches"])
def test_patches_know_where_their_places_are(name):
    shuffled = maps().flatten(2)[..., torch.randperm(12 * 16)].view(1, 6, 12, 16)
    assert distance(name, shuffled, maps()).item() > 0.01  # sliced patches 0.020, spread 0.002; without places 0


@pytest.mark.parametrize("name", PLACELESS)
def test_pictures_of_different_sizes_compare(name):
    assert distance(name, maps().repeat(1, 1, 2, 3), maps()).item() == pytest.approx(0, abs=1e-6)


@each
def test_a_mask_is_like_cropping(name):
    weight = torch.zeros(1, 1, 12, 16)
    weight[..., :9, :7] = 1
    cropped, masked = distance(name, maps()[..., :9, :7], maps(1)), distance(name, maps(), maps(1), weight)
    torch.testing.assert_close(masked, cropped, rtol=1e-3, atol=1e-5)


@each
def test_a_mask_of_ones_and_a_fainter_one_change_nothing(name):
    for weight in (torch.ones(1, 1, 12, 16), torch.full((1, 1, 12, 16), 0.3)):
        torch.testing.assert_close(distance(name, maps(), maps(1), weight), distance(name, maps(), maps(1)), rtol=1e-4, atol=1e-6)


@pytest.mark.sampled
@pytest.mark.parametrize("name", ADDITIVE)
def test_the_measure_of_a_map_is_the_mean_of_its_parts(name):
    measure, weight = STATISTICS[name].measure, torch.rand(1, 1, 12, 16)
    pieces = [(slice(None), slice(None), slice(0, 5)), (slice(None), slice(None), slice(5, 12))]
    shares = torch.tensor([weight[piece].sum() for piece in pieces]) / weight.sum()
    mean = sum(share * measure(maps()[piece], weight[piece]) for share, piece in zip(shares, pieces, strict=True))
    torch.testing.assert_close(mean.float(), measure(maps(), weight).float())


@each
@pytest.mark.parametrize(
    "features",
    [
        torch.cat([maps(), torch.zeros(1, 2, 12, 16)], 1),
        torch.ones(1, 8, 12, 16),
        torch.zeros(1, 8, 12, 16),
        torch.rand(1, 8, 1, 1),
        torch.rand(1, 8, 2, 2),
        torch.rand(1, 1, 12, 16).expand(-1, 8, -1, -1),
    ],
    ids=["dead channels", "flat", "empty", "one place", "four places", "equal channels"],
)
def test_gradients_are_finite_everywhere(name, features):
    for target in (maps(1, (1, 8, 12, 16)), torch.cat([maps(1), torch.zeros(1, 2, 12, 16)], 1), torch.ones(1, 8, 3, 3)):
        canvas = features.clone().requires_grad_()
        found = distance(name, canvas, target)
        found.backward()
        assert found.isfinite() and found >= -1e-6 and found.dtype == torch.float32
        assert canvas.grad.isfinite().all() and canvas.grad.abs().max() < 1e3


@each
def test_the_gradient_is_the_slope(name):
    canvas, step = maps(2).add(0.1).requires_grad_(), torch.randn(1, 6, 12, 16, generator=torch.Generator().manual_seed(5))
    distance(name, canvas, maps(3)).backward()
    with torch.no_grad():
        slope = (distance(name, canvas + 2e-3 * step, maps(3)) - distance(name, canvas - 2e-3 * step, maps(3))) / 4e-3
    assert (canvas.grad * step).sum().item() == pytest.approx(slope.item(), rel=0.03, abs=2e-3)


@each
def test_each_statistic_lowers_its_own_distance(name):
    canvas = maps(4).requires_grad_()
    optimiser = torch.optim.Adam([canvas], lr=0.05)
    target = torch.nn.functional.avg_pool2d(maps(5, (1, 6, 17, 13)), 3, 1)  # smooth: patches that overlap can agree
    before = distance(name, canvas, target).item()
    for _ in range(250):
        optimiser.zero_grad()
        distance(name, canvas, target).backward()
        optimiser.step()
    assert distance(name, canvas, target).item() < before / 5


@each
def test_nothing_of_the_style_keeps_a_graph_or_changes(name):
    features = maps()
    measured = STATISTICS[name].measure(features, None)
    assert not measured.requires_grad and torch.equal(features, maps())
    torch.testing.assert_close(STATISTICS[name].measure(features, None), measured, rtol=0, atol=0)


# ---------------------------------------------------------------- closed forms


def test_the_gram_statistic_is_the_gram_matrix():
    torch.testing.assert_close(STATISTICS["gram"].measure(maps(), None), gram_matrix(maps()))


@pytest.mark.parametrize("name", ["mean_std", "wasserstein"])
def test_gaussians_on_a_line(name):
    """|m - m'|^2 + (s - s')^2, over m'^2 + s'^2."""
    wave = torch.tensor([-1.0, 1.0]).repeat(32).view(1, 1, 8, 8)
    found = distance(name, 3 + 2 * wave, 1 + 5 * wave).item()
    assert found == pytest.approx((4 + 9) / 26, rel=1e-3)


@pytest.mark.sampled
def test_gaussians_in_the_plane():
    """Diagonal covariances: the squared differences of the deviations add up; correlated ones are closer than apart."""
    x, y = torch.randn(2, 64, 64)
    x, y = (x - x.mean()) / x.std(correction=0), y - y.mean()
    y = y - (x * y).mean() * x
    y = y / y.std(correction=0)
    one, other = (torch.stack([a * x, b * y])[None] for a, b in ((1, 3), (2, 5)))
    assert distance("wasserstein", one, other).item() == pytest.approx((1 + 4) / 29, rel=1e-3)
    tilted = torch.stack([x, (x + y) / 2**0.5])[None]  # against covariance 1: trace 2 + 2 - 2 tr(S^1/2)
    roots = torch.linalg.eigvalsh(torch.tensor([[1, 2**-0.5], [2**-0.5, 1]])).sqrt().sum().item()
    assert distance("wasserstein", tilted, torch.stack([x, y])[None]).item() == pytest.approx((4 - 2 * roots) / 2, rel=2e-3)


def test_the_second_moment_holds_gram_matrix_and_means():
    moment = second_moment(maps()).float()
    torch.testing.assert_close(moment[:, :6, :6], gram_matrix(maps()))
    torch.testing.assert_close(moment[0, :6, 6], maps().mean((0, 2, 3)))
    torch.testing.assert_close(moment[0, 6, 6], torch.tensor(1.0))


@pytest.mark.sampled
def test_quantiles_of_equal_weights_are_means_of_sorted_neighbours():
    values = torch.randn(3, 5 * LEVELS)
    expected = values.sort(-1)[0].view(3, LEVELS, 5).mean(-1)
    torch.testing.assert_close(quantiles(values, torch.ones(5 * LEVELS)), expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        quantiles(torch.tensor([[5.0, 1.0]]), torch.tensor([1.0, 3.0]), 4), torch.tensor([[1.0, 1.0, 1.0, 5.0]])
    )


@pytest.mark.sampled
def test_whole_weights_count_like_copies_and_means_are_kept():
    values, weight = torch.randn(2, 40), torch.randint(0, 4, (40,))
    copies = values.repeat_interleave(weight, 1)
    torch.testing.assert_close(
        quantiles(values, weight.float()), quantiles(copies, torch.ones(copies.shape[1])), rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(quantiles(values, weight.float()).mean(-1), copies.mean(-1), rtol=1e-3, atol=1e-4)


def test_as_many_directions_as_there_are_numbers_and_64_at_most():
    for name, channels, rows in (("sliced", 6, 6), ("sliced", 80, 64), ("sliced_patches", 2, 18), ("sliced_patches", 8, 64)):
        assert STATISTICS[name].measure(maps(shape=(1, channels, 12, 16)), None).shape == (1, rows, LEVELS)
    for dimensions in (6, 80):
        directions = statistics._directions(dimensions)
        torch.testing.assert_close(directions @ directions.T, torch.eye(len(directions)), rtol=0, atol=1e-5)


def test_floors_are_as_small_as_they_are_said_to_be():
    """A flat channel has a deviation of 1e-4; a patch that the region only touches counts a millionth of its share of it."""
    mean, deviation = statistics._mean_std(statistics._mean_and_square(torch.full((1, 2, 4, 4), 0.5)))
    assert mean.tolist() == [[0.5, 0.5]] and deviation.flatten().tolist() == pytest.approx([1e-4, 1e-4], rel=1e-3)
    weight = torch.zeros(1, 1, 3, 3)
    weight[..., 1, 1] = 0.9
    assert statistics._inside(weight, 3).item() == pytest.approx(0.9e-6 / 9, rel=1e-3)
    assert statistics._inside(torch.ones(1, 1, 3, 3), 3).item() == pytest.approx(1 + 1e-6, abs=2e-7)


def test_patches_overlap_by_one_place_and_carry_their_weight_last():
    features = torch.arange(2 * 5 * 7.0).view(1, 2, 5, 7)
    measured = STATISTICS["patches"].measure(features, None)
    assert measured.shape == (1, 19, 2 * 3) and measured[0, -1].tolist() == pytest.approx([1 + 1e-6] * 6)
    torch.testing.assert_close(measured[0, :9, 1], features[0, 0, 0:3, 2:5].flatten())  # the second: two places to the right
    torch.testing.assert_close(measured[0, 9:18, 3], features[0, 1, 2:5, 0:3].flatten())  # the fourth: two places down
    small = STATISTICS["patches"].measure(features[..., :1, :2], None)
    torch.testing.assert_close(small[0, :9, 0], torch.tensor([0.0, 1, 1] * 3))  # the last row and column again


def test_sliced_wasserstein_of_a_shift_is_its_length():
    """All directions together, at right angles, see the whole shift: |d|^2 over the energy."""
    target, shift = maps(), torch.tensor([1.0, -2, 0.5, 0, 3, 1]).view(1, 6, 1, 1)
    expected = shift.square().sum() / target.square().sum(1).mean()
    torch.testing.assert_close(distance("sliced", target + shift, target), expected, rtol=0.03, atol=0)


@pytest.mark.sampled
def test_the_histogram_loss_is_histogram_matching():
    """Risser: each value moves to where matching the histograms would put it."""
    from skimage.exposure import match_histograms

    canvas, target = torch.rand(1, 1, 64, 64).square(), torch.rand(1, 1, 64, 64)
    matched = torch.from_numpy(match_histograms(canvas[0, 0].numpy(), target[0, 0].numpy()))
    measures = [STATISTICS["histogram"].measure(x, None)[..., :LEVELS] for x in (canvas, target)]
    mine = (measures[0] - measures[1]).square().mean()
    torch.testing.assert_close(mine, (canvas[0, 0] - matched).square().mean().to(mine), rtol=0.02, atol=1e-5)


def test_a_patch_finds_its_like_whatever_its_strength():
    """Normalised correlation: the same pattern, twice as strong, is matched to itself."""
    style = maps(shape=(1, 6, 13, 13))
    found = distance("patches", 2 * style, style).item()
    assert found == pytest.approx(1, rel=1e-4)  # |2 p - p|^2 over |p|^2


@pytest.mark.sampled
def test_patches_of_a_large_style_are_thinned_out_and_still_compared():
    side = 2 * int(MOST_PATCHES**0.5) + 40
    style = torch.rand(1, 1, side, side)
    assert STATISTICS["patches"].measure(style, None).shape[-1] > MOST_PATCHES
    assert 0 < distance("patches", style, style).item() < 0.1


def test_a_region_narrower_than_a_patch_still_counts():
    weight = torch.zeros(1, 1, 12, 16)
    weight[..., 5, 5] = 1
    for name in STATISTICS:
        canvas = maps().requires_grad_()
        found = distance(name, canvas, maps(1), weight)
        found.backward()
        assert found.isfinite() and canvas.grad[..., 5, 5].abs().sum() > 0
        assert canvas.grad[..., :2, :].abs().max() < 1e-4  # what lies far outside does not count


@each
def test_of_several_pictures_each_is_measured(name):
    several = torch.cat([maps(), maps(1), maps(2)])
    alone = torch.stack([distance(name, one, maps(3)) for one in several.split(1)])
    torch.testing.assert_close(distance(name, several, maps(3)), alone.mean(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("level", [1.0, 30.0, 1000.0])
def test_the_covariance_of_a_flat_map_is_not_negative_and_of_a_nearly_flat_one_is_right(level):
    moment = second_moment(torch.full((1, 512, 16, 16), level))[0]
    covariance = moment[:-1, :-1] - moment[:-1, -1:] @ moment[-1:, :-1]
    assert torch.linalg.eigvalsh(covariance).min() > -1e-9 * level**2
    ripple = level * (1 + 2.0**-12 * torch.tensor([-1.0, 1.0]).repeat(8)).expand(1, 2, 16, 16)  # exact in float32
    moment = second_moment(ripple)[0]
    assert float(moment[0, 0] - moment[0, 2] ** 2) == pytest.approx((level * 2.0**-12) ** 2, rel=1e-4)


def test_the_gaussian_distance_of_flat_styles_is_finite():
    for level in (0.1, 3.0, 300.0):
        canvas = torch.full((1, 512, 8, 8), level).requires_grad_()
        found = distance("wasserstein", canvas, torch.full((1, 512, 9, 9), level))
        found.backward()
        assert 0 <= found.item() < 1e-3 and torch.isfinite(canvas.grad).all()
