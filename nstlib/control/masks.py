"""Regions: a mask says how much each place of a picture belongs to a region, from 0 to 1.

A mask is a float32 tensor (1, 1, H, W) in [0, 1], 1 inside, 0 outside, between at soft edges. It may have any size: where
it is used it is brought to the size that is needed.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.decoding import MAX_PIXELS
from nstlib.images.files import load_layers
from nstlib.options import number, shortened, whole

LABEL = 1.001 / 255  # a mask that is nowhere more holds labels 0 and 1, or nothing that could be seen
FAINT = 0.1  # a mask from a file that is nowhere more holds labels of several regions
GREY = 0.1  # how far red, green and blue of a mask may differ by compression
OUTSIDE = 10  # pictures: how far beyond the edge a stroke may go
MOST_DRAWN = 10**11  # pixels of all strokes together: some ten seconds of drawing
ROW = 1000  # pixels that are filled in the time that one row of an outline takes
FINER = 2  # outlines are drawn at so many times the size and reduced: their steps become soft edges of one pixel
Points = Sequence[Sequence[float]]  # (x, y): from the left and from the top, 0 to 1
log = logging.getLogger(__name__)


def load_mask(source: Any) -> Tensor:
    """Read a mask from a picture of any size, from wherever `load_image` reads: (1, 1, H, W), white or opaque inside.

    Where the picture is transparent in places, its opacity is the mask, else its brightness. Labels 0 and 1 become 0 and 1,
    and so do two colours of which one is black. Raises NstError for labels of several regions, ImageError for what is no picture.
    """
    layers, origin = load_layers(source)
    if layers.alpha is not None and layers.alpha.min() < 1:
        mask = layers.alpha[..., 0]
    else:
        mask = _from_colours(layers.colours, origin)
    if 0 < mask.max() <= LABEL:
        log.warning("%s holds labels, at most %.3g of white: the largest is taken as inside", origin, mask.max())
        mask = mask / mask.max()
    if 0 < mask.max() < FAINT:
        raise NstError(
            f"{origin} is at most {mask.max():.3g} of white: labels of several regions? Make a mask of each, white inside"
        )
    return check_mask(torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32)), origin)


def _from_colours(colours: np.ndarray, origin: str) -> np.ndarray:
    """(H, W) of colours (H, W, 3): their mean, unless they are two, black and another one that is not grey."""
    grey = colours.mean(-1)
    if np.ptp(colours, axis=-1).max() <= GREY:
        return grey
    found = np.unique(colours.reshape(-1, 3), axis=0)
    if len(found) == 2 and not found[0].any():
        log.warning("%s is black and coloured: what is not black is taken as inside", origin)
        return (grey > 0).astype(np.float32)
    log.warning("%s has colours: their brightness is taken, at most %.2f, where white is 1", origin, grey.max())
    return grey


def check_mask(mask: Tensor, name: str = "mask") -> Tensor:
    """Return the mask as float32 (1, 1, H, W) in [0, 1]; (H, W), (1, H, W) and truth values are accepted too.

    Raises NstError naming what was wrong; a mask without any region is wrong too.
    """
    if not isinstance(mask, Tensor):
        raise NstError(f"{name} is a {type(mask).__name__}: expected a tensor (1, 1, H, W); torch.as_tensor makes one")
    if not 2 <= mask.ndim <= 4 or mask.shape[:-2].numel() != 1 or mask.numel() == 0:
        raise NstError(f"{name} has shape {tuple(mask.shape)}: expected (1, 1, H, W) or (H, W)")
    if mask.dtype != torch.bool and not mask.is_floating_point():
        raise NstError(f"{name} has dtype {mask.dtype}: expected float32 in [0, 1]; use {name}.float() / {name}.max()")
    mask = mask.detach().float().reshape(1, 1, *mask.shape[-2:])
    low, high = (float(value) for value in mask.aminmax())
    if not (low >= 0 and high <= 1):  # also where they are nan
        raise NstError(f"{name} has values from {low:.3g} to {high:.3g}: expected [0, 1], 1 inside the region")
    if high == 0:
        raise NstError(f"{name} is 0 everywhere: mark the region with 1")
    if high <= LABEL:
        raise NstError(f"{name} is at most {high:.3g}: labels instead of [0, 1]? Use {name} / {name}.max()")
    return mask


def shrink(mask: Tensor, shape: Sequence[int]) -> Tensor:
    """Shrink a mask (N, 1, H, W) to the size (h, w) of a feature map: each value is the mean of its area.

    The mean of the mask stays exactly what it was, for any two sizes. A mask that is smaller than `shape` is enlarged in
    blocks. Raises NstError for a shape that is none.
    """
    _check_shape(shape)
    if tuple(mask.shape[-2:]) == tuple(shape):
        return mask
    # In double precision on the CPU: sums of millions of values are subtracted, and not every GPU has float64.
    precise = mask.detach().cpu().double()
    return _averages(_averages(precise, shape[1]).mT, shape[0]).mT.to(mask).clamp(0, 1).contiguous()


def _averages(x: Tensor, count: int) -> Tensor:
    """Means over `count` equal stretches of the last dimension, whose ends may lie inside a value."""
    length = x.shape[-1]
    ends = torch.arange(count + 1, dtype=x.dtype) * length / count
    whole = ends.long().clamp(max=length - 1)  # the value in which an end lies
    sums = F.pad(x.cumsum(-1), (1, 0))
    return (sums[..., whole] + (ends - whole) * x[..., whole]).diff(dim=-1) * (count / length)


def soften(mask: Tensor, radius: float) -> Tensor:
    """Spread the edges of a mask (1, 1, H, W) over about `radius` pixels to either side; 0 changes nothing.

    A Gaussian blur with a standard deviation of radius / 2. Raises NstError for a radius below 0 and for a bad mask.
    """
    from scipy.ndimage import gaussian_filter

    mask = check_mask(mask)
    radius = number(radius, "radius", 0, max(mask.shape))  # beyond, nothing but an even grey is left
    blurred = gaussian_filter(mask[0, 0].cpu().numpy(), radius / 2, mode="nearest")
    return torch.from_numpy(blurred)[None, None].to(mask).clamp(0, 1)


def split(masks: Sequence[Tensor]) -> list[Tensor]:
    """Scale masks (1, 1, H, W) down where they overlap: their sum is at most 1 everywhere.

    Where their sum is at most 1 they stay as they are. Raises NstError for sizes that differ.
    """
    shapes = {tuple(mask.shape) for mask in masks}
    if len(shapes) > 1:
        raise NstError(f"masks have shapes {', '.join(map(str, sorted(shapes)))}: expected one size; shrink() makes it")
    total = sum(masks).clamp_min(1) if masks else None
    return [mask / total for mask in masks]


# ---------------------------------------------------------------- drawn by hand


def from_strokes(strokes: Sequence[Mapping], shape: Sequence[int]) -> Tensor:
    """Return a mask (1, 1, H, W) of `shape` (H, W) from strokes {"points": [[x, y], ...], "radius": r}; none: 0 everywhere.

    x and y are shares of the width and height, the radius is a share of the longer side. A stroke without a radius, or of
    radius 0, is a lasso: the outline of a region, filled. Raises NstError.
    """
    height, width = (FINER * side for side in _check_shape(shape))
    if not isinstance(strokes, Iterable):
        raise NstError(f"strokes={shortened(strokes)}: expected strokes in a list")
    checked = [_check_stroke(stroke) for stroke in strokes]
    if sum(_effort(*one, max(height, width)) for one in checked) > MOST_DRAWN:
        raise NstError(
            f"{sum(len(points) for points, _ in checked):,} points of such strokes would take minutes to "
            "draw: use fewer points, or a smaller radius"
        )
    canvas = Image.new("L", (width, height))
    for points, radius in checked:
        scaled = [(x * width, y * height) for x, y in points]
        _draw(ImageDraw.Draw(canvas), scaled, radius * max(width, height))
    drawn = torch.from_numpy(np.array(canvas)).float().div(255)
    return shrink(drawn[None, None], shape)


def from_lasso(points: Points, shape: Sequence[int]) -> Tensor:
    """Return a mask (1, 1, H, W) of `shape` (H, W): 1 inside the outline through the points (x, y), shares of width and height.

    Raises NstError.
    """
    return from_strokes([{"points": points}], shape)


def _draw(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], radius: float) -> None:
    if radius <= 0:
        if len(points) > 2:
            draw.polygon(points, fill=255)
        return
    draw.line(points, fill=255, width=max(1, round(2 * radius)))
    for x, y in points:  # round ends and joints
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def _effort(points: Points, radius: float, side: int) -> float:
    """Estimate the pixels to draw on a square of `side` pixels; a row of an outline costs as much as ROW."""
    if radius <= 0:
        return 4 * ROW * side * len(points)
    wide = 2 * radius * side
    return (wide + ROW) * sum(
        wide + side * math.dist(one, other) for one, other in zip(points, points[1:] or points, strict=False)
    )


def _check_stroke(stroke: Mapping) -> tuple[list[tuple[float, float]], float]:
    """Its points and its radius."""
    try:
        points, radius = [(float(x), float(y)) for x, y in stroke["points"]], float(stroke.get("radius") or 0)
    except (AttributeError, TypeError, ValueError, KeyError, OverflowError) as error:
        raise NstError(f'a stroke is {shortened(stroke)}: expected {{"points": [[x, y], ...], "radius": r}}') from error
    if not all(math.isfinite(value) for value in (radius, *(value for point in points for value in point))):
        raise NstError("a stroke has points or a radius that are not finite: they are shares of the picture, 0 to 1")
    if not 0 <= radius <= 1:
        raise NstError(f"a stroke has the radius {radius:g}: expected a share of the picture's longer side, 0 to 1")
    if not all(-OUTSIDE <= value <= 1 + OUTSIDE for point in points for value in point):
        raise NstError("a stroke has a point far from the picture: x and y are shares of its width and height, 0 to 1")
    return points, radius


def _check_shape(shape: Sequence[int]) -> tuple[int, int]:
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise NstError(f"shape={shortened(shape)}: expected (height, width) in pixels")
    height, width = (whole(side, f"shape={shortened(tuple(shape))}, (height, width) in pixels: a side") for side in shape)
    if height * width > MAX_PIXELS:
        raise NstError(f"shape={(height, width)}: at most {MAX_PIXELS:,} pixels are made")
    return height, width
