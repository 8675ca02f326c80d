"""What is remembered of a style at one layer: the Gram matrix, and its relatives, in one table.

A statistic measures feature maps once for the style and at every evaluation for the canvas, and says how far apart the
two measures are: 0 where they agree, 1 about as wrong as an empty feature map, so that one weight serves them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.losses import gram_matrix, style_loss


@dataclass(frozen=True)
class Statistic:
    """`measure(features (1, C, H, W), weight (1, 1, H, W) or None)` and the `distance` of two measures, a scalar.

    Where `additive`, the measure of a map is the mean of the measures of its parts, weighted by pixels (or by the sums of
    `weight`): then it can be taken tile by tile.
    """

    measure: Callable[[Tensor, Tensor | None], Tensor]
    distance: Callable[[Tensor, Tensor], Tensor]
    additive: bool = True


def guided_gram(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Gram matrix (1, C, C) of maps (1, C, H, W) in which each place counts `weight` (1, 1, H, W) times.

    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling perceptual factors in neural style transfer" (2017).
    """
    if weight is None:
        return gram_matrix(features)
    # gram_matrix averages over all places; we divide by those that count. The root, as each product has two factors.
    return gram_matrix(features * weight.sqrt()) / weight.mean()


def _moments(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted means of the features and of their squares: (1, C, H, W) -> (1, 2, C)."""
    weight = torch.ones_like(features[:, :1]) if weight is None else weight
    both = torch.stack([features, features.square()], 1)  # (1, 2, C, H, W)
    return (both * weight[:, None]).sum((-2, -1)) / weight.sum()


def _mean_std_distance(moments: Tensor, target: Tensor) -> Tensor:
    """Means and standard deviations, relative: |difference|^2 / |target|^2, where |target|^2 is the mean square."""
    (mean, std), (mean_, std_) = (_mean_std(m) for m in (moments, target))
    return ((mean - mean_).square().sum() + (std - std_).square().sum()) / target[:, 1].sum()


def _mean_std(moments: Tensor) -> tuple[Tensor, Tensor]:
    mean, square = moments.unbind(1)
    return mean, (square - mean.square()).clamp_min(1e-8).sqrt()  # a root has no slope at 0: dead channels


STATISTICS = {
    "gram": Statistic(guided_gram, style_loss),
    "mean_std": Statistic(_moments, _mean_std_distance),  # Li, Wang, Liu and Hou, "Demystifying neural style transfer" (2017)
}
