"""The networks that the course ships: they load, are small, and what they paint looks like the style and shows the photograph."""

import pytest
import torch

from nstlib import FeatureExtractor, gram_matrix, load_fast, mask, paint, photo, style, style_loss, stylize, transfer
from nstlib.judging.metrics import METRICS, ssim
from nstlib.nets.files import ADAPTIVE_WEIGHTS, SHIPPED_FAST, WEIGHTS_FOLDER, read_about
from nstlib.training.recipes import STYLE_SIZE

SINGLES = tuple(name for name in SHIPPED_FAST if name != "many")
FILES = [WEIGHTS_FOLDER / f"fast_{name}.safetensors" for name in SHIPPED_FAST]


def mean_style_loss(picture, name):
    extractor = FeatureExtractor("mini", ("relu1_1", "relu2_1", "relu3_1"))
    seen, wanted = extractor(picture), extractor(style(name, STYLE_SIZE))
    return sum(float(style_loss(gram_matrix(seen[layer]), gram_matrix(wanted[layer]))) for layer in wanted) / len(wanted)


def test_together_they_are_small():
    assert sum(file.stat().st_size for file in FILES) <= 6e6 and all(file.stat().st_size < 2e6 for file in FILES)


def test_many_holds_at_least_twelve_styles():
    assert len(load_fast("many").names) >= 12 and set(SINGLES) <= set(load_fast("many").names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_says_how_it_was_made(file):
    assert {"pictures", "steps", "seconds", "losses", "weights"} <= set(read_about(file))
    assert f"`{file.name}`" in (WEIGHTS_FOLDER / "README.md").read_text(encoding="utf-8")


CASES = [(name, None) for name in SINGLES] + [("many", name) for name in load_fast("many").names]


@pytest.mark.parametrize(("network", "name"), CASES)
def test_it_paints_in_the_style_and_keeps_the_photograph(network, name):
    picture = photo("astronaut", 320)
    painted = paint(load_fast(network), picture, name)
    assert mean_style_loss(painted, name or network) < 0.4 * mean_style_loss(picture, name or network)
    assert METRICS["edges"].measure(painted, picture) > 0.4


@pytest.mark.parametrize(("network", "name"), CASES)
def test_there_is_no_frame(network, name):
    """The outermost pixels are not brighter or darker than those a little further in, on average over photographs."""
    steps = []
    for one in ("temple", "cat", "coffee", "flower"):
        painted = paint(load_fast(network), photo(one, 256), name)[0].mean(0)
        turned = [torch.rot90(painted, turns) for turns in range(4)]
        steps.append(sum(side[:3].mean() - side[8:16].mean() for side in turned) / 4)
    assert abs(sum(steps) / len(steps)) < 0.05


@pytest.mark.parametrize(("network", "name"), CASES)
def test_there_is_no_checkerboard(network, name):
    """At half a cycle a pixel, where the squares of a checkerboard are, is next to no power."""
    grey = paint(load_fast(network), photo("temple", 320), name).mean(1)[0]
    power = torch.fft.rfft(grey - grey.mean(), dim=-1).abs().square().mean(0)
    assert power[-1] < 3e-4 * power.sum()


# ---------------------------------------------------------------- for any style

ADAPTIVE = [WEIGHTS_FOLDER / f"{name}.safetensors" for name in ADAPTIVE_WEIGHTS]
any_style = pytest.mark.parametrize("method", ["adain", "wct", "sanet"])
SHOWN = ("swirls", "mosaic", "waves", "ink")


def test_those_for_any_style_are_small():
    assert sum(file.stat().st_size for file in ADAPTIVE) <= 4e6


@pytest.mark.parametrize("file", ADAPTIVE, ids=lambda file: file.stem)
def test_each_for_any_style_says_how_it_was_made(file):
    assert {"steps", "seconds", "losses"} <= set(read_about(file))
    assert f"`{file.name}`" in (WEIGHTS_FOLDER / "README.md").read_text(encoding="utf-8")


@any_style
@pytest.mark.parametrize("name", SHOWN)
def test_any_style_is_painted_and_the_photograph_kept(method, name):
    picture = photo("astronaut", 320)
    painted = transfer(picture, name, method).image
    assert mean_style_loss(painted, name) < 0.6 * mean_style_loss(picture, name)
    assert METRICS["edges"].measure(painted, picture) > 0.3


@any_style
def test_a_photograph_in_its_own_style_stays(method):
    picture = photo("astronaut", 256)
    own, other = (ssim(transfer(picture, manner, method).image, picture) for manner in (picture, "swirls"))
    assert own > max(0.45, other + 0.05)


@pytest.mark.parametrize("method", ["adain", "wct"])
def test_alpha_0_gives_the_photograph_back(method):
    picture = photo("astronaut", 256)
    assert ssim(transfer(picture, "swirls", method, alpha=0.0).image, picture) > 0.5


@any_style
def test_the_style_stays_in_its_region(method):
    """In the sky, which has the style, more changes than in the building, where no mask holds."""
    picture, sky = photo("temple", 256), mask("temple", "sky", 256)
    change = (transfer(picture, "mosaic", method, masks=[sky]).image - picture).abs().mean(1, keepdim=True)
    assert change[sky > 0.9].mean() > 1.5 * change[sky < 0.1].mean()


@any_style
def test_any_style_has_no_frame(method):
    steps = []
    for one, name in zip(("temple", "cat", "coffee", "flower"), SHOWN, strict=True):
        painted = transfer(photo(one, 256), name, method).image[0].mean(0)
        turned = [torch.rot90(painted, turns) for turns in range(4)]
        steps.append(sum(side[:3].mean() - side[8:16].mean() for side in turned) / 4)
    assert abs(sum(steps) / len(steps)) < 0.05


@pytest.mark.parametrize("name", SHOWN)
def test_a_start_in_one_pass_is_ahead(name):
    """Of the photograph as the start, after as many evaluations."""
    content, manner = photo("coffee", 128), style(name, 128)
    ahead, behind = (
        stylize(content, manner, backbone="mini", init=init, steps=20, pyramid=False, progress=False).history["total"]
        for init in ("adain", "content")
    )
    assert ahead[0] < behind[0] and ahead[-1] < behind[-1]
