"""Figures: what stands along which axis, names, colours and lines, and the text for those who cannot see them."""

import base64
import io

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from nstlib import plots
from nstlib.notebook.panels import transfer as widgets

CURVES = {"ours": ([1, 2, 4], [0.9, 0.5, 0.1]), "theirs": ([1, 3], [0.8, 0.7])}


@pytest.fixture
def drawn(monkeypatch):
    """(figure, alternative text) of what would have been shown."""
    shown = []
    monkeypatch.setattr(plots, "show_figure", lambda figure, alt: shown.append((figure, alt)))
    yield shown
    plt.close("all")


def test_curves_run_across_by_their_first_row_and_up_by_their_second(drawn):
    plots.plot_curves(CURVES, x="steps", y="loss (relative)", alt="Ours falls faster.")
    ((figure, alt),) = drawn
    (axes,) = figure.axes
    assert alt == "Ours falls faster." and (axes.get_xlabel(), axes.get_ylabel()) == ("steps", "loss (relative)")
    for line, (across, up) in zip(axes.lines, CURVES.values(), strict=True):
        assert (list(line.get_xdata()), list(line.get_ydata())) == (across, up)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(CURVES)
    assert not axes.get_legend().get_frame_on() and tuple(figure.get_size_inches()) == (6, 3.4)
    assert axes.xaxis.get_gridlines()[0].get_visible() and axes.xaxis.get_gridlines()[0].get_alpha() == 0.3


@pytest.mark.parametrize(("options", "scale"), [({}, "log"), ({"log": True}, "log"), ({"log": False}, "linear")])
def test_losses_stand_on_a_scale_of_powers_unless_asked_otherwise(drawn, options, scale):
    plots.plot_curves(CURVES, x="steps", y="loss", alt="Two curves.", **options)
    (axes,) = drawn[0][0].axes
    assert axes.get_yscale() == scale and axes.get_xscale() == "linear"


def test_twelve_curves_differ_in_colour_or_line(drawn):
    plots.plot_curves({str(n): ([0, 1], [1, 2]) for n in range(13)}, x="x", y="y", alt="Many.")
    seen = [(line.get_color(), line.get_linestyle()) for line in drawn[0][0].axes[0].lines]
    assert len(set(seen[:12])) == 12 and seen[12] == seen[0] == ("#0072B2", "-") and seen[1] == ("#D55E00", "--")
    assert {colour for colour, _ in seen} == set(plots.PALETTE) and {line for _, line in seen} == set(plots.LINES)


def size_of(data):
    """Pixels of the picture that an output displays."""
    return Image.open(io.BytesIO(base64.b64decode(data["text/html"].split('"')[1].partition(",")[2]))).size


def test_a_figure_is_sent_once_as_a_picture_with_its_text_and_closed(monkeypatch):
    sent = []
    monkeypatch.setattr(plots, "display", lambda data, raw: sent.append((data, raw)))
    figure, before = plt.figure(figsize=(3, 2)), len(plt.get_fignums())
    figure.subplots().plot([0, 1])
    plots.show_figure(figure, "A line that rises.")
    ((data, raw),) = sent
    assert raw and data["text/plain"] == "A line that rises." and ' alt="A line that rises.">' in data["text/html"]
    assert len(plt.get_fignums()) == before - 1
    sizes = [size_of(data)]
    again = plt.figure(figsize=(3, 2))
    again.subplots().plot([0, 1])
    plots.show_figure(again, "Larger.", dpi=200)
    sizes.append(size_of(sent[1][0]))
    # 100 dots an inch, cut to what is drawn and a small border.
    assert 200 < sizes[0][0] <= 300 and 130 < sizes[0][1] <= 210
    np.testing.assert_allclose(np.array(sizes[1]) / sizes[0], 2, rtol=0.03)


def test_the_panels_curves_count_evaluations_across_and_losses_up(monkeypatch):
    """Content first, then style, from evaluation 1; a thin line where the weight was changed, but for the beginning."""
    kept, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *rest, **how: kept.append(self) or save(self, *rest, **how))

    class Painter:
        losses, changes = [(0.5, 0.9), (0.6, 0.3), (0.7, 0.2)], [0, 2]

    png = widgets._curve(Painter)
    (axes,) = kept[0].axes
    content, manner, change = axes.lines
    assert list(content.get_xdata()) == list(manner.get_xdata()) == [1, 2, 3] and list(change.get_xdata()) == [2, 2]
    assert (list(content.get_ydata()), list(manner.get_ydata())) == ([0.5, 0.6, 0.7], [0.9, 0.3, 0.2])
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("evaluations", "relative loss", "log")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["content", "style"]
    assert Image.open(io.BytesIO(png)).size == (400, 300)
