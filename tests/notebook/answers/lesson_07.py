"""Right and wrong answers to the exercises of lesson 7, judged by test_checks.py."""

import torch
import torch.nn.functional as F


def right_block(x, conv1, norm1, conv2, norm2, mode="reflect", relu=F.relu, skip=1):
    path = relu(norm1(conv1(F.pad(x, (1, 1, 1, 1), mode=mode))))
    return skip * x + norm2(conv2(F.pad(path, (1, 1, 1, 1), mode=mode)))


def unpadded(x, conv1, norm1, conv2, norm2):
    return x + norm2(conv2(F.relu(norm1(conv1(x)))))


def cropped(x, conv1, norm1, conv2, norm2):
    return x[..., 2:-2, 2:-2] + norm2(conv2(F.relu(norm1(conv1(x)))))


def right_norm(x, weight, bias, over=(2, 3), correction=0, eps=1e-5):
    mean, var = x.mean(over, keepdim=True), x.var(over, correction=correction, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)


def right_overlaps(length, kernel, stride, more=0):
    counts = [0] * ((length - 1) * stride + kernel + more)
    for i in range(length):
        for k in range(kernel):
            counts[i * stride + k] += 1
    return counts


RIGHT = {"residual_block": right_block, "instance_norm": right_norm, "overlaps": right_overlaps}
WRONG = {
    "residual_block": [
        (lambda *a: right_block(*a, skip=0), "The input is not added"),
        (lambda *a: F.relu(right_block(*a)), "There is a ReLU after the sum"),
        (lambda *a: right_block(*a, relu=lambda t: t), "no ReLU between"),
        (lambda *a: right_block(*a, mode="constant"), "padded with zeros"),
        (unpadded, "Your code stopped with"),
        (cropped, "Shape: your block's output has (2, 4, 2, 3)"),
        (lambda *a: right_block(*a, skip=2), "In order"),
    ],
    "instance_norm": [
        (lambda *a: right_norm(*a, over=(0, 2, 3)), "that is batch normalisation"),
        (lambda *a: right_norm(*a, over=(1, 2, 3)), "Leave axis 1 out"),
        (lambda *a: right_norm(*a, correction=1), "use correction=0"),
        (lambda x, w, b: right_norm(x, torch.ones_like(w), torch.zeros_like(b)), "weight and bias are not used"),
        (lambda x, w, b: right_norm(x, w, torch.zeros_like(b)), "bias is not used"),
        (lambda *a: right_norm(*a, eps=0), "flat picture"),
        (lambda x, w, b: F.instance_norm(x) * w + b, "Your code stopped with"),
        (lambda x, w, b: right_norm(x, w, b)[0], "Shape: your result has (4, 5, 6)"),
    ],
    "overlaps": [
        (lambda n, k, s: right_overlaps(n, k, 1), "Shape: your counts for length 4, kernel 3, stride 2 has (6,)"),
        (lambda n, k, s: right_overlaps(n, k, s, more=1), "Shape: your counts for length 1"),
        (lambda n, k, s: [k] * ((n - 1) * s + k), "how many inputs write into each entry"),
        (lambda n, k, s: [k / s] * ((n - 1) * s + k), "expected whole numbers"),
        (lambda n, k, s: [1] * ((n - 1) * s + k), "Each input should write 3 times"),
        (lambda n, k, s: (n - 1) * s + k, "Type: your counts is a int"),
    ],
}
STUBS = {"overlaps": [lambda length, kernel, stride: None], "instance_norm": [lambda *a: ...]}
