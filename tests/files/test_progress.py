"""Progress bars: drawn on the standard error, silent where a program has none, and no danger to the work."""

import io
import sys

import pytest

from nstlib.files.progress import bar


class Broken(io.StringIO):
    """A pipe whose reader has gone, or a disk that is full."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, closed()], ids=["none", "closed"])
@pytest.mark.parametrize("options", [{}, {"file": None}, {"disable": False}])
def test_without_a_standard_error_a_bar_counts_in_silence(monkeypatch, stream, options):
    monkeypatch.setattr(sys, "stderr", stream)
    with bar(total=3, **options) as shown:
        shown.update()
        shown.set_postfix_str("loss 1", refresh=False)
        assert shown.disable
    assert list(bar([1, 2])) == [1, 2]


@pytest.mark.parametrize("late", [False, True])
def test_a_bar_that_can_not_be_drawn_does_not_end_the_work(monkeypatch, late):
    monkeypatch.setattr(sys, "stderr", io.StringIO() if late else Broken())
    shown = bar(total=3, mininterval=0, miniters=1)
    if late:
        monkeypatch.setattr(sys.stderr, "write", Broken().write)
    for _ in range(3):
        shown.update()
    shown.close()
    assert shown.disable


def test_with_one_it_is_drawn(capsys):
    with bar(total=3, unit="eval", mininterval=0) as shown:
        shown.update()
        assert not shown.disable
    assert "1/3" in capsys.readouterr().err
    assert bar(total=3, disable=True).disable
