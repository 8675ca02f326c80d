"""Style transfer by optimisation: a picture is changed until its features say both "that content" and "that style".

Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks" (2016). `optimization_steps` is the
loop, as a generator; `stylize` prepares the pictures, drains the generator coarse to fine, and watches over it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.errors import NstError
from nstlib.features import SMALLEST_SIDE, FeatureExtractor
from nstlib.images import check_image, resize
from nstlib.lbfgs import LBFGS
from nstlib.losses import content_loss, gram_matrix, style_loss, total_variation
from nstlib.recording import Recorder, Stylized
from nstlib.settings import device

log = logging.getLogger(__name__)

CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
SMOOTHING = 0.4  # exponent of the spatial frequency, see Canvas
COARSEST = 128  # pixels, longer side: no level of the pyramid is smaller
LEVELS = 3  # of the pyramid at most
STEPS = 120  # evaluations, all levels together
LAST_SHARE = 1 / 3  # of the steps are taken at full size; the smaller levels share the rest
MAX_STEP = 0.03  # root mean square over the pixels: an early, wrong guess of the curvature does no harm
INITS = ("content", "noise", "style")
OPTIMIZERS = {
    "lbfgs": lambda z: LBFGS(z, max_step=MAX_STEP),
    "adam": lambda z: torch.optim.Adam([z], lr=0.03),
}


@dataclass(frozen=True)
class Step:
    """One evaluation: its number from 0, the weighted losses by name (scalars), the picture that they belong to."""

    index: int
    losses: dict[str, Tensor]
    canvas: Tensor  # (N, 3, H, W), not clamped, detached


@dataclass(frozen=True)
class Weights:
    """What each relative loss counts; layers of one kind share their weight equally."""

    content: float = 1.0
    style: float = 40.0
    tv: float = 10.0

    def __post_init__(self) -> None:
        values = (self.content, self.style, self.tv)
        if not all(isinstance(v, int | float) and 0 <= v < float("inf") for v in values) or not any(values):
            raise NstError(f"{self}: weights are finite numbers from 0 up, and one of them is above 0")


class Canvas:
    """The picture being optimised: `start` plus a change that is smooth where that is cheap.

    The change is kept as `z`, a picture whose frequencies f are divided by f^smoothing: a step of the optimiser then
    moves large shapes further than single pixels, as natural pictures need. L-BFGS reaches the same loss in about 0.6 of
    the evaluations (tools/benchmark.py). smoothing=0 optimises the pixels themselves.
    """

    def __init__(self, start: Tensor, smoothing: float = SMOOTHING):
        self.start = start.detach()
        self.z = torch.zeros_like(self.start).requires_grad_()
        self.spectrum = _spectrum(start.shape[-2:], smoothing).to(start) if smoothing else None

    def picture(self) -> Tensor:
        """The picture (N, 3, H, W), differentiable in `z`."""
        if self.spectrum is None:
            return self.start + self.z
        frequencies = torch.fft.rfft2(self.z) * self.spectrum
        return self.start + torch.fft.irfft2(frequencies, s=self.start.shape[-2:])


def _spectrum(size: Sequence[int], power: float) -> Tensor:
    """1 / f^power for `rfft2` of an (H, W) picture: (H, W // 2 + 1), scaled to a mean square of 1.

    f counts periods per longer side, from 1 up: the mean is treated like the longest wave.
    """
    height, width = size
    longer = max(size)
    down, across = torch.fft.fftfreq(height) * longer, torch.fft.rfftfreq(width) * longer
    gain = torch.hypot(down[:, None], across[None]).clamp_min(1.0) ** -power
    return gain / gain.square().mean().sqrt()


class StyleObjective:
    """The loss of a picture for one content and one style: call it with a picture, get the weighted losses by name.

    The targets are computed once. `content` and `style` are pictures (1, 3, H, W) of any two sizes.
    """

    def __init__(self, extractor: FeatureExtractor, content: Tensor, style: Tensor, *, weights: Weights | None = None,
                 content_layers: Sequence[str] = CONTENT_LAYERS, style_layers: Sequence[str] = STYLE_LAYERS):
        self.extractor, self.weights = extractor, weights or Weights()
        with torch.no_grad():  # targets need no graph
            seen = extractor(content)
            self.content = {layer: seen[layer] for layer in content_layers}
            seen = extractor(style)
            self.style = {layer: gram_matrix(seen[layer]) for layer in style_layers}

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """{"content", "style", "tv", "total"}: scalars, each already multiplied by its weight."""
        seen, zero = self.extractor(image), image.new_zeros(())
        content = sum((content_loss(seen[k], p) for k, p in self.content.items()), zero) / max(1, len(self.content))
        style = sum((style_loss(gram_matrix(seen[k]), a) for k, a in self.style.items()), zero) / max(1, len(self.style))
        losses = {"content": self.weights.content * content, "style": self.weights.style * style,
                  "tv": self.weights.tv * total_variation(image)}
        return losses | {"total": losses["content"] + losses["style"] + losses["tv"]}


def optimization_steps(canvas: Canvas, objective: Callable[[Tensor], Mapping[str, Tensor]], optimiser: LBFGS,
                       steps: int) -> Iterator[Step]:
    """Evaluate and move, `steps` times; yields a Step after each evaluation. Stop it by no longer asking.

    `optimiser` works on `canvas.z`: an LBFGS of ours (one evaluation a step) or a `torch.optim.Adam`.
    """
    for index in range(steps):
        seen = {}

        def closure(seen: dict = seen) -> Tensor:
            canvas.z.grad = None
            picture = canvas.picture()
            losses = objective(picture)
            losses["total"].backward()
            seen["losses"] = {name: loss.detach() for name, loss in losses.items()}
            seen["canvas"] = picture.detach()
            return losses["total"]

        optimiser.step(closure)
        yield Step(index, **seen)


def stylize(content: Tensor, style: Tensor, *, backbone: str = "auto", size: int | None = None,
            content_weight: float = Weights.content, style_weight: float = Weights.style, tv_weight: float = Weights.tv,
            content_layers: Sequence[str] = CONTENT_LAYERS, style_layers: Sequence[str] = STYLE_LAYERS,
            steps: int = STEPS, init: str | Tensor = "content", optimizer: str = "lbfgs", pyramid: bool = True,
            seed: int = 0, progress: bool = True, callback: Callable[[Step], object] | None = None) -> Stylized:
    """Paint `content` in the manner of `style`: two pictures (1, 3, H, W) in [0, 1] of any sizes. Gatys et al. 2016.

    `size`: longer side of the result in pixels (default: the content's). `backbone`: "auto", "mini", "vgg19".
    The weights multiply relative losses, so the defaults serve every backbone, size and pair. `steps`: evaluations in all;
    with `pyramid` a third of them at full size, the rest at a half and a quarter (not below 128 px). `init`: "content",
    "noise", "style" or a picture. `optimizer`: "lbfgs" or "adam". `callback` sees each Step; a true answer stops.

    Ctrl-C returns the best picture so far. Raises NstError for bad arguments, for a lack of memory (with a size that would
    fit), and, as OptimizationError with the last good picture in `.result`, for a loss that is not finite.
    """
    weights = Weights(content_weight, style_weight, tv_weight)
    _check(steps, init, optimizer)
    where, layers = device(), dict.fromkeys((*content_layers, *style_layers))
    extractor = FeatureExtractor(backbone, tuple(layers)).to(where)
    content = _sized(check_image(content, "content"), size).to(where)
    style = check_image(style, "style").to(where)
    shapes = pyramid_shapes(content.shape[-2:]) if pyramid else [tuple(content.shape[-2:])]
    recorder = Recorder(extractor.backbone_name, weights, content.shape[-2:], steps, progress, callback)
    picture = None
    with recorder:
        for shape, share in zip(shapes, split_steps(steps, len(shapes)), strict=True):
            if not share:
                continue  # fewer steps than levels
            target = resize(content, shape)
            objective = StyleObjective(extractor, target, _sized(style, max(shape)), weights=weights,
                                       content_layers=content_layers, style_layers=style_layers)
            start = resize(picture, shape) if picture is not None else _start(init, target, style, seed)
            canvas = Canvas(start)
            for step in optimization_steps(canvas, objective, OPTIMIZERS[optimizer](canvas.z), share):
                recorder.add(step)
            picture = recorder.best_of_level()
    return recorder.result()


def pyramid_shapes(shape: Sequence[int]) -> list[tuple[int, int]]:
    """(H, W) of each level, smallest first: halved until the longer side would be under 128 px, three levels at most."""
    shapes = [tuple(shape)]
    for _ in range(LEVELS - 1):
        height, width = shapes[0][0] // 2, shapes[0][1] // 2
        if max(height, width) < COARSEST or min(height, width) < SMALLEST_SIDE:
            break
        shapes.insert(0, (height, width))
    return shapes


def split_steps(steps: int, levels: int) -> list[int]:
    """Steps of each level, coarse to fine: a third at full size, the rest shared equally."""
    if levels == 1:
        return [steps]
    last = max(1, round(steps * LAST_SHARE))
    each, more = divmod(steps - last, levels - 1)
    return [each + (level < more) for level in range(levels - 1)] + [last]


def _sized(picture: Tensor, size: int | None) -> Tensor:
    """The picture with `size` pixels on its longer side, but no side under 32 px."""
    if size is None:
        return picture
    if not isinstance(size, int) or size < SMALLEST_SIDE:
        raise NstError(f"size={size!r}: expected a whole number of pixels from {SMALLEST_SIDE} up")
    height, width = picture.shape[-2:]
    scale = size / max(height, width)
    return resize(picture, tuple(max(SMALLEST_SIDE, round(side * scale)) for side in (height, width)))


def _check(steps: int, init: str | Tensor, optimizer: str) -> None:
    if not isinstance(steps, int) or steps < 1:
        raise NstError(f"steps={steps!r}: expected a whole number of evaluations from 1 up")
    if optimizer not in OPTIMIZERS:
        raise NstError(f"optimizer={optimizer!r}: choose one of {', '.join(OPTIMIZERS)}")
    if isinstance(init, Tensor):
        check_image(init, "init")
    elif init not in INITS:
        raise NstError(f"init={init!r}: choose one of {', '.join(INITS)}, or give a picture")


def _start(init: str | Tensor, content: Tensor, style: Tensor, seed: int) -> Tensor:
    if isinstance(init, Tensor):
        return resize(init.to(content), content.shape[-2:])
    if init == "noise":
        # Drawn on the CPU, so that a seed means the same picture on every device.
        noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(seed)).to(content)
        return 0.5 + 0.15 * noise
    return content.clone() if init == "content" else resize(style, content.shape[-2:])
