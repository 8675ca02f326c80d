"""Checks of lesson 7: a residual block, instance normalisation, overlaps of a transposed convolution."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.notebook.checks.expect import Wrong, advice_for, expect_tensor, expect_type
from nstlib.notebook.checks.registry import call, exercise


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------- residual block


@exercise(
    "residual_block",
    hints=[
        'F.pad(x, (1, 1, 1, 1), mode="reflect") adds a pixel on each side, so that a 3x3 convolution keeps the size.',
        "The path: pad, conv1, norm1, ReLU, pad, conv2, norm2.",
        "At the end add x to it. After the sum there is no ReLU.",
    ],
)
def check_residual_block(answer: Callable[..., Any]) -> None:
    """Two 3x3 convolutions and two scalings of noise, against the block written out."""
    x, (w1, w2) = _noise(2, 4, 6, 7), _noise(2, 4, 4, 3, 3, seed=1) / 4
    parts = (lambda t: F.conv2d(t, w1), lambda t: 1.5 * t + 0.2, lambda t: F.conv2d(t, w2), lambda t: 0.7 * t - 0.1)
    expected = _block(x, *parts)
    found = call(answer, x, *parts)
    expect_tensor(found, expected, name="your block's output", look=_block_advice(found, x, parts))


def _block(x: Tensor, conv1: Callable, norm1: Callable, conv2: Callable, norm2: Callable, **options: Any) -> Tensor:
    """The block, with the mistakes that are often made as options."""
    first, last = options.get("first", F.relu), options.get("last", lambda t: t)
    path = first(norm1(conv1(F.pad(x, (1, 1, 1, 1), mode=options.get("pad", "reflect")))))
    path = norm2(conv2(F.pad(path, (1, 1, 1, 1), mode=options.get("pad", "reflect"))))
    return last(options.get("skip", 1) * x + path)


def _block_advice(found: Any, x: Tensor, parts: tuple) -> str:
    usual = {
        "The input is not added: without that it is no residual block.": {"skip": 0},
        "There is a ReLU after the sum: then nothing could ever be subtracted.": {"last": F.relu},
        "There is no ReLU between the two convolutions: two linear steps are one.": {"first": lambda t: t},
        'It is padded with zeros: use mode="reflect".': {"pad": "constant"},
    }
    made = {advice: _block(x, *parts, **options) for advice, options in usual.items()}
    return advice_for(found, made) or "In order: pad, conv1, norm1, ReLU, pad, conv2, norm2, then add x."


# ---------------------------------------------------------------- instance normalisation


@exercise(
    "instance_norm",
    hints=[
        "x.mean((2, 3), keepdim=True) is the mean of each channel of each picture: (N, C, 1, 1).",
        "x.var((2, 3), correction=0, keepdim=True) divides by the number of pixels. The root is of variance + 1e-5.",
        "weight.view(1, -1, 1, 1) has one number for each channel, and so has bias.view(1, -1, 1, 1).",
    ],
)
def check_instance_norm(answer: Callable[..., Any]) -> None:
    """Noise of two contrasts in one batch; then a channel that is flat."""
    x, weight, bias = _noise(3, 4, 5, 6), torch.tensor([1.0, 2.0, -0.5, 3.0]), torch.tensor([0.1, -0.2, 0.3, 0.5])
    x[1] = 4 * x[1] + 2
    expected = _normalised(x, weight, bias)
    found = call(answer, x, weight, bias)
    expect_tensor(found, expected, name="your result", look=_norm_advice(found, x, weight, bias), atol=1e-5)
    flat = torch.full((1, 4, 5, 6), 0.25)
    found = call(answer, flat, weight, bias)
    expect_tensor(
        found,
        _normalised(flat, weight, bias),
        name="your result for a flat picture",
        look="Its variance is 0: add 1e-5 to it before the root.",
        atol=1e-5,
    )


def _normalised(
    x: Tensor, weight: Tensor, bias: Tensor, over: tuple = (2, 3), correction: int = 0, outside: bool = False
) -> Tensor:
    """Normalised over the axes `over`, with its mistakes as arguments."""
    mean, var = x.mean(over, keepdim=True), x.var(over, correction=correction, keepdim=True)
    root = var.sqrt() + 1e-5 if outside else (var + 1e-5).sqrt()
    return (x - mean) / root * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)


def _norm_advice(found: Any, x: Tensor, weight: Tensor, bias: Tensor) -> str:
    one, zero = torch.ones_like(weight), torch.zeros_like(bias)
    usual = {
        "These are the statistics of the whole batch: that is batch normalisation. Leave axis 0 out.": {"over": (0, 2, 3)},
        "These are statistics over all channels of a picture. Leave axis 1 out.": {"over": (1, 2, 3)},
        "The variance is divided by the number of pixels less one: use correction=0.": {"correction": 1},
        "weight and bias are not used.": {"weight": one, "bias": zero},
        "bias is not used.": {"bias": zero},
    }
    given = {"x": x, "weight": weight, "bias": bias}
    made = {advice: _normalised(**given | other) for advice, other in usual.items()}
    return advice_for(found, made) or "First subtract the mean, then divide by the deviation, then weight, then bias."


# ---------------------------------------------------------------- overlaps


@exercise(
    "overlaps",
    hints=[
        "The result has (length - 1) * stride + kernel entries; start with that many zeros.",
        "Input i writes into the entries from i * stride to i * stride + kernel - 1: add 1 to each of them.",
    ],
)
def check_overlaps(answer: Callable[..., Any]) -> None:
    """Against a transposed convolution of ones, for kernels that stride divides and that it does not."""
    for length, kernel, stride in ((1, 3, 2), (4, 3, 2), (4, 4, 2), (3, 2, 3), (5, 5, 1)):
        expected = F.conv_transpose1d(torch.ones(1, 1, length), torch.ones(1, 1, kernel), stride=stride)[0, 0].long()
        found = call(answer, length, kernel, stride)
        expect_type(found, (list, tuple, Tensor), name="your counts")
        found = torch.as_tensor(found)
        name = f"your counts for length {length}, kernel {kernel}, stride {stride}"
        if found.dtype == torch.bool or found.is_floating_point() and not torch.equal(found, found.round()):
            raise Wrong(f"Dtype: {name} are {found.dtype}, expected whole numbers.")
        expect_tensor(found.long(), expected, name=name, look=_overlap_advice(found, expected, kernel, stride))


def _overlap_advice(found: Tensor, expected: Tensor, kernel: int, stride: int) -> str:
    if found.numel() == expected.numel() and bool((found == kernel).all()):
        return "Each input writes so many times; the question is how many inputs write into each entry."
    if int(found.sum()) != int(expected.sum()):
        return f"Each input should write {kernel} times."
    return f"Two neighbouring inputs write {stride} entries apart."
