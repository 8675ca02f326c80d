"""Pictures in and out: every kind of file and array, every refusal, sizes, and what `show` displays."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from nstlib.errors import ImageError, NstError
from nstlib.images import files as images
from nstlib.images import sheet
from nstlib.images.files import check_image, load_image, load_with_alpha, resize, save_image, show, to_pil

RED, HALF_RED_ON_WHITE = (1.0, 0.0, 0.0), (1.0, 127 / 255, 127 / 255)


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    data = io.BytesIO()
    picture.save(data, format=kind, **options)
    return data.getvalue()


def colour_at(image: torch.Tensor, x: int, y: int) -> tuple[float, ...]:
    return tuple(image[0, :, y, x].tolist())


def plain(mode: str, colour, size=(40, 36)) -> Image.Image:
    return Image.new(mode, size, colour)


def noise(height: int = 36, width: int = 40, seed: int = 0) -> torch.Tensor:
    levels = torch.randint(0, 256, (1, 3, height, width), generator=torch.Generator().manual_seed(seed))
    return levels.float() / 255


# ---------------------------------------------------------------- the round trip, and what a picture is


@given(st.integers(32, 70), st.integers(32, 70), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_a_picture_survives_pil_png_and_webp_exactly(height, width, seed):
    image = noise(height, width, seed)
    torch.testing.assert_close(load_image(to_pil(image)), image, atol=0, rtol=0)
    torch.testing.assert_close(load_image(encoded(to_pil(image), "PNG")), image, atol=0, rtol=0)
    torch.testing.assert_close(load_image(encoded(to_pil(image), "WEBP", lossless=True)), image, atol=0, rtol=0)


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


# ---------------------------------------------------------------- files of every kind


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


# ---------------------------------------------------------------- sources of every kind


def test_path_bytes_and_file_objects_agree(tmp_path):
    path = save_image(noise(), tmp_path / "picture.png")
    sources = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), io.BytesIO(path.read_bytes())]
    for source in sources:
        torch.testing.assert_close(load_image(source), noise(), atol=0, rtol=0)
    with path.open("rb") as file:
        torch.testing.assert_close(load_image(file), noise(), atol=0, rtol=0)


def test_a_buffer_is_read_from_its_start():
    data = io.BytesIO()
    to_pil(noise()).save(data, format="PNG")  # leaves the buffer at its end
    torch.testing.assert_close(load_image(data), noise(), atol=0, rtol=0)


@pytest.mark.parametrize("dtype, top", [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1), (np.float64, 1)])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_arrays(dtype, top, channels):
    array = np.zeros((36, 40, *channels), dtype)
    array[:10] = top
    image = load_image(array)
    assert image.shape == (1, 3, 36, 40)
    assert (image[:, :, :10] == 1).all()  # white, and with alpha: opaque white
    assert (image[:, :, 10:] == (1 if channels == (4,) else 0)).all()  # alpha 0 is white paper


@pytest.mark.parametrize("shape", [(1, 3, 36, 40), (3, 36, 40), (36, 40), (1, 36, 40), (1, 1, 36, 40)])
def test_tensors_are_copied(shape):
    source = torch.rand(shape)
    image = load_image(source)
    assert image.shape == (1, 3, 36, 40)
    before = image.clone()
    source.zero_()
    torch.testing.assert_close(image, before, atol=0, rtol=0)


def test_whole_numbers_count_to_the_top_of_their_type():
    assert load_image(torch.full((3, 36, 40), 51, dtype=torch.uint8)).mean().item() == pytest.approx(0.2)
    assert load_image(np.full((36, 40), 13107, np.uint16)).mean().item() == pytest.approx(0.2)
    assert load_image(np.ones((36, 40), bool)).min() == 1
    assert load_image(np.full((36, 40), 13107, ">u2")).mean().item() == pytest.approx(0.2)
    assert load_image(torch.full((3, 36, 40), 0.5, dtype=torch.bfloat16, requires_grad=True)).mean() == 0.5


# ---------------------------------------------------------------- refusals


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


def test_folders_are_refused_and_close_names_offered(tmp_path):
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)
    save_image(noise(), tmp_path / "holiday.png")
    with pytest.raises(ImageError, match="but there is .*holiday.png"):
        load_image(tmp_path / "holidays.png")


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


# ---------------------------------------------------------------- check_image


def test_check_image_returns_the_same_tensor():
    image = noise()
    assert check_image(image) is image
    assert check_image(image.requires_grad_()).requires_grad


def test_check_image_clamps_rounding_only():
    assert check_image(torch.full((1, 3, 8, 8), 1.00005)).max() == 1
    with pytest.raises(ImageError, match="canvas has values"):
        check_image(torch.full((1, 3, 8, 8), 1.01), "canvas")


@pytest.mark.parametrize(
    "image, message",
    [
        (np.zeros((1, 3, 8, 8), np.float32), "ndarray"),
        (torch.zeros(3, 8, 8), r"style\[None\]"),
        (torch.zeros(1, 8, 8, 3), "movedim"),
        (torch.zeros(1, 1, 8, 8), "expand"),
        (torch.zeros(0, 3, 8, 8), "shape"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "/ 255"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.float64), r"\.float\(\)"),
        (torch.full((1, 3, 8, 8), float("nan")), "not finite"),
        (torch.zeros(1, 3, 8, 5), "5x8 pixels: at least 8"),
    ],
)
def test_check_image_speaks_in_the_callers_words(image, message):
    with pytest.raises(NstError, match=message) as caught:
        check_image(image, "style", minimum=8)
    assert "style" in str(caught.value)


def test_check_image_makes_contiguous():
    assert check_image(noise().to(memory_format=torch.channels_last)).is_contiguous()


# ---------------------------------------------------------------- resize


@given(st.integers(32, 90), st.integers(32, 90), st.integers(32, 120))
@settings(max_examples=25, deadline=None)
def test_size_is_the_longer_side_and_the_aspect_is_kept(height, width, size):
    resized = resize(noise(height, width), size)
    assert max(resized.shape[-2:]) == size
    assert abs(resized.shape[-2] / resized.shape[-1] * width / height - 1) < 0.5 / 32 * 2 + 1e-6 or size < 64
    assert resized.is_contiguous() and resized.dtype == torch.float32
    check_image(resized)


def test_resize_keeps_a_plain_picture_plain_and_the_mean():
    assert resize(torch.full((1, 3, 50, 70), 0.3), 33).allclose(torch.tensor(0.3), atol=1e-6)
    assert resize(noise(64, 64), 32).mean().item() == pytest.approx(noise(64, 64).mean().item(), abs=5e-3)


def test_resize_is_antialiased():
    checkers = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(1, 3, 64, 64)
    assert (resize(checkers, 16)[..., 2:-2, 2:-2] - 0.5).abs().max() < 0.02  # grey, not black or white


def test_resize_to_a_shape_of_masks_and_canvases_with_gradients():
    canvas = (torch.randn(2, 1, 40, 40)).requires_grad_()
    resized = resize(canvas, (33, 57))
    assert resized.shape == (2, 1, 33, 57)
    assert resized.min() >= canvas.min() and resized.max() <= canvas.max()
    resized.sum().backward()
    assert canvas.grad.isfinite().all() and canvas.grad.abs().sum() > 0


@pytest.mark.parametrize("image", [torch.zeros(1, 3, 8, 8).half(), torch.zeros(3, 8, 8), None])
def test_what_cannot_be_resized(image):
    with pytest.raises(ImageError, match="resize got"):
        resize(image, 64)


@pytest.mark.parametrize("size", [0, -3, 2.5, "512", True, None, (3,), (0, 5), 10**9, (10**6, 10**6)])
def test_sizes_that_are_none(size):
    with pytest.raises(ImageError, match="size="):
        resize(noise(), size)


def test_each_picture_of_a_batch_stays_within_its_own_values():
    """Bicubic would overshoot at the edges: the values stay between the least and the largest of each picture, not of all."""
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 1
    both = torch.cat([edge, 0.4 + 0.2 * edge])
    enlarged = resize(both, 64)
    assert [(one.min().item(), one.max().item()) for one in enlarged] == [(0, 1), (pytest.approx(0.4), pytest.approx(0.6))]
    torch.testing.assert_close(enlarged[1:], resize(both[1:], 64))


def test_sizes_round_to_the_nearest_pixel():
    picture = torch.rand(1, 3, 30, 45)
    for size, shape in (
        (90, (60, 90)),
        (10, (7, 10)),
        (11, (7, 11)),
        (1, (1, 1)),
        ((7, 9), (7, 9)),
        ([7, 9], (7, 9)),
        (torch.Size((7, 9)), (7, 9)),
    ):
        assert resize(picture, size).shape[2:] == shape
    assert resize(picture, (30, 45)) is picture  # nothing to do
    with pytest.raises(ImageError, match="would give"):
        resize(picture, 20_000)


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((40, 80), 64, (32, 64)),
        ((80, 40), 100, (100, 50)),
        ((40, 80), None, (40, 80)),
        ((33, 330), 320, (32, 320)),
        ((40, 80), 80, (40, 80)),
    ],
)
def test_the_longer_side_is_as_asked_and_the_shape_is_kept(shape, size, expected):
    assert images.with_longer_side(torch.rand(1, 3, *shape), size).shape[2:] == expected


@pytest.mark.parametrize("size", [62, 31, 0, -5, 40.0, True, "64"])
def test_longer_sides_that_are_none(size):
    """At 62 px the shorter side would have 31."""
    with pytest.raises(NstError, match=f"size={size!r}"):
        images.with_longer_side(torch.rand(1, 3, 40, 80), size)


@pytest.mark.parametrize(
    ("longer", "expected"), [(60, (45, 60)), (60.4, (45, 60)), (80, (60, 80)), (500, (60, 80)), (5, (32, 43))]
)
def test_shrinking_never_enlarges_and_leaves_32_pixels(longer, expected):
    assert images.shrunk_to(torch.rand(1, 3, 60, 80), longer).shape[2:] == expected


def test_how_far_a_value_may_leave_the_range():
    """A ten-thousandth is rounding, and clamped; the picture within the range is handed back as it is."""

    def with_value(value):
        picture = torch.full((1, 3, 32, 32), 0.5)
        picture[0, 1, 3, 4] = value
        return picture

    for value, kept in ((-9e-5, 0.0), (1 + 9e-5, 1.0)):
        checked = check_image(with_value(value))
        assert checked[0, 1, 3, 4] == kept and checked[0, 0, 0, 0] == 0.5
    for value in (-2e-4, 1 + 2e-4):
        with pytest.raises(ImageError):
            check_image(with_value(value))
    whole = with_value(1.0)
    assert check_image(whole) is whole and check_image(whole.permute(0, 1, 3, 2)).is_contiguous()


def test_sides_are_counted_exactly():
    for height, width, minimum, fine in (
        (32, 40, 32, True),
        (40, 32, 32, True),
        (31, 40, 32, False),
        (40, 31, 32, False),
        (1, 1, 1, True),
    ):
        picture = torch.rand(1, 3, height, width)
        if fine:
            assert check_image(picture, "x", minimum) is picture
        else:
            with pytest.raises(ImageError, match=f"{width}x{height} pixels: at least 32"):
                check_image(picture, "x", minimum)


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
        (noise(), "a\0.png", "cannot be written"),
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
    with pytest.raises(ImageError, match="quality=101"):
        save_image(noise(), tmp_path / "a.jpg", 101)


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
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: sent.append(data))
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


def test_labels_can_hold_the_signs_of_mathematics():
    font = sheet.label_font()
    missing = font.getmask("\U000f0000").size, bytes(font.getmask("\U000f0000"))
    for sign in "×→αβλ·≤−²½é":
        assert (font.getmask(sign).size, bytes(font.getmask(sign))) != missing


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


def test_different_labels_look_different():
    labels = ["\u539f\u56fe", "\u98ce\u683c", "\u65e5\u672c", "a\x00", "a\x01", "\u00d7", "w" * 60 + "1", "w" * 60 + "2", "plain"]
    pages = [sheet.contact_sheet([Image.new("RGB", (64, 64))], [label], 64, None) for label in labels]
    assert len({(page.size, page.tobytes()) for page in pages}) == len(labels)
