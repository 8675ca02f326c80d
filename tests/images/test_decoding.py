"""Files of every kind become pictures: modes, orientation, alpha, depth, profiles, and every refusal."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import colour_at, encoded, noise, plain
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from nstlib.errors import ImageError
from nstlib.images.files import check_image, load_image, to_pil

RED, HALF_RED_ON_WHITE = (1.0, 0.0, 0.0), (1.0, 127 / 255, 127 / 255)


@given(
    st.sampled_from(["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16"]),
    st.integers(32, 50),
    st.integers(32, 50),
)
@settings(max_examples=40, deadline=None)
def test_every_mode_becomes_a_picture(mode, width, height):
    image = load_image(Image.new(mode, (width, height)))
    assert image.shape == (1, 3, height, width)
    assert image.dtype == torch.float32 and image.is_contiguous()
    assert 0 <= image.min() and image.max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation):
    upright = plain("RGB", "white", (48, 36))
    upright.paste("red", (0, 0, 12, 12))  # the corner that must come back to the upper left
    undo = {
        2: "FLIP_LEFT_RIGHT",
        3: "ROTATE_180",
        4: "FLIP_TOP_BOTTOM",
        5: "TRANSPOSE",
        6: "ROTATE_90",
        7: "TRANSVERSE",
        8: "ROTATE_270",
    }
    stored = upright.transpose(Image.Transpose[undo[orientation]]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "TIFF"):
        torch.testing.assert_close(load_image(encoded(stored, kind, exif=exif)), load_image(upright))


@pytest.mark.parametrize(("largest", "said"), [(0, False), (200, True), (255, True), (256, False)])
def test_deep_grey_that_is_nearly_black_is_named(caplog, largest, said):
    ramp = np.linspace(0, largest, 40 * 36).round().astype(np.int32).reshape(36, 40)
    image = load_image(encoded(Image.fromarray(ramp), "TIFF"))
    torch.testing.assert_close(image[0, 0], torch.from_numpy(ramp.astype(np.float32) / 65535))
    assert (f"up to {largest} of 65535, are nearly black" in caplog.text) is said


def test_a_rotation_that_makes_no_sense_is_left_alone():
    exif = Image.Exif()
    exif[0x0112] = 77
    assert load_image(encoded(plain("RGB", "red"), "JPEG", exif=exif)).shape == (1, 3, 36, 40)


def test_alpha_is_laid_on_white():
    assert colour_at(load_image(plain("RGBA", (255, 0, 0, 0))), 3, 3) == (1, 1, 1)
    half = load_image(encoded(plain("RGBA", (255, 0, 0, 128)), "PNG"))
    assert colour_at(half, 3, 3) == pytest.approx(HALF_RED_ON_WHITE, abs=1e-6)
    assert colour_at(load_image(plain("LA", (0, 128))), 3, 3) == pytest.approx((127 / 255,) * 3, abs=1e-6)


def test_alpha_is_laid_on_white_before_resizing():
    picture = plain("RGBA", (0, 0, 0, 0), (64, 64))  # black, but invisible
    picture.paste((255, 0, 0, 255), (0, 0, 32, 64))
    red, green, _ = load_image(picture, 32)[0].unbind()
    assert red.min() > 0.99 and green[:, -1].min() > 0.99  # no black fringe, white where nothing is


def test_palette_with_and_without_transparency():
    picture = plain("P", 1)
    picture.putpalette([0, 0, 255, 255, 0, 0] + [0] * 762)
    assert colour_at(load_image(encoded(picture, "PNG")), 0, 0) == RED
    assert colour_at(load_image(encoded(picture, "PNG", transparency=1)), 0, 0) == (1, 1, 1)
    assert colour_at(load_image(encoded(picture, "GIF", transparency=1)), 0, 0) == (1, 1, 1)


def test_a_colour_named_transparent():
    assert colour_at(load_image(encoded(plain("RGB", "red"), "PNG", transparency=(255, 0, 0))), 0, 0) == (1, 1, 1)
    assert colour_at(load_image(encoded(plain("L", 7), "PNG", transparency=7)), 0, 0) == (1, 1, 1)


def test_one_bit_and_grey():
    assert colour_at(load_image(encoded(plain("1", 1), "PNG")), 0, 0) == (1, 1, 1)
    assert colour_at(load_image(encoded(plain("L", 51), "PNG")), 0, 0) == pytest.approx((0.2,) * 3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_all_their_levels(kind):
    ramp = np.linspace(0, 65535, 40 * 36).round().astype(np.uint16).reshape(36, 40)
    image = load_image(encoded(Image.fromarray(ramp), kind))
    torch.testing.assert_close(image[0, 0], torch.from_numpy(ramp.astype(np.float32) / 65535))
    assert image[0, 0].unique().numel() == 40 * 36  # eight bits would leave 256


def png_16_bit_rgb(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow reads but does not write, from uint16 (H, W, 3)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bit_colour_png():
    pixels = np.random.default_rng(0).integers(0, 65536, (36, 40, 3)).astype(np.uint16)
    image = load_image(png_16_bit_rgb(pixels))
    expected = torch.from_numpy(pixels.astype(np.float32) / 65535).permute(2, 0, 1)[None]
    torch.testing.assert_close(image, expected, atol=1 / 255, rtol=0)  # Pillow keeps eight of the bits


def test_cmyk_is_ink_not_light():
    assert colour_at(load_image(encoded(plain("CMYK", (0, 0, 0, 0)), "TIFF")), 0, 0) == (1, 1, 1)
    red, green, blue = colour_at(load_image(encoded(plain("CMYK", (0, 255, 255, 0)), "JPEG")), 0, 0)
    assert red > 0.9 and green < 0.15 and blue < 0.2


def lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def test_a_colour_profile_is_converted_to_srgb():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    stored = ImageCms.profileToProfile(plain("RGB", (200, 80, 40)), srgb, lab, outputMode="LAB")
    image = load_image(encoded(stored, "TIFF", icc_profile=lab_profile()))
    assert colour_at(image, 5, 5) == pytest.approx((200 / 255, 80 / 255, 40 / 255), abs=3 / 255)


def test_the_srgb_profile_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    torch.testing.assert_close(load_image(encoded(to_pil(noise()), "PNG", icc_profile=profile)), noise(), atol=2 / 255, rtol=0)


@pytest.mark.parametrize("profile", [b"this is no profile", lab_profile()], ids=["nonsense", "of another colour space"])
def test_a_profile_that_does_not_fit_is_reported_and_left_out(profile, caplog):
    image = load_image(encoded(to_pil(noise()), "PNG", icc_profile=profile))
    torch.testing.assert_close(image, noise())
    assert "colour profile" in caplog.text


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame(kind):
    frames = [plain("RGB", colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert colour_at(load_image(data), 9, 9) == pytest.approx(RED, abs=0.02)


def truncated(kind: str, keep: float) -> bytes:
    data = encoded(to_pil(noise(200, 200)), kind)
    return data[: int(len(data) * keep)]


def bomb() -> bytes:
    """A small PNG file that claims to be 60,000 x 60,000."""
    body = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + body + struct.pack(">I", zlib.crc32(b"IHDR" + body))
    return b"\x89PNG\r\n\x1a\n" + chunk + encoded(plain("RGB", "red"), "PNG")[33:]


REFUSED = {
    "no picture": (b"hello, this is text" * 9, "not a picture"),
    "a web page": (b"<!DOCTYPE html><html><body>log in", "web page"),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "a HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n", "not a picture"),
    "an empty file": (b"", "empty"),
    "a bomb": (bomb(), "at most 80,000,000 pixels"),
    "a JPEG cut short": (truncated("JPEG", 0.5), "cut short"),
    "a PNG cut short": (truncated("PNG", 0.5), "cut short"),
    "a GIF cut short": (truncated("GIF", 0.5), "cut short"),
    "a TIFF cut short": (truncated("TIFF", 0.5), "cut short|not a picture"),
    "a WebP cut short": (truncated("WEBP", 0.5), "cut short|not a picture"),
    "too narrow": (plain("RGB", "red", (1, 50)), "1x50 pixels: at least 32"),
    "no pixel": (plain("RGB", "red", (0, 50)), "0x50"),
    "a missing file": ("no/such/file.jpg", "there is no file"),
    "a null byte": ("a\0b.jpg", "cannot be opened|there is no file"),
    "a name too long": ("x" * 5000 + ".jpg", "cannot be opened"),
    "text mode": (io.StringIO("picture"), "mode 'rb'"),
    "None": (None, "NoneType"),
    "a list": ([1, 2, 3], "list"),
    "NaN": (np.full((40, 40), np.nan), "not finite"),
    "infinity": (torch.full((3, 40, 40), torch.inf), "not finite"),
    "0 to 255 as floats": (np.full((40, 40, 3), 200.0), "divide by 255"),
    "negative": (np.full((40, 40, 3), -0.5), "-0.5"),
    "int64": (np.zeros((40, 40, 3), np.int64), "dtype int64"),
    "complex": (np.zeros((40, 40), complex), "dtype complex128"),
    "text array": (np.array([["a"] * 40] * 40), "dtype"),
    "a sparse tensor": (torch.zeros(40, 40).to_sparse(), "dense"),
    "channels first": (np.zeros((3, 40, 40), np.uint8), "transpose"),
    "two channels": (np.zeros((40, 40, 2), np.uint8), "shape"),
    "one dimension": (np.zeros(40, np.uint8), "shape"),
    "nothing at all": (np.zeros((0, 40, 3), np.uint8), "shape"),
    "a batch": (torch.zeros(2, 3, 40, 40), "one picture"),
    "channels last": (torch.zeros(40, 40, 3), "movedim"),
    "deep integers": (Image.fromarray(np.full((40, 40), 70000, np.int32)), "65535"),
    "floats beyond 1": (Image.fromarray(np.full((40, 40), 3.0, np.float32)), "expected 0 to 1"),
}


@pytest.mark.parametrize("source, message", REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_a_message_that_says_why(source, message):
    with pytest.raises(ImageError, match=message):
        load_image(source)


@given(
    st.binary(max_size=300),
    st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "TGA", "ICO"]),
    st.integers(0, 2000),
    st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_a_damaged_file_is_a_picture_or_an_image_error(junk, kind, place, cut):
    data = bytearray(encoded(plain("RGB", "red"), kind))
    place %= len(data)
    data[place : place + len(junk)] = junk
    try:
        image = load_image(bytes(data[:place] if cut else data))
    except ImageError:
        return
    check_image(image, minimum=32)


@pytest.fixture(scope="module")
def huge():
    data = io.BytesIO()
    Image.new("RGB", (12000, 9000), (120, 90, 60)).save(data, "JPEG", quality=40)
    return data.getvalue()


def test_a_jpeg_of_108_megapixels_is_made_small_while_it_is_read(huge):
    found = load_image(huge, 256)
    assert found.shape == (1, 3, 192, 256)
    torch.testing.assert_close(found.mean((2, 3))[0] * 255, torch.tensor([120.0, 90.0, 60.0]), atol=3, rtol=0)


@pytest.mark.parametrize("size", [None, 7000])
def test_a_jpeg_that_is_too_large_for_the_size_names_the_one_that_works(huge, size):
    with pytest.raises(ImageError, match="size=6000"):
        load_image(huge, size)


def test_a_png_with_long_texts_is_a_picture():
    notes = PngInfo()
    notes.add_text("workflow", "x" * 3_000_000, zip=True)
    notes.add_itxt("prompt", "y" * 3_000_000, zip=True)
    data = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(data, "PNG", pnginfo=notes)
    assert load_image(data).shape == (1, 3, 40, 40)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail at alloc_cpu.cpp] can't allocate memory")])
def test_a_lack_of_memory_is_not_called_damage(monkeypatch, error):
    def none_left(*_):
        raise error

    monkeypatch.setattr("nstlib.images.decoding._to_rgb", none_left)
    with pytest.raises(ImageError, match="not enough memory.*size="):
        load_image(Image.new("RGB", (64, 64)))
