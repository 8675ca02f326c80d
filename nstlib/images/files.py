"""How a picture becomes a tensor and back: `load_image`, `save_image`, `to_pil`, `resize`, `show`, `read_provenance`.

A picture is a float32 tensor, RGB, values in [0, 1], shape (N, 3, H, W), contiguous. Nothing else is passed around.
"""

from __future__ import annotations

import base64
import io
import logging
import math
import os
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib.errors import ImageError, NstError
from nstlib.files.writing import check_output, write_whole
from nstlib.images import provenance as metadata
from nstlib.images import sheet, webp
from nstlib.images.arrays import Layers
from nstlib.images.decoding import DECODER_ERRORS
from nstlib.images.sources import read
from nstlib.images.tensors import MIN_SIDE, check_image, one_picture, pixels, resize, shrunk_to, with_longer_side  # noqa: F401
from nstlib.options import shortened
from nstlib.settings import is_lack_of_memory, memory_advice

SAVERS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
ENCODER_ERRORS = (
    OSError,
    ValueError,
    MemoryError,
    OverflowError,
    SystemError,
    struct.error,
)  # what Pillow raises at absurd sides
log = logging.getLogger(__name__)


# ---------------------------------------------------------------- in


def load_image(source: Any, size: int | None = None, *, minimum: int = MIN_SIDE) -> Tensor:
    """Read one picture from nearly anything: float32 (1, 3, H, W) in [0, 1], contiguous, upright, in sRGB, on white.

    source: a path, URL (http, https), bytes, binary file, PIL picture, numpy array (H, W), (H, W, 3) or (H, W, 4),
        or tensor (1, 3, H, W), (3, H, W) or (H, W). Whole numbers count to 255 (uint8) or 65535 (uint16), floats to 1.
        Of an animation, the first frame; of a PIL picture, the frame where it stands.
    size: the longer side in pixels (aspect kept, antialiased); None keeps every pixel.
    minimum: the least number of pixels on a side, before and after resizing.

    Raises ImageError (a file or array that is not a usable picture), DownloadError (a URL that cannot be had).
    """
    return load_with_alpha(source, size, minimum=minimum)[0]


def load_with_alpha(source: Any, size: int | None = None, *, minimum: int = MIN_SIDE) -> tuple[Tensor, Tensor | None]:
    """Read one picture, as `load_image` does, and beside it its opacity (1, 1, H, W), 1 where opaque, or None: opaque everywhere.

    `save_image(..., alpha=...)` writes it again. Raises ImageError, DownloadError.
    """
    size, minimum = size if size is None else pixels(size, "size"), pixels(minimum, "minimum")
    layers, origin = read(source, size)
    try:
        image = check_image(_channels_first(layers.on_white()), origin, minimum)
        alpha = None if layers.alpha is None or layers.alpha.min() == 1 else _channels_first(layers.alpha)
        return _resized(image, size, minimum, origin), None if alpha is None else _resized(alpha, size, 1, origin)
    except (MemoryError, RuntimeError) as error:
        if not is_lack_of_memory(error):
            raise
        shape = layers.colours.shape[:2]
        raise ImageError(f"{origin}: {memory_advice(shape, 'a picture takes 24 bytes a pixel while it is read')}") from error


def load_layers(source: Any) -> tuple[Layers, str]:
    """Read one picture of any size: colours and opacity apart, and a name for messages. Raises ImageError, DownloadError."""
    return read(source)


def _channels_first(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))[None]  # (H, W, C) -> (1, C, H, W)


def _resized(image: Tensor, size: int | None, minimum: int, origin: str) -> Tensor:
    """The picture with `size` pixels on its longer side; too small a result is refused with the size that works."""
    if size is None:
        return image
    least = math.ceil(minimum * max(image.shape[-2:]) / min(image.shape[-2:]))
    image = resize(image, size)
    height, width = image.shape[-2:]
    if min(height, width) < minimum:
        raise ImageError(
            f"{origin} at size={size} would be {width}x{height} pixels: at least {minimum} are needed on "
            f"each side; use a size of {least} or more, or crop it"
        )
    return image


# ---------------------------------------------------------------- out


def to_pil(image: Tensor) -> Image.Image:
    """One picture (1, 3, H, W) or (3, H, W) in [0, 1] as an 8-bit RGB PIL picture, rounded. Raises ImageError."""
    if isinstance(image, Tensor) and image.ndim == 3:
        image = image[None]
    image = check_image(image)
    if image.shape[0] != 1:
        raise ImageError(f"image holds {image.shape[0]} pictures: expected one, such as image[:1]")
    return sheet.from_unit(image[0].detach())


def to_jpeg(image: Tensor, quality: int = 90) -> bytes:
    """One picture (1, 3, H, W) as the bytes of a JPEG file, for a widget; what leaves [0, 1] is clamped. Raises ImageError."""
    return _saved(to_pil(image.detach().clamp(0, 1).cpu()), "JPEG", quality=quality)


def to_address(image: Tensor) -> str:
    """One picture (1, 3, H, W) as an address that holds it, a JPEG, for a browser. Raises ImageError."""
    return "data:image/jpeg;base64," + base64.b64encode(to_jpeg(image)).decode("ascii")


def save_image(
    image: Tensor,
    path: str | os.PathLike,
    quality: int = 95,
    *,
    provenance: Mapping[str, Any] | None = None,
    alpha: Tensor | None = None,
) -> Path:
    """Write one picture (1, 3, H, W) or (3, H, W) in [0, 1] as .png, .jpg, .jpeg or .webp, whole or not at all.

    quality: 1 to 100, for JPEG and WebP. Values up to 1e-4 outside [0, 1] are clamped, beyond that refused.
    provenance: how the picture came about, such as {"method": "stylize", "content": "temple", "style": "swirls"}; it is
        written into the file's metadata with "source_type", one of nstlib.images.provenance.SOURCE_TYPES, by default that of a
        picture which a trained network changed. Other programs show it, `read_provenance` gives it back. Whoever has the
        file reads it, too: of a path or an address give `nstlib.images.provenance.public_name`.
    alpha: opacity (1, 1, h, w) in [0, 1], of any size, as `load_with_alpha` gives it. PNG and WebP keep it; a JPEG, which cannot,
        is written as the picture is, and the log says so.
    Returns the path. Raises ImageError.
    """
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise ImageError(f"quality={shortened(quality)}: expected a whole number from 1 to 100")
    picture = to_pil(image)
    try:
        path = check_output(path, SAVERS, size=(picture.height, picture.width))
        kind = SAVERS[path.suffix.lower()]
        if alpha is not None:
            picture = _with_opacity(picture, alpha, kind, path)
        carried = {} if provenance is None else metadata.pack(provenance, kind)
        return write_whole(path, _encode(picture, kind, quality, carried))
    except ImageError:
        raise
    except NstError as error:
        raise ImageError(str(error)) from error


def _with_opacity(picture: Image.Image, alpha: Tensor, kind: str, path: Path) -> Image.Image:
    if kind == "JPEG":
        log.warning("%s: JPEG has no transparency, so it is written opaque: name it .png or .webp to keep it", path)
        return picture
    if (
        not isinstance(alpha, Tensor)
        or alpha.ndim != 4
        or alpha.shape[:2] != (1, 1)
        or not (alpha.min() >= 0 and alpha.max() <= 1)
    ):
        raise ImageError("alpha: expected opacity (1, 1, H, W) in [0, 1], as load_with_alpha gives it")
    picture.putalpha(sheet.from_unit(resize(alpha.float(), (picture.height, picture.width))[0].expand(3, -1, -1)).getchannel(0))
    return picture


def read_provenance(path: str | os.PathLike) -> dict[str, Any] | None:
    """Return a PNG, JPEG or WebP file's record of how the picture was made; None where it has none.

    A file written by `save_image(..., provenance=...)` gives that record back, with "software" and "source_type"; of
    other programs' files those two, as far as they are stated. Raises ImageError for what is no such file.
    """
    try:
        with Image.open(path, formats=tuple(SAVERS.values())) as picture:
            return metadata.unpack(picture)
    except ImageError:
        raise
    except DECODER_ERRORS as error:
        raise ImageError(f"{path} cannot be read as PNG, JPEG or WebP, which carry provenance: {error}") from error


def _encode(picture: Image.Image, kind: str, quality: int, carried: Mapping[str, Any] | None = None) -> bytes:
    # Half-resolution colour, JPEG's default, smears thin coloured strokes: only below 90 is it worth its bytes.
    jpeg = {"quality": quality, "subsampling": 0 if quality >= 90 else 2}
    options = {"PNG": {}, "WEBP": {"quality": quality}, "JPEG": jpeg}
    return _saved(picture, kind, **options[kind], **(carried or {}))


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode the picture as a file of this kind. Raises ImageError where Pillow's encoder fails."""
    data = io.BytesIO()
    try:
        picture.save(data, format=kind, **options)
    except ENCODER_ERRORS as error:
        why = "memory is short" if isinstance(error, MemoryError) else error
        raise ImageError(
            f"{kind} cannot hold a picture of {picture.width}x{picture.height} px ({why}): make it smaller, or save it as .png"
        ) from error
    return data.getvalue()


# ---------------------------------------------------------------- on the screen


def show(
    *images: Any, labels: Sequence[str] | str | None = None, alt: str | None = None, height: int = 240, columns: int | None = None
) -> None:
    """Display pictures side by side, at one height, as one WebP picture with alternative text.

    images: tensors (N, 3, H, W), (3, H, W) or grey (N, 1, H, W), (1, H, W), (H, W); PIL pictures; lists of these.
        Values a little outside [0, 1] (a canvas being painted) are clipped, as a screen would.
    labels: one line under each picture. alt: what a reader who cannot see it should know. height: pixels of each.
    columns: pictures in a row; None takes as many as fit into 1080 pixels.

    Outside a notebook nothing opens; the log says what would have been shown. Raises ImageError.
    """
    pictures = sheet.gather(images)
    if labels is not None and not isinstance(labels, Iterable):
        raise ImageError(f"labels={shortened(labels)}: expected one for each picture, in a list")
    labels = [labels] if isinstance(labels, str) else labels
    labels = [str(label) for label in labels] if labels is not None else None
    if labels is not None and len(labels) != len(pictures):
        raise ImageError(f"{len(labels)} labels for {len(pictures)} pictures: expected one each")
    page = sheet.contact_sheet(
        pictures, labels, pixels(height, "height"), None if columns is None else pixels(columns, "columns")
    )
    if alt is None:
        alt = "Pictures side by side: " + ", ".join(labels) if labels else f"{len(pictures)} picture(s)"
    if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
        log.info("show() outside a notebook: %s", alt)
        return
    from IPython.display import display

    display(webp.notebook_output(webp.to_webp(page), alt), raw=True)
