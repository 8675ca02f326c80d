"""Checks of lesson 5: the content's colours, Gram matrices of a region and of tiles, the cost of moving values."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nstlib.control.color import luminance, with_luminance
from nstlib.control.masks import shrink
from nstlib.losses.statistics import guided_gram
from nstlib.losses.terms import gram_matrix
from nstlib.notebook.checks.expect import Wrong, advice_for, expect_close, expect_number, expect_tensor
from nstlib.notebook.checks.registry import call, exercise


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------- colour


@exercise(
    "keep_colours",
    hints=[
        "Multiply by torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1) and sum over the channels: that is the luminance.",
        "sum(1, keepdim=True) leaves (N, 1, H, W), which can be added to all three channels.",
        "The result is content + (luminance of painted - luminance of content).",
    ],
)
def check_keep_colours(answer: Callable[..., Any]) -> None:
    """Two pictures of noise: the result has the one's luminance and the other's differences between channels."""
    painted, content = _noise(2, 3, 4, 5), _noise(2, 3, 4, 5, seed=1)
    expected = with_luminance(content, luminance(painted))
    found = call(answer, painted, content)
    expect_tensor(found, expected, name="your picture", look=_colour_advice(found, painted, content, expected))


def _colour_advice(found: Any, painted: Tensor, content: Tensor, expected: Tensor) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    usual = {
        "It has the painting's colours and the content's light: swap the two.": with_luminance(painted, luminance(content)),
        "The three channels count equally: red, green and blue have weights of their own.": content
        + (painted - content).mean(1, keepdim=True),
        "It is clamped: leave values outside [0, 1] as they are here.": expected.clamp(0, 1),
        "The content's own luminance is still in it: add the change only.": content + luminance(painted),
        "It is grey: the painted luminance alone.": luminance(painted).expand_as(content),
    }
    return advice_for(found, usual)


# ---------------------------------------------------------------- regions


@exercise(
    "guided_gram",
    hints=[
        "torch.nn.functional.avg_pool2d(mask, mask.shape[-1] // features.shape[-1]) brings the mask to the maps' size.",
        "Flatten both: flat (1, C, h*w), weight (1, 1, h*w). In flat * weight each place counts as often as the mask says.",
        "Multiply (flat * weight) by flat.mT, not by itself, and divide by weight.sum().",
    ],
)
def check_guided_gram(answer: Callable[..., Any]) -> None:
    """Everywhere; in a half; with a soft edge; with a mask four times as large that has to shrink."""
    features = _noise(1, 3, 4, 6)
    everywhere, half = torch.ones(1, 1, 4, 6), torch.zeros(1, 1, 4, 6)
    half[..., :2] = 1
    cases = {
        "with a mask of ones": (everywhere, "It is the plain Gram matrix, averaged over the places."),
        "of a third of the places": (half, "Divide by the sum of the mask, not by the number of places."),
        "with values between 0 and 1": (
            _noise(1, 1, 4, 6, seed=1),
            "A place of weight 0.5 should count half. Does the mask stand in both factors?",
        ),
        "with a mask four times as large": (
            _noise(1, 1, 16, 24, seed=2),
            "Each value of the small mask is the mean of its 4 x 4 area.",
        ),
    }
    for where, (mask, look) in cases.items():
        expected = guided_gram(features, shrink(mask, (4, 6)))
        expect_tensor(call(answer, features, mask), expected, name=f"your Gram matrix {where}", look=look)


# ---------------------------------------------------------------- tiles


@exercise(
    "gram_of_tiles",
    hints=[
        "nstlib.gram_matrix(tile) is a mean over the tile's places. Times their number, tile[0, 0].numel(), it is a sum again.",
        "Add the sums up, count the places of all tiles, and divide at the end.",
    ],
)
def check_gram_of_tiles(answer: Callable[..., Any]) -> None:
    """A map in one piece, in equal halves, and in four pieces of four sizes."""
    maps = _noise(1, 3, 8, 12)
    expected = gram_matrix(maps)
    top, below = maps.split([2, 6], dim=2)
    cuts = {
        "of one tile": ([maps], "One tile is the whole: its plain Gram matrix."),
        "of two equal tiles": (maps.chunk(2, dim=3), "A mean over the whole is not a sum of means."),
        "of four tiles of different sizes": (
            [*top.split([5, 7], dim=3), *below.split([3, 9], dim=3)],
            "A large tile counts more than a small one.",
        ),
    }
    for where, (tiles, look) in cuts.items():
        expect_tensor(call(answer, [tile.clone() for tile in tiles]), expected, name=f"your Gram matrix {where}", look=look)


# ---------------------------------------------------------------- distributions


@exercise(
    "wasserstein_1d",
    hints=[
        "The cheapest plan moves the smallest value to the smallest, the second to the second, and so on.",
        "a.sort(-1).values sorts each channel for itself.",
        "Then the mean of the squared differences, over everything.",
    ],
)
def check_wasserstein(answer: Callable[..., Any]) -> None:
    """A shift by two; the same values in another order; two channels, each with its own."""
    line = torch.tensor([[3.0, -1, 0.5, 2, 7]])
    expect_number(
        _as_tensor(call(answer, line, line + 2)),
        4.0,
        name="your distance of values and the same values plus 2",
        look="Each value moves by 2: its square, averaged over the values.",
    )
    expect_number(
        _as_tensor(call(answer, line, line.flip(-1))),
        0.0,
        name="your distance of values and the same ones in another order",
        look="Which value stands where does not matter: sort first.",
    )
    a, b = torch.stack([line[0], line[0] + 10]), torch.stack([line[0] + 10, line[0]])
    found = _as_tensor(call(answer, a, b))
    if abs(float(found)) < 1e-4:
        raise Wrong("Value: 0 for two channels that changed places. Sort each channel for itself, along the last axis.")
    expect_number(found, 100.0, name="your distance of two channels that changed places", look="Average over the channels, too.")
    a, b = _noise(4, 9), _noise(4, 9, seed=1).square()
    expect_close(
        _as_tensor(call(answer, a, b)),
        (a.sort(-1).values - b.sort(-1).values).square().mean(),
        name="your distance of four channels of noise",
        look="Sorted values are paired by rank, then squared.",
    )


def _as_tensor(found: Any) -> Any:
    """A plain number as a tensor, so that both are judged alike."""
    return torch.tensor(float(found)) if isinstance(found, int | float) else found
