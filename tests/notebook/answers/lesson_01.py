"""Right and wrong answers to the exercises of lesson 1, judged by test_checks.py."""

import torch
import torch.nn.functional as F


def right_convolution(picture, kernel):
    """One sum for each place where the kernel fits."""
    h, w = kernel.shape
    rows = [
        [(picture[i : i + h, j : j + w] * kernel).sum() for j in range(picture.shape[1] - w + 1)]
        for i in range(picture.shape[0] - h + 1)
    ]
    return torch.stack([torch.stack(row) for row in rows])


def right_parameters(inputs, outputs, side):
    """Weights and biases."""
    return outputs * (inputs * side * side + 1)


def right_field(plan):
    """Side of the receptive field."""
    side = step = 1
    for window, stride in plan:
        side, step = side + (window - 1) * step, step * stride
    return side


def stride_first(plan):
    """The step is multiplied before it is used."""
    side = step = 1
    for window, stride in plan:
        step *= stride
        side += (window - 1) * step
    return side


RIGHT = {"convolution": right_convolution, "conv_parameters": right_parameters, "receptive_field": right_field}

WRONG = {
    "convolution": [
        (lambda p, k: right_convolution(p, k.flip(0, 1)), "180 degrees"),
        (lambda p, k: F.conv2d(p[None, None], k[None, None], padding="same")[0, 0], "as large as the picture"),
        (lambda p, k: right_convolution(p, k)[:-1], "Shape"),
        (lambda p, k: right_convolution(p, k) / k.numel(), "times what is expected"),
        (lambda p, k: right_convolution(p, k).tolist(), "Type"),
        (lambda p, k: F.conv2d(p, k), "Your code stopped"),
    ],
    "conv_parameters": [
        (lambda i, o, s: o * i * s * s, "biases are missing"),
        (lambda i, o, s: o * i * s * s + i, "go out"),
        (lambda i, o, s: o * (s * s + 1), "slice for every channel"),
        (lambda i, o, s: o * (i * s + 1), "side x side"),
        (lambda i, o, s: torch.zeros(o, i, s, s), "tensor of shape"),
    ],
    "receptive_field": [
        (lambda plan: sum(window for window, _ in plan) or 1, "Each adds"),
        (lambda plan: sum(window - 1 for window, _ in plan), "empty plan"),
        (lambda plan: 1 + sum(window - 1 for window, _ in plan), "2 pixels apart"),
        (stride_first, "multiply the step after"),
        (lambda plan: [right_field(plan)], "empty plan"),
    ],
}

STUBS = {"convolution": [lambda picture, kernel: None], "receptive_field": [lambda plan: ...]}
