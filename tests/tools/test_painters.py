"""The measure of how a network paints: its pairs, its table, and the weights that are asked for."""

import sys

import painters
import pytest
from compare_methods import PHOTOS, STYLES

from nstlib.errors import WeightsError
from nstlib.features import extractor


def test_pairs():
    assert list(painters.pairs(False)) == list(zip(PHOTOS, STYLES, strict=True)) and len(PHOTOS) == 10
    assert len(set(painters.pairs(True))) == 100


@pytest.mark.needs("VGG-19")
def test_the_table_has_each_pair_the_mean_and_the_worst(monkeypatch, capsys):
    monkeypatch.setattr(painters, "pairs", lambda cross: [("temple", "swirls"), ("cat", "waves")])
    monkeypatch.setattr(extractor, "MINI_WEIGHTS", extractor.MINI_WEIGHTS)  # which main sets
    monkeypatch.setattr(sys, "argv", ["painters", "--ways", "mini", "--size", "64", "--evaluations", "3"])
    painters.main()
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if " | mini | " in line]
    assert [row[0].strip() for row in rows] == ["temple x swirls", "cat x waves", "**mean of 2**", "**worst of 2**"]
    styles = [float(row[4]) for row in rows]
    assert styles[2] == pytest.approx((styles[0] + styles[1]) / 2, abs=2e-4) and styles[3] == max(styles[:2])
    assert all(len(row[5].split()) == 5 for row in rows)


@pytest.mark.needs("VGG-19")
def test_other_weights_are_those_that_paint(monkeypatch, tmp_path):
    monkeypatch.setattr(extractor, "MINI_WEIGHTS", extractor.MINI_WEIGHTS)
    monkeypatch.setattr(sys, "argv", ["painters", "--ways", "mini", "--size", "64", "--mini", str(tmp_path / "none.safetensors")])
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        painters.main()
