"""Distil the course's small backbone, `nstlib/weights/mini.safetensors`, from a VGG-19.

    python tools/make/distil_backbone.py train   --teacher vgg19 --photos PHOTOS --extra PAINTINGS images/styles --run build/mini
    python tools/make/distil_backbone.py export  --run build/mini            # folds, writes the weights in float16
    python tools/make/distil_backbone.py measure --teacher vgg19 --photos PHOTOS

The student has the teacher's layers with fewer channels. Each of its feature maps, through a linear "head" that is thrown
away afterwards, must predict the teacher's map before the ReLU. The teacher is "vgg19" (torchvision's weights) or a
.safetensors file of a narrower VGG with reflection padding that takes RGB in [0, 1] ("conv1_1.weight", ...).
Training can be killed and started again: it goes on from its last checkpoint.
"""

import argparse
import json
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.transforms.functional import center_crop, resize

from nstlib import load_image
from nstlib.features.extractor import IMAGENET_MEAN, IMAGENET_STD, MINI_WEIGHTS, VGG, conv_names, load_mini, load_vgg19

WIDTHS, BLOCKS = (24, 48, 80, 144, 144), (2, 2, 4, 4, 1)
SIDE = 192  # pixels: the short side of every training picture
HELD_OUT = 50  # the last photographs of the folder, which no training sees
CHECKPOINT_EVERY = 100  # steps
EXTRA_SHARE = 0.15  # of the crops come from paintings and drawn styles
MEASURED = ("1_1", "2_1", "3_1", "4_1", "4_2", "5_1")


class Teacher(nn.Module):
    """{conv name: map before the ReLU}, standardised: zero mean per channel, unit mean variance per layer."""

    def __init__(self, source: str):
        super().__init__()
        if source == "vgg19":
            self.network, mean, std = load_vgg19(), IMAGENET_MEAN, IMAGENET_STD
        else:
            self.network, mean, std = load_narrow(Path(source)), (0.0,) * 3, (1.0,) * 3
        self.network.requires_grad_(False).to(memory_format=torch.channels_last)
        self.names = conv_names(BLOCKS)
        self.mean, self.std = (torch.tensor(v).view(1, 3, 1, 1) for v in (mean, std))
        self.shift: dict[str, Tensor] = {}
        self.scale: dict[str, Tensor] = {}

    @torch.no_grad()
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        maps = self.network.walk((image - self.mean) / self.std, self.names)
        return {name: x for name, x in maps if name in self.names}

    def standardised(self, image: Tensor) -> dict[str, Tensor]:
        return {name: (x.float() - self.shift[name]) * self.scale[name] for name, x in self(image).items()}

    def calibrate(self, images: Tensor) -> None:
        for name, x in self(images).items():
            self.shift[name] = x.mean((0, 2, 3), keepdim=True)
            self.scale[name] = x.var((0, 2, 3)).mean().rsqrt()


def load_narrow(path: Path) -> VGG:
    """A VGG of any width from a file with the names conv1_1.weight, conv1_1.bias, ..."""
    state = {f"convs.{key}": tensor for key, tensor in load_file(path).items() if key.startswith("conv")}
    network = VGG([len(state[f"convs.conv{b}_1.bias"]) for b in range(1, 6)], BLOCKS, "reflect")
    network.load_state_dict(state)
    return network


class Student(nn.Module):
    """The small network while it learns: batch normalisation before each ReLU, a 1x1 head per layer.

    The convolutions' weights are kept as matrices, the form that the Muon optimiser orthogonalises.
    """

    def __init__(self, target_channels: dict[str, int]):
        super().__init__()
        plan = VGG(WIDTHS, BLOCKS, "reflect")
        self.shapes = {name: conv.weight.shape for name, conv in plan.convs.items()}
        self.matrices = nn.ParameterDict()
        self.norms, self.heads = nn.ModuleDict(), nn.ModuleDict()
        for name, shape in self.shapes.items():
            self.matrices[name] = nn.init.kaiming_normal_(torch.empty(shape)).flatten(1)
            self.norms[name] = nn.BatchNorm2d(shape[0])
            self.heads[name] = nn.Conv2d(shape[0], target_channels[name], 1)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x, predictions = (image - self.mean) / self.std, {}
        for name, shape in self.shapes.items():
            if name.endswith("_1") and name != "conv1_1":
                x = F.max_pool2d(x, 2)
            kernel = self.matrices[name].view(shape).contiguous(memory_format=torch.channels_last)
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel)
            x = F.relu(self.norms[name](x))
            predictions[name] = self.heads[name](x)
        return predictions

    def folded(self) -> VGG:
        """The plain network: batch normalisation's running statistics folded into the convolutions."""
        network = VGG(WIDTHS, BLOCKS, "reflect")
        with torch.no_grad():
            for name, conv in network.convs.items():
                norm = self.norms[name]
                gain = norm.weight * (norm.running_var + norm.eps).rsqrt()
                conv.weight.copy_(self.matrices[name].view_as(conv.weight) * gain.view(-1, 1, 1, 1))
                conv.bias.copy_(norm.bias - norm.running_mean * gain)
        return network


def read_pictures(folder: Path, side: int = SIDE) -> list[Tensor]:
    """Every picture of a folder, in the order of the names: (3, H, W) uint8, short side `side` px."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return [(255 * resize(load_image(path)[0], side, antialias=True)).round().byte() for path in paths]


class Crops:
    """Batches of random crops, mirrored, with a random gain per channel; the same for the same step, killed or not."""

    def __init__(self, photos: list[Tensor], extra: list[Tensor]):
        self.photos, self.extra = photos, extra

    def batch(self, step: int, count: int, side: int) -> Tensor:
        random = torch.Generator().manual_seed(step)
        crops = torch.stack([self._crop(random, side) for _ in range(count)]).float().div_(255)
        gain = 0.7 + 0.6 * torch.rand(count, 3, 1, 1, generator=random)
        return (crops * gain).clamp_(0, 1).contiguous(memory_format=torch.channels_last)

    def _crop(self, random: torch.Generator, side: int) -> Tensor:
        def draw(n: int) -> int:
            return int(torch.randint(n, (1,), generator=random))

        from_extra = self.extra and torch.rand(1, generator=random) < EXTRA_SHARE
        source = self.extra if from_extra else self.photos
        picture = source[draw(len(source))]
        top, left = draw(picture.shape[1] - side + 1), draw(picture.shape[2] - side + 1)
        crop = picture[:, top : top + side, left : left + side]
        return crop.flip(2) if draw(2) else crop


def learning_rate(step: int, steps: int, cooldown: float) -> float:
    """Share of the peak rate: warm-up, plateau, then linearly to zero over the last `cooldown` of the steps.

    The plateau means that `steps` may be changed while training goes on.
    """
    return min(1.0, (step + 1) / 200, (steps - step) / (cooldown * steps))


def checkpoint_state(student: Student, optimisers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    state = {f"student.{key}": tensor.contiguous() for key, tensor in student.state_dict().items()}
    for number, optimiser in enumerate(optimisers):
        for index, slots in optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{number}.{index}.{slot}": torch.as_tensor(v).contiguous() for slot, v in slots.items()}
    return state


def save_checkpoint(path: Path, student: Student, optimisers: list[torch.optim.Optimizer], step: int, seconds: float) -> None:
    """Written whole or not at all."""
    temporary = path.with_suffix(".tmp")
    save_file(checkpoint_state(student, optimisers), temporary, {"step": str(step), "seconds": f"{seconds:.0f}"})
    os.replace(temporary, path)


def filled(student: Student, state: dict[str, Tensor]) -> Student:
    student.load_state_dict({k.removeprefix("student."): v for k, v in state.items() if k.startswith("student.")})
    return student


def load_checkpoint(path: Path, student: Student, optimisers: list[torch.optim.Optimizer]) -> tuple[int, float]:
    with safe_open(path, "pt") as file:
        meta, state = file.metadata(), {key: file.get_tensor(key) for key in file.offset_keys()}
    filled(student, state)
    for number, optimiser in enumerate(optimisers):
        stored = optimiser.state_dict()
        for key, tensor in state.items():
            if key.startswith(f"optimiser.{number}."):
                _, _, index, slot = key.split(".")
                stored["state"].setdefault(int(index), {})[slot] = tensor
        optimiser.load_state_dict(stored)
    return int(meta["step"]), float(meta["seconds"])


def make_optimisers(student: Student) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions (half the error of AdamW after the same steps), AdamW for the rest."""
    kernels = list(student.matrices.values())
    rest = [p for name, p in student.named_parameters() if not name.startswith("matrices.")]
    return [
        torch.optim.Muon(kernels, lr=6e-3, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=6e-3, weight_decay=0.0),
    ]


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(0)
    photos = read_pictures(args.photos)[:-HELD_OUT]
    extra = [picture for folder in args.extra for side in (SIDE, 2 * SIDE) for picture in read_pictures(folder, side)]
    crops, teacher = Crops(photos, extra), Teacher(args.teacher)
    teacher.calibrate(crops.batch(0, 64, 160))
    student = Student({name: x.shape[1] for name, x in teacher.shift.items()}).to(memory_format=torch.channels_last)
    optimisers = make_optimisers(student)
    peaks = [optimiser.param_groups[0]["lr"] for optimiser in optimisers]
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint, start, before = args.run / "checkpoint.safetensors", 0, 0.0
    if checkpoint.exists():
        start, before = load_checkpoint(checkpoint, student, optimisers)
    print(f"{len(photos)} photographs, {len(extra)} others; steps {start} to {args.steps}", flush=True)
    average, began = {}, time.time()
    for step in range(start, args.steps):
        rate = learning_rate(step, args.steps, args.cooldown)
        for optimiser, peak in zip(optimisers, peaks, strict=True):
            optimiser.param_groups[0]["lr"] = peak * rate
        losses = train_step(student, teacher, crops.batch(step, args.batch, args.side), optimisers)
        average = {k: 0.98 * average.get(k, v) + 0.02 * v for k, v in losses.items()}
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == args.steps:
            seconds = before + time.time() - began
            line = {"step": step + 1, "seconds": round(seconds), "unexplained": {k[4:]: round(v, 4) for k, v in average.items()}}
            with (args.run / "log.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")
            save_checkpoint(checkpoint, student, optimisers, step + 1, seconds)


def train_step(student: Student, teacher: Teacher, images: Tensor, optimisers: list) -> dict[str, float]:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        targets = teacher.standardised(images)
        predictions = student(images)
    losses = {name: F.mse_loss(predictions[name].float(), target) for name, target in targets.items()}
    for optimiser in optimisers:
        optimiser.zero_grad()
    sum(losses.values()).backward()
    for optimiser in optimisers:
        optimiser.step()
    return {name: loss.item() for name, loss in losses.items()}


def export(args: argparse.Namespace) -> None:
    state = load_file(args.run / "checkpoint.safetensors")
    heads = {key.split(".")[2]: len(tensor) for key, tensor in state.items() if key.startswith("student.heads") and "bias" in key}
    student = filled(Student(heads), state)
    weights = {key: tensor.half().contiguous() for key, tensor in student.folded().state_dict().items()}
    save_file(weights, args.out)
    print(f"{args.out}: {sum(t.numel() for t in weights.values()):,} parameters, {args.out.stat().st_size / 1e6:.2f} MB")


@torch.no_grad()
def measure(args: argparse.Namespace) -> dict[str, float]:
    """Share of the teacher's variance that a linear map from the student's ReLU maps leaves unexplained.

    The map is fitted by least squares on the photographs of training and measured on the held-out ones; 256-px squares
    at 192 px, teacher's maps before the ReLU.
    """
    squares = [center_crop(picture, [SIDE, SIDE]) for picture in read_pictures(args.photos)]
    teacher, student = Teacher(args.teacher), load_mini(args.out)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))

    def sums(pictures: list[Tensor]) -> dict[str, list[Tensor]]:
        total = {name: [torch.zeros(()).double()] * 3 for name in MEASURED}
        for i in range(0, len(pictures), 10):
            images = torch.stack(pictures[i : i + 10]).float() / 255
            targets = teacher(images)
            for layer, x in student.walk((images - mean) / std, ()):
                if layer.startswith("relu") and layer[4:] in MEASURED:
                    x = torch.cat([x, torch.ones_like(x[:, :1])], 1).transpose(0, 1).flatten(1).double()  # (C + 1, pixels)
                    y = targets["conv" + layer[4:]].transpose(0, 1).flatten(1).double()
                    new = (x @ x.mT, x @ y.mT, torch.cat([y.square().sum(1), y.sum(1), torch.tensor([y.shape[1]])]))
                    total[layer[4:]] = [a + b for a, b in zip(total[layer[4:]], new, strict=True)]
        return total

    fitted, held_out = sums(squares[:-HELD_OUT]), sums(squares[-HELD_OUT:])
    shares = {}
    for name in MEASURED:
        (gram, cross, _), (gram2, cross2, moments) = fitted[name], held_out[name]
        ridge = 1e-6 * gram.diagonal().mean() * torch.eye(len(gram))  # against dead channels
        w = torch.linalg.solve(gram + ridge, cross)
        square, total, count = moments[: cross.shape[1]], moments[cross.shape[1] : -1], moments[-1]
        error = square.sum() - 2 * (w * cross2).sum() + (w * (gram2 @ w)).sum()
        shares[name] = (error / (square - total.square() / count).sum()).item()
    print(json.dumps({f"relu{name}": round(share, 4) for name, share in shares.items()}))
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("train", "export", "measure"))
    parser.add_argument("--teacher", default="vgg19")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--extra", type=Path, nargs="*", default=[])
    parser.add_argument("--run", type=Path, default=Path("build/mini"))
    parser.add_argument("--out", type=Path, default=MINI_WEIGHTS)
    parser.add_argument("--steps", type=int, default=24_000)
    parser.add_argument("--cooldown", type=float, default=0.4, help="share of the steps over which the rate falls")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--side", type=int, default=96, help="pixels of a crop")
    args = parser.parse_args()
    {"train": train, "export": export, "measure": measure}[args.command](args)


if __name__ == "__main__":
    main()
