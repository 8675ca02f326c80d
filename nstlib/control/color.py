"""Colour: whose colours the painted picture has. The table COLOR_WAYS holds the choices of `stylize(color=...)`.

Gatys, Bethge, Hertzmann and Shechtman, "Preserving color in neural artistic style transfer" (2016), describe the two
ways: paint in grey and put the content's colours back, or move the style's colours to the content's before painting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nstlib.errors import NstError
from nstlib.features.moments import moments, power
from nstlib.images.files import check_image

LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue look: Rec. 601, the Y of YIQ
FLAT = (0.5 / 255) ** 2  # variance: half a step of an 8-bit file; what varies less has no colour direction


@dataclass(frozen=True)
class ColorWay:
    """A treatment of colours: `before(content, style)` gives the two pictures to work with,
    `after(painted, content)` the final picture, where `content` is the one with its own colours.

    All are pictures (1, 3, H, W) in [0, 1].
    """

    before: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    after: Callable[[Tensor, Tensor], Tensor]


# ---------------------------------------------------------------- luminance


def luminance(image: Tensor) -> Tensor:
    """Return the luminance of pictures (N, 3, H, W): (N, 1, H, W), in [0, 1] where the picture is."""
    return (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def with_luminance(image: Tensor, luminance: Tensor) -> Tensor:
    """Return the colours of `image` (N, 3, H, W) with another luminance (N, 1, H, W): (N, 3, H, W), not clamped.

    In YIQ this replaces Y and keeps I and Q. All three channels contain Y once, so its change is added to each.
    Bright or dark colours may leave [0, 1]: `into_gamut` brings them back.
    """
    return image + (luminance - _luminance(image))


def into_gamut(image: Tensor) -> Tensor:
    """Values brought into [0, 1] by mixing each pixel with its own grey, as little as needed: hue and luminance stay.

    (N, 3, H, W) of any values -> (N, 3, H, W) in [0, 1]. Clamping the channels one by one would change the hue.
    """
    grey = luminance(image).clamp(0, 1)
    chroma = image - luminance(image)
    room = torch.where(chroma > 0, 1 - grey, grey)  # how far each channel may go
    share = (room / chroma.abs().clamp_min(1e-6)).amin(1, keepdim=True).clamp(max=1)
    return (grey + share * chroma).clamp(0, 1)  # the last clamp takes rounding away


def grey_picture(image: Tensor) -> Tensor:
    """Return the picture (N, 3, H, W) without its colours: its luminance three times."""
    return luminance(image).expand(-1, 3, -1, -1).contiguous()


# ---------------------------------------------------------------- matching


def match_affine(image: Tensor, reference: Tensor) -> Tensor:
    """`image` with the mean and covariance of the colours of `reference`: (N, 3, H, W), not clamped.

    Each pixel x becomes A (x - mean) + mean_ref with A = cov_ref^(1/2) cov^(-1/2), symmetric roots (Gatys 2016). A
    direction in which the picture hardly varies (a grey picture has two) cannot be stretched and stays flat.
    Pictures (N, 3, H, W) and (1 or N, 3, h, w) in [0, 1]. Raises ImageError, and NstError where N differs.
    """
    _check_pair(image, reference)
    (mean, covariance), (mean_ref, covariance_ref) = (moments(picture) for picture in (image, reference))
    matrix = power(covariance_ref, 0.5, epsilon=0, least=FLAT) @ power(covariance, -0.5, epsilon=0, least=FLAT)  # (N, 3, 3)
    moved = matrix @ (image.flatten(2) - mean) + mean_ref  # (N, 3, H*W)
    return moved.view_as(image)


def match_histogram(image: Tensor, reference: Tensor) -> Tensor:
    """`image` with the histogram of `reference` in each of red, green and blue: (N, 3, H, W) in [0, 1].

    Order within a channel is kept. Equal values stay equal: they get the mean of the stretch of the reference's
    distribution that they stand for, so the channel's mean is the reference's, however few tones the picture has. Channels
    are matched one by one: colours may arise that neither picture has.
    Pictures (N, 3, H, W) and (1 or N, 3, h, w) in [0, 1]. Raises ImageError, and NstError where N differs.
    """
    _check_pair(image, reference)
    mine, others = image.detach().cpu().flatten(2), reference.detach().cpu().flatten(2).expand(len(image), -1, -1)
    pairs = zip(mine.flatten(0, 1).numpy(), others.flatten(0, 1).numpy(), strict=True)
    matched = torch.stack([torch.from_numpy(_matched(*pair)) for pair in pairs])  # (N 3, H*W)
    return matched.view(image.shape).to(image).clamp(0, 1)


def _matched(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The numbers (P,) with the distribution of the reference (Q,): (P,), float64."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.append(0, counts.cumsum()) * (len(reference) / len(values))  # of each level's stretch, in numbers of the reference
    sums = np.append(0, np.sort(reference).cumsum(dtype=np.float64))  # between two of them the sum grows linearly
    means = np.diff(np.interp(ends, np.arange(len(reference) + 1), sums)) / np.diff(ends)
    return means[place.reshape(-1)]


def _check_pair(image: Tensor, reference: Tensor) -> None:
    check_image(image, "image")
    check_image(reference, "reference")
    if len(reference) not in (1, len(image)):
        raise NstError(f"{len(reference)} references for {len(image)} pictures: give one, or one each")


# ---------------------------------------------------------------- the recipes


def _both_grey(content: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
    """Return both pictures in grey, the style as bright and as contrasty as the content, so that strokes fit its shadows."""
    mine, other = luminance(content), luminance(style)
    moved = (other - other.mean()) * (_contrast(mine) / _contrast(other).clamp_min(1e-3)) + mine.mean()
    return grey_picture(content), moved.clamp(0, 1).expand(-1, 3, -1, -1).contiguous()


def _contrast(grey: Tensor) -> Tensor:
    """The standard deviation; a single pixel has none, torch says NaN."""
    return grey.std() if grey.numel() > 1 else grey.new_zeros(())


def _colours_back(painted: Tensor, content: Tensor) -> Tensor:
    return into_gamut(with_luminance(content, luminance(painted)))


def _histogram_moved(content: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
    """Return the style with the content's histograms. Affine first: channel by channel alone would make colours of neither."""
    return content, match_histogram(match_affine(style, content).clamp(0, 1), content)


_luminance = luminance  # `with_luminance` has an argument of that name

COLOR_WAYS = {
    "style": ColorWay(lambda content, style: (content, style), lambda painted, content: painted),
    "luminance": ColorWay(_both_grey, _colours_back),
    "affine": ColorWay(
        lambda content, style: (content, match_affine(style, content).clamp(0, 1)), lambda painted, content: painted
    ),
    "histogram": ColorWay(_histogram_moved, lambda painted, content: painted),
}
