"""Measure what the lesson on textures before networks claims, in one run.

    python tools/measure/textures.py                 # all of it
    python tools/measure/textures.py growth atoms    # some of it

growth: seconds to grow 64 to 128 px, in turns and one pixel at a time. atoms: how many of 50 K-SVD recovers.
noise: decibels gained at sigma 25. numbers: seconds and loss of Portilla and Simoncelli's textures.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np
import plenoptic
import skimage.data
import torch
from machine import machine
from sklearn.decomposition import MiniBatchDictionaryLearning
from torch import Tensor

from nstlib import photo, style
from nstlib.images.files import load_image, resize
from nstlib.textures.nonparametric import growth_steps
from nstlib.textures.parametric import TextureModel, portilla_simoncelli
from nstlib.textures.sparse import GAIN, Stop, code_picture, ksvd, to_patches

SIGMA = 25 / 255
SIDE = 128  # pixels of the textures' samples; growth takes a quarter of the area


def crop(picture: Tensor, top: int, left: int, side: int) -> Tensor:
    return picture[..., top : top + side, left : left + side].contiguous()


def textures() -> dict[str, Tensor]:
    """Two photographs and two pieces of drawn styles, (1, 3, SIDE, SIDE)."""
    photographs = {"brick": load_image(skimage.data.brick()), "grass": load_image(skimage.data.grass())}
    samples = {name: crop(resize(picture, 2 * SIDE), 0, 0, SIDE) for name, picture in photographs.items()}
    samples["mosaic"] = crop(style("mosaic", 3 * SIDE), SIDE, SIDE // 2, SIDE)
    return samples | {"swirls": crop(style("swirls", 2 * SIDE), 0, SIDE // 2, SIDE)}


def clock(work: Callable, *arguments: object, **options: object) -> tuple[float, object]:
    """Seconds and result of a call."""
    began = time.perf_counter()
    result = work(*arguments, **options)
    return time.perf_counter() - began, result


def growth(args: argparse.Namespace) -> None:
    print("| texture | window, px | passes | 64 to 128 px, s | one pixel at a time, s |\n|---|---|---|---|---|")
    for name, picture in textures().items():
        sample = crop(picture, SIDE // 4, SIDE // 4, SIDE // 2)
        for window in (11, 23):
            seconds, passes = clock(count_passes, sample, window=window)
            alone = f"{clock(count_passes, sample, window=window, together=False)[0]:.1f}" if name == "mosaic" else "-"
            print(f"| {name} | {window} | {passes} | {seconds:.2f} | {alone} |", flush=True)


def count_passes(sample: Tensor, **options: object) -> int:
    return sum(1 for _ in growth_steps(sample, SIDE, **options))


def hidden(seed: int, decibels: float | None) -> tuple[Tensor, Tensor]:
    """The test of Aharon and others (2006): 50 atoms of 20 numbers; 1,500 signals of three atoms, with noise or without."""
    random = np.random.default_rng(seed)
    atoms = random.normal(size=(50, 20))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = np.zeros((1500, 50))
    for code in codes:
        code[random.choice(50, 3, replace=False)] = random.normal(size=3)
    signals = codes @ atoms
    if decibels is not None:
        signals += random.normal(size=signals.shape) * np.sqrt(np.square(signals).mean() / 10 ** (decibels / 10))
    return torch.from_numpy(atoms), torch.from_numpy(signals)


def online(patches: Tensor, count: int, alpha: float, passes: int) -> Tensor:
    """scikit-learn's online dictionary learning, atoms of length 1."""
    learner = MiniBatchDictionaryLearning(
        count, alpha=alpha, max_iter=passes, batch_size=50, fit_algorithm="lars", tol=0, max_no_improvement=None, random_state=0
    )
    atoms = torch.from_numpy(learner.fit(patches.numpy()).components_).to(patches)
    return atoms / atoms.norm(dim=1, keepdim=True).clamp_min(1e-9)


def atoms(args: argparse.Namespace) -> None:
    print("| seed | noise | K-SVD, of 50 | s | online, of 50 | s |\n|---|---|---|---|---|---|")
    for decibels in (None, 20):
        counts = []
        for seed in range(args.seeds):
            truth, signals = hidden(seed, decibels)
            runs = [clock(ksvd, signals, 50, Stop(atoms=3), rounds=80, seed=seed), clock(online, signals, 50, 0.3, 10)]
            seconds, learned = zip(*runs, strict=True)
            counts.append([int(((truth @ found.T).abs().amax(1) > 0.99).sum()) for found in learned])
            noise = "none" if decibels is None else f"{decibels} dB"
            print(f"| {seed} | {noise} | {counts[-1][0]} | {seconds[0]:.1f} | {counts[-1][1]} | {seconds[1]:.1f} |", flush=True)
        ours, theirs = zip(*counts, strict=True)
        print(
            f"| **median, least** | | **{median(ours):g}, {min(ours)}** | | **{median(theirs):g}, {min(theirs)}** | |", flush=True
        )


def psnr(picture: Tensor, clean: Tensor) -> float:
    return float(-10 * torch.log10((picture.clamp(0, 1) - clean).square().mean()))


def noise(args: argparse.Namespace) -> None:
    print("| photograph | noisy, dB | K-SVD, dB | gain | s | online, dB | gain | s |\n|---|---|---|---|---|---|---|---|")
    stop = Stop(error=GAIN * SIGMA)
    for name in ("cat", "astronaut", "temple"):
        clean = photo(name, 256).mean(1, keepdim=True)
        random = torch.Generator().manual_seed(0)
        noisy = clean + SIGMA * torch.randn(clean.shape, generator=random)
        patches, _ = to_patches(noisy, 8)
        patches = patches[torch.randperm(len(patches), generator=random)[:8000]]
        row = [name, f"{psnr(noisy, clean):.2f}"]
        for seconds, learned in (clock(ksvd, patches, 256, stop, rounds=10), clock(online, patches, 256, 0.4, 10)):
            result = psnr(code_picture(noisy, learned, stop), clean)
            row += [f"{result:.2f}", f"{result - psnr(noisy, clean):+.2f}", f"{seconds:.1f}"]
        print("| " + " | ".join(row) + " |", flush=True)


def numbers(args: argparse.Namespace) -> None:
    """100 evaluations each; beside ours, on the grey ones, plenoptic's own coarse-to-fine synthesis with Adam."""
    print("| texture | channels | L-BFGS, s | loss | Adam, s | loss |\n|---|---|---|---|---|---|")
    for name, sample in textures().items():
        model = TextureModel(sample)
        seconds, grown = clock(portilla_simoncelli, sample, steps=100)
        row = [name, str(len(model.axes)), f"{seconds:.1f}", f"{float(model.loss(grown)):.2f}", "-", "-"]
        if len(model.axes) == 1:
            seconds, grown = clock(by_plenoptic, sample, 100)
            row[4:] = [f"{seconds:.1f}", f"{float(model.loss(grown)):.2f}"]
        print("| " + " | ".join(row) + " |", flush=True)


def by_plenoptic(sample: Tensor, steps: int) -> Tensor:
    """plenoptic's MetamerCTF of a grey sample, as its documentation sets it up."""
    torch.manual_seed(0)
    grey = sample.mean(1, keepdim=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = plenoptic.models.PortillaSimoncelli(tuple(grey.shape[-2:]))
        metamer = plenoptic.MetamerCTF(grey, model, loss_function=plenoptic.loss.l2_norm)
        metamer.setup((torch.rand_like(grey) - 0.5) * 0.1 + grey.mean())
        metamer.synthesize(steps, change_scale_criterion=None, ctf_iters_to_check=7)
    return metamer.metamer.detach().clamp(0, 1).expand(-1, 3, -1, -1).contiguous()


COMMANDS = {"growth": growth, "atoms": atoms, "noise": noise, "numbers": numbers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--seeds", type=int, default=5, help="dictionaries to recover")
    args = parser.parse_args()
    print(f"{machine()}; all of it on the CPU\n", flush=True)
    for command in args.commands:
        COMMANDS[command](args)
        print(flush=True)


if __name__ == "__main__":
    main()
