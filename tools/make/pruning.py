"""Prune a VGG: channels that span the energy of all, and kernels fitted by least squares to what is left before them.

He, Zhang and Sun, "Channel pruning for accelerating very deep neural networks" (2017). See prune_backbone.py.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.features.extractor import CAFFE, IMAGENET, VGG, Normalisation, pad
from nstlib.losses.terms import gram_matrix

BLOCKS = (2, 2, 4, 4, 1)  # convolutions of each block
RIDGE = 1e-3  # of the mean square of what is fitted from
ROUNDS = 8  # of the fit through a ReLU: the error hardly falls any more
AT_ONCE = 10  # pictures that pass through VGG-19 together


def chosen_channels(moments: Tensor, count: int) -> list[int]:
    """Choose, one by one, the channels that explain most of the energy of all: moments (C, C), uncentred -> indices, in order."""
    left, chosen = moments.clone(), []
    for _ in range(count):
        explained = left.square().sum(1) / left.diagonal().clamp_min(1e-12)
        explained[left.diagonal() < 1e-5 * moments.diagonal()] = 0  # the chosen tell all of it but rounding
        explained[chosen] = -1
        best = int(explained.argmax())
        chosen.append(best)
        left = left - torch.outer(left[:, best], left[best]) / left[best, best].clamp_min(1e-12)
    return sorted(chosen)


def fit_through_relu(inputs: Tensor, wanted: Tensor) -> Tensor:
    """Fit wanted (n, c), before its ReLU, by inputs (n, d) and a constant: (d + 1, c).

    Where `wanted` is negative, any prediction below zero is right: so, round by round, there the prediction itself is asked.
    """
    inputs = torch.cat([inputs, torch.ones_like(inputs[:, :1])], 1)
    square = inputs.mT @ inputs
    factor = torch.linalg.cholesky(square + RIDGE * square.diagonal().mean() * torch.eye(len(square)))
    asked = wanted
    for _ in range(ROUNDS + 1):
        weights = torch.cholesky_solve(inputs.mT @ asked, factor)
        asked = torch.where(wanted > 0, wanted, (inputs @ weights).clamp_max(0))
    return weights


def neighbourhoods(maps: Tensor, places: Tensor) -> Tensor:
    """Read the 3x3 neighbourhoods of places (P,) of maps (C, H, W), in a kernel's order: (P, C * 9)."""
    row, column = places // maps.shape[2], places % maps.shape[2]
    framed = pad(maps.float(), "constant")
    return torch.stack([framed[:, row + i, column + j] for i in range(3) for j in range(3)], 1).flatten(0, 1).mT


def normalised(pictures: Tensor, by: Normalisation) -> Tensor:
    """Return pictures (N, 3, H, W) in [0, 1] as a network wants them."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in by)
    return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)


def in_eight_bits(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights as `nstlib.files.weights.unpacked` reads them: kernels in eight bits, an output channel one unit."""
    packed = {}
    for name, tensor in state.items():
        if tensor.dim() == 4:
            unit = tensor.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / 127
            packed |= {name: (tensor / unit).round().to(torch.int8), f"{name}.unit": unit}
        else:
            packed[name] = tensor
    return packed


def in_parts(function: Callable[[Tensor], Tensor], maps: Tensor) -> Tensor:
    """Apply a function to a few maps at once; kept in half precision, for there are many."""
    return torch.cat([function(part.float()).half() for part in maps.split(AT_ONCE)])


@torch.no_grad()
def prune(
    teacher: VGG, pictures: Tensor, widths: tuple[int, ...], samples: int
) -> tuple[VGG, dict[str, list[int]], dict[str, float]]:
    """Return the student, the teacher's channels that it has in each layer, and how much of their energy it misses there.

    `pictures` (N, 3, H, W) in [0, 1]; `samples`: places of a layer that are fitted.
    """
    student, chosen, missed = VGG(widths, BLOCKS), {}, {}
    theirs, ours = normalised(pictures, CAFFE).half(), normalised(pictures, IMAGENET).half()
    unit = 1.0  # of the teacher's maps, which are kept near 1
    for name, conv in student.convs.items():
        if name.endswith("_1") and name != "conv1_1":
            theirs, ours = (in_parts(lambda part: F.max_pool2d(part, 2), maps) for maps in (theirs, ours))
        kernel, bias = teacher.convs[name].weight, teacher.convs[name].bias
        some = F.relu(F.conv2d(theirs[:AT_ONCE].float() * unit, kernel, bias, padding=1))
        before, unit = unit, float(some.square().mean().sqrt())
        wanted = in_parts(lambda part, k=kernel, b=bias, s=before, u=unit: F.conv2d(part * s, k, b, padding=1) / u, theirs)
        theirs = F.relu(wanted)
        moments = sum(gram_matrix(part.float()).sum(0) for part in theirs.split(AT_ONCE))
        chosen[name] = chosen_channels(moments, conv.out_channels)
        count = wanted.shape[2] * wanted.shape[3]
        places = [torch.randperm(count)[: max(1, samples // len(pictures))] for _ in pictures]
        inputs = torch.cat([neighbourhoods(maps, at) for maps, at in zip(ours, places, strict=True)])
        asked = torch.cat([one[chosen[name]].flatten(1)[:, at].mT.float() for one, at in zip(wanted, places, strict=True)])
        weights = fit_through_relu(inputs, asked)
        conv.weight.copy_(weights[:-1].mT.reshape(conv.weight.shape))
        conv.bias.copy_(weights[-1])
        ours = in_parts(lambda part, c=conv: F.relu(F.conv2d(part, c.weight, c.bias, padding=1)), ours)
        error = F.relu(torch.addmm(weights[-1], inputs, weights[:-1])) - F.relu(asked)
        missed[name] = float(error.square().sum() / F.relu(asked).square().sum())
        print(f"{name}: {len(inputs):,} places, {missed[name]:.4f} of the energy is missed", flush=True)
    return student, chosen, missed
