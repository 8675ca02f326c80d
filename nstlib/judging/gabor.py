"""A judge of styles that nobody optimised against: Gabor filters at four scales, and Gram matrices of their responses.

Whoever makes a picture by pulling the Gram matrices of a network towards a style cannot be judged by that network: any
weakness that it has was used. This one has no trained weight and shares nothing with VGG-19 or with mini, which learned
from VGG-19. It is one layer of a scattering network (Bruna and Mallat, "Invariant scattering convolution networks",
2013), the front end of texture analysis since Malik and Perona (1990). Lesson 6 measures why it was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.control.color import LUMA
from nstlib.errors import NstError
from nstlib.images.files import check_image, one_picture
from nstlib.losses.terms import gram_matrix
from nstlib.options import choice

ORIENTATIONS, SIDE, PERIOD = 6, 7, 3.0  # filters in half a turn; pixels of a filter; pixels of its wave
LEVELS = 4  # each at half the size of the one before: waves of 3, 6, 12 and 24 pixels
SMALLEST = 2 ** (LEVELS - 1) * (SIDE // 2 + 1)  # pixels a side: reflection padding needs as much at the last level
OPPONENT = (LUMA, (0.5, 0.0, -0.5), (-0.25, 0.5, -0.25))  # brightness; red against blue; green against magenta

Features = dict[str, Tensor]


@cache
def gabor_filters(orientations: int = ORIENTATIONS, side: int = SIDE, period: float = PERIOD) -> Tensor:
    """Pairs of waves under a Gaussian, even and odd, by orientation: (2 * orientations, 1, side, side), each of norm 1.

    `period` is in pixels; the Gaussian's standard deviation is half of it. The even ones have mean 0: flat areas are silent.
    """
    radius = torch.arange(side) - side // 2.0
    y, x = torch.meshgrid(radius, radius, indexing="ij")
    window, filters = torch.exp(-(x.square() + y.square()) / (2 * (period / 2) ** 2)), []
    for angle in (math.pi * k / orientations for k in range(orientations)):
        phase = 2 * math.pi / period * (x * math.cos(angle) + y * math.sin(angle))
        even, odd = window * phase.cos(), window * phase.sin()
        filters += [even - window * (even.sum() / window.sum()), odd]
    bank = torch.stack(filters)[:, None]
    return bank / bank.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def judge_features(image: Tensor) -> Features:
    """Return maps of pictures (N, 3, H, W) in [0, 1]: {"level1": (N, 21, H, W), ..., "level4": (N, 21, H/8, W/8)}.

    At each level: how strong each of six orientations is in brightness and in two colour differences (18 maps >= 0), and
    those three themselves, smoothed (mid-grey is 0). Raises ImageError, and NstError for sides under 32 px.
    """
    check_image(image)
    if min(image.shape[-2:]) < SMALLEST:
        raise NstError(f"image is {image.shape[3]}x{image.shape[2]} px: the judge needs at least {SMALLEST} px a side")
    opponent = image.new_tensor(OPPONENT)[..., None, None]
    x = F.conv2d(image, opponent) - image.new_tensor((0.5, 0.0, 0.0)).view(1, 3, 1, 1)
    found = {}
    for level in range(1, LEVELS + 1):
        found[f"level{level}"] = torch.cat([_strengths(x), x], 1)
        x = F.avg_pool2d(x, 2)
    return found


def _strengths(x: Tensor) -> Tensor:
    """Length of each pair of responses, even and odd: (N, C, H, W) -> (N, C * orientations, H, W)."""
    filters, border = gabor_filters().to(x), SIDE // 2
    single = F.pad(x.flatten(0, 1)[:, None], (border,) * 4, mode="reflect")  # (N, C, H, W) -> (N * C, 1, H + 6, W + 6)
    pairs = F.conv2d(single, filters).unflatten(1, (ORIENTATIONS, 2))  # (N * C, 6, 2, H, W)
    return pairs.norm(dim=2).view(x.shape[0], -1, *x.shape[-2:])


def stroke_directions(image: Tensor, level: str = "level2") -> Tensor:
    """Draw the direction of strokes as hue, its clearness as brightness. For the eye only.

    Pictures (N, 3, H, W) -> (N, 3, h, w), the size of that level of `judge_features`. Each orientation pulls with its
    strength; half a turn is the whole circle of hues, because a stroke has no front. Raises ImageError and NstError.
    """
    from matplotlib.colors import hsv_to_rgb
    from scipy.ndimage import gaussian_filter

    found = judge_features(image.detach())
    strengths = gaussian_filter(found[choice(level, "level", found)][:, :ORIENTATIONS].cpu().numpy(), (0, 0, 3, 3))
    turns = np.exp(2j * np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS)[:, None, None]
    pull = (strengths * turns).sum(1)  # (N, h, w), complex
    clear = np.clip(np.abs(pull) / (np.quantile(np.abs(pull), 0.95) + 1e-9), 0, 1)
    colours = hsv_to_rgb(np.stack([np.angle(pull) / (2 * np.pi) % 1, np.full(pull.shape, 0.85), clear], -1))
    return torch.from_numpy(colours).movedim(-1, 1).float().contiguous()


def gram_distance(first: Tensor, second: Tensor, features: Callable[[Tensor], Features] = judge_features) -> float:
    """Distance of two styles, 0 (equal) to about 1, from Gram matrices averaged over layers: lesson 3's formula.

    |A - B|^2 / (|A|^2 + |B|^2). Pictures (1, 3, H, W) in [0, 1], of any two sizes. `features`: the judge, or a
    FeatureExtractor. A layer that is silent on both (all filters are on mid-grey) counts 0. Raises ImageError and NstError.
    """
    terms = []
    for a, b in _grams(first, second, features):
        energy = a.square().sum() + b.square().sum()
        terms.append((a - b).square().sum() / energy.clamp_min(torch.finfo(energy.dtype).tiny))
    return float(sum(terms) / len(terms))


def gram_correlation(first: Tensor, second: Tensor, features: Callable[[Tensor], Features] = judge_features) -> float:
    """Pearson's correlation of the entries of two Gram matrices, -1 to 1 (equal up to contrast), averaged over layers.

    It ignores how strong the strokes are and asks which responses go together. A layer that is silent on one of them counts 0.
    Arguments as in `gram_distance`.
    """
    found = []
    for a, b in _grams(first, second, features):
        rows, columns = torch.triu_indices(a.shape[1], a.shape[1])  # symmetric: each entry once
        entries = torch.stack([a[0, rows, columns], b[0, rows, columns]])
        found.append(torch.corrcoef(entries)[0, 1] if entries.std(dim=1).min() > 0 else 0.0)
    return float(sum(found) / len(found))


@torch.no_grad()
def _grams(first: Tensor, second: Tensor, features: Callable[[Tensor], Features]) -> list[tuple[Tensor, Tensor]]:
    a, b = features(one_picture(first, "first")), features(one_picture(second, "second"))
    return [(gram_matrix(a[layer]), gram_matrix(b[layer])) for layer in a]
