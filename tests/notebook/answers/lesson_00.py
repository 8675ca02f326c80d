"""Right and wrong answers to the exercises of lesson 0, judged by test_checks.py."""

import torch


def right_blend(photograph, manner, share):
    return share * manner + (1 - share) * photograph


def right_fall(history):
    return history["style"][0] / history["style"][-1]


RIGHT = {"double_exposure": right_blend, "style_fall": right_fall}
WRONG = {
    "double_exposure": [
        (lambda p, m, share: right_blend(p, m, share).tolist(), "Type"),
        (lambda p, m, share: right_blend(p, m, share).double(), "Dtype"),
        (lambda p, m, share: right_blend(p, m, share)[0], "Shape"),
        (lambda p, m, share: p + share * m, "must add up to 1"),
        (lambda p, m, share: share * p + (1 - share) * m, "exchanged"),
        (lambda p, m, share: (p + m) / 2, "Is `share` used"),
        (lambda p, m, share: torch.cat([p, m], dim=3), "Shape"),
    ],
    "style_fall": [
        (lambda history: history["style"][-1] / history["style"][0], "turn it round"),
        (lambda history: history["style"][0] - history["style"][-1], "quotient"),
        (lambda history: history["total"][0] / history["total"][-1], "total loss"),
        (lambda history: history["style"][-1], "divide the first by it"),
        (lambda history: history["style"], "Type"),
        (lambda history: 4.0, "divided by the last"),
        (lambda history: history["Style"][0], "KeyError"),
    ],
}
STUBS = {"double_exposure": [lambda photograph, manner, share: None], "style_fall": [lambda history: ...]}
