"""How long a training is and how large its steps are."""

import math

import pytest

from nstlib.errors import NstError
from nstlib.training.loop import TrainingSettings, rate


def test_the_rate_rises_and_falls():
    shares = [rate(step, TrainingSettings(100, warmup=0.1)) for step in range(100)]
    assert (
        shares[0] == pytest.approx(0.1) and shares[10] == 1 and shares[54] == pytest.approx(0.5, abs=0.02) and shares[99] < 0.01
    )


def test_the_rate_in_closed_form():
    """Tenths while it warms up; then half a cosine from 1 to a thousandth, which it would reach one step after the last."""
    shares = [rate(step, TrainingSettings(100, warmup=0.1)) for step in range(100)]
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert shares[10:] == pytest.approx([1e-3 + 0.999 * (1 + math.cos(math.pi * n / 90)) / 2 for n in range(90)])
    assert [rate(step, TrainingSettings(4, warmup=0.0)) for step in (0, 1, 2)] == pytest.approx([1, 1, 0.75025])
    assert rate(0, TrainingSettings(1, warmup=0.9)) == 1


@pytest.mark.parametrize(
    ("good", "wrong"),
    [
        ({"learning_rate": 1e9}, {"learning_rate": math.inf}),
        ({"clip": 1e-9}, {"clip": 0.0}),
        ({"warmup": 0.0}, {"warmup": 1.0}),
        ({"ema": 0.0}, {"ema": -0.1}),
        ({"steps": 1}, {"steps": -1}),
        ({"batch": 1}, {"batch": 0}),
        ({"checkpoint_every": 1}, {"checkpoint_every": 0}),
        ({"precision": "fp16"}, {"precision": "fp64"}),
    ],
)
def test_where_settings_end(good, wrong):
    TrainingSettings(**good)
    with pytest.raises(NstError, match=next(iter(wrong))):
        TrainingSettings(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"batch": 1.5}, {"learning_rate": 0}, {"ema": 1}, {"precision": "int8"}, {"warmup": -1}]
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(NstError, match=next(iter(wrong))):
        TrainingSettings(**wrong)
