"""The Gabor judge: its filters, what it sees of known pictures, and the distances that are measured with it."""

import math

import pytest
import torch

import nstlib
from nstlib import NstError
from nstlib.images.gallery import STYLES
from nstlib.judging.gabor import gabor_filters, gram_correlation, gram_distance, judge_features, stroke_directions
from nstlib.losses.terms import gram_matrix


def flat(value, height=40, width=50):
    return torch.full((1, 3, height, width), float(value))


def test_the_filters_are_of_length_one_and_silent_on_flat_pictures():
    bank = gabor_filters()
    assert torch.allclose(bank.flatten(1).norm(dim=1), torch.ones(12))
    assert bank.flatten(1).sum(1).abs().max() < 1e-5  # odd ones by symmetry, even ones by construction
    assert judge_features(flat(0.7))["level2"][:, :18].abs().max() < 1e-4


def test_the_filters_are_gabors():
    """A wave of 3 px under a Gaussian of deviation 1.5 px, by orientation, place by place: even without its mean, then odd."""
    bank, places = gabor_filters(), [(y, x) for y in range(-3, 4) for x in range(-3, 4)]
    window = [math.exp(-(x * x + y * y) / (2 * 1.5**2)) for y, x in places]
    for number in range(6):
        angle = math.pi * number / 6
        phases = [2 * math.pi / 3 * (x * math.cos(angle) + y * math.sin(angle)) for y, x in places]
        even, odd = ([w * wave(phase) for w, phase in zip(window, phases, strict=True)] for wave in (math.cos, math.sin))
        even = [value - w * sum(even) / sum(window) for value, w in zip(even, window, strict=True)]
        for found, wanted in ((bank[2 * number, 0], even), (bank[2 * number + 1, 0], odd)):
            wanted = torch.tensor(wanted).view(7, 7)
            torch.testing.assert_close(found, wanted / wanted.norm(), rtol=1e-3, atol=1e-5)
    assert gabor_filters(4, 5, 2.0).shape == (8, 1, 5, 5)


def test_what_the_judge_sees_of_a_plain_colour():
    """Nothing of strokes; brightness less a half, red against blue, green against magenta, at four sizes."""
    colour = torch.tensor([0.9, 0.2, 0.4]).view(1, 3, 1, 1).expand(2, -1, 32, 48).contiguous()
    found = judge_features(colour)
    assert {level: tuple(maps.shape) for level, maps in found.items()} == {
        "level1": (2, 21, 32, 48),
        "level2": (2, 21, 16, 24),
        "level3": (2, 21, 8, 12),
        "level4": (2, 21, 4, 6),
    }
    wanted = torch.tensor([0.299 * 0.9 + 0.587 * 0.2 + 0.114 * 0.4 - 0.5, 0.25, -0.25 * 0.9 + 0.5 * 0.2 - 0.25 * 0.4])
    for maps in found.values():
        torch.testing.assert_close(maps[:, 18:].mean((2, 3)), wanted.expand(2, -1), rtol=1e-4, atol=1e-5)
        assert maps[:, :18].abs().max() < 1e-3


def test_gram_distance_and_correlation_by_hand(temple, swirls):
    """Over the layers of any network: |A - B|^2 / (|A|^2 + |B|^2); the correlation of the entries from the diagonal up."""
    network = nstlib.FeatureExtractor("mini", ("relu1_1", "relu2_1"))
    distances, correlations = [], []
    for layer in ("relu1_1", "relu2_1"):
        a, b = (gram_matrix(network(picture)[layer])[0] for picture in (temple, swirls))
        distances.append(((a - b).norm() ** 2 / (a.norm() ** 2 + b.norm() ** 2)).item())
        upper = torch.ones_like(a).triu().bool()
        correlations.append(torch.corrcoef(torch.stack([a[upper], b[upper]]))[0, 1].item())
    assert gram_distance(temple, swirls, network) == pytest.approx(sum(distances) / 2, rel=1e-4)
    assert gram_correlation(temple, swirls, network) == pytest.approx(sum(correlations) / 2, rel=1e-4)


@pytest.mark.parametrize("level, period", [(1, 3), (2, 6), (3, 12)])
def test_a_grating_is_heard_by_its_own_orientation_at_its_own_level(level, period):
    stripes = 0.5 + 0.4 * torch.cos(2 * math.pi / period * torch.arange(96.0)).expand(1, 3, 96, 96)
    found = {name: maps[0, :6, 4:-4, 4:-4].mean((1, 2)) for name, maps in judge_features(stripes.contiguous()).items()}
    assert found[f"level{level}"].argmax() == 0  # a wave that runs to the right
    assert max(found, key=lambda name: found[name][0]) == f"level{level}"


def test_a_quarter_turn_of_the_picture_turns_the_orientations(swirls):
    upright, turned = (judge_features(p)["level2"] for p in (swirls, swirls.rot90(1, (2, 3)).contiguous()))
    strength, rotated = (maps[0, :6].mean((1, 2)) for maps in (upright, turned))
    torch.testing.assert_close(rotated, strength.roll(3), rtol=1e-3, atol=1e-5)


def test_the_picture_of_directions_has_one_hue_for_one_direction():
    upright = 0.5 + 0.4 * torch.cos(2 * math.pi / 6 * torch.arange(96.0)).expand(1, 3, 96, 96).contiguous()
    one, other = (stroke_directions(p)[0, :, 8:-8, 8:-8].flatten(1) for p in (upright, upright.mT.contiguous()))
    assert one.shape[0] == 3 and one.std(1).max() < 0.05 and other.std(1).max() < 0.05
    assert one.mean(1).argmax() == 0 and other.mean(1).argmin() == 0  # red, and a quarter turn later its opposite, cyan
    torch.testing.assert_close(one.amin(0), 0.15 * one.amax(0), rtol=1e-5, atol=0)  # of one saturation, 0.85


def test_style_distances_know_equal_far_and_moved(temple, swirls):
    assert gram_distance(swirls, swirls) == pytest.approx(0, abs=1e-6)
    assert gram_correlation(swirls, swirls) == pytest.approx(1, abs=1e-5)
    assert gram_distance(temple, swirls) == pytest.approx(gram_distance(swirls, temple))
    moved = swirls.roll(40, 3).contiguous()
    assert gram_distance(moved, swirls) < 0.05 * gram_distance(temple, swirls)
    assert gram_correlation(moved, swirls) > gram_correlation(temple, swirls)


def test_where_no_filter_answers_pictures_are_equal_and_correlate_with_nothing(swirls):
    grey = flat(0.5)
    assert gram_distance(grey, grey) == 0 and gram_distance(grey, swirls) == pytest.approx(1)
    assert gram_correlation(grey, grey) == gram_correlation(grey, swirls) == gram_correlation(swirls, grey) == 0


def test_the_judge_finds_the_other_half_of_most_styles():
    halves = [half.contiguous() for name in STYLES for half in nstlib.style(name, 160).chunk(2, dim=3)]
    grams = [{level: gram_matrix(maps) for level, maps in judge_features(half).items()} for half in halves]
    table = 1e9 * torch.eye(len(halves))
    for level in grams[0]:
        flat = torch.cat([gram[level].flatten(1) for gram in grams])
        energy = flat.square().sum(1)
        table += 1 - 2 * flat @ flat.T / (energy + energy[:, None])
    found = int((table.argmin(1) == torch.arange(len(halves)) ^ 1).sum())
    assert found >= 0.75 * len(halves)  # by chance: one
    assert gram_distance(halves[0], halves[1]) == pytest.approx(float(table[0, 1]) / 4, rel=1e-3)


def test_any_network_can_be_asked(temple, swirls):
    network = nstlib.FeatureExtractor("mini", ("relu1_1", "relu2_1"))
    assert 0 < gram_distance(temple, swirls, network) < 1


def test_the_judge_refuses_what_it_cannot_see(temple):
    with pytest.raises(NstError, match="at least 32 px"):
        judge_features(torch.rand(1, 3, 20, 64))
    with pytest.raises(NstError, match="holds 2 pictures"):
        gram_distance(temple.expand(2, -1, -1, -1), temple)
    with pytest.raises(NstError, match="level='level5'"):
        stroke_directions(temple, "level5")
