"""Regions: a mask says how much each place of a picture belongs to a region, from 0 to 1.

A mask is a float32 tensor (1, 1, H, W) in [0, 1], 1 inside, 0 outside, between at soft edges. It may have any size: where
it is used it is brought to the size that is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from nstlib.errors import NstError

FINER = 2  # outlines are drawn at so many times the size and reduced: their steps become soft edges of one pixel
Points = Sequence[Sequence[float]]  # (x, y): from the left and from the top, 0 to 1


def check_mask(mask: Tensor, name: str = "mask") -> Tensor:
    """The mask as float32 (1, 1, H, W) in [0, 1]; (H, W), (1, H, W) and truth values are accepted too.

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
    return mask


def shrink(mask: Tensor, shape: Sequence[int]) -> Tensor:
    """The mask (N, 1, H, W) at the size (h, w) of a feature map, each value the mean of the area that it stands for.

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
    """The mask (1, 1, H, W) with its edges spread over about `radius` pixels to either side; 0 changes nothing.

    A Gaussian blur with a standard deviation of radius / 2. Raises NstError for a radius below 0 and for a bad mask.
    """
    from scipy.ndimage import gaussian_filter

    mask = check_mask(mask)
    if not 0 <= radius < math.inf:
        raise NstError(f"radius={radius!r}: expected pixels from 0 up")
    blurred = gaussian_filter(mask[0, 0].cpu().numpy(), radius / 2, mode="nearest")
    return torch.from_numpy(blurred)[None, None].to(mask).clamp(0, 1)


def split(masks: Sequence[Tensor]) -> list[Tensor]:
    """The masks, each (1, 1, H, W), scaled down where they overlap, so that no place counts more than once.

    Where their sum is at most 1 they stay as they are. Raises NstError for sizes that differ.
    """
    shapes = {tuple(mask.shape) for mask in masks}
    if len(shapes) > 1:
        raise NstError(f"masks have shapes {', '.join(map(str, sorted(shapes)))}: expected one size; shrink() makes it")
    total = sum(masks).clamp_min(1) if masks else None
    return [mask / total for mask in masks]


# ---------------------------------------------------------------- drawn by hand


def from_strokes(strokes: Sequence[Mapping], shape: Sequence[int]) -> Tensor:
    """A mask (1, 1, H, W) of `shape` (H, W) from strokes {"points": [[x, y], ...], "radius": r}; none: 0 everywhere.

    x and y are shares of the width and height, the radius is a share of the longer side. A stroke without a radius, or of
    radius 0, is a lasso: the outline of a region, filled. Raises NstError.
    """
    height, width = (FINER * side for side in _check_shape(shape))
    canvas = Image.new("L", (width, height))
    for stroke in strokes:
        points, radius = _check_stroke(stroke)
        scaled = [(x * width, y * height) for x, y in points]
        _draw(ImageDraw.Draw(canvas), scaled, radius * max(width, height))
    drawn = torch.from_numpy(np.array(canvas)).float().div(255)
    return shrink(drawn[None, None], shape)


def from_lasso(points: Points, shape: Sequence[int]) -> Tensor:
    """A mask (1, 1, H, W) of `shape` (H, W): 1 inside the outline through the points (x, y), shares of width and height.

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


def _check_stroke(stroke: Mapping) -> tuple[list[tuple[float, float]], float]:
    """Its points and its radius."""
    try:
        points, radius = [(float(x), float(y)) for x, y in stroke["points"]], float(stroke.get("radius") or 0)
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise NstError(f'a stroke is {stroke!r}: expected {{"points": [[x, y], ...], "radius": r}}') from error
    if not all(math.isfinite(value) for value in (radius, *(value for point in points for value in point))):
        raise NstError("a stroke has points or a radius that are not finite: they are shares of the picture, 0 to 1")
    return points, radius


def _check_shape(shape: Sequence[int]) -> tuple[int, int]:
    if len(shape) != 2 or not all(isinstance(side, int | np.integer) and side > 0 for side in shape):
        raise NstError(f"shape={shape!r}: expected (height, width) in pixels")
    return int(shape[0]), int(shape[1])
