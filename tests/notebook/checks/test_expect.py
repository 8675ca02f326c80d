"""Expectations, one by one."""

import pytest
import torch

from nstlib.notebook.checks import Wrong, expect_close, expect_number, expect_range, expect_type


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
