"""Checks of lesson 1: a convolution by hand, the parameters of a layer, the receptive field."""

import torch
import torch.nn.functional as F

from nstlib.notebook.checks.expect import Wrong, advice_for, expect_number, expect_tensor
from nstlib.notebook.checks.registry import call, exercise

PICTURE = torch.arange(30.0).reshape(5, 6).square() / 100  # not square, so that swapped axes show
KERNELS = (torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [-2.0, 0.0, 0.5]]), torch.tensor([[1.0, -1.0, 0.5, 2.0, 3.0]]))


@exercise(
    "convolution",
    hints=[
        (
            "The kernel fits H - h + 1 times from top to bottom and W - w + 1 times from left to right: "
            "start with zeros of that shape."
        ),
        "At row i, column j the window is picture[i:i + h, j:j + w].",
        (
            "Multiply window and kernel place by place, add everything up with .sum(), and write it to [i, j]. "
            "Nothing is turned round."
        ),
    ],
)
def check_convolution(answer):
    """The learner's loops against PyTorch's, for a kernel without symmetry and for one that is not square."""
    for kernel in KERNELS:
        result = call(answer, PICTURE, kernel)
        expected = F.conv2d(PICTURE[None, None], kernel[None, None])[0, 0]
        if _equal(result, F.conv2d(PICTURE[None, None], kernel.flip(0, 1)[None, None])[0, 0]):
            raise Wrong("Value: you turn the kernel by 180 degrees, as mathematicians do. Networks leave it as it is.")
        if _equal(result, F.conv2d(PICTURE[None, None], kernel[None, None], padding="same")[0, 0]):
            raise Wrong(f"Shape: {tuple(result.shape)} is as large as the picture. Keep the places where the kernel fits.")
        expect_tensor(
            result,
            expected,
            name=f"for a kernel of {kernel.shape[0]}x{kernel.shape[1]}, your map",
            look="Is the window picture[i:i + h, j:j + w], and is every place counted?",
        )


@exercise(
    "conv_parameters",
    hints=[
        "One kernel has side x side weights for every channel that comes in.",
        "There is one kernel for every channel that goes out, and each has one bias.",
    ],
)
def check_conv_parameters(answer):
    """The count for several layers, the usual slips by name."""
    for inputs, outputs, side in ((256, 512, 3), (8, 5, 7), (3, 64, 3)):
        result = call(answer, inputs, outputs, side)
        case = f"for {inputs} channels in, {outputs} out and {side}x{side}, your number"
        usual = {
            "The biases are missing: one for each channel that goes out.": outputs * inputs * side**2,
            "A kernel has one bias, not one for each slice.": outputs * inputs * (side**2 + 1),
            "The biases belong to the channels that go out.": outputs * inputs * side**2 + inputs,
            "A kernel has a slice for every channel that comes in.": outputs * (side**2 + 1),
            "A kernel has side x side places, not side.": outputs * (inputs * side + 1),
        }
        look = advice_for(result, usual, rtol=0, atol=0)
        expect_number(result, outputs * (inputs * side**2 + 1), name=case, rtol=0, look=look)


@exercise(
    "receptive_field",
    hints=[
        "Keep two numbers, side and step, both 1 at the start, and go through the plan from the first layer on.",
        "A layer adds (window - 1) * step pixels to the side: its units lie `step` pixels apart.",
        "Only after that is the step multiplied by the layer's stride.",
    ],
)
def check_receptive_field(answer):
    """Small plans, then VGG-19's up to relu5_1."""
    if _plain(call(answer, [])) != 1:
        raise Wrong("Value: for an empty plan, a unit is a pixel: expected 1. Do side and step start at 1?")
    vgg = [layer for n in (2, 2, 4, 4) for layer in [(3, 1)] * n + [(2, 2)]] + [(3, 1)]
    cases = {
        "a single pooling": ([(2, 2)], 2, "The stride counts from the next layer on: add first, multiply the step after."),
        "one 3x3 convolution": ([(3, 1)], 3, "A window of 3 adds 2 pixels to the 1 at the start."),
        "two 3x3 convolutions": ([(3, 1), (3, 1)], 5, "Each adds window - 1 pixels."),
        "a convolution, a pooling, a convolution": ([(3, 1), (2, 2), (3, 1)], 8, "After pooling, neighbours lie 2 pixels apart."),
        "a window of 5 with stride 3, and one of 3": ([(5, 3), (3, 1)], 11, "Does the step use the plan's stride?"),
        "VGG-19 up to relu5_1": (vgg, 156, "The step is multiplied by 2 at each pooling: 1, 2, 4, 8, 16."),
    }
    for name, (plan, expected, look) in cases.items():
        expect_number(call(answer, list(plan)), expected, name=f"for {name}, your field", look=look, rtol=0)


def _equal(result: object, other: torch.Tensor) -> bool:
    return isinstance(result, torch.Tensor) and result.shape == other.shape and torch.allclose(result.float(), other)


def _plain(result: object) -> object:
    """A tensor with one element as Python's number; everything else as it is."""
    return result.item() if isinstance(result, torch.Tensor) and result.numel() == 1 else result
