"""The drawing under `images.show`: pictures at one height in rows, each with its label, as one PIL picture."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from nstlib.errors import ImageError
from nstlib.images.decoding import MAX_PIXELS, pil_to_array

MAX_WIDTH = 1080  # pixels of a row: what a notebook shows without shrinking the labels
NARROW = 40  # pixels: no word is cut into shorter pieces
GAP = 8  # pixels between pictures
FONT_SIZE = 14  # pixels
TINY = 64  # pixels: smaller pictures are enlarged without smoothing, so that their pixels can be counted
NO_LETTER = "\U0010ffff"  # not a letter in any font
INK, PAPER = (40, 40, 40), (255, 255, 255)
log = logging.getLogger(__name__)


def from_unit(image: Tensor) -> Image.Image:
    """A tensor (3, H, W) in [0, 1] as an 8-bit RGB picture, rounded to the nearest of 256 levels."""
    levels = (image * 255).round().to(torch.uint8).cpu()
    return Image.fromarray(np.ascontiguousarray(levels.permute(1, 2, 0).numpy()))  # (3, H, W) -> (H, W, 3)


def gather(images: Iterable[Any]) -> list[Image.Image]:
    """Return all pictures given to `show` as RGB pictures, lists and batches taken apart. Raises ImageError."""
    pictures: list[Image.Image] = []
    for number, image in enumerate(images):
        if isinstance(image, (list, tuple)):
            pictures += gather(image)
        elif isinstance(image, Image.Image):
            pictures.append(from_unit(torch.from_numpy(pil_to_array(image, f"picture {number}")).permute(2, 0, 1)))
        elif isinstance(image, Tensor):
            pictures += [from_unit(one) for one in _visible(image, f"picture {number}")]
        else:
            raise ImageError(f"show() got a {type(image).__name__}: expected tensors (N, 3, H, W) or PIL pictures")
    if not pictures:
        raise ImageError("show() got no picture: give it at least one")
    return pictures


def _visible(image: Tensor, name: str) -> Tensor:
    """(N, 3, H, W), clipped to [0, 1]; values far from there are a mistake, not a canvas."""
    batch = image.detach()
    batch = batch[None] if batch.ndim == 3 else batch[None, None] if batch.ndim == 2 else batch
    if batch.ndim != 4 or batch.shape[1] not in (1, 3) or batch.numel() == 0:
        raise ImageError(f"{name} has shape {tuple(image.shape)}: expected (N, 3, H, W), (3, H, W) or a grey channel")
    if not batch.is_floating_point() and batch.dtype != torch.bool:
        raise ImageError(f"{name} has dtype {batch.dtype}: expected floats in [0, 1]; use .float() / 255 for 0 to 255")
    batch = batch.float().expand(-1, 3, -1, -1)
    low, high = (float(value) for value in batch.aminmax())
    if not (low >= -1 and high <= 2):  # false for NaN too
        raise ImageError(
            f"{name} has values from {low:.4g} to {high:.4g}: expected about [0, 1]; "
            "divide 0 to 255 by 255, scale a feature map by its largest value"
        )
    return batch.clamp(0, 1)


def contact_sheet(pictures: list[Image.Image], labels: list[str] | None, height: int, columns: int | None) -> Image.Image:
    """The pictures at one height, in rows of `columns` (or as many as fit into MAX_WIDTH), labels below, on white."""
    pictures = [_at_height(picture, height) for picture in pictures]
    columns = min(columns or _fitting(pictures), len(pictures))
    widths = [max(picture.width for picture in pictures[column::columns]) for column in range(columns)]
    written = [drawable(label) for label in labels or [""] * len(pictures)]
    texts = [_wrap(label, widths[index % columns], font) for index, (label, font) in enumerate(written)]
    line = FONT_SIZE + 4
    below = max(text.count("\n") + 1 for text in texts) * line + 4 if labels else 0
    rows = -(-len(pictures) // columns)
    page = _blank(sum(widths) + GAP * (columns - 1), rows * (height + below) + GAP * (rows - 1))
    draw = ImageDraw.Draw(page)
    for index, (picture, text) in enumerate(zip(pictures, texts)):
        row, column = divmod(index, columns)
        left, top = sum(widths[:column]) + GAP * column, row * (height + below + GAP)
        page.paste(picture, (left + (widths[column] - picture.width) // 2, top))
        for number, part in enumerate(text.split("\n") if labels else []):
            draw.text((left + widths[column] / 2, top + height + 3 + number * line), part, INK, written[index][1], anchor="ma")
    return page


@lru_cache(maxsize=1)
def label_font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has the signs that labels need; Pillow's own font lacks even the multiplication sign."""
    spec = importlib.util.find_spec("matplotlib")  # its file alone: importing matplotlib takes a second
    for folder in spec.submodule_search_locations if spec else ():
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), FONT_SIZE)
    log.warning("matplotlib's DejaVu Sans was not found, so labels are drawn without signs such as \u00d7 and \u2192")
    return ImageFont.load_default(FONT_SIZE)


def drawable(label: str) -> tuple[str, ImageFont.FreeTypeFont]:
    """Return a label and a font that has its letters; letters that no font of this machine has become their numbers, \\u539f."""
    font, letters = label_font(), frozenset(label)
    missing = _missing(font, letters)
    if any(letter.isprintable() for letter in missing):
        font = _font_with(frozenset(filter(str.isprintable, letters))) or font
        missing = _missing(font, letters)
    return "".join(_number(letter) if letter in missing else letter for letter in label), font


def _missing(font: ImageFont.FreeTypeFont, letters: frozenset[str]) -> frozenset[str]:
    """The letters that this font draws as it draws what no font has: as a box, or not at all."""
    box = bytes(font.getmask(NO_LETTER))
    return frozenset(one for one in letters if not one.isspace() and (not one.isprintable() or bytes(font.getmask(one)) == box))


@lru_cache(maxsize=64)
def _font_with(letters: frozenset[str]) -> ImageFont.FreeTypeFont | None:
    """The first font of this machine that has all these letters; None, with a word, where none has."""
    from matplotlib.font_manager import findSystemFonts

    for path in sorted(findSystemFonts()):
        try:
            font = ImageFont.truetype(path, FONT_SIZE)
            if not _missing(font, letters):
                return font
        except (OSError, ValueError):  # bitmaps, collections of another kind, damaged files
            continue
    log.warning(
        "no font of this machine has %s: they are written as numbers. Install one that has them, such as Noto Sans "
        "CJK (Debian: fonts-noto-cjk)",
        " ".join(sorted(_missing(label_font(), letters))),
    )
    return None


def _number(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def _blank(width: int, height: int) -> Image.Image:
    if width * height > MAX_PIXELS:
        raise ImageError(f"these pictures in rows would make {width}x{height} pixels: use a smaller height, or fewer")
    return Image.new("RGB", (width, height), PAPER)


def _at_height(picture: Image.Image, height: int) -> Image.Image:
    width = max(1, round(picture.width * height / picture.height))
    if width * height > MAX_PIXELS:
        raise ImageError(f"a picture of {picture.width}x{picture.height} is too wide to show at height={height}")
    tiny = max(picture.size) < TINY and height > picture.height
    return picture.resize((width, height), Image.Resampling.NEAREST if tiny else Image.Resampling.LANCZOS)


def _fitting(pictures: list[Image.Image]) -> int:
    """The most columns that fit, then the fewest that need no further row: 7 pictures where 5 fit are 4 and 3."""
    widest = max(picture.width for picture in pictures)
    if sum(picture.width + GAP for picture in pictures) - GAP <= MAX_WIDTH:
        return len(pictures)
    most = max(1, (MAX_WIDTH + GAP) // (widest + GAP))
    return -(-len(pictures) // -(-len(pictures) // most))


def _wrap(label: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """The label on as many lines as it needs to stay within `width` pixels: broken between words, long words within."""
    lines = [""]
    for word in (piece for whole in label.split() for piece in _pieces(whole, width, font)):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _pieces(word: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    """A word, cut where it is wider than `width` pixels: what stood beyond could not be seen."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and font.getlength(pieces[-1] + letter) > max(width, NARROW):
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces
