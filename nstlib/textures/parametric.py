"""Portilla and Simoncelli's texture model: 710 numbers measured on wavelets, and a picture grown from them.

The numbers are plenoptic's. Colour is ours: the model looks at the three main directions in which a sample's colours
vary, one grey picture each, and a few more numbers say how these hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from nstlib.errors import NstError
from nstlib.images.files import check_image
from nstlib.images.tensors import sides
from nstlib.optimization.lbfgs import LBFGS
from nstlib.optimization.search import Canvas
from nstlib.options import names, whole
from nstlib.options import seed as check_seed

SCALES, ORIENTATIONS, CORRELATION_WIDTH = 4, 4, 7  # the paper's choice: 710 numbers
MULTIPLE = 2**SCALES  # pixels: a side is halved so often, and must stay whole...
SMALLEST = (CORRELATION_WIDTH + 1) * MULTIPLE  # ... and at the end be wider than the correlations: 128 pixels
FLAT = 1e-6  # share of the colours' variance below which a direction holds nothing
RANGE = 1e3  # weight of values outside [0, 1]
START = 0.1  # standard deviation of the noise that a texture grows from
FAINT, STEADY = 1e-4, 0.1  # a number counts if noise of this deviation changes it by less than so much (of itself, above 1)
SILENT = 1e-3  # deviation of a band below which plenoptic gives it the skewness and kurtosis of noise

# The paper's four kinds of statistics, by plenoptic's names: 17, 125, 472 and 96 numbers.
GROUPS = {
    "histogram": ("pixel_statistics", "skew_reconstructed", "kurtosis_reconstructed", "var_highpass_residual"),
    "correlation": ("auto_correlation_reconstructed", "std_reconstructed"),
    "magnitude": (
        "auto_correlation_magnitude",
        "cross_orientation_correlation_magnitude",
        "magnitude_std",
        "cross_scale_correlation_magnitude",
    ),
    "phase": ("cross_scale_correlation_real",),
}


class TextureModel:
    """What Portilla and Simoncelli remember of a sample (1, 3, H, W); `loss` says how far a picture is from it.

    groups: which of GROUPS count, all by default. `model.statistics(picture)` gives the numbers themselves. Sides are
    multiples of 16, 128 pixels or more. Raises NstError.
    Portilla and Simoncelli, "A parametric texture model based on joint statistics of complex wavelet coefficients" (2000).
    """

    def __init__(self, sample: Tensor, groups: Sequence[str] = tuple(GROUPS)):
        _check_one(check_image(sample, "sample"), "sample")
        groups = names(groups, "groups", GROUPS)
        if not groups:
            raise NstError(f"groups is empty: choose one or more of {', '.join(GROUPS)}")
        self.groups, self._measures = tuple(groups), {}
        self.mean, self.axes = colour_axes(sample)
        with torch.no_grad():
            self.target, self.between = self.statistics(sample), self.correlations(sample)
            steady = self._steady(sample)
        self.target = self.target.where(steady, 0)
        self.weights = self._weights(sample) * steady

    def channels(self, picture: Tensor) -> Tensor:
        """Colours (N, 3, H, W) in the sample's own axes: (N, K, H, W), each with mean 0 and variance 1 on the sample."""
        return torch.einsum("nchw,kc->nkhw", picture - self.mean[:, None, None], self.axes)

    def colours(self, channels: Tensor) -> Tensor:
        """Turn channels (N, K, H, W) back into colours (N, 3, H, W)."""
        return self.mean[:, None, None] + torch.einsum("ck,nkhw->nchw", torch.linalg.pinv(self.axes), channels)

    def noise(self, shape: tuple[int, int], strength: float = 1.0, seed: int = 0) -> Tensor:
        """Normal noise (1, 3, H, W) around the mean colour, each channel `strength` times as wide as the sample's."""
        random = torch.Generator().manual_seed(seed)
        # Along the sample's own colour axes only: grey stays grey.
        return self.colours(strength * torch.randn(1, len(self.axes), *shape, generator=random).to(self.axes)).contiguous()

    def statistics(self, picture: Tensor) -> Tensor:
        """plenoptic's numbers of each channel: (N, K, 710); NaN for what a band has in common with one that is silent."""
        model, _ = self._measure(picture)
        return model(self.channels(picture))

    def correlations(self, picture: Tensor) -> Tensor:
        """Return the correlation of each two channels, band by band, as waves and as magnitudes: (bands, pairs) in [-1, 1].

        Of one picture (1, 3, H, W). Raises NstError.
        """
        _check_one(picture, "picture")
        _, pyramid = self._measure(picture)
        found = []
        for key, bands in pyramid(self.channels(picture)).items():
            if isinstance(key, int):  # an oriented scale: (1, K, orientations, h, w), complex
                maps = bands[0].transpose(0, 1).flatten(2)  # (orientations, K, h*w)
                found += [_correlation(maps.real), _correlation(maps.abs())]
            else:
                found.append(_correlation(bands.flatten(2)))  # what is finer or coarser than all scales
        tables = torch.cat(found)
        first, second = torch.triu_indices(*tables.shape[1:], 1)
        return tables[:, first, second]

    def loss(self, picture: Tensor) -> Tensor:
        """Return the distance of a picture (1, 3, H, W) of any fitting size from the sample: a scalar >= 0."""
        misses = (self.statistics(picture) - self.target).where(self.weights > 0, 0)  # also NaN, where nothing counts
        return (misses * self.weights).square().sum() + (self.correlations(picture) - self.between).square().sum()

    def _steady(self, sample: Tensor) -> Tensor:
        """Which numbers faint noise leaves as they are; not the correlations of a silent band: 0 / 0, or those of rounding."""
        faint = FAINT * self.noise(tuple(sample.shape[-2:])).sub(self.mean[:, None, None])
        return (self.statistics(sample + faint) - self.target).abs() < STEADY * self.target.abs().clamp_min(1)

    def _weights(self, sample: Tensor) -> Tensor:
        """1 for what counts, over the number's own size where that is more than 1; shaped like the statistics."""
        model, _ = self._measure(sample)
        kept = {name for group in self.groups for name in GROUPS[group]}
        numbers = model.convert_to_dict(self.target)
        counts = {k: torch.full_like(v, float(k in kept)) for k, v in numbers.items()}
        for shape in ("skew_reconstructed", "kurtosis_reconstructed"):
            counts[shape][numbers["std_reconstructed"] < SILENT] = 0  # a descent to a band without shape would break at these
        counts["pixel_statistics"][..., 4:] = 0  # minimum and maximum hang on one pixel each; the range is held below
        return model.convert_to_tensor(counts) / self.target.abs().clamp_min(1)

    def _measure(self, picture: Tensor) -> tuple:
        """plenoptic's model and pyramid for pictures of this size, made when it is first seen."""
        from plenoptic.models import PortillaSimoncelli
        from plenoptic.process import SteerablePyramidFreq

        shape = tuple(picture.shape[-2:])
        if any(side % MULTIPLE or side < SMALLEST for side in shape):
            raise NstError(
                f"a picture of {shape[1]}x{shape[0]} pixels: expected sides that are multiples of {MULTIPLE}, "
                f"{SMALLEST} or more; crop or resize it"
            )
        if shape not in self._measures:
            model = PortillaSimoncelli(shape, SCALES, ORIENTATIONS, CORRELATION_WIDTH)
            pyramid = SteerablePyramidFreq(shape, height=SCALES, order=ORIENTATIONS - 1, is_complex=True)
            self._measures[shape] = model.to(picture.device), pyramid.to(picture.device)
        return self._measures[shape]


def colour_axes(sample: Tensor) -> tuple[Tensor, Tensor]:
    """Mean colour (3,) and the axes (K, 3) in which colours are uncorrelated, most variance first, scaled to variance 1.

    K is 3, less where the colours lie in a plane, and 1 for a grey picture. Raises NstError for one colour, for several pictures.
    """
    _check_one(sample, "sample")
    pixels = sample[0].flatten(1)  # (1, 3, H, W) -> (3, H*W)
    variances, vectors = torch.linalg.eigh(pixels.double().cov(correction=0))
    kept = (variances > FLAT * variances.sum()) & (variances > 1e-9)
    if not bool(kept.any()):
        raise NstError("sample has one colour only: expected a texture")
    axes = (vectors[:, kept] / variances[kept].sqrt()).T.flip(0)
    return pixels.mean(1), axes.to(sample)


def _check_one(picture: Tensor, name: str) -> None:
    if len(picture) != 1:
        raise NstError(f"{name} holds {len(picture)} pictures: expected one, such as {name}[:1]")


def _correlation(maps: Tensor) -> Tensor:
    """Correlation of the channels of maps (B, K, M): (B, K, K)."""
    maps = maps - maps.mean(-1, keepdim=True)
    maps = maps / maps.square().mean(-1, keepdim=True).add(1e-12).sqrt()
    return maps @ maps.mT / maps.shape[-1]


def descend(loss: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tensor:
    """Move the pixels of `start` (1, 3, H, W) by L-BFGS so that loss(picture) falls: the picture after `steps` evaluations.

    Values outside [0, 1] cost while it moves, and are clamped in the end.
    """
    canvas = Canvas(start)
    optimiser = LBFGS(canvas.z, history=20)

    def closure() -> Tensor:
        picture = canvas.picture()
        total = loss(picture) + RANGE * (picture - picture.clamp(0, 1)).square().mean()
        total.backward()
        return total

    with _one_thread():
        for _ in range(steps):
            optimiser.step(closure)
    return canvas.picture().detach().clamp(0, 1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """MKL splits the Fourier transform of one small picture between threads, and waking them takes 30 times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def portilla_simoncelli(
    sample: Tensor,
    size: int | tuple[int, int] | None = None,
    *,
    steps: int = 100,
    seed: int = 0,
    groups: Sequence[str] = tuple(GROUPS),
) -> Tensor:
    """Return a texture (1, 3, H, W), grown from noise, with a sample's statistics (1, 3, h, w). Raises NstError.

    size: pixels of a side, or (H, W), multiples of 16 from 128 up; None is the sample's. steps: evaluations.
    """
    steps, seed, shape = whole(steps, "steps"), check_seed(seed), None if size is None else sides(size)
    model = TextureModel(sample, groups)
    shape = shape or tuple(sample.shape[-2:])
    return descend(model.loss, model.noise(shape, START, seed), steps)
