"""What a picture is, as a tensor: the check at the door, and other sizes. `images` is the front of this room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ImageError, NstError
from nstlib.images.arrays import check_values
from nstlib.images.decoding import MAX_PIXELS
from nstlib.images.sources import axes_hint
from nstlib.options import shortened, whole
from nstlib.settings import memory_in_words

MIN_SIDE = 32  # pixels: VGG-19 halves a picture four times before relu5_1, and must have something left
SLACK = 1e-4  # how far rounding may carry a value out of [0, 1] before it is an error
MOST = 2**32 - 1  # pixels of a side: above all that is made, and far from where numbers of floating point end
STRETCHED = 0.05  # how far two pictures' ratios of sides may differ before one is called stretched
RESIZABLE = (torch.float32, torch.float64)  # torch has no antialiasing for half precision


# ---------------------------------------------------------------- the check at the door


def check_image(image: Tensor, name: str = "image", minimum: int = 1) -> Tensor:
    """Return `image`, contiguous, if it is a picture: float32 (N, 3, H, W) in [0, 1], sides of `minimum` pixels up.

    Values up to 1e-4 outside [0, 1] are rounding and clamped. Raises ImageError naming what was wrong.
    """
    if not isinstance(image, Tensor) or image.dtype != torch.float32 or not _is_shaped(image):
        raise ImageError(_what_is_wrong(image, name))
    if min(image.shape[-2:]) < minimum:
        size = f"{image.shape[-1]}x{image.shape[-2]} pixels"
        raise ImageError(f"{name} is {size}: at least {minimum} are needed on each side; take a larger picture")
    low, high = (float(value) for value in image.detach().aminmax())
    if not (-SLACK <= low and high <= 1 + SLACK):  # also NaN
        check_values(low, high, name, SLACK)
    return (image if low >= 0 and high <= 1 else image.clamp(0, 1)).contiguous()


def one_picture(picture: Tensor, name: str, minimum: int = 1) -> Tensor:
    """Return a picture (1, 3, H, W) in [0, 1], checked. Raises ImageError, also for several."""
    picture = check_image(picture, name, minimum)
    if len(picture) != 1:
        raise ImageError(f"{name} holds {len(picture)} pictures: give one at a time, such as {name}[:1]")
    return picture


def _is_shaped(image: Tensor) -> bool:
    return image.ndim == 4 and image.shape[1] == 3 and image.numel() > 0


def _what_is_wrong(image: Any, name: str) -> str:
    """Say it of what is no float32 tensor (N, 3, H, W)."""
    expected = "(N, 3, H, W)"
    if not isinstance(image, Tensor):
        return f"{name} is a {type(image).__name__}: expected a float32 tensor {expected}; load_image() makes one"
    if image.ndim == 3 and image.shape[0] == 3:
        return f"{name} has shape {tuple(image.shape)}, expected {expected}; one picture? use {name}[None]"
    if not _is_shaped(image):
        return f"{name} has shape {tuple(image.shape)}, expected {expected}{axes_hint(image, name)}"
    advice = f"{name}.float() / 255" if image.dtype == torch.uint8 else f"{name}.float()"
    return f"{name} has dtype {image.dtype}, expected torch.float32 in [0, 1]; use {advice}"


# ---------------------------------------------------------------- other sizes


def resize(image: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Pictures (N, C, H, W) at another size, antialiased bicubic; values stay between the least and largest of each.

    size: the longer side in pixels, aspect kept, or (height, width). Values may lie outside [0, 1] (a canvas does),
    C is any number (a mask has one). Gradients pass through. Raises ImageError.
    """
    if not isinstance(image, Tensor) or image.ndim != 4 or image.dtype not in RESIZABLE or image.numel() == 0:
        what = f"{tuple(image.shape)} {image.dtype}" if isinstance(image, Tensor) else type(image).__name__
        raise ImageError(f"resize got {what}: expected a float32 tensor (N, C, H, W)")
    return resampled(image, _target(image.shape[-2], image.shape[-1], size), f"size={shortened(size)}")


def resampled(image: Tensor, shape: Sequence[int], asked: str = "that") -> Tensor:
    """Resize pictures (N, C, H, W) to (h, w), as `resize` does, where they were checked before. Raises ImageError."""
    if shape[0] * shape[1] > MAX_PIXELS:
        raise ImageError(f"{asked} would give {shape[1]}x{shape[0]} pixels: at most {MAX_PIXELS:,} are made")
    if tuple(shape) == tuple(image.shape[-2:]):
        return image.contiguous()
    low, high = image.detach().amin((1, 2, 3), keepdim=True), image.detach().amax((1, 2, 3), keepdim=True)
    with memory_in_words(shape):
        resized = F.interpolate(image, tuple(shape), mode="bicubic", antialias=True, align_corners=False)
        return torch.minimum(torch.maximum(resized, low), high).contiguous()  # bicubic overshoots at edges


def with_longer_side(picture: Tensor, size: int | None, name: str = "picture") -> Tensor:
    """Return the picture (N, C, H, W) with `size` pixels on its longer side, its shape kept; None: as it is.

    Raises ImageError, also where the shorter side would be under 32 px, with the size that works.
    """
    if size is None:
        return picture
    size, (height, width) = pixels(size, "size", MIN_SIDE), picture.shape[-2:]
    shape = _scaled(height, width, size / max(height, width))
    if min(shape) < MIN_SIDE:
        least = math.ceil(MIN_SIDE * max(height, width) / min(height, width))
        raise ImageError(
            f"{name} at size={size} would be {shape[1]}x{shape[0]} pixels: at least {MIN_SIDE} are needed on "
            f"each side; use a size of {least} or more, or crop it"
        )
    return resize(picture, shape)


def shrunk_to(picture: Tensor, longer: float) -> Tensor:
    """Return the picture (N, C, H, W) with at most `longer` pixels on its longer side, its shape kept.

    A strip is left larger, or enlarged, so that its shorter side has 32 px. Raises ImageError.
    """
    height, width = picture.shape[-2:]
    scale = max(MIN_SIDE, round(min(longer, max(height, width)))) / max(height, width)
    shape = _scaled(height, width, scale)
    if min(shape) < MIN_SIDE:
        shape = _scaled(height, width, MIN_SIDE / min(height, width))
    return resampled(picture, shape)


def _scaled(height: int, width: int, scale: float) -> tuple[int, int]:
    return max(1, round(height * scale)), max(1, round(width * scale))


def is_stretched(shape: Sequence[int], other: Sequence[int]) -> bool:
    """Would a picture of (h, w) pixels change its shape, brought to (H, W)? A pixel more or less, by rounding, does not count."""
    (h, w), (height, width) = shape, other
    slack = STRETCHED + 1 / min(h, w, height, width)
    return abs(math.log(h * width / (w * height))) > slack


def _target(height: int, width: int, size: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(size, (tuple, list, torch.Size)) and len(size) == 2:
        return pixels(size[0], "size"), pixels(size[1], "size")
    return _scaled(height, width, pixels(size, "size") / max(height, width))


def pixels(value: Any, name: str, low: int = 1) -> int:
    """Return a number of pixels, whole, from `low` up. Raises ImageError."""
    try:
        return whole(value, name, low, MOST)
    except NstError as error:
        raise ImageError(str(error)) from None


def sides(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return (H, W) of a size given as pixels of a side, or as both. Raises NstError."""
    both = size if isinstance(size, tuple | list) else (size, size)
    if len(both) != 2:
        raise NstError(f"size={shortened(size)}: expected pixels of a side, or (height, width)")
    height, width = (whole(side, "size") for side in both)
    if height * width > MAX_PIXELS:
        raise NstError(f"size={shortened(size)}: at most {MAX_PIXELS:,} pixels are made")
    return height, width
