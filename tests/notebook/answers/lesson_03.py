"""Right and wrong answers to the exercises of lesson 3, judged by test_checks.py."""

import torch


def right_gram(features):
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[-1]


def raw_gram(features):
    return right_gram(features) * features[0, 0].numel()


def mixing_gram(features):
    """The copied one, which takes the batch for channels."""
    b, c, h, w = features.shape
    flat = features.reshape(b * c, h * w)
    return (flat @ flat.T / (h * w))[None]


def batch_summed_gram(features):
    flat = features.transpose(0, 1).flatten(1)
    return (flat @ flat.T / flat.shape[1]).expand(len(features), -1, -1)


def pixel_gram(features):
    flat = features.flatten(2)
    return flat.transpose(1, 2) @ flat / flat.shape[-1]


def torn_gram(features):
    """Channels last by a reshape, which tears the rows apart."""
    n, c, h, w = features.shape
    flat = features.reshape(n, h * w, c)
    return flat.transpose(1, 2) @ flat / (h * w)


def right_distance(first, second, gram=right_gram, below=lambda a, b: a + b, mean=True):
    total = 0
    for layer in first:
        a, b = gram(first[layer]), gram(second[layer])
        total = total + (a - b).square().sum() / below(a.square().sum(), b.square().sum())
    return total / len(first) if mean else total


def by_first_energy(first, second):
    return right_distance(first, second, below=lambda a, b: a)


def by_second_energy_and_half(first, second):
    """Right one way round, by luck: 1 / 4 scaled to 0.2."""
    return 0.8 * right_distance(first, second, below=lambda a, b: b)


RIGHT = {
    "gram_matrix": right_gram,
    "convention_factor": lambda channels, height, width: 4 / channels**2,
    "style_distance": right_distance,
}
WRONG = {
    "gram_matrix": [
        (raw_gram, "12 times what is expected, everywhere. Is it divided by H"),
        (lambda f: right_gram(f) / f.shape[1], "0.5 times what is expected"),
        (lambda f: right_gram(f)[0], "Shape: your Gram matrix has (2, 2), expected (1, 2, 2)"),
        (mixing_gram, "Gram matrix of a batch has (1, 6, 6), expected (2, 3, 3)"),
        (batch_summed_gram, "does any sum run over the batch"),
        (pixel_gram, "(1, 12, 12), expected (1, 2, 2)"),
        (torn_gram, "Value: your Gram matrix is"),
        (lambda f: right_gram(f).tolist(), "Type: your Gram matrix is a list"),
        (lambda f: f @ f, "Your code stopped with"),
    ],
    "convention_factor": [
        (lambda c, h, w: c**2 / 4, "upside down"),
        (lambda c, h, w: 1 / c**2, "The paper's 4 is missing"),
        (lambda c, h, w: 4.0, "a mean over the C^2 entries"),
        (lambda c, h, w: 4 / (c * h * w) ** 2, "so it cancels"),
        (lambda c, h, w: 4 / c, "and then it is squared"),
        (lambda c, h, w: "4 / c^2", "Type: your factor"),
    ],
    "style_distance": [
        (by_first_energy, "of ones and of twos"),
        (by_second_energy_and_half, "the other way round"),
        (lambda a, b: right_distance(a, b, gram=raw_gram), "Are all sums Gram matrices over H"),
        (lambda a, b: right_distance(a, b, mean=False), "expected their mean"),
        (lambda a, b: 1 - right_distance(a, b), "of a picture from itself"),
        (lambda a, b: torch.stack([right_distance(a, b)] * 2), "Type: your distance"),
    ],
}
STUBS = {"gram_matrix": [lambda f: None], "convention_factor": [lambda c, h, w: ...]}
