"""Checks of lesson 8: conditional instance normalisation, a style's share of a network, mixtures of rows, a triangle."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.nets.fast import ConditionalInstanceNorm2d, FastNet
from nstlib.notebook.checks.expect import advice_for, expect_number, expect_tensor
from nstlib.notebook.checks.registry import call, exercise


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------- the norm


@exercise(
    "conditional_norm",
    hints=[
        (
            "x.mean((2, 3), keepdim=True) and x.var((2, 3), correction=0, keepdim=True): "
            "one number for each channel of each picture."
        ),
        "weight[style] picks one row for each picture: (N, C). With [:, :, None, None] it fits beside (N, C, H, W).",
        "(x - mean) / (variance + 1e-5).sqrt(), times the row of weight, plus the row of bias.",
    ],
)
def check_conditional_norm(answer: Callable[..., Any]) -> None:
    """One picture in one style; three pictures in two styles; a channel without any contrast."""
    norm = ConditionalInstanceNorm2d(4, 3).requires_grad_(False)
    norm.weight.copy_(_noise(3, 4, seed=1))
    norm.bias.copy_(_noise(3, 4, seed=2))
    x = _noise(3, 4, 2, 3) * 3 + torch.arange(4.0).view(1, 4, 1, 1)
    flat = x.clone()
    flat[:, 1] = 7
    cases = {
        "of one picture": (x[:1], [1], "The row is weight[1], bias[1]: scale first, then shift."),
        "of three pictures": (
            x,
            [2, 0, 2],
            "Each picture has its own mean, variance and row: the first style 2, then 0, then 2.",
        ),
        "of a channel without contrast": (flat, [0, 1, 2], "1e-5 belongs under the root: 0 / 0 must not happen."),
    }
    for where, (maps, rows, look) in cases.items():
        style = torch.tensor(rows)
        expected = norm(maps, F.one_hot(style, 3).float())
        found = call(answer, maps, norm.weight, norm.bias, style)
        expect_tensor(
            found, expected, name=f"your map {where}", look=_norm_advice(found, maps, norm, style) or look, rtol=1e-3, atol=1e-4
        )


def _norm_advice(found: Any, x: Tensor, norm: ConditionalInstanceNorm2d, style: Tensor) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    scale, shift = norm.weight[style][:, :, None, None], norm.bias[style][:, :, None, None]
    plain = F.instance_norm(x)
    unbiased = (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True) + 1e-5).sqrt()
    usual = {
        "Scale and shift have changed places: weight multiplies, bias is added.": plain * shift + scale,
        "The variance is divided by H W - 1: use correction=0.": unbiased * scale + shift,
        "It is normalised, but neither scaled nor shifted.": plain,
        "The mean runs over the channels, too: each channel has its own.": F.layer_norm(x, x.shape[1:]) * scale + shift,
    }
    return advice_for(found, usual)


# ---------------------------------------------------------------- the share


@exercise(
    "style_share",
    hints=[
        (
            "network.norms() lists the layers that have rows; a row of norm.weight has norm.weight.shape[1] numbers, "
            "one of norm.bias as many."
        ),
        "All numbers: sum(p.numel() for p in network.parameters()). The rows of the other styles are among them: take them off.",
        "own / (everything - (S - 1) * own), where S is norm.weight.shape[0].",
    ],
)
def check_style_share(answer: Callable[..., Any]) -> None:
    """Networks of three widths; with one style first, then with several."""
    cases = {
        "of a network of width 0.25 with one style": (0.25, 1, "Count scales and shifts of all 15 layers."),
        "of the same with seven styles": (0.25, 7, "One style's rows, over a network that has that style only."),
        "of a network of width 0.125 with two styles": (0.125, 2, "Count what this network has."),
    }
    for where, (width, styles, look) in cases.items():
        network = FastNet(width, norm="conditional", styles=styles)
        own = sum(2 * norm.weight.shape[1] for norm in network.norms())
        everything = sum(p.numel() for p in network.parameters())
        found = call(answer, network)
        advice = _share_advice(found, own, everything, styles) or look
        expect_number(found, own / (everything - (styles - 1) * own), name=f"your share {where}", look=advice, rtol=1e-5)


def _share_advice(found: Any, own: int, everything: int, styles: int) -> str:
    """What stands behind the wrong answers that are often given; "" for others."""
    alone = everything - (styles - 1) * own
    usual = {
        "Half of it is missing: each channel has a scale and a shift.": own / 2 / alone,
        "It is in per cent: give the share itself.": 100 * own / alone,
        "It is the number itself: divide by the network's.": own,
        "These are the rows of all styles.": styles * own / everything,
        "The other styles' rows are still in what you divide by.": own / everything,
        "You divide by what is not the style's: its own rows belong to the network, too.": own / (alone - own),
    }
    return advice_for(found, usual, rtol=1e-6, atol=1e-6)


# ---------------------------------------------------------------- mixtures


@exercise(
    "mix_rows",
    hints=[
        "shares / shares.sum() sums to 1.",
        "A row of S shares times a table of S rows, shares @ rows, is the sum of the rows, each times its share.",
    ],
)
def check_mix_rows(answer: Callable[..., Any]) -> None:
    """One style alone; two halves; shares that sum to four."""
    rows = _noise(3, 5)
    cases = {
        "of (0, 1, 0)": ([0.0, 1, 0], "One style alone is its own row."),
        "of (0.5, 0, 0.5)": ([0.5, 0, 0.5], "Half of the first row, plus half of the last."),
        "of (3, 1, 0)": ([3.0, 1, 0], "The shares are brought to the sum 1 first: 3 to 1 is 0.75 and 0.25."),
    }
    for where, (shares, look) in cases.items():
        weights = torch.tensor(shares)
        expect_tensor(call(answer, rows, weights), weights / weights.sum() @ rows, name=f"your row {where}", look=look)


@exercise(
    "triangle_shares",
    hints=[
        "Three unknowns, three equations: the mean's x is the point's x, the same for y, and the shares sum to 1.",
        "As a matrix: two rows are corners.T, the third is three ones. On the other side: the point's x, its y, and 1.",
        "torch.cat([corners.T, torch.ones(1, 3)]) and torch.linalg.solve(matrix, right).",
    ],
)
def check_triangle_shares(answer: Callable[..., Any]) -> None:
    """A corner, the middle of an edge, the centre, a place of its own, one outside; in two triangles."""
    right = torch.tensor([[0.0, 0], [1, 0], [0, 1]])
    slanted = torch.tensor([[0.0, 0], [4, 1], [1, 3]])
    cases = {
        "at the second corner": (right, [0.0, 1, 0], "A corner is its own style: 1, and 0 for the others."),
        "between two corners": (slanted, [0.5, 0, 0.5], "Half way along an edge, the third corner has nothing to say."),
        "at the centre": (slanted, [1 / 3, 1 / 3, 1 / 3], "The centre has equal shares."),
        "at a place of no name": (
            slanted,
            [0.2, 0.7, 0.1],
            "Shares are not distances: the weighted mean of the corners must be the point.",
        ),
        "outside of the triangle": (slanted, [-0.5, 1.0, 0.5], "Outside, a share is negative: leave it so."),
    }
    for where, (corners, shares, look) in cases.items():
        expected = torch.tensor(shares)
        expect_tensor(
            call(answer, expected @ corners, corners), expected, name=f"your shares {where}", look=look, rtol=1e-3, atol=1e-4
        )
