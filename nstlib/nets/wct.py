"""Whitening and colouring: the content's maps with the whole covariance of the style's, not only its diagonal.

Li, Fang, Yang, Wang, Lu and Yang, "Universal style transfer via feature transforms" (2017). Nothing is learned here.
"""

from __future__ import annotations

from torch import Tensor

from nstlib.features.moments import EPSILON, moments, power


def whiten(maps: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return maps (1, C, H, W) with mean 0 and covariance 1 in every direction that varies: (C, H W), float64."""
    mean, covariance = moments(maps.double())
    return (power(covariance, -0.5, epsilon) @ (maps.flatten(2).double() - mean))[0]


def whiten_and_color(content: Tensor, style: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return the content's maps (1, C, H, W) with mean and covariance of the style's (1, C, h, w): (1, C, H, W)."""
    mean, covariance = moments(style.double())
    colored = power(covariance, 0.5, epsilon) @ whiten(content, epsilon) + mean
    return colored.reshape(content.shape).to(content)
