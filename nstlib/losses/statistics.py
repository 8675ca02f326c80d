"""What is remembered of a style at one layer: the Gram matrix, and its relatives, in one table.

A statistic measures feature maps once for the style and at every evaluation for the canvas, and says how far apart the
two measures are: 0 where they agree, 1 about as wrong as an empty feature map, so that one weight serves them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.features.moments import moments
from nstlib.losses.terms import guided_gram, style_loss

LEVELS = 256  # stretches of equal probability into which a distribution is cut, as many as Risser's histograms have bins
DIRECTIONS = 64  # along which sliced Wasserstein looks at most
PATCH = 3  # places a side
STRIDE = 2  # places between two patches: neighbours overlap, every place lies in one
MOST_PATCHES = 2048  # of a style that are compared at one layer: every k-th, spread over the picture
AT_ONCE = 2**24  # similarities of patches that are held in memory at one time: 64 MiB
FLOOR = 1e-4  # of the mean energy of a channel: the least variance that a Gaussian is taken to have

Measure = Callable[[Tensor, Tensor | None], Tensor]
Distance = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Statistic:
    """`measure(features (N, C, H, W), weight (1, 1, H, W) or None)` and the `distance` from one target's measure, a scalar.

    Of N pictures each is measured by itself, and the distance is the mean of theirs.
    Where `additive`, the measure of a map is the mean of the measures of its parts, weighted by pixels (or by the sums of
    `weight`): then it can be taken tile by tile.
    """

    measure: Measure
    distance: Distance
    additive: bool = True


def _ones(features: Tensor) -> Tensor:
    return torch.ones_like(features[:1, :1])


def _each(measure: Measure) -> Measure:
    """The measure of one picture's maps, (1, ...), as one of N pictures' maps, (N, ...)."""

    @wraps(measure)
    def measures(features: Tensor, weight: Tensor | None = None) -> Tensor:
        return measure(features, weight) if len(features) == 1 else torch.cat([measure(one, weight) for one in features.split(1)])

    return measures


def _mean_of(distance: Distance) -> Distance:
    """The distance of one picture's measure, (1, ...), from the target's as the mean of those of N, (N, ...)."""

    @wraps(distance)
    def mean_distance(measured: Tensor, target: Tensor) -> Tensor:
        if len(measured) == 1:
            return distance(measured, target)
        return torch.stack([distance(one, target) for one in measured.split(1)]).mean()

    return mean_distance


@_mean_of
def _relative(measured: Tensor, target: Tensor) -> Tensor:
    return (measured - target).square().sum() / target.square().sum()


# ---------------------------------------------------------------- means and deviations


def _mean_and_square(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted means of the features and of their squares: (1, C, H, W) -> (1, 2, C)."""
    weight = _ones(features) if weight is None else weight
    both = torch.stack([features, features.square()], 1)  # (1, 2, C, H, W)
    return (both * weight[:, None]).sum((-2, -1)) / weight.sum()


@_mean_of
def _mean_std_distance(measured: Tensor, target: Tensor) -> Tensor:
    """Means and standard deviations, relative: |difference|^2 / |target|^2, where |target|^2 is the mean square."""
    (mean, std), (mean_, std_) = (_mean_std(m) for m in (measured, target))
    return ((mean - mean_).square().sum() + (std - std_).square().sum()) / target[:, 1].sum()


def _mean_std(measured: Tensor) -> tuple[Tensor, Tensor]:
    mean, square = measured.unbind(1)
    return mean, (square - mean.square()).clamp_min(1e-8).sqrt()  # a root has no slope at 0: dead channels


# ---------------------------------------------------------------- Gaussians


def second_moment(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted mean of [f 1]^T [f 1] over the places of maps (N, C, H, W): (N, C+1, C+1), float64, on MPS on the CPU.

    It holds the Gram matrix, and the means in its last row and column: all that a Gaussian needs.
    """
    weight = _ones(features) if weight is None else weight
    # The products of what is left around the mean, in float32; the mean's own in float64: so what varies little beside
    # its mean keeps its digits when `_gaussian` takes the two apart again.
    mean, covariance = (_exact(x) for x in moments(features, weight))
    first = torch.cat([covariance + mean @ mean.mT, mean], -1)  # (N, C, C+1)
    last = torch.cat([mean.mT, torch.ones_like(mean[:, :1])], -1)  # (N, 1, C+1)
    return torch.cat([first, last], 1)


def _exact(x: Tensor) -> Tensor:
    return (x.cpu() if x.device.type == "mps" else x).double()  # MPS has no float64


@_mean_of
def gaussian_wasserstein(measured: Tensor, target: Tensor) -> Tensor:
    """Squared Wasserstein distance of the Gaussians with these second moments (N, C+1, C+1), over the target's energy: float32.

    |m - m'|^2 + tr(S + S' - 2 (S' S)^(1/2)) (Olkin and Pukelsheim 1982). Both covariances get a small floor, without which
    the gradient is infinite where a channel is dead or a map flat.
    """
    (mean, cov), (mean_, cov_) = _gaussian(measured), _gaussian(target)
    energy = mean_.square().sum() + _trace(cov_)
    floor = FLOOR * energy / len(cov) * torch.eye(len(cov), dtype=cov.dtype, device=cov.device)
    # S' S has the eigenvalues of L^T S L, where S' = L L^T: symmetric, so only eigenvalues are differentiated, and
    # none of the 1 / (a - b) of eigenvectors can blow up where two of them meet.
    root = torch.linalg.cholesky(cov_ + floor)
    overlap = torch.linalg.eigvalsh(root.mT @ (cov + floor) @ root).clamp_min(1e-30).sqrt().sum()
    distance = (mean - mean_).square().sum() + _trace(cov + floor) + _trace(cov_ + floor) - 2 * overlap
    return (distance / energy).float()


def _gaussian(measured: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C, 1) and covariance (C, C), in double precision: a root doubles the number of digits that are lost."""
    moment = _exact(measured[0])
    mean = moment[:-1, -1:]
    return mean, moment[:-1, :-1] - mean @ mean.mT


def _trace(matrix: Tensor) -> Tensor:
    return matrix.diagonal().sum()


# ---------------------------------------------------------------- distributions along lines


def quantiles(values: Tensor, weight: Tensor, levels: int = LEVELS) -> Tensor:
    """Sorted values (K, P) of K weighted distributions, averaged over `levels` stretches of equal weight: (K, levels).

    `weight` (P,) says how much each of the P values counts. So pictures of different sizes, or regions, can be compared:
    the mean squared difference of two results is the squared Wasserstein distance of the distributions.
    """
    order = _order(values.detach())
    values, weight = values.gather(-1, order), (weight / weight.sum())[order]  # (K, P) both
    reached, sums = (F.pad(x.cumsum(-1), (1, 0)) for x in (weight, values * weight))
    ends = torch.arange(levels + 1, dtype=values.dtype, device=values.device) / levels
    ends = ends.expand(len(values), -1).contiguous()
    last = (torch.searchsorted(reached, ends) - 1).clamp(0, values.shape[-1] - 1)  # the value in which a stretch ends
    within = sums.gather(-1, last) + (ends - reached.gather(-1, last)) * values.gather(-1, last)
    return within.diff(dim=-1) * levels


def _order(values: Tensor) -> Tensor:
    """`values.argsort(-1)`; on a CPU NumPy sorts five times as fast."""
    if values.device.type != "cpu":
        return values.argsort(-1)
    return torch.from_numpy(np.argsort(values.numpy(), axis=-1))


def sliced(patch: int) -> Measure:
    """Return the measure of sliced Wasserstein: distributions of patches of `patch` x `patch` features along random directions.

    At most DIRECTIONS of them, at right angles and always the same, so that L-BFGS meets one function:
    (1, C, H, W) -> (1, K, LEVELS). Heitz, Vanhoey, Chambon and Belcour, "A sliced Wasserstein loss for neural texture
    synthesis" (2021), draw new ones at every step and look at single places (patch=1).
    """

    @_each
    def measure(features: Tensor, weight: Tensor | None = None) -> Tensor:
        features, weight = _at_least(patch, features, _ones(features) if weight is None else weight)
        filters = _directions(features.shape[1] * patch**2).to(features).view(-1, features.shape[1], patch, patch)
        along = F.conv2d(features, filters).flatten(2)[0]  # (1, K, h, w) -> (K, h*w)
        return quantiles(along, _inside(weight, patch).flatten())[None]

    return measure


@lru_cache(maxsize=32)
def _directions(dimensions: int) -> Tensor:
    """Random unit vectors at right angles to each other: (K, dimensions), K at most DIRECTIONS."""
    random = torch.randn(dimensions, min(DIRECTIONS, dimensions), generator=torch.Generator().manual_seed(0))
    return torch.linalg.qr(random.double())[0].T.float()


@_each
def histograms(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Each channel's distribution and the Gram matrix, side by side: (1, C, H, W) -> (1, C, LEVELS + C)."""
    place_weight = (_ones(features) if weight is None else weight).flatten()
    return torch.cat([quantiles(features.flatten(2)[0], place_weight)[None], guided_gram(features, weight)], -1)


@_mean_of
def histogram_distance(measured: Tensor, target: Tensor) -> Tensor:
    """Histogram loss and Gram loss, both relative, in equal parts.

    Risser, Wilmot and Barnes, "Stable and controllable neural texture synthesis and style transfer using histogram
    losses" (2017), use both, too. Their histogram loss moves each value to where histogram matching would put it, which
    is the Wasserstein distance of the two distributions.
    """
    histogram = _relative(measured[..., :LEVELS], target[..., :LEVELS])
    return (histogram + style_loss(measured[..., LEVELS:], target[..., LEVELS:])) / 2


# ---------------------------------------------------------------- patches


@_each
def patches(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """3 x 3 patches of maps (1, C, H, W), every second place, each with its weight: (1, 9 C + 1, P)."""
    features, weight = _at_least(PATCH, features, _ones(features) if weight is None else weight)
    weight = _inside(weight, PATCH)[..., ::STRIDE, ::STRIDE]
    return torch.cat([F.unfold(features, PATCH, stride=STRIDE), weight.flatten(2)], 1)


@_mean_of
def patch_distance(measured: Tensor, target: Tensor) -> Tensor:
    """Squared distance of each patch to the style's most similar one, over the mean energy of the style's patches.

    Similar by normalised correlation. Li and Wand, "Combining Markov random fields and convolutional neural networks for
    image synthesis" (2016). Of more than MOST_PATCHES the style's are thinned out evenly.
    """
    step = -(-target.shape[-1] // MOST_PATCHES)  # rounded up
    mine, theirs = measured[0, :-1].T, target[0, :-1, ::step].T  # (P, 9 C), (Q, 9 C)
    share = measured[0, -1] / measured[0, -1].sum()
    nearest = theirs[_most_similar(mine.detach(), theirs)]
    return ((mine - nearest).square().sum(-1) * share).sum() / theirs.square().sum(-1).mean()


def _most_similar(mine: Tensor, theirs: Tensor) -> Tensor:
    """For each row of (P, D) the index of the row of (Q, D) with the largest normalised correlation: (P,)."""
    theirs = F.normalize(theirs)  # the length of `mine` does not change which is largest
    return torch.cat([(some @ theirs.T).argmax(-1) for some in mine.split(max(1, AT_ONCE // len(theirs)))])


def _at_least(side: int, features: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Repeat the last row and column of maps and weights that are smaller than a patch."""
    right, below = (max(0, side - length) for length in (features.shape[-1], features.shape[-2]))
    return tuple(F.pad(x, (0, right, 0, below), mode="replicate") for x in (features, weight))


def _inside(weight: Tensor, side: int) -> Tensor:
    """Return the weight of each patch in a region, the least of its places: (1, 1, H, W) -> (1, 1, H-side+1, W-side+1).

    A region too narrow for a patch is left with those that overlap it most.
    """
    return 1e-6 * F.avg_pool2d(weight, side, 1) - F.max_pool2d(-weight, side, 1)


STATISTICS = {
    "gram": Statistic(guided_gram, style_loss),
    "mean_std": Statistic(
        _mean_and_square, _mean_std_distance
    ),  # Li, Wang, Liu and Hou, "Demystifying neural style transfer" (2017)
    "wasserstein": Statistic(second_moment, gaussian_wasserstein),
    "sliced": Statistic(sliced(1), _relative, additive=False),
    "sliced_patches": Statistic(sliced(PATCH), _relative, additive=False),
    "histogram": Statistic(histograms, histogram_distance, additive=False),
    "patches": Statistic(patches, patch_distance, additive=False),
}
