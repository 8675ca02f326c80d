"""Distil the course's smallest backbone, `nstlib/weights/micro.safetensors`, from a VGG-19.

    python tools/make/distil_backbone.py train   --teacher vgg19 --photos PHOTOS --extra PAINTINGS images/styles --run build/micro
    python tools/make/distil_backbone.py export  --run build/micro           # folds, writes the weights in float16
    python tools/make/distil_backbone.py measure --teacher vgg19 --photos PHOTOS

The student has the teacher's layers with fewer channels. Each of its feature maps, through a linear "head" that is thrown
away afterwards, must predict the teacher's map before the ReLU. The teacher is "vgg19" (the original weights) or a
.safetensors file of a narrower VGG with reflection padding that takes RGB in [0, 1] ("conv1_1.weight", ...).
Training can be killed and started again: it goes on from its last checkpoint.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torchvision.transforms.functional import center_crop

from nstlib.features.extractor import CAFFE, IMAGENET, MICRO_WEIGHTS, VGG, Normalisation, conv_names, load_mini, load_vgg19
from nstlib.files.writing import write_whole
from nstlib.training.checkpoints import Checkpoint, load_latest, save_checkpoint
from nstlib.training.datasets import Crops, Joined, Pictures, folder

WIDTHS, BLOCKS = (24, 48, 80, 144, 144), (2, 2, 4, 4, 1)
SIDE = 192  # pixels: the short side of every training picture
CALIBRATION_SIDE = 160  # pixels of the crops from which the teacher's means and variances are taken
HELD_OUT = 50  # the last photographs of the folder, which no training sees
CHECKPOINT_EVERY = 100  # steps
EXTRA_SHARE = 0.15  # about so much of the crops comes from paintings and drawn styles, more where they are many
MEASURED = ("1_1", "2_1", "3_1", "4_1", "4_2", "5_1")


class Teacher(nn.Module):
    """{conv name: map before the ReLU}, standardised: zero mean per channel, unit mean variance per layer."""

    def __init__(self, source: str):
        super().__init__()
        if source == "vgg19":
            self.network, seen = load_vgg19(), CAFFE
        else:
            self.network, seen = load_narrow(Path(source)), Normalisation((0.0,) * 3, (1.0,) * 3)
        self.network.requires_grad_(False).to(memory_format=torch.channels_last)
        self.names = conv_names(BLOCKS)
        self.mean, self.std = (torch.tensor(v).view(1, 3, 1, 1) for v in seen)
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
        self.register_buffer("mean", torch.tensor(IMAGENET.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET.std).view(1, 3, 1, 1))

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


def photographs(path: Path) -> tuple[Pictures, Pictures]:
    """Return a folder's photographs: those to train on, and the held-out ones."""
    every = folder(path, SIDE).sources
    return Pictures(every[:-HELD_OUT], SIDE), Pictures(every[-HELD_OUT:], SIDE)


def gathered(photos: Pictures, folders: list[Path]) -> Sequence[Tensor]:
    """Return what to train on: with the photographs, the pictures of other folders in two sizes, for EXTRA_SHARE of the crops."""
    extra = [folder(path, side) for path in folders for side in (SIDE, 2 * SIDE)]
    return Joined([photos, *extra], EXTRA_SHARE / (1 - EXTRA_SHARE) / len(extra)) if extra else photos


def brightened(crops: Tensor, step: int) -> Tensor:
    """Give each channel of each crop a random gain, the same for the same step: (N, 3, H, W) in [0, 1]."""
    gain = 0.7 + 0.6 * torch.rand(len(crops), 3, 1, 1, generator=torch.Generator().manual_seed(step))
    return (crops * gain).clamp_(0, 1).contiguous(memory_format=torch.channels_last)


def learning_rate(step: int, steps: int, cooldown: float) -> float:
    """Share of the peak rate: warm-up, plateau, then linearly to zero over the last `cooldown` of the steps.

    The plateau means that `steps` may be changed while training goes on.
    """
    return min(1.0, (step + 1) / 200, (steps - step) / (cooldown * steps))


def checkpoint_of(step: int, student: Student, optimisers: list[torch.optim.Optimizer], seconds: float) -> Checkpoint:
    tensors = {f"student.{name}": tensor for name, tensor in student.state_dict().items()} | remembered(optimisers)
    return Checkpoint(step, tensors, {"seconds": seconds})


def remembered(optimisers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """Return what optimisers remember, by names that `refill` reads."""
    tensors = {}
    for number, optimiser in enumerate(optimisers):
        for index, slots in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{index}.{slot}": torch.as_tensor(value) for slot, value in slots.items()}
    return tensors


def refill(optimisers: list[torch.optim.Optimizer], tensors: dict[str, Tensor]) -> None:
    """Give optimisers back what `remembered` returned; other tensors are left alone."""
    for number, optimiser in enumerate(optimisers):
        stored = optimiser.state_dict()
        for key, tensor in tensors.items():
            if key.startswith(f"optimiser.{number}."):
                _, _, index, slot = key.split(".")
                stored["state"].setdefault(int(index), {})[slot] = tensor
        optimiser.load_state_dict(stored)


def filled(student: Student, checkpoint: Checkpoint) -> Student:
    parts = ((key.partition("."), tensor) for key, tensor in checkpoint.tensors.items())
    student.load_state_dict({name: tensor for (part, _, name), tensor in parts if part == "student"})
    return student


def resume(checkpoint: Checkpoint, student: Student, optimisers: list[torch.optim.Optimizer]) -> None:
    filled(student, checkpoint)
    refill(optimisers, checkpoint.tensors)


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
    pictures, teacher = gathered(photographs(args.photos)[0], args.extra), Teacher(args.teacher)
    teacher.calibrate(brightened(Crops(pictures, CALIBRATION_SIDE).batch(0, 64), 0))
    student = Student({name: x.shape[1] for name, x in teacher.shift.items()}).to(memory_format=torch.channels_last)
    crops, optimisers = Crops(pictures, args.side), make_optimisers(student)
    peaks = [optimiser.param_groups[0]["lr"] for optimiser in optimisers]
    found, start, before = load_latest(args.run), 0, 0.0
    if found is not None:
        start, before = found.step, found.notes["seconds"]
        resume(found, student, optimisers)
    print(f"{len(pictures)} pictures; steps {start} to {args.steps}", flush=True)
    average, began = {}, time.time()
    for step in range(start, args.steps):
        rate = learning_rate(step, args.steps, args.cooldown)
        for optimiser, peak in zip(optimisers, peaks, strict=True):
            optimiser.param_groups[0]["lr"] = peak * rate
        losses = train_step(student, teacher, brightened(crops.batch(step, args.batch), step), optimisers)
        average = {k: 0.98 * average.get(k, v) + 0.02 * v for k, v in losses.items()}
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == args.steps:
            seconds = before + time.time() - began
            line = {"step": step + 1, "seconds": round(seconds), "unexplained": {k[4:]: round(v, 4) for k, v in average.items()}}
            save_checkpoint(args.run, checkpoint_of(step + 1, student, optimisers, seconds))
            with (args.run / "log.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")


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
    checkpoint = load_latest(args.run)
    if checkpoint is None:
        raise SystemExit(f"there is no checkpoint in {args.run}: run `train` first, with the same --run")
    heads = {
        key.split(".")[2]: len(x) for key, x in checkpoint.tensors.items() if key.startswith("student.heads") and "bias" in key
    }
    weights = {name: x.half().contiguous() for name, x in filled(Student(heads), checkpoint).folded().state_dict().items()}
    write_whole(args.out, save(weights))
    print(f"{args.out}: {sum(x.numel() for x in weights.values()):,} parameters, {args.out.stat().st_size / 1e6:.2f} MB")


@torch.no_grad()
def measure(args: argparse.Namespace) -> dict[str, float]:
    """Share of the teacher's variance that a linear map from the student's ReLU maps leaves unexplained.

    The map is fitted by least squares on the photographs of training and measured on the held-out ones; 256-px squares
    at 192 px, teacher's maps before the ReLU.
    """
    training, held = ([center_crop(picture, [SIDE, SIDE]) for picture in part] for part in photographs(args.photos))
    teacher, student = Teacher(args.teacher), load_mini(args.out)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in IMAGENET)

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

    fitted, held_out = sums(training), sums(held)
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
    parser.add_argument("--run", type=Path, default=Path("build/micro"))
    parser.add_argument("--out", type=Path, default=MICRO_WEIGHTS)
    parser.add_argument("--steps", type=int, default=24_000)
    parser.add_argument("--cooldown", type=float, default=0.4, help="share of the steps over which the rate falls")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--side", type=int, default=96, help="pixels of a crop")
    args = parser.parse_args()
    {"train": train, "export": export, "measure": measure}[args.command](args)


if __name__ == "__main__":
    main()
