"""Mean and covariance of maps, and powers of a covariance: for colours, for what is remembered of a style, for whitening.

They stand here because `nstlib.control`, `nstlib.losses` and `nstlib.nets` need them, and may all import from features.
"""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-5  # of the largest eigenvalue: directions that vary less carry noise, and are left out


def moments(maps: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the mean (N, C, 1) and the covariance (N, C, C) of maps (N, C, H, W) over their places.

    `weight` (1, 1, H, W): how much each place counts, by default all the same. The covariance divides by H W, not H W - 1.
    """
    if weight is None:
        mean = maps.flatten(2).mean(-1, keepdim=True)
        around = maps.flatten(2) - mean
        return mean, around @ around.mT / around.shape[-1]
    share = weight / weight.sum()
    mean = (maps * share).sum((-2, -1))[..., None]
    around = (maps - mean[..., None]).flatten(2)  # (N, C, H*W)
    return mean, (around * share.flatten(2)) @ around.mT


def power(covariance: Tensor, exponent: float, epsilon: float = EPSILON, least: float = 0.0) -> Tensor:
    """Return covariances (..., C, C) to a power in the directions that vary, and 0 in those whose inverse root would be huge.

    A direction varies if its eigenvalue exceeds both `epsilon` times the largest and `least`.
    """
    values, vectors = torch.linalg.eigh(covariance)
    floor = (epsilon * values[..., -1:]).clamp_min(least)
    powers = torch.where(values > floor, values.clamp_min(floor) ** exponent, 0)  # (..., C)
    return (vectors * powers[..., None, :]) @ vectors.mT
