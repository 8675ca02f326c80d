"""Checks of lesson 3: Gram matrices, their conventions, and the distance of two styles."""

from collections.abc import Callable

import torch

from nstlib.losses.terms import gram_matrix
from nstlib.notebook.checks.expect import Wrong, advice_for, expect_number, expect_tensor
from nstlib.notebook.checks.registry import call, exercise

SMALL = torch.arange(24.0).reshape(1, 2, 3, 4) / 10  # its sums: 5.06, 12.98, 38.18, known in closed form
SMALL_GRAM = torch.tensor([[[5.06, 12.98], [12.98, 38.18]]]) / 12
BATCH = torch.stack([torch.linspace(-1, 2, 30), torch.linspace(3, 0, 30).square()]).reshape(2, 3, 2, 5)

SHAPES = ((64, 30, 40), (512, 30, 40), (24, 7, 9))  # channels, height, width


@exercise(
    "gram_matrix",
    hints=[
        "features.flatten(2) makes each channel a row: (N, C, H, W) -> (N, C, H*W).",
        "Multiply it by its transpose, flat.transpose(1, 2): the @ of torch works on the last two axes, picture by picture.",
        "Divide by the number of pixels, flat.shape[-1].",
    ],
)
def check_gram_matrix(answer: Callable) -> None:
    """The learner's function on two channels known in closed form, then on a batch of two."""
    result = call(answer, SMALL)
    expect_tensor(result, SMALL_GRAM, name="your Gram matrix", look="Is it divided by H*W, the number of pixels?")
    expected = torch.stack([gram_matrix(one[None])[0] for one in BATCH])
    expect_tensor(
        call(answer, BATCH),
        expected,
        name="your Gram matrix of a batch",
        look="One picture is right and two are not: does any sum run over the batch?",
    )


@exercise(
    "convention_factor",
    hints=[
        "Let D be one difference of raw sums. The tutorial's Gram matrices differ by D / (C H W); square it, divide by C^2.",
        "The paper's form has D^2 / (4 C^2 (H W)^2).",
        "paper's weight x paper's form = tutorial's weight x tutorial's form: divide the tutorial's factor by the paper's.",
    ],
)
def check_convention_factor(answer: Callable) -> None:
    """The learner's factor for several shapes: 4 / C^2, whatever the size of the map."""
    for channels, height, width in SHAPES:
        where = f"your factor for {channels} channels of {height} x {width} pixels"
        result, expected = call(answer, channels, height, width), 4 / channels**2
        expect_number(result, expected, name=where, look=_factor_advice(result, channels, height * width), atol=0)


def _factor_advice(result: object, channels: int, pixels: int) -> str:
    """What stands behind the wrong factors that are often given; "" for others."""
    usual = {
        "It is upside down: the form with the larger factor needs the smaller weight.": channels**2 / 4,
        "The paper's 4 is missing.": 1 / channels**2,
        "The tutorial's loss is a mean over the C^2 entries: that is one more division.": 4.0,
        "H*W stands in both forms, squared, so it cancels.": 4 / (channels**2 * pixels**2),
        "The Gram matrix is divided by C, and then it is squared.": 4 / channels,
    }
    return advice_for(result, usual, rtol=1e-4, atol=0)


@exercise(
    "style_distance",
    hints=[
        "For each layer: a, b = nstlib.gram_matrix(first[layer]), nstlib.gram_matrix(second[layer]).",
        "(a - b).square().sum() is the upper half of the fraction; below stands the same sum of a alone plus that of b alone.",
        "Add the layers up and divide by their number, len(first).",
    ],
)
def check_style_distance(answer: Callable) -> None:
    """The learner's distance: zero, one, a known value between, of two sizes, both ways round."""
    maps = {"relu1_1": SMALL, "relu2_1": BATCH[:1]}
    expect_number(call(answer, maps, maps), 0.0, name="your distance of a picture from itself")
    ones, twos = {"relu1_1": torch.ones(1, 3, 4, 5)}, {"relu1_1": 2**0.5 * torch.ones(1, 3, 2, 7)}
    expect_number(
        call(answer, ones, twos),
        0.2,
        name="your distance of Gram matrices of ones and of twos",  # 1 / (1 + 4)
        look="Their squared difference is 1 an entry, the energies 1 and 4. Are all sums Gram matrices over H*W?",
    )
    expect_number(
        call(answer, twos, ones),
        0.2,
        name="your distance the other way round",
        look="It should not matter which picture comes first: divide by both energies.",
    )
    both = ones | {"relu2_1": SMALL}, twos | {"relu2_1": SMALL}
    result = call(answer, *both)
    if abs(float(result) - 0.2) < 1e-4:
        raise Wrong(
            "Value: with two layers your distance is the sum over the layers, expected their mean. "
            "Divide by the number of layers."
        )
    expect_number(result, 0.1, name="your distance over two layers")
