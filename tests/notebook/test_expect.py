"""The questions that a check asks of an answer."""

import math

import numpy as np
import pytest
import torch

from nstlib.notebook.checks.expect import advice_for


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
