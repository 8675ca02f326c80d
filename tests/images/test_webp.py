"""How pictures stand in notebooks: encoded as WebP, shown and described by HTML."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from lesson_rules_stored import Images
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from nstlib import plots
from nstlib.errors import ImageError
from nstlib.images import webp

ALTS = ["Two lines meet.", 'the "owl", in <b>gold</b> & blue', "Büchele's temple\nat night", "<img src='x'>", "&lt; 5 &amp; more"]


def noise(width=48, height=32, seed=0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def slope(width=96, height=64) -> Image.Image:
    """A smooth picture, as photographs mostly are."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, 255 - across], axis=-1).astype(np.uint8))


def read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)


def held(output: dict) -> bytes:
    """The file within a displayed picture."""
    (image,) = Images(output["text/html"]).found
    head, _, data = image["src"].partition(",")
    assert head == "data:image/webp;base64"
    return base64.b64decode(data, validate=True)


@pytest.mark.parametrize("exact", [False, True])
def test_a_picture_is_always_the_same_webp_file(exact):
    first = webp.to_webp(noise(), exact)
    assert webp.is_webp(first) and Image.open(io.BytesIO(first)).format == "WEBP"
    assert webp.to_webp(noise(), exact) == first != webp.to_webp(noise(seed=1), exact)


@pytest.mark.parametrize("picture", [noise(), slope(), noise(1, 1), noise(1, 7), Image.new("RGB", (300, 2), (255, 0, 1))])
def test_an_exact_picture_keeps_every_pixel(picture):
    assert np.array_equal(read(webp.to_webp(picture, exact=True)), np.asarray(picture))


def test_another_picture_looks_the_same_in_fewer_bytes():
    assert np.abs(read(webp.to_webp(slope())) - np.asarray(slope())).mean() < 3  # of 255
    assert len(webp.to_webp(noise())) < len(webp.to_webp(noise(), exact=True)) / 2


def test_a_picture_too_long_for_webp_is_refused():
    assert webp.is_webp(webp.to_webp(Image.new("RGB", (4, webp.MAX_SIDE))))
    with pytest.raises(ImageError, match=r"4x16384 pixels .* use a smaller height"):
        webp.to_webp(Image.new("RGB", (4, webp.MAX_SIDE + 1)))


@pytest.mark.parametrize(("data", "expected"), [(b"", False), (b"RIFF\0\0\0\0WAVEfmt ", False), (b"RIFF\0\0\0\0WEBP", True)])
def test_webp_is_known_by_its_first_bytes(data, expected):
    assert webp.is_webp(data) is expected


@pytest.mark.parametrize("alt", ALTS)
def test_a_displayed_picture_has_its_words(alt):
    output = webp.notebook_output(webp.to_webp(noise()), alt)
    assert held(output) == webp.to_webp(noise())
    assert Images(output["text/html"]).found[0]["alt"] == output["text/plain"] == alt


def test_a_displayed_picture_may_have_a_size_of_its_own():
    (image,) = Images(webp.notebook_output(b"", "words", width=300, height=20)["text/html"]).found
    assert (image["width"], image["height"]) == ("300", "20")


@pytest.mark.filterwarnings("ignore")
def test_a_stored_picture_and_its_words_survive_nbconvert():
    output = new_output("display_data", data=webp.notebook_output(webp.to_webp(noise()), ALTS[1]))
    page, _ = HTMLExporter().from_notebook_node(new_notebook(cells=[new_code_cell("1", outputs=[output])]))
    shown = [image for image in Images(page).found if image["src"].startswith("data:image/webp")]
    assert [image["alt"] for image in shown] == [ALTS[1]]


def test_a_figure_is_displayed_as_it_was_drawn(monkeypatch):
    sent = []
    monkeypatch.setattr(plots, "display", lambda data, raw: sent.append(data))
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1], [1, 0], color=plots.PALETTE[1])
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, bbox_inches="tight")
    plots.show_figure(figure, "A line falls.")
    assert np.array_equal(read(held(sent[0])), read(drawn.getvalue()))
    assert Images(sent[0]["text/html"]).found[0]["alt"] == "A line falls."
    assert not plt.fignum_exists(figure.number)
