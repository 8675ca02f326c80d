"""How an encoded picture becomes numbers: formats, modes, alpha and colour profiles, as float32 (H, W, 3) in [0, 1].

`sources` finds the bytes, `images.load_image` is the front of both.
"""

from __future__ import annotations

import io
import logging
import struct
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from nstlib.errors import ImageError
from nstlib.images.arrays import Layers
from nstlib.settings import is_lack_of_memory, memory_advice

MAX_PIXELS = 80_000_000  # a picture of more pixels would need over a gigabyte as float32
SHRINKABLE = 400_000_000  # pixels of a JPEG that is made small while it is read: a progressive one is held whole, in 2 bytes
REDUCTIONS = (8, 4, 2)  # what libjpeg can divide the sides by while it reads
PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt")
XMP = b"XML:com.adobe.xmp"
# Formats that hold pixels and nothing else: EPS would start Ghostscript.
FORMATS = (
    "JPEG",
    "MPO",
    "PNG",
    "WEBP",
    "AVIF",
    "GIF",
    "TIFF",
    "BMP",
    "DIB",
    "PPM",
    "JPEG2000",
    "TGA",
    "ICO",
    "ICNS",
    "QOI",
    "PCX",
)
UPRIGHT = {  # EXIF orientation -> what turns the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION = 0x0112
# What Pillow's decoders raise on damaged files, found by feeding them thousands of damaged files. Its warnings are among
# them: a program may have made them errors. Not what torch or numpy raise: see `is_lack_of_memory`.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
    Warning,
    Image.DecompressionBombError,
)
log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def decode(data: bytes, origin: str, size: int | None = None) -> Layers:
    """Return the first frame of an encoded picture; `origin` names it in the ImageError.

    `size`: pixels of the longer side that are wanted; a JPEG with more pixels than are read is made small while it is read,
    to at least twice that where it can.
    """
    if not data:
        raise ImageError(f"{origin} is empty (0 bytes): expected a picture, save or download it again")
    picture = _opened(data, origin)
    if picture.format in ("JPEG", "MPO") and MAX_PIXELS < picture.width * picture.height <= SHRINKABLE:
        _reduce(picture, origin, size)
    return pil_layers(picture, origin)


def _opened(data: bytes, origin: str) -> Image.Image:
    """Return the picture, its header read. Not by Image.open, whose limit of size is a warning, one for all threads."""
    damage = None
    for name in _formats():
        factory, accepts = Image.OPEN[name]
        try:
            if accepts is None or accepts(data[:16]) is True:
                return factory(io.BytesIO(_without_text(data) if name == "PNG" else data), "")
        except DECODER_ERRORS as error:
            if accepts is not None and damage is None:
                damage = name, error
    if damage is not None and is_lack_of_memory(damage[1]):
        raise ImageError(
            f"there was not enough memory to open {origin}: close other programs; if it is a small picture, "
            "it is broken, and asks for too much"
        ) from damage[1]
    told = _looks_like(data) or (f": it begins like a {damage[0]}, but is damaged ({damage[1]})" if damage else "")
    raise ImageError(f"{origin} is not a picture that can be read{told}. Expected one of {', '.join(_formats())}") from (
        damage and damage[1]
    )


def _without_text(data: bytes) -> bytes:
    """Return a PNG without its texts, of which Pillow refuses long ones; XMP stays, for it may say what is up."""
    kept, at = [data[:8]], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in PNG_TEXT or data[at + 8 : at + 8 + len(XMP)] == XMP:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _reduce(picture: Image.Image, origin: str, size: int | None) -> None:
    """Have a JPEG of too many pixels divided by 2, 4 or 8 while it is read. Raises ImageError where that is still too many."""
    width, height = picture.size
    fitting = [by for by in REDUCTIONS if width * height <= MAX_PIXELS * by**2]
    most = max(width, height) // min(fitting)
    if size is None or size > most:
        raise ImageError(
            f"{origin} is {width}x{height}, {width * height:,} pixels: at most {MAX_PIXELS:,} pixels are read whole; "
            f"give size={most} or less, and it is made small while it is read"
        )
    by = next((by for by in fitting if max(width, height) >= 2 * size * by), min(fitting))
    picture.draft(None, (width // by, height // by))


def _looks_like(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return ": it is a web page (right-click the picture itself and save that)"
    if data[4:8] == b"ftyp" and data[8:11] in (b"hei", b"hev", b"mif"):
        return ": it is a HEIC photograph (export it as JPEG)"
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        return ": it is an SVG drawing (export it as PNG)"
    return ": it is a PDF (export the page as PNG)" if head.startswith(b"%pdf") else ""


def pil_to_array(picture: Image.Image, origin: str) -> np.ndarray:
    """Return a PIL picture of any mode, at its present frame, upright, on white, in sRGB: float32 (H, W, 3) in [0, 1]."""
    return pil_layers(picture, origin).on_white()


def pil_layers(picture: Image.Image, origin: str) -> Layers:
    """Return a PIL picture of any mode, at its present frame, upright, in sRGB. Raises ImageError."""
    _check_size(picture, origin)
    try:
        picture.load()
        _check_size(picture, origin)  # an icon file may hold another size than its header says
        return _to_rgb(_upright(picture, origin), origin)
    except ImageError:
        raise
    except DECODER_ERRORS as error:
        # Some decoders report a lack of memory as an error of reading.
        if is_lack_of_memory(error) or "out of memory" in str(error):
            advice = memory_advice(picture.size[::-1], "make the picture smaller, or close other programs")
            raise ImageError(f"{origin}: {advice}") from error
        raise ImageError(
            f"{origin} is damaged or cut short, and cannot be read to its end ({error}): copy or download it again"
        ) from error


def _check_size(picture: Image.Image, origin: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{origin} is {width}x{height}, {width * height:,} pixels: at most {MAX_PIXELS:,} pixels are read; "
            "make it smaller with a picture editor first"
        )
    if width * height == 0:
        raise ImageError(f"{origin} is {width}x{height}: a picture needs at least one pixel")


def _upright(picture: Image.Image, origin: str) -> Image.Image:
    try:
        orientation = picture.getexif().get(ORIENTATION, 1)
    except DECODER_ERRORS as error:
        log.warning("%s: its EXIF data cannot be read (%s), so its rotation is taken as it is", origin, error)
        return picture
    turn = UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _to_rgb(picture: Image.Image, origin: str) -> Layers:
    picture = _without_palette(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_grey(picture, origin)
    alpha = _alpha(picture)
    rgb = np.asarray(_srgb(picture, origin), dtype=np.float32) / 255
    return Layers(rgb, alpha)


def _without_palette(picture: Image.Image) -> Image.Image:
    """Palettes, premultiplied alpha and colours named transparent, as plain colours with an alpha channel."""
    mode = picture.mode
    if mode in ("La", "RGBa"):
        return picture.convert(mode.upper())
    if mode == "PA" or (mode in ("P", "1", "L", "RGB") and "transparency" in picture.info):
        return picture.convert("RGBA")
    if mode == "P":
        return picture.convert("RGB")
    return picture.convert("L") if mode == "1" else picture


def _alpha(picture: Image.Image) -> np.ndarray | None:
    if picture.mode not in ("LA", "RGBA"):
        return None
    return np.asarray(picture.getchannel("A"), dtype=np.float32)[..., None] / 255


def _srgb(picture: Image.Image, origin: str) -> Image.Image:
    """8-bit RGB in the sRGB colour space; a profile that cannot be used is reported and left out."""
    profile = picture.info.get("icc_profile")
    picture = picture.convert({"RGBA": "RGB", "LA": "L", "RGBX": "RGB"}.get(picture.mode, picture.mode))
    if picture.mode == "LAB" and not profile:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if profile and picture.mode in ("RGB", "L", "CMYK", "LAB"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except DECODER_ERRORS as error:
            log.warning("%s: its colour profile cannot be used (%s), so its colours are taken as sRGB", origin, error)
    return picture.convert("RGB")


def _deep_grey(picture: Image.Image, origin: str) -> Layers:
    """Grey of 16 or 32 bits: whole numbers count to 65535 (as in PNG and TIFF), fractions to 1.

    Not by their largest, for then the dark pictures of a series would be as bright as the others; a warning names these.
    """
    grey = np.asarray(picture).astype(np.float32)
    top = 1.0 if picture.mode == "F" else 65535.0
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= top):
        raise ImageError(
            f"{origin} (mode {picture.mode!r}) has values from {grey.min():g} to {grey.max():g}: "
            f"expected 0 to {top:g}; scale them first"
        )
    if top > 1 and 0 < grey.max() <= 255:
        log.warning(
            "%s: its values, up to %d of 65535, are nearly black: do they count to 255? save it with 8 bits", origin, grey.max()
        )
    rgb = np.repeat((grey / top)[..., None], 3, axis=-1)  # (H, W) -> (H, W, 3)
    hidden = picture.info.get("transparency")
    return Layers(rgb, (grey != hidden)[..., None].astype(np.float32) if isinstance(hidden, int) else None)
