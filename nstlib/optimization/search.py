"""Style transfer by optimisation: a picture is changed until its features say both "that content" and "that style".

Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks" (2016). `optimization_steps` is the
loop, as a generator; `stylize` prepares the pictures, drains the generator coarse to fine, and watches over it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

import numpy as np
import torch
from torch import Tensor

from nstlib.control.color import COLOR_WAYS
from nstlib.control.masks import check_mask
from nstlib.errors import NstError
from nstlib.features.extractor import SMALLEST_SIDE, FeatureExtractor
from nstlib.images.tensors import one_picture, resampled, shrunk_to, with_longer_side
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, StyleTarget, Weights
from nstlib.losses.statistics import STATISTICS
from nstlib.optimization.lbfgs import LBFGS
from nstlib.optimization.recording import Recorder, Stylized
from nstlib.optimization.starts import Start, noise, one_pass, say_what_is_stretched
from nstlib.optimization.tiles import TiledObjective
from nstlib.options import choice, entries, flag, names, number, shares, shortened, whole
from nstlib.options import seed as check_seed
from nstlib.settings import device

SMOOTHING = 0.4  # exponent of the spatial frequency, see Canvas
COARSEST = 128  # pixels, longer side: no level of the pyramid is smaller
LEVELS = 3  # of the pyramid at most
STEPS = 120  # evaluations, all levels together
LAST_SHARE = 1 / 3  # of the steps are taken at full size; the smaller levels share the rest
MAX_STEP = 0.03  # root mean square over the pixels: an early, wrong guess of the curvature does no harm
FINISHER = "vgg19"  # the network of the last evaluations, see `finish`
HISTORY = 20  # pairs of pictures that L-BFGS remembers, fewer where they would take more than
HISTORY_BYTES = 2**30
OPTIMIZERS = {
    "lbfgs": lambda z: LBFGS(z, max_step=MAX_STEP, history=max(1, min(HISTORY, HISTORY_BYTES // (2 * z.nbytes)))),
    "adam": lambda z: torch.optim.Adam([z], lr=0.03),
}


@dataclass(frozen=True)
class Step:
    """One evaluation: its number from 0, the weighted losses by name (scalars), the picture that they belong to."""

    index: int
    losses: dict[str, Tensor]
    canvas: Tensor  # (N, 3, H, W), not clamped, detached


class Canvas:
    """The picture being optimised: `start` plus a smooth change.

    The change is kept as `z`, a picture whose frequencies f are divided by f^smoothing: a step of the optimiser then
    moves large shapes further than single pixels, as natural pictures need. L-BFGS reaches the same loss in about 0.6 of
    the evaluations (tools/measure/stylize.py). smoothing=0 optimises the pixels themselves.
    """

    def __init__(self, start: Tensor, smoothing: float = SMOOTHING):
        self.start = start.detach()
        self.z = torch.zeros_like(self.start).requires_grad_()
        self.spectrum = _spectrum(start.shape[-2:], smoothing).to(start) if smoothing else None

    def picture(self) -> Tensor:
        """Return the picture (N, 3, H, W), differentiable in `z`."""
        if self.spectrum is None:
            return self.start + self.z
        frequencies = torch.fft.rfft2(self.z) * self.spectrum
        return self.start + torch.fft.irfft2(frequencies, s=self.start.shape[-2:])


def _spectrum(size: Sequence[int], power: float) -> Tensor:
    """1 / f^power for `rfft2` of an (H, W) picture: (H, W // 2 + 1), scaled to a mean square of 1.

    f counts periods per longer side, from 1 up: the mean is treated like the longest wave.
    """
    longer = max(size)
    down, across = torch.fft.fftfreq(size[0]) * longer, torch.fft.rfftfreq(size[1]) * longer
    gain = torch.hypot(down[:, None], across[None]).clamp_min(1.0) ** -power
    return gain / gain.square().mean().sqrt()


def optimization_steps(
    canvas: Canvas, objective: Callable[[Tensor], Mapping[str, Tensor]], optimiser: LBFGS, steps: int
) -> Iterator[Step]:
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
            seen.update(losses={name: loss.detach() for name, loss in losses.items()}, canvas=picture.detach())
            return losses["total"]

        optimiser.step(closure)
        yield Step(index, **seen)


def stylize(
    content: Tensor,
    style: Tensor | Sequence[Tensor],
    *,
    backbone: str = "auto",
    size: int | None = None,
    content_weight: float = Weights.content,
    style_weight: float = Weights.style,
    tv_weight: float = Weights.tv,
    content_layers: Sequence[str] = CONTENT_LAYERS,
    style_layers: Sequence[str] | Sequence[Sequence[str]] = STYLE_LAYERS,
    mix: Sequence[float] | None = None,
    masks: Sequence[Tensor] | None = None,
    style_scale: float = 1.0,
    color: str = "style",
    statistic: str = "gram",
    pooling: str = "max",
    steps: int = STEPS,
    finish: int = 0,
    init: str | Tensor = "content",
    optimizer: str = "lbfgs",
    pyramid: bool | int = True,
    tile: int | None = None,
    half: bool = False,
    seed: int = 0,
    progress: bool = True,
    callback: Callable[[Step], object] | None = None,
) -> Stylized:
    """Paint `content` in the manner of `style`: pictures (1, 3, H, W) in [0, 1] of any sizes. Gatys et al. 2016.

    `size`: longer side of the result in pixels (default: the content's). `backbone`: "auto", "mini", "micro", "vgg19".
    The weights multiply relative losses, so the defaults serve every backbone, size and pair. `steps`: evaluations in all;
    with `pyramid` a third of them at full size, the rest at a half and a quarter (not below 128 px; a number: so many
    levels). `finish`: so many more by VGG-19 at full size, whatever painted before: ten give mini's strokes VGG-19's
    forms, in less than half of the time that VGG-19 takes alone. `init`: "content", "noise", "style", "adain" (what that
    network paints in one pass) or a picture. `optimizer`: "lbfgs" or "adam". `callback` sees each Step; a true answer stops.

    Several styles: give a sequence, and `mix`, what each counts (default: equally), or `masks`, where each holds:
    (1, 1, H, W) in [0, 1], of any size; and layers of its own for each, if `style_layers` is a sequence of sequences.
    `style_scale`: longer side of the style picture over that of the canvas; smaller pictures give smaller strokes. It is
    never enlarged beyond its own size. `color`: whose colours, one of `nstlib.control.color.COLOR_WAYS`. `statistic`: what is
    remembered of a style, one of `nstlib.losses.statistics.STATISTICS`. `pooling`: "max" or "average". `tile`: pixels a side that
    the network sees at once, for pictures that do not fit into memory: same loss and gradient. `half`: the network's
    convolutions in bfloat16, in half the time on CPUs with matrix units for it; the picture is another of the same kind.

    Ctrl-C returns the best picture so far. Raises NstError for bad arguments, for a lack of memory (with a size that would
    fit), and, as OptimizationError with the last good picture in `.result`, for a loss that is not finite.
    """
    weights, content_layers = Weights(content_weight, style_weight, tv_weight), names(content_layers, "content_layers")
    steps, finish, half, seed = whole(steps, "steps"), whole(finish, "finish", 0), flag(half, "half"), check_seed(seed)
    _check(init, style_scale, callback)
    choice(optimizer, "optimizer", OPTIMIZERS), choice(color, "color", COLOR_WAYS), choice(statistic, "statistic", STATISTICS)
    where = device()
    content = with_longer_side(one_picture(content, "content"), size, "content").to(where)
    styles = style_targets(style, mix, masks, style_layers, where)
    _check_layers(weights, content_layers, styles)
    if masks is not None or isinstance(init, Tensor):
        say_what_is_stretched(init, masks, content.shape[-2:])
    styles = [replace(one, picture=COLOR_WAYS[color].before(content, one.picture)[1]) for one in styles]
    layers = dict.fromkeys((*content_layers, *(layer for one in styles for layer in one.layers)))
    networks = dict.fromkeys((backbone, FINISHER)) if finish else (backbone,)  # one that does both is loaded once
    eyes = [FeatureExtractor(one, tuple(layers), pooling=pooling, half=half).to(where) for one in networks]
    start_of = _starting(init, seed)
    plain, content = content, COLOR_WAYS[color].before(content, styles[0].picture)[0]
    shapes = pyramid_shapes(content.shape[-2:], _levels(pyramid))
    levels = zip(shapes, split_steps(steps, len(shapes)), strict=True)
    passes = [*((eyes[0], *one) for one in levels), (eyes[-1], shapes[-1], finish)]
    recorder = Recorder(eyes[0].backbone_name, weights, shapes[-1], steps + finish, progress, callback)
    recorder.develop = lambda image: COLOR_WAYS[color].after(image, plain.to(image))
    kind = StyleObjective if tile is None else partial(TiledObjective, tile=tile)
    with recorder:
        for eye, shape, share in (one for one in passes if one[-1]):  # there may be fewer steps than levels
            target, recorder.backbone = resampled(content, shape), eye.backbone_name
            here = [replace(it, picture=shrunk_to(it.picture, max(shape) * style_scale), gains=eye.style_gains) for it in styles]
            objective = kind(eye, target, here, weights=weights, content_layers=content_layers, statistic=statistic)
            canvas = Canvas(start_of(target, here) if recorder.good is None else resampled(recorder.good, shape))
            for step in optimization_steps(canvas, objective, OPTIMIZERS[optimizer](canvas.z), share):
                recorder.add(step)
        return recorder.result()  # inside: who interrupts what is left to do loses nothing either
    return recorder.result()


def style_targets(
    style: Tensor | Sequence[Tensor],
    mix: Sequence[float] | None,
    masks: Sequence[Tensor] | None,
    layers: Sequence[str] | Sequence[Sequence[str]],
    where: torch.device,
) -> list[StyleTarget]:
    """Return the styles of a call of `stylize`, each with share, region and layers. Raises NstError where counts differ."""
    given = {"style": style} if isinstance(style, Tensor) else _several(style)
    pictures = [one_picture(picture, name).to(where) for name, picture in given.items()]
    alike = isinstance(layers, str) or (isinstance(layers, Sequence) and all(isinstance(name, str) for name in layers))
    each = [layers] * len(pictures) if alike else entries(layers, "style_layers", len(pictures))
    named = [names(own, "style_layers") for own in each]
    counts = [1.0] * len(pictures) if mix is None else shares(mix, "mix", len(pictures))
    regions = [None] * len(pictures) if masks is None else _regions(masks, len(pictures), where)
    # In regions every style counts fully, each in its own; mixed, they share.
    total = sum(counts) if masks is None else max(counts)
    targets = map(StyleTarget, pictures, (share / total for share in counts), regions, named)
    return [one for one in targets if one.share > 0]


def _several(styles: Sequence[Tensor]) -> dict[str, Tensor]:
    """Several style pictures by what a message calls them."""
    if not isinstance(styles, Sequence) or isinstance(styles, str):
        raise NstError(f"style is {shortened(styles)}: expected a picture (1, 3, H, W), or several in a list")
    if not styles:
        raise NstError("style is empty: give at least one picture")
    return {f"style[{i}]": picture for i, picture in enumerate(styles)}


def _regions(masks: Sequence[Tensor], count: int, where: torch.device) -> list[Tensor]:
    return [check_mask(mask, f"masks[{i}]").to(where) for i, mask in enumerate(entries(masks, "masks", count))]


def pyramid_shapes(shape: Sequence[int], levels: int = LEVELS) -> list[tuple[int, int]]:
    """(H, W) of each level, smallest first: halved until the longer side would be under 128 px, `levels` at most."""
    halved = ((shape[0] >> level, shape[1] >> level) for level in range(1, levels))
    fitting = takewhile(lambda one: max(one) >= COARSEST and min(one) >= SMALLEST_SIDE, halved)
    return [tuple(shape), *fitting][::-1]


def split_steps(steps: int, levels: int) -> list[int]:
    """Steps of each level, coarse to fine: a third at full size, the rest shared equally."""
    if levels == 1:
        return [steps]
    last = max(1, round(steps * LAST_SHARE))
    each, more = divmod(steps - last, levels - 1)
    return [each + (level < more) for level in range(levels - 1)] + [last]


def _levels(pyramid: bool | int) -> int:
    """How many levels the pyramid may have."""
    if isinstance(pyramid, bool | np.bool_):
        return LEVELS if pyramid else 1
    return max(1, whole(pyramid, "pyramid", 0))


def _check(init: str | Tensor, style_scale: float, callback: Callable[[Step], object] | None) -> None:
    if number(style_scale, "style_scale") == 0:
        raise NstError(f"style_scale={style_scale!r}: expected a number above 0, such as 0.5")
    if isinstance(init, Tensor):
        one_picture(init, "init")
    elif not isinstance(init, str) or init not in STARTS:
        raise NstError(f"init={shortened(init)}: choose one of {', '.join(STARTS)}, or give a picture")
    if callback is not None and not callable(callback):
        raise NstError(f"callback={shortened(callback)}: expected a function that takes a Step")


def _check_layers(weights: Weights, content_layers: Sequence[str], styles: Sequence[StyleTarget]) -> None:
    """A term without layers would be 0 whatever its weight."""
    if weights.content and not content_layers:
        raise NstError("content_layers is empty: name at least one layer, or give content_weight=0")
    if weights.style and not all(one.layers for one in styles):
        raise NstError("style_layers is empty: name at least one layer, or give style_weight=0")


def _starting(init: str | Tensor, seed: int) -> Start:
    """Return what makes the start of the smallest level from its content and its styles. Raises NstError."""
    if isinstance(init, Tensor):
        return lambda content, styles: resampled(init.to(content), content.shape[-2:])
    return STARTS[init](seed)


STARTS: dict[str, Callable[[int], Start]] = {  # by the seed
    "content": lambda seed: lambda content, styles: content.clone(),
    "noise": lambda seed: lambda content, styles: noise(content, seed),
    "style": lambda seed: lambda content, styles: resampled(styles[0].picture, content.shape[-2:]),
    "adain": lambda seed: one_pass(),
}
