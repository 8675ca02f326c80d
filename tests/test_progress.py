"""Progress bars: drawn on the standard error, and silent where a program has none."""

import sys

import pytest

from nstlib.progress import bar


@pytest.mark.parametrize("options", [{}, {"file": None}, {"disable": False}])
def test_without_a_standard_error_a_bar_counts_in_silence(monkeypatch, options):
    monkeypatch.setattr(sys, "stderr", None)
    with bar(total=3, **options) as shown:
        shown.update()
        shown.set_postfix_str("loss 1", refresh=False)
        assert shown.disable
    assert list(bar([1, 2])) == [1, 2]


def test_with_one_it_is_drawn(capsys):
    with bar(total=3, unit="eval", mininterval=0) as shown:
        shown.update()
        assert not shown.disable
    assert "1/3" in capsys.readouterr().err
    assert bar(total=3, disable=True).disable
