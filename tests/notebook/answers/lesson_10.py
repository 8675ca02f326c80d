"""Right and wrong answers to the exercises of lesson 10, judged by test_checks.py."""

import math

import torch


def right_attention(queries, keys, values):
    return (queries @ keys.T).softmax(1) @ values


def by_exp(queries, keys, values):
    scores = (queries @ keys.T).exp()
    return scores / scores.sum(1, keepdim=True) @ values


def right_places(scores, scale):
    return torch.special.entr((scale * scores).softmax(0)).sum().exp()


def by_log(scores, scale):
    weights = (scale * scores).softmax(0)
    return (-weights * weights.log()).sum().exp()


def right_row(table, place, content, style):
    return table[place[0] * content[1] + place[1]].view(style)


def relative(found, wanted):
    return (found - wanted).square().sum() / wanted.square().sum()


def right_identity(paint, encode, picture, measure=relative, reduce=lambda terms: sum(terms) / len(terms)):
    again = paint(picture, picture)
    found, wanted = encode(again), encode(picture)
    return (again - picture).square().mean(), reduce([measure(found[layer], wanted[layer]) for layer in wanted])


RIGHT = {
    "attention": right_attention,
    "places_that_answer": right_places,
    "row_as_map": right_row,
    "identity_losses": right_identity,
}
WRONG = {
    "attention": [
        (lambda q, k, v: (q @ k.T).softmax(0) @ v, "along each row, dim=1"),
        (lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v), "taken as they are"),
        (lambda q, k, v: q @ k.T @ v, "the softmax is missing"),
        (lambda q, k, v: v[(q @ k.T).argmax(1)], "Only the most asked key"),
        (lambda q, k, v: (q @ k.T).softmax(1) @ k, "Shape"),
        (by_exp, "NaN or infinite"),
        (lambda q, k, v: (q @ k.T).softmax(1), "Value: your answer"),
        (lambda q, k, v: (k @ q.T).softmax(1) @ v, "Value: your answer"),
    ],
    "places_that_answer": [
        (lambda s, t: torch.special.entr((t * s).softmax(0)).sum(), "the entropy itself"),
        (lambda s, t: torch.special.entr(s.softmax(0)).sum().exp(), "inside of the softmax"),
        (lambda s, t: 1 / (t * s).softmax(0).max(), "The most asked place alone"),
        (by_log, "NaN or infinite"),
        (lambda s, t: torch.special.entr((s / t).softmax(0)).sum().exp(), "Range"),
        (lambda s, t: math.exp(float(torch.special.entr((t * s).softmax(0)).sum()) / math.log(2)), "base 2"),
        (lambda s, t: (t * s).softmax(0), "expected one number"),
        (lambda s, t: len(s), "exp of the entropy"),
    ],
    "row_as_map": [
        (lambda t, p, c, s: t[p[1] * c[0] + p[0]].view(s), "as long as the content's maps are wide"),
        (lambda t, p, c, s: t[p[0] * c[1] + p[1]].view(s[1], s[0]).T, "wrong order"),
        (lambda t, p, c, s: t[(p[0] * s[1] + p[1]) % len(t)].view(s), "lies in the content"),
        (lambda t, p, c, s: t[p[0] * c[1] + p[1]], "Shape: your map of the first place has (8,)"),
        (lambda t, p, c, s: t[:, 0].view(c), "Shape: your map of the first place has (2, 3)"),
        (lambda t, p, c, s: t[0].view(s), "Row 1, column 2"),
    ],
    "identity_losses": [
        (lambda p, e, x: right_identity(p, e, x, lambda a, b: (a - b).square().mean()), "divide by each layer's own energy"),
        (lambda p, e, x: right_identity(p, e, x, reduce=sum), "sum over the layers"),
        (lambda p, e, x: (right_identity(p, e, x)[0].sqrt(), right_identity(p, e, x)[1]), "leave it squared"),
        (lambda p, e, x: ((p(x, x) - x).square().sum(), right_identity(p, e, x)[1]), "sum over the pixels"),
        (lambda p, e, x: ((p(x, x) - x).abs().mean(), right_identity(p, e, x)[1]), "square them"),
        (lambda p, e, x: right_identity(lambda a, b: p(x, torch.zeros_like(x)), e, x), "content and style at once"),
        (lambda p, e, x: sum(right_identity(p, e, x)), "two numbers"),
        (lambda p, e, x: right_identity(p, e, x)[::-1], "Value: your loss of the pixels"),
    ],
}
STUBS = {"attention": [lambda q, k, v: None], "row_as_map": [lambda t, p, c, s: ...]}
