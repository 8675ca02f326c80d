"""Where a search begins, if not at the content: noise, what a network paints in one pass, a picture of another shape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nstlib.features.extractor import SMALLEST_SIDE
from nstlib.images.tensors import is_stretched, resampled, shrunk_to
from nstlib.losses.objective import StyleTarget
from nstlib.nets.any_style import AnyStyle

log = logging.getLogger(__name__)
Start = Callable[[Tensor, Sequence[StyleTarget]], Tensor]  # the first picture, of a content and its styles
LARGEST_PASS = 2048  # pixels, longer side: a start that one pass paints is not made larger


def noise(content: Tensor, seed: int) -> Tensor:
    """Return grey noise of the content's size."""
    # Drawn on the CPU, so that a seed means the same picture on every device.
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(seed)).to(content)
    return 0.5 + 0.15 * noise


def one_pass() -> Start:
    """Return what paints the start by AdaIN's network, whatever network the search sees with."""
    painter = AnyStyle("adain")

    def paint(content: Tensor, styles: Sequence[StyleTarget]) -> Tensor:
        masks = None if styles[0].mask is None else [one.mask for one in styles]
        mix = [one.share for one in styles] if masks is None else None
        encoded = [painter.encode(shrunk_to(one.picture, LARGEST_PASS)) for one in styles]
        painted = painter.paint(shrunk_to(content, LARGEST_PASS), encoded, mix=mix, masks=masks)
        return resampled(painted.to(content), content.shape[-2:])

    return paint


def say_what_is_stretched(init: str | Tensor, masks: Sequence[Tensor] | None, shape: Sequence[int]) -> None:
    """Pictures that are brought to the content's size are never cropped, but whoever gave another shape should know."""
    given = {"init": init} if isinstance(init, Tensor) else {}
    for name, one in (given | {f"masks[{i}]": mask for i, mask in enumerate(() if masks is None else masks)}).items():
        if min(one.shape[-2:]) >= SMALLEST_SIDE and is_stretched(one.shape[-2:], shape):  # not a few numbers for the whole
            sizes = f"{one.shape[-1]}x{one.shape[-2]} and is stretched to the content's shape, {shape[1]}x{shape[0]}"
            log.warning("%s is %s: crop it to keep its own", name, sizes)
