"""How good is a stylised picture? Distances to the photograph (content) and to the style picture, and what they are worth.

No number here means anything alone: BASELINES holds the three pictures that cost nothing and that a method must beat, and
`bootstrap_mean` says how far a mean over pairs can be trusted. The table METRICS is what `measure` reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.control.color import luminance, match_affine
from nstlib.errors import DownloadError, NstError
from nstlib.files.imagenet import SERVER, torchvision_file, torchvision_path
from nstlib.images.files import check_image, one_picture, resize
from nstlib.judging.gabor import gram_correlation, gram_distance
from nstlib.options import choice, number
from nstlib.options import seed as check_seed

WINDOW, WINDOW_STD = 11, 1.5  # pixels: SSIM's Gaussian window, as in the paper
EDGE_BLUR = 1.5  # pixels, standard deviation: grain finer than this is no edge
PATCH, PATCHES, DIRECTIONS = 7, 2048, 128  # pixels a side; how many of each picture; how many random projections
BINS = 8  # of a colour histogram, for each of red, green and blue
REPEATS = 2000  # of a bootstrap
MEASURED = Path(__file__).with_name("measured") / "methods.json"  # every method's scores, by tools/measure/compare_methods.py

# ---------------------------------------------------------------- content: the result beside the photograph


def ssim(first: Tensor, second: Tensor) -> float:
    """Structural similarity of two pictures (1, 3, H, W) of one size, in grey: -1 to 1, 1 for equal ones.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity"
    (2004), by scikit-image: Gaussian window of 11 px and standard deviation 1.5, population variances, range of values 1,
    only windows that lie inside. Place is compared with place, so a shift by two pixels costs more than blur. Raises
    ImageError, and NstError where sizes differ.
    """
    from skimage.metrics import structural_similarity

    first, second = (luminance(image)[0, 0].cpu().numpy() for image in _same_size(first, second))
    # Left out, data_range would be guessed for floats, and the window would be a square of 7 px.
    return float(
        structural_similarity(first, second, gaussian_weights=True, sigma=WINDOW_STD, use_sample_covariance=False, data_range=1.0)
    )


def edge_correlation(first: Tensor, second: Tensor) -> float:
    """Correlation of the edge strengths of two pictures (1, 3, H, W) of one size, in grey: -1 to 1, 0 by chance.

    Edge strength: length of the gradient after a blur of 1.5 px. Colours and contrast may change at no cost, places may
    not. A picture without any edge gives 0. Raises ImageError, and NstError where sizes differ.
    """
    edges = torch.stack([edge_strength(image).flatten() for image in _same_size(first, second)])
    return float(torch.corrcoef(edges)[0, 1]) if edges.std(dim=1).min() > 1e-6 else 0.0


def edge_strength(image: Tensor) -> Tensor:
    """Length of the brightness gradient of pictures (N, 3, H, W), after a blur of 1.5 px: (N, 1, H, W), per pixel."""
    from scipy.ndimage import gaussian_gradient_magnitude

    grey = luminance(check_image(image).detach()).cpu().numpy()
    strengths = [gaussian_gradient_magnitude(one, EDGE_BLUR) for one in grey[:, 0]]
    return torch.from_numpy(np.stack(strengths))[:, None].to(image)


# ---------------------------------------------------------------- style: the result beside the style picture


def sliced_wasserstein(first: Tensor, second: Tensor, seed: int = 0) -> float:
    """Sliced Wasserstein distance of the 7x7 patches of two pictures (1, 3, H, W) of any sizes, in values of a pixel.

    2,048 patches of each, 147 numbers a patch, projected on 128 random directions; each projection is sorted and compared
    place by place. Two flat pictures whose values differ by 0.1 are 0.1 apart. Rabin, Peyré, Delon and Bernot (2011).
    Raises ImageError and NstError.
    """
    # Not `nstlib.losses.statistics.sliced`: its 64 directions at right angles and 256 levels give numbers that differ by a tenth.
    generator = torch.Generator().manual_seed(check_seed(seed))
    directions = torch.randn(3 * PATCH**2, DIRECTIONS, generator=generator)
    directions /= directions.norm(dim=0)
    places = torch.rand(PATCHES, generator=generator)  # the same for both, so that a picture is 0 from itself
    a, b = (
        _patches(one_picture(image, name, PATCH).detach(), places) @ directions
        for image, name in ((first, "first"), (second, "second"))
    )
    # A random direction sees 1 / 147 of a squared length, and a patch has 147 squared values: the mean is per value.
    return float((a.sort(0).values - b.sort(0).values).square().mean().sqrt())


def _patches(image: Tensor, places: Tensor) -> Tensor:
    """The patches at `places` (n,), shares of the way through the picture (1, 3, H, W): (n, 147)."""
    every = F.unfold(image.cpu(), PATCH)[0].T  # (1, 147, L) -> (L, 147)
    return every[(places * len(every)).long()]


def color_distance(first: Tensor, second: Tensor) -> float:
    """Share of the pixels whose colour would have to change: 0 equal histograms, 1 no colour in common.

    Histograms of 8x8x8 colours; half the sum of differences, which is one minus their intersection (Swain and Ballard,
    "Color indexing", 1991). Pictures (1, 3, H, W) of any sizes. Raises ImageError and NstError.
    """
    a, b = color_histogram(first, "first"), color_histogram(second, "second")
    return float((a - b).abs().sum() / 2)


def color_histogram(image: Tensor, name: str = "image") -> Tensor:
    """Shares of 8x8x8 colours in a picture (1, 3, H, W) in [0, 1]: (512,), of sum 1. Raises ImageError."""
    bins = (one_picture(image, name) * BINS).long().clamp_max(BINS - 1).flatten(2)[0]  # (1, 3, H, W) -> (3, H*W)
    index = (bins[0] * BINS + bins[1]) * BINS + bins[2]
    return torch.bincount(index, minlength=BINS**3) / index.numel()


# ---------------------------------------------------------------- both, and the pictures that cost nothing


@dataclass(frozen=True)
class Metric:
    """A number about a result: what it is compared with ("content" or "style"), which way is better, how it is taken."""

    against: str
    better: str  # "higher" or "lower"
    measure: Callable[[Tensor, Tensor], float]


METRICS = {
    "SSIM": Metric("content", "higher", ssim),
    "edges": Metric("content", "higher", edge_correlation),
    "Gram distance": Metric("style", "lower", gram_distance),
    "Gram correlation": Metric("style", "higher", gram_correlation),
    "patches": Metric("style", "lower", sliced_wasserstein),
    "colours": Metric("style", "lower", color_distance),
}


def measure(result: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """Return every metric of METRICS for one result: pictures (1, 3, H, W) in [0, 1], result and content of one size.

    Raises ImageError and NstError.
    """
    beside = {"content": content, "style": style}
    return {name: metric.measure(result, beside[metric.against]) for name, metric in METRICS.items()}


def pasted(content: Tensor, style: Tensor) -> Tensor:
    """The middle of the style picture in the size of the content: (1, 3, H, W). All style, no content."""
    height, width = content.shape[-2:]
    scale = max(height / style.shape[-2], width / style.shape[-1])
    large = resize(style, (max(height, round(style.shape[-2] * scale)), max(width, round(style.shape[-1] * scale))))
    top, left = (large.shape[-2] - height) // 2, (large.shape[-1] - width) // 2
    return large[..., top : top + height, left : left + width].contiguous()


BASELINES = {  # content, style -> picture; whatever a method scores, it stands beside these
    "photograph": lambda content, style: content,
    "style pasted": pasted,
    "colours only": lambda content, style: match_affine(content, style).clamp(0, 1),
}


def bootstrap_mean(table: Sequence | np.ndarray, level: float = 0.95, seed: int = 0) -> tuple[float, float, float]:
    """Mean of a table of scores (photographs, styles), and the interval that holds it in `level` of 2,000 resamplings.

    Photographs and styles are drawn anew, whole rows and columns, because ten pairs with one photograph are not ten
    independent pairs (Owen, "The pigeonhole bootstrap", 2007). One row, (n,), draws entries. Raises NstError.
    """
    level, seed = number(level, "level", 0, 1), check_seed(seed)
    try:
        scores = np.atleast_2d(np.asarray(table, dtype=float))
    except (TypeError, ValueError) as error:
        raise NstError(f"a table that holds no numbers, or rows of several lengths: expected finite scores ({error})") from error
    if scores.ndim != 2 or scores.size == 0 or not np.isfinite(scores).all() or level in (0, 1):
        raise NstError(
            f"a table of shape {scores.shape} and level={level}: expected finite scores (photographs, styles) "
            "and a level between 0 and 1, such as 0.95"
        )
    generator, (rows, columns) = np.random.default_rng(seed), scores.shape
    means = [
        scores[generator.integers(rows, size=rows)][:, generator.integers(columns, size=columns)].mean() for _ in range(REPEATS)
    ]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(scores.mean()), float(low), float(high)


# ---------------------------------------------------------------- trained metrics, where their weights can be had


def lpips(first: Tensor, second: Tensor, network: str = "alex") -> float:
    """Learned perceptual distance of two pictures (1, 3, H, W) of one size: 0 for equal ones, rarely above 1.

    Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a perceptual metric"
    (2018), by torchmetrics. `network`: "alex", "vgg" or "squeeze", whose ImageNet weights torchvision downloads once.
    Raises ImageError, and NstError where sizes differ or the weights cannot be had.
    """
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    first, second = _same_size(first, second)
    _fetch_weights(LPIPS_FILES[choice(network, "network", LPIPS_FILES)])
    judge = LearnedPerceptualImagePatchSimilarity(network, normalize=True).to(first.device)
    with torch.no_grad():
        return float(judge(first, second))


LPIPS_FILES = {"alex": "alexnet-owt-7be5be79.pth", "vgg": "vgg16-397923af.pth", "squeeze": "squeezenet1_1-b8a52dc0.pth"}


def _fetch_weights(name: str) -> None:
    """Put a file of torchvision's where torch.hub looks for it. Raises NstError."""
    try:
        torchvision_file(name)
    except DownloadError as error:
        raise NstError(
            f"LPIPS needs ImageNet weights, and they could not be had ({error}). With a network, call it again; "
            f"or put {name} from {SERVER} into {torchvision_path(name).parent}"
        ) from error


def fid(first: Sequence[Tensor], second: Sequence[Tensor], features: nn.Module | None = None) -> float:
    """Fréchet distance of two sets of pictures, each (1, 3, H, W) in [0, 1]: 0 for equal means and covariances.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (2017), by
    torchmetrics. `features`: a module (N, 3, H, W) -> (N, D); by default Inception with 2,048 features, for which the
    package torch-fidelity and its weights are needed. With fewer pictures than a few D the number is mostly bias.
    Raises NstError for fewer than two pictures or where Inception cannot be had.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    if min(len(first), len(second)) < 2:
        raise NstError(f"{len(first)} and {len(second)} pictures: a covariance needs at least two on each side")
    try:
        distance = FrechetInceptionDistance(2048 if features is None else features, normalize=True)
    except (OSError, ModuleNotFoundError) as error:
        raise NstError(
            f"FID needs Inception's weights through torch-fidelity, and they could not be had ({error}). "
            "With a network: pip install torch-fidelity, then call it again; or give features="
        ) from error
    with torch.no_grad():
        for pictures, real in ((first, True), (second, False)):
            for picture in pictures:
                distance.update(check_image(picture), real=real)
    return max(0.0, float(distance.compute()))  # rounding can leave -1e-6


def art_fid(content_distance: float, style_distance: float) -> float:
    """(1 + LPIPS to the photographs) (1 + FID to the style pictures): 1 is perfect, lower is better.

    Wright and Ommer, "ArtFID: quantitative evaluation of neural style transfer" (2022). Only results of one table compare.
    """
    return (1 + content_distance) * (1 + style_distance)


def _same_size(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    first, second = check_image(first, "first", WINDOW), check_image(second, "second", WINDOW)
    if first.shape != second.shape or len(first) != 1:
        raise NstError(
            f"first is {tuple(first.shape)}, second {tuple(second.shape)}: expected two pictures of one size; "
            "use nstlib.images.files.resize on one of them"
        )
    return first.detach(), second.detach()
