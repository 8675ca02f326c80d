"""How a picture stands in a notebook: WebP in an HTML image, with its alternative text."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

from nstlib.errors import ImageError

QUALITY = 70  # of 100: strokes and labels look as in a JPEG of quality 88, at half its bytes
MAX_SIDE = 16_383  # pixels: what WebP can count


def to_webp(picture: Image.Image, exact: bool = False) -> bytes:
    """Encode an RGB picture as a WebP file, the same picture always as the same bytes. Raises ImageError.

    exact: keep every pixel, as figures need it: lossy WebP halves the resolution of colours, which dulls thin lines.
    """
    if max(picture.size) > MAX_SIDE:
        raise ImageError(
            f"a picture of {picture.width}x{picture.height} pixels cannot be shown: at most {MAX_SIDE:,} fit "
            "on a side; use a smaller height, or fewer pictures"
        )
    options = {"lossless": True, "quality": 75, "method": 4} if exact else {"quality": QUALITY, "method": 5}
    data = io.BytesIO()
    picture.save(data, format="WEBP", **options)
    return data.getvalue()


def is_webp(data: bytes) -> bool:
    """Whether these are the bytes of a WebP file."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def address(webp: bytes) -> str:
    """Return an address that holds a WebP file, for a browser."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


# HTML, not the type image/webp: nbconvert (also behind GitHub and nbviewer) shows no image/webp, and the alternative
# text beside a typed picture is read out by nobody; every front end shows this image and reads its text.
def notebook_output(webp: bytes, alt: str, **size: int) -> dict[str, str]:
    """Return what a notebook displays of a WebP file, by type. `size`: width and height on the screen, where fixed."""
    attributes = "".join(f' {name}="{pixels}"' for name, pixels in size.items())
    return {"text/html": f'<img src="{address(webp)}" alt="{html.escape(alt)}"{attributes}>', "text/plain": alt}
