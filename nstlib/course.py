"""What a notebook needs and a program does not: the setup and settings cells, the exercises, the machine's report.

This room speaks to the reader, so it prints; the rest of the library does not.
"""

import os
import platform
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import torch

from nstlib import settings
from nstlib.errors import CourseError
from nstlib.notebook.checks.registry import CheckResult, find, grade

COLAB_ADVICE = (
    "This Colab runtime has no GPU. To switch one on: menu Runtime > Change runtime type > T4 GPU > Save, then run the\n"
    "cells again from the top. Everything works without it, more slowly."
)
_hints_shown: dict[str, int] = {}  # how often each exercise was asked for a hint in this session


def start(seed: int = 0, profile: str | None = None) -> None:
    """Begin a lesson: seed the random numbers and print device, backbone, profile and versions.

    `profile` ("fast", "laptop" or "full") stands in for the environment variable NSTLIB_PROFILE, for this session.
    """
    if profile is not None:
        if profile not in settings.PROFILES:
            raise CourseError(f"profile={profile!r}: choose one of {', '.join(settings.PROFILES)}")
        os.environ["NSTLIB_PROFILE"] = profile
    settings.seed_everything(seed)
    print(f"device {_device_name()} | backbone {_backbone_name()} | profile {settings.profile()}")
    print(f"Python {platform.python_version()} | torch {torch.__version__} | seed {seed}")
    if in_colab() and settings.device().type == "cpu":
        print(COLAB_ADVICE)


def report() -> None:
    """Print what this machine has, as a small table: Python, torch, device, cores, memory, backbone, profile."""
    memory = psutil.virtual_memory()
    rows = {
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "device": _device_name(),
        "cores": f"{settings.cores()} ({torch.get_num_threads()} used by torch)",
        "memory": f"{memory.total / 2**30:.1f} GiB ({memory.available / 2**30:.1f} GiB free)",
        "backbone": _backbone_name(),
        "profile": settings.profile(),
    }
    for name, value in rows.items():
        print(f"{name:<9} {value}")


def choose(*, fast: dict[str, Any], laptop: dict[str, Any], full: dict[str, Any]) -> SimpleNamespace:
    """Return the settings of the present profile, and print them in one line.

    The environment variable NSTLIB_SCALE multiplies them, such as 0.25 to try the profile "full" on a small machine: every
    whole number, also within lists and tuples, rounded (an odd one stays odd: a window has a middle), and never below what
    the profile "fast" has at its place. Other numbers, such as a learning rate, stay.
    Raises CourseError when the three do not have the same names: a profile does less of everything, and skips nothing;
    and NstError for a scale that is no number.
    """
    options = {"fast": fast, "laptop": laptop, "full": full}
    for name, values in options.items():
        missing = sorted(set(laptop) ^ set(values))
        if missing:
            raise CourseError(f"settings: {', '.join(missing)} in one of laptop and {name} only; give it in both")
    profile, scale = settings.profile(), settings.scale()
    chosen = options[profile]
    if scale != 1:
        chosen = {name: _scaled(value, scale, fast[name]) for name, value in chosen.items()}
    by = f" times {scale:g}" if scale != 1 else ""
    print(f"profile {profile}{by}: " + ", ".join(f"{key} = {value}" for key, value in chosen.items()))
    return SimpleNamespace(**chosen)


def _scaled(value: Any, scale: float, least: Any) -> Any:
    """A size or count times `scale`, at least `least`; of a list each entry: beyond those of `least`, its last is the least."""
    if isinstance(value, list | tuple):
        floors = list(least) if isinstance(least, list | tuple) else [least]
        floors += floors[-1:] * (len(value) - len(floors))
        return type(value)(_scaled(one, scale, floor) for one, floor in zip(value, floors, strict=False))
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    odd = value % 2  # 2 n + odd is what comes nearest
    return max(2 * round((value * scale - 1) / 2) + 1 if odd else round(value * scale), least)


def check(exercise: str, answer: Any) -> CheckResult:
    """Judge the answer to an exercise and print the verdict: not attempted, wrong (and where to look), or right."""
    result = grade(exercise, answer)
    print(result)
    return result


def hint(exercise: str) -> None:
    """Print the next hint for an exercise, and how many are left."""
    hints = find(exercise).hints
    number = _hints_shown.get(exercise, 0)
    if number >= len(hints):
        print(f"{exercise}: no more hints. The solution is in the folded cell below.")
        return
    _hints_shown[exercise] = number + 1
    left = len(hints) - number - 1
    more = f"{left} more: call hint again" if left else "this was the last one"
    print(f"{exercise}, hint {number + 1} of {len(hints)}: {hints[number]} ({more})")


def in_colab() -> bool:
    """Return whether this session runs in Google Colab."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def _device_name() -> str:
    device = settings.device()
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    cores = settings.cores()
    return f"{device} ({cores} core{'s' * (cores > 1)})" if device.type == "cpu" else str(device)


def _backbone_name() -> str:
    # Here: the rooms below import slowly, and a check needs none of them.
    from nstlib.features.extractor import choose_backbone

    return choose_backbone()
