"""Prune VGG-19 to a small backbone that paints like it: channels chosen and refitted, then trained on what it paints itself.

    python tools/make/prune_backbone.py begin  --photos PHOTOS --styles DRAWN PAINTINGS --run build/pruned   # about ten minutes
    python tools/make/prune_backbone.py train  --photos PHOTOS --styles DRAWN PAINTINGS --run build/pruned --steps 6000
    python tools/make/prune_backbone.py export --run build/pruned --out pruned.safetensors                   # in eight bits

`begin` keeps in each layer those channels of VGG-19 that span the energy of all, and fits their kernels anew, by least
squares, to what the channels kept before them say (He, Zhang and Sun, "Channel pruning for accelerating very deep neural
networks", 2017). `train` then moves all kernels together: maps and Gram matrices are to be those of VGG-19's channels, on
photographs, on styles, and on canvases that the student itself has painted. A search leads where its loss is lowest, to
pictures on which the student was never asked: so it is asked there (Ross, Gordon and Bagnell, "A reduction of imitation learning
and structured prediction to no-regret online learning", 2011). An answer of VGG-19 takes longer than a step of the student, so
each serves a few steps. Training can be killed, and goes on from its last checkpoint.
`tools/measure/painters.py --mini FILE` judges what comes out.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from distil_backbone import HELD_OUT, refill, remembered
from pruning import BLOCKS, in_eight_bits, normalised, prune
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nstlib.features.extractor import CAFFE, IMAGENET, VGG, FeatureExtractor, load_mini, load_vgg19
from nstlib.files.weights import read_header
from nstlib.files.writing import write_whole
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, StyleTarget, Weights
from nstlib.losses.terms import gram_matrix
from nstlib.optimization.search import OPTIMIZERS, Canvas, optimization_steps
from nstlib.settings import half_precision, has_bf16
from nstlib.training.checkpoints import Checkpoint, load_latest, save_checkpoint
from nstlib.training.datasets import Crops, Joined, Pictures, folder

WIDTHS = (16, 48, 96, 256, 512)
SIDE = 160  # pixels of a crop, and of a canvas
LAYERS = (*STYLE_LAYERS, *CONTENT_LAYERS)  # what a search looks at, and what is trained
PAINT_EVERY, RUNS, EVALUATIONS = 40, 2, 60  # steps; searches; of each
LOOKS = (2, 6, 11, 18, 26, 36, 47, 59)  # evaluations of a search whose canvases are kept
POOL = 800  # canvases: the oldest give way
CROPS = 800  # those that a step draws from: with each step one goes and one comes
GRAM_SHARE = 3  # of the Gram matrices' part of the loss, beside 1 for the maps
STYLE_FACTORS = (0.3, 1, 1, 1, 3)  # of the style weight of a search
CHECKPOINT_EVERY = 100  # steps
BEGUN = "begun.safetensors"  # what `begin` writes into the folder of the run


# ---------------------------------------------------------------- what is trained on


class Material:
    """Photographs and styles to train on, crops of both, and the canvases that the student has painted of them."""

    def __init__(self, photos: Path, styles: list[Path]):
        every = folder(photos, SIDE * 7 // 5).sources
        self.photos = Crops(Pictures(every[:-HELD_OUT] or every, SIDE * 7 // 5), SIDE)
        drawn = Joined([folder(path, side) for path in styles for side in (SIDE * 8 // 5, 2 * SIDE)], 0.3)
        self.styles = Crops(drawn, SIDE, seed=1)
        self.canvases = torch.zeros(0, 3, SIDE, SIDE, dtype=torch.uint8)
        self.given_way = 0  # canvases that are no longer kept: the number of the first that is

    def crop(self, number: int) -> Tensor:
        """Return crop `number`, (3, SIDE, SIDE): every fourth is of a photograph, the others of styles, a search's targets."""
        return (self.styles if number % 4 else self.photos).batch(number, 1)[0]

    def crops(self, count: int) -> Tensor:
        """Return the first crops: (count, 3, SIDE, SIDE)."""
        return torch.stack([self.crop(number) for number in range(count)])

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        """Return {name: picture}, a third of them canvases, always the same for a step; what has one name is one picture."""
        random = torch.Generator().manual_seed(step)
        order = torch.randperm(len(self.canvases), generator=random)[: count // 3].tolist()
        canvases = {f"canvas {self.given_way + place}": self.canvases[place].float() / 255 for place in order}
        numbers = (step + torch.randperm(CROPS, generator=random)[: count - count // 3]).tolist()
        return canvases | {f"crop {number}": self.crop(number) for number in numbers}

    def paint(self, eye: FeatureExtractor, step: int) -> None:
        """Search for a few pictures with this eye, and keep some of the canvases on the way."""
        for run in range(RUNS):
            content, style = self.photos.batch(step, 1, 1000 + run), self.styles.batch(step, 1, 1000 + run)
            weights = Weights(style=Weights.style * STYLE_FACTORS[(step // PAINT_EVERY + run) % len(STYLE_FACTORS)])
            objective, canvas = StyleObjective(eye, content, [StyleTarget(style)], weights=weights), Canvas(content)
            for search in optimization_steps(canvas, objective, OPTIMIZERS["lbfgs"](canvas.z), EVALUATIONS):
                if search.index in LOOKS:
                    seen = (search.canvas.clamp(0, 1) * 255).round().byte()
                    self.canvases = torch.cat([self.canvases, seen])
        self.given_way += max(0, len(self.canvases) - POOL)
        self.canvases = self.canvases[-POOL:]


# ---------------------------------------------------------------- train


class AsMatrix(nn.Module):
    """A kernel that is kept as a matrix, the form that the Muon optimiser orthogonalises."""

    def __init__(self, shape: torch.Size):
        super().__init__()
        self.shape = shape

    def forward(self, matrix: Tensor) -> Tensor:
        return matrix.view(self.shape).contiguous(memory_format=torch.channels_last)

    def right_inverse(self, kernel: Tensor) -> Tensor:
        return kernel.flatten(1).contiguous()


def plain(student: VGG) -> dict[str, Tensor]:
    """Return the kernels and biases of a student, whatever form they are trained in."""
    pairs = ((f"convs.{name}", conv) for name, conv in student.convs.items())
    return {f"{name}.{part}": getattr(conv, part).detach().contiguous() for name, conv in pairs for part in ("weight", "bias")}


def student_of(state: dict[str, Tensor]) -> VGG:
    """Return the student with these kernels, ready to be trained."""
    student = VGG([len(state[f"convs.conv{block}_1.bias"]) for block in range(1, 6)], BLOCKS)
    student.load_state_dict(state)
    for conv in student.convs.values():
        parametrize.register_parametrization(conv, "weight", AsMatrix(conv.weight.shape))
    return student


def write(student: VGG, chosen: dict[str, list[int]], path: Path) -> None:
    """Write a student, its kernels in eight bits, as the library reads it, and which of VGG-19's channels it has."""
    write_whole(path, save(in_eight_bits(plain(student)), {"channels": json.dumps(chosen)}))


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, list[int]]]:
    """Return what `write` has written."""
    return load_mini(path).state_dict(), json.loads(read_header(path)[0]["channels"])


def losses_of(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return by layer, of each picture's energy, what is wrong with the maps and with their Gram matrices: each (N,)."""

    def share(one: Tensor, target: Tensor) -> Tensor:
        return (one - target).square().flatten(1).sum(1) / target.square().flatten(1).sum(1)

    maps = {layer: share(found[layer], wanted[layer]) for layer in LAYERS}
    return maps | {f"gram {layer}": share(gram_matrix(found[layer]), gram_matrix(wanted[layer])) for layer in STYLE_LAYERS}


class Lesson:
    """What the student must say to pictures: VGG-19's maps of the channels that it has, in the student's units."""

    def __init__(self, teacher: VGG, chosen: dict[str, list[int]]):
        self.teacher, self.chosen = teacher, {f"relu{name[4:]}": channels for name, channels in chosen.items()}
        self.units: dict[str, float] = {}
        self.known: dict[str, dict[str, Tensor]] = {}  # answers by a picture's name, the longest unused first

    @torch.no_grad()
    def wanted(self, pictures: Tensor) -> dict[str, Tensor]:
        """Return {layer: (N, C, h, w)} of pictures (N, 3, H, W) in [0, 1]."""
        with half_precision(has_bf16(), torch.device("cpu")):
            maps = {layer: x for layer, x in self.teacher.walk(normalised(pictures, CAFFE), LAYERS) if layer in LAYERS}
        return {layer: x[:, self.chosen[layer]].float() * self.units.get(layer, 1) for layer, x in maps.items()}

    def remembered(self, pictures: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the same of {name: (3, H, W)}, and ask VGG-19 only about names that it was not asked about lately."""
        if unknown := [name for name in pictures if name not in self.known]:
            maps = self.wanted(torch.stack([pictures[name] for name in unknown]))
            for place, name in enumerate(unknown):
                self.known[name] = {layer: x[place].half() for layer, x in maps.items()}
        self.known |= {name: self.known.pop(name) for name in pictures}
        while len(self.known) > CROPS + POOL:
            del self.known[next(iter(self.known))]
        return {layer: torch.stack([self.known[name][layer] for name in pictures]).float() for layer in LAYERS}

    @torch.no_grad()
    def calibrate(self, student: VGG, pictures: Tensor) -> None:
        """Take the student's units as they are: its maps need not grow to VGG-19's size."""
        self.units, found = {}, said(student, pictures)
        for layer, x in self.wanted(pictures).items():
            self.units[layer] = float((found[layer] * x).sum() / x.square().sum())


def said(student: VGG, pictures: Tensor) -> dict[str, Tensor]:
    """Return the student's maps of the layers that are trained."""
    with half_precision(has_bf16(), torch.device("cpu")):
        return {layer: x.float() for layer, x in student.walk(normalised(pictures, IMAGENET), LAYERS) if layer in LAYERS}


def optimisers_of(student: VGG, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the kernels, AdamW for the biases."""
    kernels = [conv.parametrizations.weight.original for conv in student.convs.values()]
    return [
        torch.optim.Muon(kernels, lr=rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([conv.bias for conv in student.convs.values()], lr=0.3 * rate, weight_decay=0.0),
    ]


def rate_of(step: int, steps: int) -> float:
    """Share of the peak rate: 50 steps of warm-up, a plateau, and down to zero over the last three fifths."""
    return min(1.0, (step + 1) / 50, (steps - step) / (0.6 * steps))


def train(args: argparse.Namespace) -> None:
    """Train to `--steps`, from the last checkpoint, else from `--start` or what `begin` made."""
    torch.manual_seed(0)
    begun, chosen = read(args.start or args.run / BEGUN)
    args.run.mkdir(parents=True, exist_ok=True)
    teacher = load_vgg19().requires_grad_(False).to(memory_format=torch.channels_last)
    teacher.drop_beyond(max(LAYERS, key=teacher.layers().index))
    student, material, lesson = student_of(begun), Material(args.photos, args.styles), Lesson(teacher, chosen)
    lesson.calibrate(student, material.crops(12))
    optimisers, start = optimisers_of(student, args.rate), 0
    peaks = [optimiser.param_groups[0]["lr"] for optimiser in optimisers]
    if (found := load_latest(args.run)) is not None:
        start, material.canvases = found.step, found.tensors["canvases"]
        resume(student, optimisers, lesson, found)
    average, began = {}, time.time()
    for step in range(start, args.steps):
        for optimiser, peak in zip(optimisers, peaks, strict=True):
            optimiser.param_groups[0]["lr"] = peak * rate_of(step, args.steps)
        if step % PAINT_EVERY == 0:
            write(student, chosen, args.run / "student.safetensors")
            material.paint(FeatureExtractor("mini", LAYERS, weights=args.run / "student.safetensors"), step)
        losses = train_step(student, lesson, material, optimisers, step, args.batch)
        average = {name: 0.97 * average.get(name, value) + 0.03 * value for name, value in losses.items()}
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == args.steps:
            tensors = {f"student.{name}": tensor for name, tensor in plain(student).items()} | remembered(optimisers)
            tensors["canvases"] = material.canvases
            save_checkpoint(args.run, Checkpoint(step + 1, tensors, {"units": lesson.units, "channels": chosen}))
            means = {name: round(value, 3) for name, value in average.items()}
            print(step + 1, f"{time.time() - began:.0f} s", means, flush=True)


def train_step(
    student: VGG, lesson: Lesson, material: Material, optimisers: list[torch.optim.Optimizer], step: int, batch: int
) -> dict[str, float]:
    """Make one step, on pictures and canvases alike; the means of the losses by name."""
    pictures = material.batch(step, batch)
    found, wanted = said(student, torch.stack(list(pictures.values()))), lesson.remembered(pictures)
    losses = {name: loss.mean() for name, loss in losses_of(found, wanted).items()}
    for optimiser in optimisers:
        optimiser.zero_grad()
    sum(loss * (GRAM_SHARE if name.startswith("gram") else 1) for name, loss in losses.items()).backward()
    for optimiser in optimisers:
        optimiser.step()
    return {name: loss.item() for name, loss in losses.items()}


def resume(student: VGG, optimisers: list[torch.optim.Optimizer], lesson: Lesson, found: Checkpoint) -> None:
    """Put a checkpoint in the place of a beginning."""
    with torch.no_grad():
        for name, conv in student.convs.items():
            conv.weight = found.tensors[f"student.convs.{name}.weight"]
            conv.bias.copy_(found.tensors[f"student.convs.{name}.bias"])
    refill(optimisers, found.tensors)
    lesson.units = found.notes["units"]


# ---------------------------------------------------------------- commands


def begin(args: argparse.Namespace) -> None:
    """Choose and fit, from crops of photographs and styles."""
    torch.manual_seed(0)
    material = Material(args.photos, args.styles)
    student, chosen, _ = prune(load_vgg19(), material.crops(args.pictures), WIDTHS, args.samples)
    args.run.mkdir(parents=True, exist_ok=True)
    write(student, chosen, args.run / BEGUN)


def export(args: argparse.Namespace) -> None:
    """Write the weights of the last checkpoint."""
    found = load_latest(args.run)
    if found is None:
        raise SystemExit(f"there is no checkpoint in {args.run}: run `train` first, with the same --run")
    state = {name.removeprefix("student."): x for name, x in found.tensors.items() if name.startswith("student.")}
    write(student_of(state), found.notes["channels"], args.out)
    print(f"{args.out}: {sum(x.numel() for x in state.values()):,} parameters, {args.out.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("begin", "train", "export"))
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--styles", type=Path, nargs="+", help="folders of drawn styles and paintings")
    parser.add_argument("--run", type=Path, default=Path("build/pruned"))
    parser.add_argument("--start", type=Path, help="weights that `export` has written, to go on from in a new --run")
    parser.add_argument("--out", type=Path, default=Path("build/pruned.safetensors"))
    parser.add_argument("--pictures", type=int, default=480, help="crops that `begin` fits from; 20 MB of memory each")
    parser.add_argument("--samples", type=int, default=100_000, help="places of a layer that `begin` fits from")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--batch", type=int, default=6, help="crops of a step, a third of them canvases")
    args = parser.parse_args()
    {"begin": begin, "train": train, "export": export}[args.command](args)


if __name__ == "__main__":
    main()
