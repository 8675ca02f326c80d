"""Distances as a network sees them: by hand, at the ends of the scale, and which network it is."""

import pytest
import torch

from nstlib import FeatureExtractor, gram_matrix, photo, style
from nstlib.errors import ImageError, NstError
from nstlib.images.files import resize
from nstlib.judging.seen import seen_distances
from nstlib.losses.objective import STYLE_LAYERS


@pytest.fixture(scope="module")
def mini():
    return FeatureExtractor("mini", (*STYLE_LAYERS, "relu4_2"))


def share(first, target):
    return float((first - target).square().sum() / target.square().sum())


def test_the_distances_by_hand(mini):
    result, content, manner = photo("cat", 64), photo("temple", 96), style("waves", 128)
    found = seen_distances(result, content, manner, mini)
    seen, wanted, painted = mini(result), mini(resize(content, result.shape[-2:])), mini(resize(manner, 64))
    assert found["content"] == pytest.approx(share(seen["relu4_2"], wanted["relu4_2"]), rel=1e-4)
    for layer in STYLE_LAYERS:
        assert found[layer] == pytest.approx(share(gram_matrix(seen[layer]), gram_matrix(painted[layer])), rel=1e-4)
    assert found["style"] == pytest.approx(sum(found[layer] for layer in STYLE_LAYERS) / 5)
    assert list(found) == ["content", "style", *STYLE_LAYERS]


def test_the_photograph_has_all_its_content_and_the_style_picture_all_its_style(mini):
    content, manner = photo("temple", 64), style("waves", 64)
    assert seen_distances(content, content, manner, mini)["content"] == 0
    as_content = seen_distances(manner, content, manner, mini)
    assert as_content["style"] == 0 and as_content["content"] > 0.3


@pytest.mark.needs("VGG-19")
def test_vgg19_judges_unless_another_is_named(mini):
    content, manner = photo("temple", 64), style("waves", 64)
    judge = FeatureExtractor("vgg19", (*STYLE_LAYERS, "relu4_2"))
    assert seen_distances(content, content, manner) == seen_distances(content, content, manner, judge)
    assert seen_distances(content, content, manner) != seen_distances(content, content, manner, mini)


def test_one_picture_is_seen_not_several(mini):
    several = photo("cat", 64).expand(2, -1, -1, -1)
    for pictures in (
        (several, several[:1], several[:1]),
        (several[:1], several, several[:1]),
        (several[:1], several[:1], several),
    ):
        with pytest.raises(NstError, match="holds 2 pictures"):
            seen_distances(*pictures, mini)


def test_what_is_no_picture_is_refused(mini):
    with pytest.raises(ImageError, match="result"):
        seen_distances(torch.rand(3, 64, 64), photo("cat", 64), style("waves", 64), mini)
