"""Checks of lesson 9: AdaIN by hand, the strength, the shares of a square's corners, whitening."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nstlib.nets.adain import adain
from nstlib.notebook.checks.expect import Wrong, advice_for, expect_tensor
from nstlib.notebook.checks.registry import call, exercise

NEAR = {"rtol": 1e-3, "atol": 1e-4}


def _maps(*shape: int, seed: int = 0) -> Tensor:
    """Noise whose channels have means and deviations of their own."""
    noise = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    channels = torch.arange(float(shape[1])).view(1, -1, 1, 1)
    return noise * (1 + channels) + 3 * channels - seed


# ---------------------------------------------------------------- AdaIN


@exercise(
    "adain",
    hints=[
        (
            "maps.mean((2, 3), keepdim=True) and maps.var((2, 3), correction=0, keepdim=True): "
            "one number for each channel of each picture."
        ),
        "The deviation is (variance + 1e-5).sqrt(), of the content as of the style.",
        (
            "First take the content's away, (content - mean) / deviation; then give it the style's: "
            "times its deviation, plus its mean."
        ),
    ],
)
def check_adain(answer: Callable[..., Any]) -> None:
    """Maps of two sizes; two pictures at once; a channel without contrast; maps of a single place."""
    content, style = _maps(1, 3, 4, 5), _maps(1, 3, 6, 2, seed=1)
    flat = content.clone()
    flat[:, 1] = 7
    cases = {
        "of one picture": (content, style, "Take mean and deviation of the content away, then give it those of the style."),
        "of two pictures": (
            _maps(2, 3, 4, 4, seed=2),
            _maps(2, 3, 5, 5, seed=3),
            "Each picture has a mean and a deviation of its own.",
        ),
        "of a channel without contrast": (flat, style, "1e-5 belongs to the variance, under the root: 0 / 0 must not happen."),
        "of a single place": (_maps(1, 3, 1, 1), style, "The variance of one value is 0: divide by H W, not by H W - 1."),
    }
    for where, (one, other, look) in cases.items():
        found, expected = call(answer, one, other), adain(one, other)
        expect_tensor(found, expected, name=f"your map {where}", look=_adain_advice(found, one, other) or look, **NEAR)


def _adain_advice(found: Any, content: Tensor, style: Tensor) -> str:
    def statistics(maps: Tensor, over: tuple[int, ...] = (2, 3), correction: int = 0) -> tuple[Tensor, Tensor]:
        mean, count = maps.mean(over, keepdim=True), maps[0, 0].numel()  # torch's own variance warns where count is 1
        squares = (maps - mean).square().mean(over, keepdim=True)
        return mean, (squares * count / max(count - correction, 1) + 1e-5).sqrt()

    (mean, deviation), (wanted_mean, wanted) = statistics(content), statistics(style)
    plain = (content - mean) / deviation
    return advice_for(
        found,
        {
            "It is normalised, but has nothing of the style yet.": plain,
            "Mean and deviation of the style have changed places: the deviation multiplies, the mean is added.": plain
            * wanted_mean
            + wanted,
            "Content and style have changed places: the result has the content's shape, and the style's numbers.": adain(
                style, content
            ),
            "You multiply with a variance: take its root.": plain * wanted.square() + wanted_mean,
            "The mean runs over the channels, too: each channel has its own.": _moved(
                content, *statistics(content, (1, 2, 3)), *statistics(style, (1, 2, 3))
            ),
            "The variance is divided by H W - 1: use correction=0.": _moved(
                content, *statistics(content, correction=1), *statistics(style, correction=1)
            ),
        },
    )


def _moved(maps: Tensor, mean: Tensor, deviation: Tensor, wanted_mean: Tensor, wanted: Tensor) -> Tensor:
    return (maps - mean) / deviation * wanted + wanted_mean


# ---------------------------------------------------------------- the strength


@exercise(
    "strength",
    hints=[
        "Two ends: with alpha 0 the decoder should get the content's maps, with alpha 1 those that AdaIN made.",
        "Between them the way is straight: (1 - alpha) of one, alpha of the other.",
    ],
)
def check_strength(answer: Callable[..., Any]) -> None:
    """Both ends, and two strengths between."""
    content, target = _maps(1, 3, 4, 4), _maps(1, 3, 4, 4, seed=1)
    cases = {
        "with alpha 0.25": (0.25, "A quarter of AdaIN's maps, three quarters of the content's."),
        "with alpha 0.5": (0.5, "Half of each."),
        "with alpha 0": (0.0, "Nothing of the style: the content's maps."),
        "with alpha 1": (1.0, "All of the style: what AdaIN made."),
    }
    for where, (alpha, look) in cases.items():
        found, expected = call(answer, content, target, alpha), alpha * target + (1 - alpha) * content
        advice = advice_for(
            found,
            {
                "alpha counts the other way round: 1 is all style.": alpha * content + (1 - alpha) * target,
                "The content stays whole, and the style comes on top: it needs (1 - alpha).": content + alpha * target,
            },
        )
        expect_tensor(found, expected, name=f"your maps {where}", look=advice or look, **NEAR)


# ---------------------------------------------------------------- the square


@exercise(
    "square_shares",
    hints=[
        "Along an edge there are two corners, and their shares are 1 - x and x.",
        "Inside, a corner has the share that its column has, times the share that its row has.",
        (
            "Top left (1 - x)(1 - y), top right x (1 - y), bottom left (1 - x) y, bottom right x y; "
            "torch.stack makes a tensor of four numbers."
        ),
    ],
)
def check_square_shares(answer: Callable[..., Any]) -> None:
    """The corners, the middle of an edge, the centre, a place of its own."""
    cases = {
        "at the top left": ([0.0, 0.0], "A corner is its own style: 1, and 0 for the others."),
        "at the top right": (
            [1.0, 0.0],
            "x counts from the left, y from the top; the order is top left, top right, bottom left, bottom right.",
        ),
        "at the bottom left": (
            [0.0, 1.0],
            "x counts from the left, y from the top; the order is top left, top right, bottom left, bottom right.",
        ),
        "half way down the left edge": ([0.0, 0.5], "On an edge, the two corners across have nothing to say."),
        "at the centre": ([0.5, 0.5], "The centre has equal shares."),
        "at a place of no name": ([0.2, 0.7], "A share is the column's times the row's: not a distance, and not their mean."),
    }
    for where, (place, look) in cases.items():
        expected = _bilinear(*place)
        found = call(answer, torch.tensor(place))
        advice = advice_for(
            found,
            {
                "Rows and columns have changed places: x goes across.": _bilinear(*place[::-1]),
                "Each corner has the share of the opposite one.": expected.flip(0),
            },
        )
        expect_tensor(found, expected, name=f"your shares {where}", look=advice or look, **NEAR)


def _bilinear(x: float, y: float) -> Tensor:
    return torch.tensor([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])


# ---------------------------------------------------------------- whitening


@exercise(
    "whiten",
    hints=[
        "flat = maps[0].flatten(1) is (C, H W). Take each row's mean away, then flat @ flat.T / (H W) is the covariance (C, C).",
        (
            "values, vectors = torch.linalg.eigh(covariance); "
            "the matrix vectors @ torch.diag(values ** -0.5) @ vectors.T is its inverse root."
        ),
        "That matrix times the centred maps: inverse root @ flat. Nothing is added at the end.",
    ],
)
def check_whiten(answer: Callable[..., Any]) -> None:
    """Independent channels; channels that go together; a picture of another shape."""
    independent = _maps(1, 3, 8, 9)
    mixed = torch.einsum("ab,nbhw->nahw", torch.tensor([[1.0, 0.5, 0], [0, 1, 0.8], [0.3, 0, 1]]), independent)
    for where, maps in {
        "of channels that have little to do with each other": independent,
        "of channels that go together": mixed,
        "of wide maps": _maps(1, 4, 3, 40, seed=2),
    }.items():
        _judge_whitened(call(answer, maps), maps, where)


def _judge_whitened(found: Any, maps: Tensor, where: str) -> None:
    """Any rotation of whitened maps is white, too: judged are mean and covariance, then the usual choice, the symmetric root."""
    flat = maps[0].flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    covariance = centred @ centred.T / flat.shape[1]
    values, vectors = torch.linalg.eigh(covariance)
    expected = vectors @ torch.diag(values**-0.5) @ vectors.T @ centred
    if (
        isinstance(found, Tensor)
        and found.shape == expected.shape
        and found.dtype == expected.dtype
        and bool(found.isfinite().all())
    ):
        mean = found.mean(1, keepdim=True)
        if float(mean.abs().max()) > 1e-2:
            raise Wrong(
                f"Value: the means of your maps {where} go up to {float(mean.abs().max()):.3g}, expected 0. "
                "Take each channel's mean away first."
            )
        seen = (found - mean) @ (found - mean).T / flat.shape[1]
        off = seen - torch.eye(len(seen))
        if float(off.abs().max()) > 1e-2:
            raise Wrong(
                f"Value: the covariance of your maps {where} is wrong by up to {float(off.abs().max()):.3g}, "
                "expected the identity. " + _whitening_advice(found, centred, covariance)
            )
    expect_tensor(
        found,
        expected,
        name=f"your maps {where}",
        look="They are white, but turned: between the two matrices of eigenvectors belongs "
        "the root, and the second is transposed.",
        rtol=1e-2,
        atol=1e-2,
    )


def _whitening_advice(found: Tensor, centred: Tensor, covariance: Tensor) -> str:
    values, vectors = torch.linalg.eigh(covariance)
    made = {
        "Only each channel's own deviation is taken away: that is AdaIN's half.": centred / covariance.diag()[:, None].sqrt(),
        "That is the covariance's inverse: take its root, values ** -0.5.": torch.linalg.inv(covariance) @ centred,
        "That is the root itself, which colours: whitening takes its inverse.": vectors
        @ torch.diag(values.sqrt())
        @ vectors.T
        @ centred,
        "Nothing was whitened: the covariance's inverse root is missing.": centred,
    }
    return advice_for(found, made) or "Divide the covariance by the number of places, H W, and multiply by its inverse root."
