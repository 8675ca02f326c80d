"""How far a result is from photograph and style picture in the eyes of a network: the papers' own distances.

A network that took part in painting finds its own pictures good: judge by one that nothing was optimised against.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.features.extractor import FeatureExtractor
from nstlib.images.files import one_picture, resize
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective


@torch.no_grad()
def seen_distances(result: Tensor, content: Tensor, style: Tensor, extractor: FeatureExtractor | None = None) -> dict[str, float]:
    """Return the relative distances {"content", "style", "relu1_1", ..., "relu5_1"} of a result (1, 3, H, W).

    Gatys, Ecker and Bethge (2016), each over the target's own energy: 0 is equal, 1 as wrong as a map of zeros. "content" is
    taken at relu4_2, "style", of the Gram matrices, is the mean of those of five layers that follow. The style picture is
    brought to the result's longer side, `content` to its size. `extractor` gives these layers: VGG-19 unless another is given.
    Raises ImageError and NstError, and WeightsError where VGG-19 is not installed.
    """
    extractor = extractor or FeatureExtractor("vgg19", (*STYLE_LAYERS, *CONTENT_LAYERS))
    result, content, style = (one_picture(*one) for one in ((result, "result"), (content, "content"), (style, "style")))
    target, manner = resize(content, result.shape[-2:]), resize(style, max(result.shape[-2:]))
    objective = StyleObjective(extractor, target.to(result), manner.to(result))
    seen = extractor(result)
    (measured,), (wanted,) = objective.measure(seen), objective.targets
    by_layer = {layer: float(objective.statistic.distance(measured[layer], wanted[layer])) for layer in STYLE_LAYERS}
    return {"content": float(objective.content_term(seen)), "style": sum(by_layer.values()) / len(by_layer), **by_layer}
