"""Checks of lesson 2: co-occurrence, errors of windows, an atom of K-SVD."""

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.notebook.checks.expect import Wrong, advice_for, expect_number, expect_shape, expect_tensor, expect_type
from nstlib.notebook.checks.registry import call, exercise

LEVELS = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]])  # Haralick's own example
BESIDE = torch.tensor([[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]]) / 24  # each pair counted both ways


@exercise(
    "cooccurrence",
    hints=[
        "The pixels that have a neighbour are levels[:H-down, :W-right]; their neighbours are levels[down:, right:].",
        "a * count + b gives each pair (a, b) a number of its own; torch.bincount(..., minlength=count**2) counts them.",
        "table.view(count, count), plus its transpose, divided by the sum of both.",
    ],
)
def check_cooccurrence(answer: Callable) -> None:
    """The learner's table for Haralick's example, beside and below, then for two other levels than there are."""
    result = call(answer, LEVELS, 0, 1, 4)
    expect_type(result, Tensor, "your table")
    expect_shape(result, (4, 4), "your table of 4 levels")
    _explain_table(result.double())
    expect_tensor(
        result.float(),
        BESIDE,
        name="your table for right-hand neighbours",
        look="Rows are the pixel's level, columns its neighbour's.",
    )
    below = _table(LEVELS, 1, 0, 4)
    expect_tensor(
        call(answer, LEVELS, 1, 0, 4).float(),
        below,
        name="your table for the neighbours below",
        look="Is `down` used for the rows, `right` for the columns?",
    )
    expect_tensor(
        call(answer, LEVELS, 1, 2, 6).float(),
        _table(LEVELS, 1, 2, 6),
        name="your table of 6 levels, of which 4 occur",
        look="A level that does not occur has a row of zeros.",
    )


def _table(levels: Tensor, down: int, right: int, count: int) -> Tensor:
    height, width = levels.shape
    pairs = levels[: height - down, : width - right] * count + levels[down:, right:]
    table = torch.bincount(pairs.flatten(), minlength=count**2).view(count, count).float()
    return (table + table.T) / (2 * table.sum())


def _explain_table(table: Tensor) -> None:
    """What stands behind the wrong tables that are often given."""
    if bool((table >= 0).all()) and abs(float(table.sum()) - 1) > 1e-4:
        raise Wrong(f"Value: your table adds up to {float(table.sum()):g}, expected 1: divide by the number of pairs.")
    if not torch.allclose(table, table.T):
        raise Wrong("Value: your table is not symmetric. Count each pair both ways: add the transpose.")
    joined = _table(torch.cat([LEVELS, LEVELS[:, :1]], 1), 0, 1, 4)
    if torch.allclose(table, joined.double(), atol=1e-4):
        raise Wrong(
            "Value: a pixel at the left border became the neighbour of one at the right border. "
            "Take slices; torch.roll joins the borders."
        )


# Two windows of 3 x 3 in three channels, and what is known of a third.
WINDOWS = torch.linspace(0, 1, 54).reshape(2, 3, 3, 3).square()
WANTED = torch.linspace(1, 0, 27).reshape(3, 3, 3)
KNOWN = torch.tensor([[True, True, False], [True, False, False], [False, False, False]])
BELL = torch.exp(-torch.tensor([[2.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 2.0]]))


def _errors(windows: Tensor, wanted: Tensor, known: Tensor, bell: Tensor) -> Tensor:
    weights = bell * known
    return ((windows - wanted).square() * weights).sum((1, 2, 3)) / (3 * weights.sum())


@exercise(
    "window_errors",
    hints=[
        "(windows - wanted) ** 2 is (K, 3, w, w): torch lines `wanted` up with the last three axes.",
        "Weights are bell * known, (w, w): a pixel that is not known must not count.",
        "Sum over the last three axes, .sum((1, 2, 3)), and divide by 3 * weights.sum(): a mean, whatever is known.",
    ],
)
def check_window_errors(answer: Callable) -> None:
    """The learner's errors, with what is unknown set to nonsense, and a window that fits."""
    wanted = torch.where(KNOWN, WANTED, 7.0)
    result = call(answer, WINDOWS, wanted, KNOWN, BELL)
    expected = _errors(WINDOWS, WANTED, KNOWN, BELL)
    if isinstance(result, Tensor) and result.shape == (2,):
        _explain_errors(result, expected)
    expect_tensor(result, expected, name="your errors", look="Squared differences, weighted by bell * known, averaged.")
    perfect = torch.cat([WINDOWS[1:], WANTED[None]])
    result = call(answer, perfect, WANTED, torch.ones(3, 3, dtype=torch.bool), BELL)
    expect_number(result[1], 0.0, name="your error of a window that is the same")


def _explain_errors(result: Tensor, expected: Tensor) -> None:
    summed = 3 * (BELL * KNOWN).sum() * expected
    usual = {
        "What is not known counts in your errors: multiply the weights by `known`.": _errors(
            WINDOWS, torch.where(KNOWN, WANTED, 7.0), torch.ones_like(KNOWN), BELL
        ),
        "The bell is missing: near pixels count more than far ones.": _errors(WINDOWS, WANTED, KNOWN, torch.ones(3, 3)),
        "That is the root of what is asked for: a mean of squares has none.": expected.sqrt(),
        "That is a sum: divide by 3 * weights.sum(), so that pixels with few and many known neighbours compare.": summed,
    }
    if advice := advice_for(result, usual, rtol=1e-4, atol=0):
        raise Wrong(f"Value: {advice}")


@exercise(
    "atom_renewal",
    hints=[
        "torch.linalg.svd(wanted, full_matrices=False) gives u, s, v with wanted = u @ diag(s) @ v.",
        "The best atom is the first row of v: it has length 1.",
        "Each patch's coefficient is its inner product with the atom: wanted @ atom.",
    ],
)
def check_atom_renewal(answer: Callable) -> None:
    """The learner's atom and coefficients against the first part of an SVD; both signs are right."""
    random = torch.Generator().manual_seed(1)
    wanted = torch.outer(torch.randn(12, generator=random), torch.randn(5, generator=random))
    wanted = wanted + 0.3 * torch.randn(12, 5, generator=random)
    result = call(answer, wanted)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(f"Type: your function returns a {type(result).__name__}, expected two tensors: atom, coefficients.")
    atom, coefficients = result
    expect_type(atom, Tensor, "your atom")
    expect_shape(atom, (5,), "your atom", look="One number for each number of a patch: a row of v, not of u.")
    expect_type(coefficients, Tensor, "your coefficients")
    expect_shape(coefficients, (12,), "your coefficients", look="One for each patch.")
    expect_number(atom.norm(), 1.0, name="the length of your atom", look="The strength belongs to the coefficients.", rtol=1e-3)
    _explain_rank_one(wanted, atom, coefficients)


def _explain_rank_one(wanted: Tensor, atom: Tensor, coefficients: Tensor) -> None:
    _, _, rows = torch.linalg.svd(wanted, full_matrices=False)
    if abs(float(rows[0] @ atom)) < 1 - 1e-3:
        which = "the mean patch" if abs(float(wanted.mean(0) @ atom)) > (1 - 1e-3) * float(wanted.mean(0).norm()) else "not it"
        raise Wrong(
            f"Value: another atom explains more of the patches; yours is {which}. The best is the first row of v in the SVD."
        )
    expect_tensor(
        coefficients,
        wanted @ atom,
        name="your coefficients",
        look="They are the inner products wanted @ atom.",
        rtol=1e-3,
        atol=1e-4,
    )
