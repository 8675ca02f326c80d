"""What one machine does differently from another: profile, device, number formats and seed."""

import os
import random
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from nstlib.errors import NstError

PROFILES = ("fast", "laptop", "full")
DEFAULT_PROFILE = "laptop"


def profile() -> str:
    """How much work a lesson does: "fast" (tests), "laptop" (the default) or "full" (one GPU, VGG-19).

    Read from the environment variable NSTLIB_PROFILE. Raises NstError for a name that is none of the three.
    """
    name = os.environ.get("NSTLIB_PROFILE", "").strip() or DEFAULT_PROFILE
    if name not in PROFILES:
        raise NstError(f"NSTLIB_PROFILE={name!r} is no profile: choose one of {', '.join(PROFILES)}")
    return name


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


def _named_device(name: str) -> torch.device:
    try:
        chosen = torch.device(name)
    except RuntimeError as error:
        raise NstError(f'NSTLIB_DEVICE={name!r} is no device: write "cpu", "cuda", "cuda:1" or "mps"') from error
    # torch keeps the index in one signed byte, so "cuda:999" comes back negative
    cuda_missing = chosen.type == "cuda" and (chosen.index or 0) not in range(torch.cuda.device_count())
    if cuda_missing or (chosen.type == "mps" and not torch.backends.mps.is_available()):
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
    if not 0 <= seed < 2**32:
        raise NstError(f"seed={seed}: expected an integer from 0 to 2**32 - 1")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
