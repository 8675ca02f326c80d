"""What one machine does differently from another: profile, device, number formats, seed, and how much memory it has."""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache

import numpy as np
import psutil
import torch

from nstlib.errors import NstError
from nstlib.options import whole

PROFILES = ("fast", "laptop", "full")
DEFAULT_PROFILE = "laptop"
LACK = ("alloc", "out of memory", "not enough memory", "invalid buffer size", "storage size calculation overflowed")


def profile() -> str:
    """How much work a lesson does: "fast" (tests), "laptop" (the default) or "full" (one GPU, VGG-19).

    Read from the environment variable NSTLIB_PROFILE. Raises NstError for a name that is none of the three.
    """
    name = os.environ.get("NSTLIB_PROFILE", "").strip() or DEFAULT_PROFILE
    if name not in PROFILES:
        raise NstError(f"NSTLIB_PROFILE={name!r} is no profile: choose one of {', '.join(PROFILES)}")
    return name


def scale() -> float:
    """By what a lesson's sizes and counts are multiplied, from the environment variable NSTLIB_SCALE; 1 where it is not set.

    Raises NstError for what is no number above 0 and up to 4.
    """
    text = os.environ.get("NSTLIB_SCALE", "").strip() or "1"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 4:  # NaN is not, either
        raise NstError(f"NSTLIB_SCALE={text!r}: expected a number above 0 and up to 4, such as 0.5 for half of every size")
    return factor


def named_backbone() -> str | None:
    """The network that "auto" shall mean, from the environment variable NSTLIB_BACKBONE; None where it is not set."""
    return os.environ.get("NSTLIB_BACKBONE", "").strip() or None


def device() -> torch.device:
    """The device to compute on: NSTLIB_DEVICE where it is set, else CUDA, else Apple's MPS, else the CPU.

    Raises NstError when NSTLIB_DEVICE names something that torch does not know or this machine does not have.
    """
    name = os.environ.get("NSTLIB_DEVICE", "").strip()
    if name:
        return _named_device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@lru_cache(maxsize=8)  # of those that work
def _named_device(name: str) -> torch.device:
    try:
        chosen = torch.device(name)
    except RuntimeError as error:
        raise NstError(f'NSTLIB_DEVICE={name!r} is no device: write "cpu", "cuda", "cuda:1" or "mps"') from error
    try:
        # Only a try tells: torch knows the names of devices that it was not built for, takes any number after "cpu:",
        # and keeps the index in one signed byte. "meta" has shapes without numbers.
        works = float((torch.ones(2, 2, device=chosen) @ torch.ones(2, 2, device=chosen)).sum()) == 8
    except (RuntimeError, AssertionError, ImportError, AttributeError, TypeError, ValueError) as error:
        raise NstError(
            f'NSTLIB_DEVICE={name!r}: this machine has no such device, or torch cannot compute on it; unset it or write "cpu"'
        ) from error
    if not works or (chosen.type == "cpu" and chosen.index):
        raise NstError(f'NSTLIB_DEVICE={name!r}: this machine has no such device; unset it or write "cpu"')
    return chosen


def cores() -> int:
    """Count the cores that this process may use; in a container they are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_bf16() -> bool:
    """Is bfloat16 fast here? On GPUs since Ampere and on CPUs with matrix units for it; elsewhere it is emulated."""
    if device().type == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    return device().type == "cpu" and torch.cpu._is_amx_tile_supported()


def half_precision(on: bool, where: torch.device) -> AbstractContextManager:
    """Return a context: autocast to bfloat16 if `on`, otherwise none; an enclosing autocast stays in force."""
    return torch.autocast(where.type, torch.bfloat16) if on else nullcontext()


def seed_everything(seed: int) -> None:
    """Seed the random numbers of torch (every device), numpy and Python with one non-negative integer below 2**32."""
    seed = whole(seed, "seed", 0, 2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


# ---------------------------------------------------------------- memory


def is_lack_of_memory(error: BaseException | None) -> bool:
    """Was this raised because there was no memory, of the GPU or of the machine?"""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, NstError):
        return is_lack_of_memory(error.__cause__)  # put into words already
    # torch has no type of its own for the machine's memory, and a backend's message for each step of the way.
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in LACK)


def memory_advice(shape: Sequence[int], why: str = "VGG-19's feature maps need about three times as much as mini's") -> str:
    """Return what to do about a lack of memory at (H, W): memory grows with the pixels, and half of them surely fit better."""
    free = torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else psutil.virtual_memory().available
    fits = int(max(shape) * 0.7) // 16 * 16
    return (
        f"not enough memory for {shape[1]}x{shape[0]} px ({free / 2**30:.1f} GiB are free): size={fits} needs half as much; {why}"
    )


@contextmanager
def memory_in_words(shape: Sequence[int], why: str = "close other programs and notebooks, too") -> Iterator[None]:
    """Turn a lack of memory inside the block, which works at (H, W), into an NstError with a size that would fit."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_lack_of_memory(error):
            raise
        raise NstError(memory_advice(shape, why)) from error
