"""Figures of the lessons: matplotlib with alt text, in one size and one set of colours."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from nstlib.images import webp

# Okabe and Ito's colours, told apart by colour-blind readers, with a line style each for print.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":")


def show_figure(figure: Figure, alt: str, dpi: int = 100) -> None:
    """Display a matplotlib figure as one exact WebP picture with alternative text, and close it.

    `alt` says in a sentence what a reader who cannot see the figure should know.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight")
    plt.close(figure)
    picture = Image.open(buffer).convert("RGB")
    display(webp.notebook_output(webp.to_webp(picture, exact=True), alt), raw=True)


def plot_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, x: str, y: str, alt: str, log: bool = True
) -> None:
    """Lines by name on one pair of axes: {name: (x values, y values)}. `x`, `y`: the axes' names with units."""
    figure, axes = plt.subplots(figsize=(6, 3.4))
    for number, (name, (across, up)) in enumerate(curves.items()):
        axes.plot(across, up, label=name, color=PALETTE[number % 6], linestyle=LINES[number % 4])
    axes.set(xlabel=x, ylabel=y, yscale="log" if log else "linear")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    show_figure(figure, alt)
