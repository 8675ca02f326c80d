"""What a measurement is taken on, and with: the machine in words, seconds, peak memory, processes of their own."""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import psutil
import torch

from nstlib.settings import cores, device


def machine() -> str:
    """Return what a table was measured on, in words."""
    where = device()
    on = torch.cuda.get_device_name(where) if where.type == "cuda" else f"{cores()} core{'s' * (cores() > 1)}"
    gib = psutil.virtual_memory().total / 2**30
    return f"{platform.machine()}, {on}, {gib:.0f} GiB, torch {torch.__version__}, {where.type}"


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median over `repeats` calls, after one that warms up."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return median(times[1:])


def peak_mib() -> float:
    """Return the most memory that this process has had."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    if sys.platform == "linux":  # whose getrusage counts what the parent had when it started this program
        words = Path("/proc/self/status").read_text(encoding="ascii").split()
        return int(words[words.index("VmHWM:") + 1]) / 2**10
    import resource  # Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(commands: Mapping[str, Callable[[argparse.Namespace], None]], args: argparse.Namespace) -> None:
    """Run the command that the arguments name, below a line on the machine; `one`, see `alone`, prints numbers only."""
    if args.command != "one":
        print(f"{machine()}\n", flush=True)
    commands[args.command](args)


def alone(script: str, *words: object) -> list[str]:
    """Run a script's command `one` in a process of its own, whose peak is its own; return the words that it prints."""
    command = [sys.executable, script, "one", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
