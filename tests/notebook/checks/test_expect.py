"""Expectations and usual wrong answers, one by one."""

import math

import numpy as np
import pytest
import torch

from nstlib.notebook.checks import Wrong, expect_close, expect_number, expect_range, expect_type
from nstlib.notebook.checks.expect import advice_for


def test_expectations_on_numbers():
    expect_number(torch.tensor([2.0]), 2)
    for value, clue in [([2.0], "expected one number"), (True, "one number"), (float("nan"), "NaN"), (3, "expected 2")]:
        with pytest.raises(Wrong, match=clue):
            expect_number(value, 2)


def test_expectations_on_types_and_ranges():
    with pytest.raises(Wrong, match="int or float"):
        expect_type("1", (int, float))
    with pytest.raises(Wrong, match=r"runs from -1 to 2, expected 0 to 1"):
        expect_range(torch.tensor([-1.0, 2.0]), 0, 1)


def test_a_scalar_difference_has_no_place():
    with pytest.raises(Wrong, match="is 1, expected 2"):
        expect_close(torch.tensor(1.0), torch.tensor(2.0))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (torch.ones(2), "ones"),
        (torch.ones(2, dtype=torch.int64), "ones"),
        (torch.ones(3), ""),
        (2, "two"),
        (np.float32(2), "two"),
        (torch.tensor([[2.0]]), "two"),
        (torch.full((2,), 2.0), ""),
        (True, ""),
        ("two", ""),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_the_usual_wrong_answers_have_an_advice(found, said):
    assert advice_for(found, {"ones": torch.ones(2), "two": 2, "never": math.nan, "two again": 2.0}) == said


def test_how_near_a_wrong_answer_must_be():
    assert advice_for(2.001, {"two": 2.0}) == "two" and advice_for(2.001, {"two": 2.0}, rtol=0, atol=0) == ""
