"""The loss of a picture: how far it is from one picture's content and from the manner of one or several others.

Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks" (2016); several styles, each in a
region of its own, after Gatys et al., "Controlling perceptual factors in neural style transfer" (2017).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from nstlib.control.masks import shrink
from nstlib.errors import NstError
from nstlib.features.extractor import FeatureExtractor
from nstlib.losses.statistics import STATISTICS
from nstlib.losses.terms import content_loss, total_variation
from nstlib.options import choice, number

CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
Measures = list[dict[str, Tensor]]  # of each style, by layer


@dataclass(frozen=True)
class Weights:
    """The weights of the relative losses; layers of one kind share their weight equally."""

    content: float = 1.0
    style: float = 40.0
    tv: float = 10.0

    def __post_init__(self) -> None:
        values = {name: number(getattr(self, name), name) for name in ("content", "style", "tv")}
        if not any(values.values()):
            raise NstError(f"{self}: weights are finite numbers from 0 up, and one of them is above 0")
        vars(self).update(values)  # as Python's own numbers


@dataclass(frozen=True)
class StyleTarget:
    """One of several styles: its picture (1, 3, H, W), its share of the style weight, its region, its layers.

    `mask` (1, 1, H, W) in [0, 1], of any size, says where on the canvas the style holds; None means everywhere. `gains`
    {layer: (C, 1, 1)}: what its maps are multiplied by before they are measured, see `FeatureExtractor.style_gains`.
    """

    picture: Tensor
    share: float = 1.0
    mask: Tensor | None = None
    layers: Sequence[str] = STYLE_LAYERS
    gains: Mapping[str, Tensor] = field(default_factory=dict)

    @cached_property
    def weight(self) -> float:
        """Return its share times its part of the canvas: a style is as strong in a small region as in a large one."""
        return self.share * (1.0 if self.mask is None else float(self.mask.mean()))


class StyleObjective:
    """The loss of a picture for one content and its styles: call it with a picture, get the weighted losses by name.

    The targets are computed once. `content` is a picture (1, 3, H, W); `style` is another, of any size, painted with
    `style_layers`, or a sequence of StyleTargets, which name their own. `statistic`: what is remembered of a style, one of
    `nstlib.losses.statistics.STATISTICS`. `extractor` gives all the layers that are named. Raises NstError for another name.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        content: Tensor,
        style: Tensor | Sequence[StyleTarget],
        *,
        weights: Weights | None = None,
        content_layers: Sequence[str] = CONTENT_LAYERS,
        style_layers: Sequence[str] = STYLE_LAYERS,
        statistic: str = "gram",
    ):
        self.extractor, self.weights = extractor, weights or Weights()
        self.statistic = STATISTICS[choice(statistic, "statistic", STATISTICS)]
        self.styles = [StyleTarget(style, layers=style_layers)] if isinstance(style, Tensor) else list(style)
        self._shrunk: dict[tuple, Tensor] = {}
        with torch.no_grad():  # targets need no graph
            self.content = self._content_maps(content, content_layers)
            self.targets: Measures = [self._style_measures(one) for one in self.styles]

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """{"content", "style", "tv", "total"}: scalars, each already multiplied by its weight."""
        seen = self.extractor(image)
        return self.weighted(self.content_term(seen), self.style_term(self.measure(seen)), total_variation(image))

    def content_term(self, seen: Mapping[str, Tensor]) -> Tensor | float:
        """Return the distance of the canvas's maps from the content's, averaged over the layers."""
        return _mean(content_loss(seen[layer], target) for layer, target in self.content.items())

    def measure(self, seen: Mapping[str, Tensor]) -> Measures:
        """Measure the canvas's statistic for each style, in its region and at its layers."""
        return [
            {layer: self.statistic.measure(seen[layer], self.region(number, seen[layer].shape[-2:])) for layer in one.layers}
            for number, one in enumerate(self.styles)
        ]

    def style_term(self, measures: Measures) -> Tensor | float:
        """Return the distance of these measures from the styles', averaged over layers, summed with the styles' weights."""
        distance, each = self.statistic.distance, zip(self.styles, measures, self.targets, strict=True)
        return sum(one.weight * _mean(distance(mine[layer], its[layer]) for layer in one.layers) for one, mine, its in each)

    def weighted(self, content: Tensor | float, style: Tensor | float, tv: Tensor) -> dict[str, Tensor]:
        """Return the three terms, each times its weight, and their total."""
        terms = {"content": self.weights.content * content, "style": self.weights.style * style, "tv": self.weights.tv * tv}
        losses = {name: torch.as_tensor(term, dtype=tv.dtype, device=tv.device) for name, term in terms.items()}
        return losses | {"total": losses["content"] + losses["style"] + losses["tv"]}

    def region(self, number: int, shape: Sequence[int]) -> Tensor | None:
        """Return the mask of style `number` at the size (h, w) of a feature map: (1, 1, h, w), or None for everywhere."""
        mask = self.styles[number].mask
        return None if mask is None else self._shrunk_mask(number, mask, tuple(shape))

    def _shrunk_mask(self, number: int, mask: Tensor, shape: tuple[int, ...]) -> Tensor:
        if (number, shape) not in self._shrunk:
            self._shrunk[number, shape] = shrink(mask, shape)
        return self._shrunk[number, shape]

    def _content_maps(self, content: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        seen = self.extractor(content)
        return {layer: seen[layer] for layer in layers}

    def _style_measures(self, style: StyleTarget) -> dict[str, Tensor]:
        seen = self.extractor(style.picture)
        return {layer: self.statistic.measure(seen[layer] * style.gains.get(layer, 1), None) for layer in style.layers}


def _mean(terms: Iterable[Tensor]) -> Tensor | float:
    terms = list(terms)
    return sum(terms) / len(terms) if terms else 0.0
