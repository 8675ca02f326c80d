"""Painting in any style in one pass, with a network that never saw it: AdaIN, whitening and colouring, SANet."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import torch
from torch import Tensor

from nstlib.control.color import COLOR_WAYS
from nstlib.control.masks import check_mask
from nstlib.errors import NstError
from nstlib.images.files import MIN_SIDE, check_image, one_picture, pixels, shrunk_to, with_longer_side
from nstlib.nets.adain import Match, adain
from nstlib.nets.files import load_adain, load_sanet
from nstlib.nets.wct import whiten_and_color
from nstlib.options import choice, entries, flag, number, shares, shortened
from nstlib.settings import device, has_bf16, memory_in_words

LARGEST_STYLE = 512  # pixels, longer side, where none is asked for: relu4_1 sees no stroke that is wider than 100 of them
Encoded = Tensor | dict[str, Tensor]  # maps of relu4_1, or of several layers by name


def _whiten_and_color(content: Tensor, style: Tensor) -> Tensor:
    """On the CPU where the device has neither float64 nor eigenvectors."""
    return (
        whiten_and_color(content.cpu(), style.cpu()).to(content)
        if content.device.type == "mps"
        else whiten_and_color(content, style)
    )


LOADERS = {"adain": load_adain, "wct": load_adain, "sanet": load_sanet}  # WCT needs a decoder only: AdaIN's
MATCHES: dict[str, Match] = {"adain": adain, "wct": _whiten_and_color}


class AnyStyle:
    """A network for any style, ready on this machine's device: `encode` a style once, `paint` with it as often as you like.

    `method`: "adain", "wct" or "sanet". `weights`: a file that was trained; by default what the course ships, which sees with
    the backbone "micro". `half`: convolve in bfloat16; by default on CPUs that have matrix units for it. Raises NstError for
    another method, WeightsError for a file that holds no such network.
    """

    def __init__(self, method: str = "adain", weights: str | os.PathLike | None = None, half: bool | None = None):
        load = LOADERS[choice(method, "method", LOADERS)]
        half = half if half is None else flag(half, "half")
        if weights is not None and not isinstance(weights, str | os.PathLike):
            raise NstError(f"weights={shortened(weights)}: expected the name of a file that was trained")
        self.method, self.device = method, device()
        self.network = (load() if weights is None else load(weights)).to(self.device, memory_format=torch.channels_last)
        self.network.compute_in_half(self.device.type == "cpu" and has_bf16() if half is None else half)
        self.weights = str(weights or {"wct": "adain"}.get(method, method))

    @property
    def backbone(self) -> str:
        """Return the name of the encoder."""
        return self.network.backbone

    @torch.inference_mode()
    def encode(self, style: Tensor) -> Encoded:
        """Encode a style picture (1, 3, H, W) in [0, 1]. Raises ImageError."""
        style = self._ready(style, "style")
        with memory_in_words(style.shape[-2:], "that is the style: give style_size"):
            return self.network.encode(style)

    def paint(
        self,
        content: Tensor,
        styles: Sequence[Encoded],
        *,
        alpha: float = 1.0,
        mix: Sequence[float] | None = None,
        masks: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Paint a picture (1, 3, H, W) in [0, 1], sides from 32 px, in encoded styles: the same size, in [0, 1], on the CPU.

        Several styles: `mix`, what each counts (default: equally), or `masks`, where each holds: (1, 1, H, W) in [0, 1], of any
        size; where none holds, the content stays. `alpha`: 0 gives the content back, 1 all style. SANet has neither `mix`
        nor `alpha`. Raises NstError, also for a lack of memory (with a size that would fit).
        """
        alpha = self._check(styles, alpha, mix, masks)
        content = self._ready(content, "content")
        with memory_in_words(content.shape[-2:], "VGG-19's feature maps need about three times as much as mini's"):
            return self._painted(content, list(styles), alpha, mix, masks).clone()  # a tensor that may be trained on

    @torch.inference_mode()
    def _painted(
        self, content: Tensor, styles: list[Encoded], alpha: float, mix: Sequence[float] | None, masks: Sequence[Tensor] | None
    ) -> Tensor:
        maps, size = self.network.encode(content), content.shape[-2:]
        for one in styles:
            if _channels(one) != _channels(maps):
                raise NstError("a style was encoded by another network: encode it with this one")
        if self.method == "sanet":
            painted = self.network.paint_maps(maps, styles, size, masks)
        else:
            painted = self.network.paint_maps(maps, styles, alpha, size, shares=mix, masks=masks, match=MATCHES[self.method])
        return painted.clamp(0, 1).cpu().contiguous()

    def _ready(self, picture: Tensor, name: str) -> Tensor:
        return one_picture(picture, name, MIN_SIDE).to(self.device, memory_format=torch.channels_last)

    def _check(
        self, styles: Sequence[Encoded], alpha: float, mix: Sequence[float] | None, masks: Sequence[Tensor] | None
    ) -> float:
        if not isinstance(styles, Sequence) or not styles:
            raise NstError("there is no style: give at least one, in a list")
        kind = dict if self.method == "sanet" else Tensor
        if not all(isinstance(one, kind) and not (kind is Tensor and one.shape[1:2] == (3,)) for one in styles):
            raise NstError(f"styles are what `encode` made of pictures, by a network for {self.method}: encode them first")
        alpha = number(alpha, "alpha", 0, 1)  # 0 is the content, 1 all style
        if mix is not None and masks is not None:
            raise NstError("mix and masks together: give either what each style counts, or where each holds")
        if mix is not None:
            shares(mix, "mix", len(styles))
        if masks is not None:
            for number_, mask in enumerate(entries(masks, "masks", len(styles))):
                check_mask(mask, f"masks[{number_}]")
        if self.method == "sanet" and (alpha != 1 or mix is not None):
            raise NstError("sanet has neither alpha nor mix: adain and wct have them")
        return alpha


def _channels(encoded: Encoded) -> dict[str, int]:
    return {layer: maps.shape[1] for layer, maps in (encoded if isinstance(encoded, dict) else {"": encoded}).items()}


def paint_like(
    painter: AnyStyle,
    content: Tensor,
    styles: Sequence[Tensor],
    color: str = "style",
    style_size: int | None = None,
    **how: object,
) -> Tensor:
    """Paint a picture in the manner of others, all (1, 3, H, W) in [0, 1]: encode them, and `AnyStyle.paint`, which takes `how`.

    `color`: whose colours, one of `nstlib.control.color.COLOR_WAYS`. `style_size`: pixels of the style pictures' longer sides,
    and with them the width of the strokes; by default that of the content, but at most 512 px, and never more than they
    have. Raises NstError.
    """
    choice(color, "color", COLOR_WAYS)
    content, longer = check_image(content, "content", MIN_SIDE), min(max(content.shape[-2:]), LARGEST_STYLE)
    styles = [check_image(one, f"style[{i}]" if len(styles) > 1 else "style") for i, one in enumerate(styles)]
    fitting = [_sized(one, longer, style_size) for one in styles]
    pairs = [COLOR_WAYS[color].before(content, one) for one in fitting]
    worked_with = pairs[0][0] if pairs else content
    painted = painter.paint(worked_with, [painter.encode(style_picture) for _, style_picture in pairs], **how)
    return COLOR_WAYS[color].after(painted, content.to(painted)).clamp(0, 1)


def _sized(style: Tensor, longer: int, size: int | None) -> Tensor:
    """The style picture at its size: as asked, or at most `longer`; of a strip the shorter side has 32 px at least."""
    if size is None:
        return shrunk_to(style, longer)
    size, shape = pixels(size, "style_size", MIN_SIDE), style.shape[-2:]
    return with_longer_side(style, max(size, math.ceil(MIN_SIDE * max(shape) / min(shape))))
