"""Pictures in and out: round trips, what is written and how, and what `show` displays."""

import io
import os
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded, noise, plain
from PIL import Image

from nstlib.errors import ImageError
from nstlib.images import files as images
from nstlib.images.files import load_image, load_with_alpha, save_image, show, to_pil

# ---------------------------------------------------------------- the round trip, and what a picture is


@given(st.integers(32, 70), st.integers(32, 70), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_a_picture_survives_pil_png_and_webp_exactly(height, width, seed):
    image = noise(height, width, seed)
    torch.testing.assert_close(load_image(to_pil(image)), image, atol=0, rtol=0)
    torch.testing.assert_close(load_image(encoded(to_pil(image), "PNG")), image, atol=0, rtol=0)
    torch.testing.assert_close(load_image(encoded(to_pil(image), "WEBP", lossless=True)), image, atol=0, rtol=0)


# ---------------------------------------------------------------- resize


def test_load_image_resizes_and_refuses_slivers():
    assert load_image(plain("RGB", "red", (400, 200)), 100).shape == (1, 3, 50, 100)
    assert load_image(plain("RGB", "red", (400, 200)), 800).shape == (1, 3, 400, 800)
    with pytest.raises(ImageError, match="64x8 pixels.*size of 256"):
        load_image(plain("RGB", "red", (400, 50)), 64)
    assert load_image(plain("RGB", "red", (400, 50)), 256).shape == (1, 3, 32, 256)
    assert load_image(plain("RGB", "red", (4, 5)), minimum=1).shape == (1, 3, 5, 4)


# ---------------------------------------------------------------- save_image


@pytest.mark.parametrize("name, kind", [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")])
def test_the_extension_chooses_the_format(tmp_path, name, kind):
    path = save_image(torch.full((3, 40, 40), 0.4), tmp_path / name)
    with Image.open(path) as picture:
        assert picture.format == kind
    assert load_image(path).sub(0.4).abs().max() < 0.02
    assert [entry.name for entry in tmp_path.iterdir()] == [name]  # no temporary file stays behind


@pytest.mark.parametrize(
    "image, name, message",
    [
        (noise(), "a.tiff", "should end in"),
        (noise(), "a", "should end in"),
        (noise(), "missing/a.png", "there is no folder"),
        (noise() * 2, "a.png", "expected"),
        (noise() * torch.nan, "a.png", "not finite"),
        (torch.cat([noise(), noise()]), "a.png", "2 pictures"),
        (noise(), "a" * 300 + ".png", "cannot be written"),
        (noise(), "a\0.png", "is no name of a file"),
        (torch.zeros(1, 3, 1, 17000), "a.webp", "WEBP cannot hold"),
    ],
)
def test_save_refuses_and_leaves_nothing(tmp_path, image, name, message):
    with pytest.raises(ImageError, match=message):
        save_image(image, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = save_image(noise(), tmp_path / "a.png")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(images.os, "replace", refuse)
    with pytest.raises(ImageError, match="disk full"):
        save_image(noise(seed=1), path)
    torch.testing.assert_close(load_image(path), noise(), atol=0, rtol=0)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    "error",
    [
        OSError("encoder error -2"),
        ValueError("image size exceeds WebP limit"),
        MemoryError(),
        OverflowError("too large"),
        SystemError("tile cannot extend"),
        struct.error("'H' format requires"),
    ],
)
def test_errors_of_encoders_are_put_into_words(tmp_path, monkeypatch, error):
    def refuse(*_, **__):
        raise error

    path = save_image(noise(), tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "save", refuse)
    for name in ("a.png", "b.jpg", "c.webp"):
        with pytest.raises(ImageError, match=r"cannot hold a picture of \d+x\d+ px \(.+\): make it smaller"):
            save_image(noise(), tmp_path / name)
    with pytest.raises(ImageError, match="JPEG cannot hold"):
        images.to_jpeg(noise())
    torch.testing.assert_close(load_image(path), noise(), atol=0, rtol=0)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("name, side", [("a.webp", 16383), ("a.jpg", 65500), ("a.jpeg", 65500), ("a.png", 65501)])
def test_the_largest_sides_that_are_said_can_be_written(tmp_path, name, side):
    with Image.open(save_image(torch.zeros(1, 3, 1, side), tmp_path / name)) as picture:
        assert picture.size == (side, 1)
    if name != "a.png":
        with pytest.raises(ImageError, match=f"{side} px a side at most"):
            save_image(torch.zeros(1, 3, side + 1, 1), tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other modes, and links for the privileged only")
def test_a_private_picture_stays_private_and_a_link_a_link(tmp_path):
    path = save_image(noise(), tmp_path / "a.png")
    path.chmod(0o600)
    (tmp_path / "link.png").symlink_to("a.png")
    save_image(noise(seed=1), tmp_path / "link.png")
    assert path.stat().st_mode & 0o777 == 0o600 and (tmp_path / "link.png").is_symlink()
    torch.testing.assert_close(load_image(path), noise(seed=1), atol=0, rtol=0)


def test_quality_is_checked_and_used(tmp_path):
    sizes = [save_image(noise(), tmp_path / "a.jpg", quality).stat().st_size for quality in (10, 95)]
    assert sizes[0] < sizes[1]
    for quality in (0, 101):
        with pytest.raises(ImageError, match=f"quality={quality}"):
            save_image(noise(), tmp_path / "a.jpg", quality)


@pytest.mark.parametrize(("quality", "halved"), [(95, False), (90, False), (89, True), (10, True)])
def test_a_fine_jpeg_keeps_thin_coloured_strokes(tmp_path, quality, halved):
    """Colours at half the resolution would smear them; the file says of its layers which have it."""
    with Image.open(save_image(noise(64, 64), tmp_path / "a.jpg", quality)) as picture:
        assert {layer[1] for layer in picture.layer} == ({1, 2} if halved else {1})


# ---------------------------------------------------------------- show


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would have been sent: a list of data by type."""
    import IPython
    import IPython.display

    sent = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: sent.append(data if raw else str(data)))
    return sent


def page(shown) -> Image.Image:
    import base64

    return Image.open(io.BytesIO(base64.b64decode(shown[-1]["text/html"].split('"')[1].partition(",")[2])))


def test_show_sends_one_picture_with_its_alternative_text(shown):
    show(noise(), noise(40, 40), labels=["content", "style"], alt="Two squares of noise.")
    assert len(shown) == 1
    assert shown[0]["text/plain"] == "Two squares of noise." and ' alt="Two squares of noise.">' in shown[0]["text/html"]
    assert page(shown).format == "WEBP"


def test_show_puts_pictures_at_one_height_in_rows(shown):
    show(noise(36, 72), noise(72, 36), height=100)
    assert page(shown).size == (200 + 8 + 50, 100)
    show(*[noise()[..., :36]] * 5, height=50, columns=2)
    assert page(shown).size == (108, 3 * 50 + 2 * 8)
    show(torch.cat([noise()] * 4), [noise(), to_pil(noise())], height=200)  # a batch of 4, a list of 2
    assert page(shown).width <= 1080 and page(shown).height > 400  # too wide for one row


def test_show_hands_on_height_columns_and_labels(shown):
    show(*[noise()[..., :36]] * 4, height=50, columns=3, labels=list("abcd"))
    assert (
        page(shown).size == (3 * 50 + 2 * 8, 2 * (50 + 22) + 8) and shown[-1]["text/plain"] == "Pictures side by side: a, b, c, d"
    )
    show(noise(36, 36), labels="one")
    assert page(shown).size == (240, 262)
    show(noise(36, 36), noise(36, 36))
    assert shown[-1]["text/plain"] == "2 picture(s)" and page(shown).size == (488, 240)


def test_show_places_pictures_from_left_to_right_and_from_top_to_bottom(shown):
    """Through all of it: red, green and blue in two columns."""
    colours = torch.eye(3).view(3, 3, 1, 1).expand(-1, -1, 36, 36)
    show(*[colours[n : n + 1] for n in range(3)], height=40, columns=2)
    values = np.asarray(page(shown)).astype(int)
    for row, column, colour in ((20, 20, (255, 0, 0)), (20, 68, (0, 255, 0)), (68, 20, (0, 0, 255)), (68, 68, (255, 255, 255))):
        assert abs(values[row, column] - colour).max() < 12


def test_show_draws_the_labels_below(shown):
    show(torch.zeros(1, 3, 36, 36), labels=["one"], height=100)
    below = np.asarray(page(shown).convert("L"))[102:]
    assert below.shape[0] >= 15 and below.min() < 120 and below.max() > 240  # ink on white
    show(torch.zeros(1, 3, 36, 36), labels=["a label of many words that goes on and on"], height=100)
    assert page(shown).height > 100 + below.shape[0] + 15  # wrapped, not cut


def test_show_lays_transparent_pictures_on_white(shown):
    show(plain("RGBA", (0, 0, 0, 0)))
    assert np.asarray(page(shown)).min() > 250


@pytest.mark.parametrize(
    "image",
    [torch.rand(1, 1, 9, 9), torch.rand(1, 9, 9), torch.rand(9, 9), torch.rand(9, 9) > 0.5, torch.rand(3, 9, 9) * 1.4 - 0.2],
)
def test_show_takes_grey_masks_and_unclipped_canvases(shown, image):
    show(image)
    assert page(shown).size == (240, 240)


@pytest.mark.parametrize(
    "arguments, labels, message",
    [
        ([], None, "no picture"),
        ([noise()], ["a", "b"], "2 labels for 1 pictures"),
        ([noise() * 255], None, "divide"),
        ([noise() * torch.nan], None, "nan"),
        ([torch.zeros(1, 5, 9, 9)], None, "shape"),
        ([torch.zeros(3, 9, 9, dtype=torch.uint8)], None, "dtype"),
        (["picture.jpg"], None, "str"),
        ([torch.zeros(3, 1, 600000)], None, "too wide to show"),
        ([noise()] * 200, ["x" * 9] * 200, "smaller height"),
    ],
)
def test_show_refuses(shown, arguments, labels, message):
    with pytest.raises(ImageError, match=message):
        show(*arguments, labels=labels, height=800)
    assert not shown


@pytest.mark.parametrize("option", ["height", "columns"])
def test_show_measures_in_whole_numbers(shown, option):
    for value in (0, -1, 2.5):
        with pytest.raises(ImageError, match=f"{option}={value}"):
            show(noise(), **{option: value})


def test_show_outside_a_notebook_logs(caplog):
    with caplog.at_level("INFO"):
        show(noise(), alt="Noise.")
    assert "Noise." in caplog.text


# ---------------------------------------------------------------- opacity, large files, memory, letters


def cutout():
    picture = Image.new("RGBA", (64, 48), (200, 30, 40, 0))
    picture.paste((200, 30, 40, 255), (16, 0, 64, 48))
    return picture


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_opacity_is_read_and_written_again(tmp_path, name):
    image, alpha = load_with_alpha(cutout())
    assert torch.equal(image, load_image(cutout())) and alpha.shape == (1, 1, 48, 64) and alpha.mean() == 0.75
    with Image.open(save_image(image, tmp_path / name, alpha=alpha)) as written:
        assert written.mode == "RGBA" and np.array_equal(written.getchannel("A"), np.array(cutout().getchannel("A")))
    assert load_with_alpha(cutout().convert("RGB"))[1] is None


def test_a_jpeg_without_opacity_says_so(tmp_path, caplog):
    image, alpha = load_with_alpha(cutout())
    save_image(image, tmp_path / "a.jpg", alpha=alpha)
    assert "transparency" in caplog.text


def test_memory_that_runs_out_while_a_picture_is_read_is_said_in_words_and_nothing_else_is(monkeypatch):
    def fail(error):
        def check(*_):
            raise error

        monkeypatch.setattr("nstlib.images.files.check_image", check)

    picture = to_pil(noise(40, 56))
    fail(MemoryError())
    with pytest.raises(ImageError, match="56x40"):
        load_image(picture)
    fail(RuntimeError("another mistake"))
    with pytest.raises(RuntimeError, match="another mistake"):
        load_image(picture)
