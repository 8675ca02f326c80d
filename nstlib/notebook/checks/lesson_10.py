"""Checks of lesson 10: attention by hand, how many places answer, a row of the table as a map, the identity losses."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nstlib.losses.terms import content_loss
from nstlib.notebook.checks.expect import Wrong, advice_for, expect_number, expect_tensor
from nstlib.notebook.checks.registry import call, exercise


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------- attention


@exercise(
    "attention",
    hints=[
        "Every query with every key is one product of matrices: queries @ keys.T has a row for each query, (n, m).",
        "weights = scores.softmax(dim=1): along a row, so that each query's weights sum to 1.",
        "The answer of a query is the mean of the values, each times its weight: weights @ values.",
    ],
)
def check_attention(answer: Callable[..., Any]) -> None:
    """Queries as many as keys; one query; keys that are far louder than exp can take."""
    cases = {
        "of three queries and three keys": (_noise(3, 2), _noise(3, 2, seed=1), "Each row of the weights sums to 1."),
        "of one query and five keys": (_noise(1, 4), _noise(5, 4, seed=1), "One query, one answer."),
        "of loud keys": (
            30 * _noise(2, 3),
            10 * _noise(4, 3, seed=1),
            "exp of a large score overflows; torch's softmax does not.",
        ),
    }
    for where, (queries, keys, look) in cases.items():
        values = _noise(len(keys), 3, seed=2)
        expected = (queries @ keys.T).softmax(1) @ values
        found = call(answer, queries, keys, values)
        advice = _attention_advice(found, queries, keys, values) or look
        expect_tensor(found, expected, name=f"your answer {where}", look=advice, rtol=1e-3, atol=1e-5)


def _attention_advice(found: Any, queries: Tensor, keys: Tensor, values: Tensor) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    scores = queries @ keys.T
    usual = {
        "The softmax runs over the queries: it belongs along each row, dim=1.": scores.softmax(0) @ values,
        "The scores are divided by the root of the number of channels: here they are taken as they are.": (
            scores / math.sqrt(queries.shape[1])
        ).softmax(1)
        @ values,
        "These are scores, not weights: the softmax is missing.": scores @ values,
        "Only the most asked key answers: softmax lets all of them, each a little.": values[scores.argmax(1)],
        "The keys stand where the values belong.": scores.softmax(1) @ keys,
    }
    return advice_for(found, usual)


# ---------------------------------------------------------------- how many places answer


@exercise(
    "places_that_answer",
    hints=[
        "weights = (scale * scores).softmax(0), and then their entropy: minus the sum of weights times their logarithms.",
        "Four equal weights of 1/4 have the entropy log 4; exp of it is 4 again.",
        "0 times log 0 is 0, but a computer says NaN: torch.special.entr(weights) is -w log w, with 0 at 0.",
    ],
)
def check_places_that_answer(answer: Callable[..., Any]) -> None:
    """All alike; one alone; a scale that turns few into many; scores so far apart that weights are exactly 0."""
    cases = {
        "of five equal scores": (torch.zeros(5), 1.0, 5.0, "Five equal weights are five places."),
        "with the scale 0": (torch.tensor([3.0, -1, 8]), 0.0, 3.0, "With the scale 0 all scores are equal: everybody answers."),
        "of scores of their own": (_noise(6), 2.0, None, "exp of the entropy, with the scale inside the softmax."),
        "of scores far apart": (torch.tensor([0.0, 500, 500]), 1.0, 2.0, "0 log 0 counts as 0."),
    }
    for where, (scores, scale, expected, look) in cases.items():
        right = _places(scores, scale) if expected is None else expected
        found = call(answer, scores, scale)
        expect_number(found, right, name=f"your number {where}", look=_places_advice(found, scores, scale) or look, rtol=1e-3)


def _places(scores: Tensor, scale: float) -> float:
    return float(torch.special.entr((scale * scores).softmax(0)).sum().exp())


def _places_advice(found: Any, scores: Tensor, scale: float) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    weights = (scale * scores).softmax(0)
    usual = {
        "This is the entropy itself: exp of it counts places.": math.log(_places(scores, scale)),
        "The logarithm has base 2, exp has base e: take both with e.": math.exp(math.log2(_places(scores, scale))),
        "The scale belongs inside of the softmax.": _places(scores, 1.0),
        "The scores are divided by the scale: multiply.": _places(scores, 1 / scale) if scale else math.nan,
        "The most asked place alone says little: the entropy takes all weights.": float(1 / weights.max()),
    }
    return advice_for(found, usual)


# ---------------------------------------------------------------- a row as a map


@exercise(
    "row_as_map",
    hints=[
        "Rows of the picture were put one after the other: the place (1, 0) of maps that are W wide is number W.",
        "Number row * W + column, where W belongs to the content: that row of the table are the weights over the style.",
        "table[number].view(style_shape): the style's rows and columns.",
    ],
)
def check_row_as_map(answer: Callable[..., Any]) -> None:
    """Wide and high pictures, three places."""
    cases = {
        "of the first place": ((2, 3), (4, 2), (0, 0), "The first row of the table, as high and wide as the style's maps."),
        "of the place (1, 2)": ((2, 3), (4, 2), (1, 2), "Row 1, column 2 of maps that are three wide: number 5."),
        "in higher pictures": ((5, 2), (2, 6), (3, 1), "Row 3, column 1 of maps that are two wide: number 7."),
    }
    for where, (content, style, place, look) in cases.items():
        table = _noise(math.prod(content), math.prod(style)).softmax(1)
        expected = table[place[0] * content[1] + place[1]].view(style)
        found = call(answer, table, place, content, style)
        expect_tensor(found, expected, name=f"your map {where}", look=_row_advice(found, table, place, content, style) or look)


def _row_advice(found: Any, table: Tensor, place: tuple[int, int], content: tuple[int, int], style: tuple[int, int]) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    (row, column), rows = place, len(table)
    number, high, wide = row * content[1] + column, *style
    usual = {
        "Row and column have changed places, or you counted with the height: a row is as long as the content's maps are wide.": (
            table[(column * content[0] + row) % rows].view(style)
        ),
        "The numbers are right, but in the wrong order: .view(h, w), not (w, h) turned round.": table[number].view(wide, high).T,
        "You counted with the style's width: the place lies in the content.": table[(row * style[1] + column) % len(table)].view(
            style
        ),
    }
    return advice_for(found, usual)


# ---------------------------------------------------------------- the identity losses


@exercise(
    "identity_losses",
    hints=[
        "again = paint(picture, picture): the picture is content and style at once.",
        "The first: (again - picture).square().mean(). The second compares encode(again) and encode(picture), layer by layer.",
        "A layer's: (found - wanted).square().sum() / wanted.square().sum(); then the mean over the layers. Return both.",
    ],
)
def check_identity_losses(answer: Callable[..., Any]) -> None:
    """A painter that darkens, one that gives everything back, and one that would do so for one picture but not for another."""
    picture = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    painters = {
        "of a painter that gives back its content": (lambda content, style: content.clone(), "Nothing is lost: both are 0."),
        "of a painter that darkens": (
            lambda content, style: 0.5 * content,
            "Pixels: a mean of squares. Maps: relative, by layer.",
        ),
        "of a painter that mixes both": (
            lambda content, style: 0.3 * content + 0.2 * style.flip(3),
            "The picture is content and style at once: paint(picture, picture).",
        ),
    }
    for where, (paint, look) in painters.items():
        again = paint(picture, picture)
        expected = (again - picture).square().mean(), _maps_error(again, picture)
        found = call(answer, paint, _encode, picture)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise Wrong(f"Type: your losses {where} should be two numbers, that of the pixels and that of the maps.")
        for value, right, name in zip(found, expected, ("pixels", "maps"), strict=True):
            advice = _identity_advice(value, name, again, picture) or look
            expect_number(value, float(right), name=f"your loss of the {name} {where}", look=advice, rtol=1e-3)


def _encode(picture: Tensor) -> dict[str, Tensor]:
    """Two layers of very different strength."""
    return {"relu4_1": 10 * picture[..., ::2, ::2].square(), "relu5_1": 0.1 * picture.mean(3, keepdim=True)}


def _maps_error(again: Tensor, picture: Tensor) -> Tensor:
    found, wanted = _encode(again), _encode(picture)
    return torch.stack([content_loss(found[layer], wanted[layer]) for layer in wanted]).mean()


def _identity_advice(value: Any, name: str, again: Tensor, picture: Tensor) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    found, wanted = _encode(again), _encode(picture)
    usual = {
        "pixels": {
            "This is the sum over the pixels: take the mean.": (again - picture).square().sum(),
            "This is the mean of absolute differences: square them.": (again - picture).abs().mean(),
            "This is the root: leave it squared.": (again - picture).square().mean().sqrt(),
        },
        "maps": {
            "These are plain means of squares: divide by each layer's own energy, or the loud layer decides alone.": sum(
                (found[layer] - wanted[layer]).square().mean() for layer in wanted
            )
            / 2,
            "This is the sum over the layers: take the mean.": 2 * _maps_error(again, picture),
        },
    }[name]
    return advice_for(value, usual)
