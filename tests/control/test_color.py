"""Colour: what is kept is kept exactly, and what cannot be kept stays in range."""

import pytest
import torch

from nstlib.control.color import COLOR_WAYS, into_gamut, luminance, match_affine, match_histogram, with_luminance
from nstlib.errors import NstError
from nstlib.images.gallery import photo, style


@pytest.fixture(scope="module")
def pictures():
    return photo("cat", 96), style("waves", 128)


def moments(image):
    """Mean (3,) and covariance (3, 3) of the colours, by torch's own function."""
    pixels = image[0].flatten(1)
    return pixels.mean(1), torch.cov(pixels, correction=0)


def test_luminance_of_grey_is_the_grey():
    grey = torch.rand(2, 1, 5, 7)
    torch.testing.assert_close(luminance(grey.expand(-1, 3, -1, -1)), grey)
    assert luminance(torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1)).item() == pytest.approx(0.587)


def test_with_luminance_changes_nothing_but_the_luminance(pictures):
    """Against YIQ as the standard writes it down."""
    yiq = torch.tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    wanted = torch.rand(1, 1, *pictures[0].shape[-2:])
    before, after = (torch.einsum("ij,njhw->nihw", yiq, x) for x in (pictures[0], with_luminance(pictures[0], wanted)))
    torch.testing.assert_close(after[:, :1], wanted)
    torch.testing.assert_close(after[:, 1:], before[:, 1:], rtol=0, atol=2e-4)


def test_into_gamut_keeps_hue_and_luminance():
    wild = torch.randn(1, 3, 40, 40) * 0.6 + 0.5
    tamed, y = into_gamut(wild), luminance(wild).clamp(0, 1)
    assert tamed.min() >= 0 and tamed.max() <= 1
    torch.testing.assert_close(luminance(tamed), y, rtol=0, atol=1e-5)
    chroma, kept = wild - luminance(wild), tamed - y
    shares = (kept * chroma).sum(1) / chroma.square().sum(1)  # each pixel's chroma is a share of what it was
    torch.testing.assert_close(kept, shares[:, None] * chroma, rtol=0, atol=1e-4)
    inside = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(into_gamut(inside), inside)


def test_match_affine_gives_mean_and_covariance_of_the_reference(pictures):
    image, reference = pictures
    for found, wanted in zip(moments(match_affine(image, reference)), moments(reference), strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
    torch.testing.assert_close(match_affine(image, image), image, rtol=0, atol=1e-3)


def test_match_affine_finds_a_change_of_contrast(pictures):
    changed = 0.25 + 0.5 * pictures[0]
    torch.testing.assert_close(match_affine(pictures[0], changed), changed, rtol=0, atol=1e-3)


@pytest.mark.parametrize("grey", [torch.full((1, 3, 40, 40), 0.3), torch.rand(1, 1, 40, 40).expand(-1, 3, -1, -1).contiguous()])
def test_match_affine_of_pictures_without_colour_is_finite(grey, pictures):
    for image, reference in ((grey, pictures[1]), (pictures[0], grey)):
        matched = match_affine(image, reference)
        assert matched.isfinite().all()
        torch.testing.assert_close(moments(matched)[0], moments(reference)[0], rtol=0, atol=1e-4)
    assert match_affine(pictures[0], grey).std(1).max() < 1e-3  # onto a grey picture: grey


def test_match_histogram_gives_the_reference_quantiles_and_keeps_the_order(pictures):
    image, reference = pictures
    levels, matched = torch.linspace(0.02, 0.98, 50), match_histogram(image, reference)
    for channel in range(3):
        found, wanted = (torch.quantile(x[0, channel].flatten(), levels) for x in (matched, reference))
        torch.testing.assert_close(found, wanted, rtol=0, atol=0.02)
        order = image[0, channel].flatten().argsort()
        assert matched[0, channel].flatten()[order].diff().min() >= -1e-6


def test_pictures_of_a_batch_are_matched_apart(pictures):
    batch = torch.cat([pictures[0], pictures[0].flip(1)])
    for match in (match_affine, match_histogram):
        torch.testing.assert_close(match(batch, pictures[1])[1:], match(batch[1:], pictures[1]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", COLOR_WAYS)
def test_a_recipe_takes_and_gives_pictures(name, pictures):
    before = COLOR_WAYS[name].before(*pictures)
    for found, given in zip(before, pictures, strict=True):
        assert found.shape == given.shape and found.dtype == torch.float32 and found.is_contiguous()
        assert found.min() >= 0 and found.max() <= 1
    after = COLOR_WAYS[name].after(torch.rand_like(pictures[0]), pictures[0])
    assert after.shape == pictures[0].shape and after.min() >= 0 and after.max() <= 1


def test_the_luminance_recipe_works_in_grey_and_gives_the_contents_colours_back(pictures):
    content, other = pictures
    grey, moved = COLOR_WAYS["luminance"].before(content, other)
    assert grey.std(1).max() < 1e-6 and moved.std(1).max() < 1e-6
    assert moved.mean().item() == pytest.approx(grey.mean().item(), abs=0.02)
    assert moved.std().item() == pytest.approx(grey.std().item(), abs=0.03)
    torch.testing.assert_close(COLOR_WAYS["luminance"].after(grey, content), content, rtol=0, atol=1e-5)
    painted = COLOR_WAYS["luminance"].after(moved[..., :64, :96], content[..., :64, :96])
    torch.testing.assert_close(luminance(painted), moved[:, :1, :64, :96], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("name", "levels"), [("affine", (0.5,)), ("histogram", (0.1, 0.5, 0.9))])
def test_the_style_gets_the_contents_colours(name, levels, pictures):
    content, moved = COLOR_WAYS[name].before(*pictures)
    assert content is pictures[0]
    gap = {
        x: abs(
            torch.quantile(x[0].flatten(1), torch.tensor(levels), dim=1)
            - torch.quantile(content[0].flatten(1), torch.tensor(levels), dim=1)
        ).mean()
        for x in (moved, pictures[1])
    }
    assert gap[moved] < 0.5 * gap[pictures[1]]


def test_the_histogram_recipe_keeps_how_channels_go_together(pictures):
    """Matched channel by channel alone, the covariance stays far from the content's: colours of neither picture."""
    content, wanted = pictures[0], moments(pictures[0])[1]
    moved = (match_histogram(style("flowers", 96), content), COLOR_WAYS["histogram"].before(content, style("flowers", 96))[1])
    alone, recipe = ((moments(picture)[1] - wanted).norm() / wanted.norm() for picture in moved)
    assert recipe < 0.1 and alone > 3 * recipe


@pytest.mark.parametrize("match", [match_affine, match_histogram])
def test_what_cannot_be_matched_is_named(match, pictures):
    with pytest.raises(NstError, match=r"\[None\]"):
        match(pictures[0][0], pictures[1])
    with pytest.raises(NstError, match="reference"):
        match(pictures[0], pictures[1] * 255)
    with pytest.raises(NstError, match="one each"):
        match(torch.rand(3, 3, 8, 8), torch.rand(2, 3, 8, 8))


def test_matching_leaves_the_callers_pictures_alone(pictures):
    kept = [x.clone() for x in pictures]
    for recipe in COLOR_WAYS.values():
        recipe.after(recipe.before(*pictures)[0], pictures[0])
    assert all(torch.equal(a, b) for a, b in zip(kept, pictures, strict=True))


# ---------------------------------------------------------------- few tones


def two_tones(share, height=40, width=60):
    """White, a `share` of it black: lines on paper."""
    picture = torch.ones(1, 3, height * width)
    picture[..., : round(share * height * width)] = 0
    return picture.view(1, 3, height, width)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.96, 1.0])
@pytest.mark.parametrize(
    "recipe", [match_histogram, lambda image, reference: COLOR_WAYS["histogram"].before(reference, image)[1]]
)
def test_few_tones_get_the_mean_of_the_stretch_that_they_stand_for(share, recipe):
    reference = torch.linspace(0.2, 0.6, 64 * 64).view(1, 1, 64, 64).expand(-1, 3, -1, -1).contiguous()
    moved = recipe(two_tones(share), reference)
    torch.testing.assert_close(moved.mean(), reference.mean(), atol=1e-3, rtol=0)
    dark, light = 0.2 + 0.4 * share / 2, 0.2 + 0.4 * (1 + share) / 2  # the middles of an even distribution's two parts
    if share:
        assert moved.min() == pytest.approx(dark, abs=2e-3)
    if share < 1:
        assert moved.max() == pytest.approx(light, abs=2e-3)


def test_a_reference_of_few_tones_gives_its_mean_and_no_tone_beyond():
    grey = torch.rand(1, 3, 50, 50, generator=torch.Generator().manual_seed(0))
    moved = match_histogram(grey, two_tones(0.3))
    assert moved.mean().item() == pytest.approx(0.7, abs=1e-3)
    assert torch.equal(match_histogram(grey, two_tones(0.0)), torch.ones_like(grey))
    assert torch.equal(match_histogram(two_tones(0.3), two_tones(0.3)), two_tones(0.3))
