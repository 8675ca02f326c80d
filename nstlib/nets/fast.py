"""The network that paints in one pass, and its conditional form that holds many styles.

Johnson, Alahi and Fei-Fei, "Perceptual losses for real-time style transfer and super-resolution" (2016); instance
normalisation: Ulyanov, Vedaldi and Lempitsky, "Improved texture networks" (2017); one row of it per style: Dumoulin,
Shlens and Kudlur, "A learned representation for artistic style" (2017); nearest upsampling and a convolution in place of
a transposed convolution: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts" (2016).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.errors import NstError
from nstlib.features.extractor import pad
from nstlib.images.files import MIN_SIDE
from nstlib.nets.layers import convolve_enlarged, convolve_narrow, pad_to_step

CHANNELS = (32, 64, 128)  # after the first three convolutions, at width 1
BLOCKS = 5  # residual blocks
STEP = 4  # pixels: two convolutions of stride 2 need sides that are multiples of it
FLAT = 1e-12  # variance of a map that is rounding alone: one pixel that is one of 256 steps away makes 100 times as much
RANGE = 150 / 255  # of the tanh at the end, around middle grey: a little more than the range of a picture


class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalisation with one row of scales and one of shifts for each style: (N, C, H, W) to the same shape.

    `weight` and `bias` are (S, C). Dumoulin, Shlens and Kudlur 2017.
    """

    def __init__(self, channels: int, styles: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def affine(self, shares: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift of the mixture `shares` (N, S): each (N, C, 1, 1)."""
        # Not `shares @ rows`, which autocast would round.
        return tuple((shares[:, :, None] * rows).sum(1)[:, :, None, None] for rows in (self.weight, self.bias))

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """Normalise each channel of each picture, then scale and shift it as the styles' `shares` (N, S) say."""
        scale, shift = self.affine(shares.to(self.weight))
        if len(x) == 1:  # one picture: torch scales and shifts in the same pass
            return F.group_norm(x, x.shape[1], scale.flatten(), shift.flatten())
        return torch.addcmul(shift.to(x.dtype), F.group_norm(x, x.shape[1]), scale.to(x.dtype))


NORMS = {
    # Groups of one channel: instance normalisation, with scale and shift, several times faster in channels_last.
    "instance": lambda channels, styles: nn.GroupNorm(channels, channels),
    "batch": lambda channels, styles: nn.BatchNorm2d(channels),
    "conditional": ConditionalInstanceNorm2d,
}
UPSAMPLINGS = ("nearest", "transposed")


class Layer(nn.Module):
    """One convolution with what stands around it: upsampling before it; normalisation and ReLU after it, if it has them.

    `narrow`: it has few channels out, and even sides; then it is computed at four pixels at once where nothing is learned.
    """

    def __init__(
        self, conv: nn.Module, norm: nn.Module | None = None, relu: bool = False, enlarge: int = 1, narrow: bool = False
    ):
        super().__init__()
        self.conv, self.norm, self.relu, self.enlarge, self.narrow = conv, norm, relu, enlarge, narrow

    @property
    def border(self) -> int:
        """Pixels on each side that `convolve_padded` needs around a map."""
        return 1 if self.enlarge > 1 else self.conv.kernel_size[0] // 2

    def pad(self, x: Tensor, top: int, bottom: int) -> Tensor:
        """Continue maps (N, C, H, W) by the border at left and right, by so many rows above and below."""
        # What reflection adds to an enlarged map is what repetition adds to the small one.
        return pad(x, "replicate" if self.enlarge > 1 else "reflect", (self.border, self.border, top, bottom))

    def convolve_padded(self, x: Tensor) -> Tensor:
        """Convolve maps that have their border already; nothing is learned here: (N, C, H + 2 b, W + 2 b) -> (N, C', H', W')."""
        if self.enlarge > 1:
            return convolve_enlarged(x, self.conv)
        return convolve_narrow(x, self.conv) if self.narrow else self.conv(x)

    def convolve(self, x: Tensor) -> Tensor:
        """Reflect at the borders and convolve: (N, C, H, W) -> (N, C', H', W')."""
        if isinstance(self.conv, nn.ConvTranspose2d):
            return self.conv(x)
        if not torch.is_grad_enabled():
            return self.convolve_padded(self.pad(x, self.border, self.border))
        if self.enlarge > 1:
            x = F.interpolate(x, scale_factor=self.enlarge, mode="nearest")
        return self.conv(pad(x, "reflect", (self.conv.kernel_size[0] // 2,) * 4))

    def forward(self, x: Tensor, shares: Tensor | None = None) -> Tensor:
        """Convolve, normalise (with the styles' shares (N, S) where the norm asks for them), ReLU."""
        x = self.convolve(x)
        if self.norm is not None:
            batch = isinstance(self.norm, nn.BatchNorm2d)
            if self.norm.training or not batch:
                x = without_flat_slopes(x, (0, 2, 3) if batch else (2, 3))
            x = self.norm(x, shares) if isinstance(self.norm, ConditionalInstanceNorm2d) else self.norm(x)
        return F.relu(x) if self.relu else x


class ResidualBlock(nn.Module):
    """x + f(x), f being two 3x3 convolutions. He, Zhang, Ren and Sun 2016, without the last ReLU, as Johnson has it."""

    def __init__(self, first: Layer, second: Layer):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor, shares: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x + self.second(self.first(x, shares), shares)


class FastNet(nn.Module):
    """Johnson's image transformation network: a picture (N, 3, H, W) in [0, 1] in, the painted one of the same size out.

    A 9x9 convolution to 32 channels, two of stride 2 to 64 and 128, five residual blocks, two enlargements back, a 9x9
    convolution to RGB. `width` multiplies the channels (1: 1,679,235 parameters; 0.5: 424,899). `norm`: one of NORMS;
    "conditional" has a row for each of `styles`. `upsampling`: "nearest", and then a convolution, or "transposed", a
    transposed convolution as published, which prints a checkerboard. `names` of the styles, if they have any. `backbone`:
    the name of the network that judges it while it learns. Raises NstError.
    """

    def __init__(
        self,
        width: float = 1.0,
        norm: str = "instance",
        styles: int = 1,
        upsampling: str = "nearest",
        names: Sequence[str] = (),
        backbone: str = "micro",
    ):
        super().__init__()
        _check(width, norm, styles, upsampling, names)
        self.options = {"width": width, "norm": norm, "styles": styles, "upsampling": upsampling, "names": list(names)}
        self.options["backbone"] = backbone
        small, middle, large = (max(1, round(width * channels)) for channels in CHANNELS)

        def layer(conv: nn.Module, relu: bool = True, enlarge: int = 1) -> Layer:
            return Layer(conv, NORMS[norm](conv.out_channels, styles), relu, enlarge)

        def up(before: int, after: int) -> Layer:
            if upsampling == "transposed":
                return layer(nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1))
            return layer(nn.Conv2d(before, after, 3), enlarge=2)

        def block() -> ResidualBlock:
            return ResidualBlock(layer(nn.Conv2d(large, large, 3)), layer(nn.Conv2d(large, large, 3), relu=False))

        self.down = nn.ModuleList(
            [
                layer(nn.Conv2d(3, small, 9)),
                layer(nn.Conv2d(small, middle, 3, stride=2)),
                layer(nn.Conv2d(middle, large, 3, stride=2)),
            ]
        )
        self.blocks = nn.ModuleList(block() for _ in range(BLOCKS))
        self.up = nn.ModuleList([up(large, middle), up(middle, small), Layer(nn.Conv2d(small, 3, 9), narrow=True)])
        with torch.no_grad():  # begin near grey: where the tanh is flat, nothing would be learned
            self.up[-1].conv.weight.mul_(0.1)
            self.up[-1].conv.bias.zero_()

    @property
    def names(self) -> list[str]:
        """Return the names of the styles that it paints, in the order of their rows."""
        return list(self.options["names"])

    @property
    def backbone(self) -> str:
        """Return the name of the network that judged it while it learned: by another's eyes it looks worse."""
        return self.options["backbone"]

    def norms(self) -> list[nn.Module]:
        """Its normalisation layers, first to last."""
        return [module.norm for module in self.modules() if isinstance(module, Layer) and module.norm is not None]

    def shares(self, style: int | Tensor | None, count: int, like: Tensor) -> Tensor | None:
        """Return the shares of each style for `count` pictures: (N, S), or None for a network of one style.

        `style`: an index, (N,) indices, or shares (S,) or (N, S); by default the first style. Raises NstError.
        """
        if self.options["norm"] != "conditional":
            if style is not None:
                raise NstError(f"style={style!r}: this network has one style; leave the argument out")
            return None
        styles = self.options["styles"]
        chosen = torch.as_tensor(0 if style is None else style, device=like.device)
        if not chosen.is_floating_point():
            if chosen.ndim > 1 or not bool(((chosen >= 0) & (chosen < styles)).all()):
                raise NstError(f"style={style!r}: the network has styles 0 to {styles - 1}")
            chosen = F.one_hot(chosen.long(), styles).to(torch.float32)
        if chosen.shape[-1] != styles or chosen.ndim > 2 or (chosen.ndim == 2 and len(chosen) != count):
            raise NstError(f"style has shape {tuple(chosen.shape)}, expected ({styles},) or ({count}, {styles})")
        return chosen.expand(count, styles)

    def forward(self, image: Tensor, style: int | Tensor | None = None) -> Tensor:
        """Return the painted pictures, around [0, 1] but not clamped; sides from 32 px up. `style`: see `shares`."""
        height, width = image.shape[-2:]
        shares = self.shares(style, len(image), image)
        x = prepared(image)
        for layer in [*self.down, *self.blocks, *self.up]:
            x = layer(x, shares)
        return finish(x)[..., :height, :width]


def finish(x: Tensor) -> Tensor:
    """Bend the last convolution's output into a little more than [0, 1]."""
    return 0.5 + RANGE * torch.tanh(x.float())


def without_flat_slopes(x: Tensor, together: tuple[int, ...] = (2, 3)) -> Tensor:
    """Return maps (N, C, H, W) that are normalised next, over the axes `together`; where they are flat, no gradient passes.

    Normalised, a flat map is its shift, whatever weights made it: their gradient is zero. But that zero is a sum over pixels,
    which grow by 1/sqrt(1e-5) with every layer on the way back, and fifteen layers make infinity of what rounding leaves.
    """
    if x.requires_grad:
        flat = x.detach().float().var(together, keepdim=True, correction=0) < FLAT
        x.register_hook(lambda slopes: slopes.masked_fill(flat, 0))
    return x


def prepared(image: Tensor) -> Tensor:
    """Return the pictures (N, 3, H, W), continued to sides that a FastNet can take. Raises NstError for others."""
    if image.ndim != 4 or image.shape[1] != 3 or min(image.shape[-2:]) < MIN_SIDE:
        raise NstError(f"image has shape {tuple(image.shape)}, expected (N, 3, H, W) with sides of at least {MIN_SIDE} px")
    return pad_to_step(image, STEP)


def with_styles(network: FastNet, names: Sequence[str]) -> FastNet:
    """Return a conditional network for these styles, with the convolutions of another, whose first style stands in every row.

    One that has these very styles is copied as it is.
    """
    if list(names) == network.names and network.options["norm"] == "conditional":
        return copy.deepcopy(network)
    options = network.options | {"norm": "conditional", "styles": len(names), "names": list(names)}
    many, state = FastNet(**options), network.state_dict()
    for key, value in many.state_dict().items():
        if ".norm." in key:
            state[key] = torch.atleast_2d(state[key])[:1].expand_as(value)
    many.load_state_dict(state)
    return many


def add_style(network: FastNet, name: str) -> FastNet:
    """Return a copy of a conditional network with one more style, which begins as the mean of the others. Raises NstError."""
    if network.options["norm"] != "conditional":
        raise NstError("a style can be added to a network with norm='conditional' only")
    if name in network.names:
        raise NstError(f"the network has a style {name!r} already: choose another name")
    larger = copy.deepcopy(network)
    larger.options |= {"styles": network.options["styles"] + 1, "names": [*network.names, name] if network.names else []}
    for norm in larger.norms():
        for key in ("weight", "bias"):
            rows = getattr(norm, key).detach()
            setattr(norm, key, nn.Parameter(torch.cat([rows, rows.mean(0, keepdim=True)])))
    return larger


def _check(width: float, norm: str, styles: int, upsampling: str, names: Sequence[str]) -> None:
    if not isinstance(width, int | float) or not 0 < width <= 4:
        raise NstError(f"width={width!r}: expected a number above 0, up to 4; 1 is the published network")
    for key, value, table in (("norm", norm, NORMS), ("upsampling", upsampling, UPSAMPLINGS)):
        if value not in table:
            raise NstError(f"{key}={value!r}: choose one of {', '.join(table)}")
    if not isinstance(styles, int) or styles < 1 or (styles > 1 and norm != "conditional"):
        raise NstError(f"styles={styles!r} with norm={norm!r}: several styles need norm='conditional', and one is the least")
    if names and len(names) != styles:
        raise NstError(f"names has {len(names)} entries for {styles} styles")
