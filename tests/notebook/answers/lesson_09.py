"""Right and wrong answers to the exercises of lesson 9, judged by test_checks.py."""

import torch


def statistics(maps, over=(2, 3), correction=0, eps=1e-5):
    return maps.mean(over, keepdim=True), (maps.var(over, correction=correction, keepdim=True) + eps).sqrt()


def right_adain(content, style, **how):
    (mean, deviation), (wanted_mean, wanted) = statistics(content, **how), statistics(style, **how)
    return (content - mean) / deviation * wanted + wanted_mean


def with_variance(content, style):
    (mean, deviation), (wanted_mean, wanted) = statistics(content), statistics(style)
    return (content - mean) / deviation * wanted**2 + wanted_mean


def changed_places(content, style):
    (mean, deviation), (wanted_mean, wanted) = statistics(content), statistics(style)
    return (content - mean) / deviation * wanted_mean + wanted


def normalised(content):
    mean, deviation = statistics(content)
    return (content - mean) / deviation


def right_strength(content, target, alpha):
    return alpha * target + (1 - alpha) * content


def right_shares(point):
    x, y = point
    return torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])


def by_distance(point):
    near = 1 / ((torch.tensor([[0.0, 0], [1, 0], [0, 1], [1, 1]]) - point).norm(dim=1) + 1e-6)
    return near / near.sum()


def right_whiten(maps, exponent=-0.5, centre=True, divide=True, power=None):
    flat = maps[0].flatten(1)
    flat = flat - flat.mean(1, keepdim=True) if centre else flat
    values, vectors = torch.linalg.eigh(flat @ flat.T / (flat.shape[1] if divide else 1))
    return (power or (lambda v, e: v @ torch.diag(values**e) @ v.T))(vectors, exponent) @ flat


def own_deviations(maps):
    flat = maps[0].flatten(1)
    return (flat - flat.mean(1, keepdim=True)) / flat.std(1, correction=0, keepdim=True)


RIGHT = {"adain": right_adain, "strength": right_strength, "square_shares": right_shares, "whiten": right_whiten}
WRONG = {
    "adain": [
        (lambda c, s: normalised(c), "nothing of the style yet"),
        (changed_places, "have changed places: the deviation multiplies"),
        (lambda c, s: right_adain(s, c), "expected (1, 3, 4, 5)"),
        (with_variance, "take its root"),
        (lambda c, s: right_adain(c, s, correction=1), "use correction=0"),
        (lambda c, s: right_adain(c, s, over=(1, 2, 3)), "each channel has its own"),
        (lambda c, s: right_adain(c, s, over=(0, 2, 3)), "Each picture has a mean"),
        (lambda c, s: right_adain(c, s, eps=0.0), "NaN or infinite"),
        (lambda c, s: right_adain(c, s)[0], "Shape"),
        (lambda c, s: right_adain(c, s).double(), "Dtype"),
    ],
    "strength": [
        (lambda c, t, a: a * c + (1 - a) * t, "other way round"),
        (lambda c, t, a: c + a * t, "needs (1 - alpha)"),
        (lambda c, t, a: t, "A quarter of AdaIN's maps"),
        (lambda c, t, a: t * a**2 + c * (1 - a**2), "A quarter of AdaIN's maps"),
        (lambda c, t, a: (right_strength(c, t, a),), "Type"),
    ],
    "square_shares": [
        (lambda p: right_shares(p.flip(0)), "x goes across"),
        (lambda p: right_shares(1 - p), "of the opposite one"),
        (by_distance, "Value"),
        (lambda p: torch.full((4,), 0.25), "A corner is its own style"),
        (lambda p: right_shares(p)[[0, 1, 3, 2]], "the order is top left"),
        (lambda p: right_shares(p).reshape(2, 2), "Shape"),
        (lambda p: right_shares(p).tolist(), "Type"),
    ],
    "whiten": [
        (own_deviations, "AdaIN's half"),
        (lambda m: right_whiten(m, -1), "take its root"),
        (lambda m: right_whiten(m, 0.5), "which colours"),
        (lambda m: right_whiten(m, centre=False), "Take each channel's mean"),
        (lambda m: right_whiten(m, divide=False), "Divide the covariance"),
        (lambda m: right_whiten(m, 0.0), "Nothing was whitened"),
        (lambda m: right_whiten(m).flip(0), "white, but turned"),
        (lambda m: right_whiten(m).reshape(m.shape), "Shape"),
        (lambda m: right_whiten(m).double(), "Dtype"),
    ],
}
STUBS = {"adain": [lambda c, s: None], "square_shares": [lambda p: ...]}
