"""The networks that the course ships: they load, they are small, and what they paint looks like the style and shows the photograph."""

import pytest
import torch

from nstlib import FeatureExtractor, gram_matrix, load_fast, paint, photo, style, style_loss
from nstlib.metrics import METRICS
from nstlib.nets.files import FAST_WEIGHTS, WEIGHTS_FOLDER, read_about
from nstlib.recipes import STYLE_SIZE

SINGLES = tuple(name for name in FAST_WEIGHTS if name != "many")
FILES = [WEIGHTS_FOLDER / f"fast_{name}.safetensors" for name in FAST_WEIGHTS]


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
