"""Whitening and colouring: the content's maps with the whole covariance of the style's, not only its diagonal.

Li, Fang, Yang, Wang, Lu and Yang, "Universal style transfer via feature transforms" (2017). Nothing is learned here.
"""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-5  # of the largest eigenvalue: directions that vary less carry noise, and are left out


def moments(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C, 1) and covariance (C, C), divided by H W, of maps (1, C, H, W), in float64."""
    flat = maps[0].flatten(1).double()
    mean = flat.mean(1, keepdim=True)
    return mean, (flat - mean) @ (flat - mean).T / flat.shape[1]


def power(covariance: Tensor, exponent: float, epsilon: float = EPSILON) -> Tensor:
    """Return a symmetric matrix (C, C) to a power, in the directions whose eigenvalue exceeds epsilon times the largest; 0 in others."""
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > epsilon * values[-1].clamp_min(torch.finfo(values.dtype).tiny)
    return (vectors[:, kept] * values[kept] ** exponent) @ vectors[:, kept].T


def whiten(maps: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Maps (1, C, H, W) with mean 0 and covariance 1 in every direction that varies: (C, H W), float64."""
    mean, covariance = moments(maps)
    return power(covariance, -0.5, epsilon) @ (maps[0].flatten(1).double() - mean)


def whiten_and_color(content: Tensor, style: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return the content's maps (1, C, H, W) with mean and covariance of the style's (1, C, h, w): (1, C, H, W)."""
    mean, covariance = moments(style)
    colored = power(covariance, 0.5, epsilon) @ whiten(content, epsilon) + mean
    return colored.reshape(content.shape).to(content)
