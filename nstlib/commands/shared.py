"""What several commands share: pictures by name, exit codes, and whether a result can be written before it is made."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path

from torch import Tensor

from nstlib.errors import NstError
from nstlib.gallery import REGIONS, mask
from nstlib.images import SAVERS, load_image
from nstlib.masks import shrink

EXIT_USER, EXIT_INTERRUPTED = 1, 130  # 2 is argparse's, for a command line that it does not understand


def picture(source: str, by_name: Callable[[str], Tensor], table: Container[str]) -> Tensor:
    """One of the course's pictures by name, or a file or URL: (1, 3, H, W) in [0, 1]. Raises NstError."""
    return by_name(source) if source in table and not Path(source).is_file() else load_image(source)


def check_output(path: Path, suffixes: Container[str] = SAVERS) -> None:
    """Before minutes of work, not after them: can the result be written there? Raises NstError."""
    if path.suffix.lower() not in suffixes:
        raise NstError(f"{path}: the file's name should end in {', '.join(suffixes)}")
    if not path.parent.is_dir():
        raise NstError(f"{path}: there is no folder {path.parent}; make it first")


def mask_help() -> str:
    """What can be written after --masks."""
    regions = "; ".join(f"{name}:{region}" for name, found in REGIONS.items() for region in found)
    return f"where each style holds: a grey picture, white inside; 'rest'; or one of {regions}"


def masks(sources: list[str]) -> list[Tensor]:
    """A mask (1, 1, H, W) for each source, see `mask_help`; 'rest' is what the others leave. Raises NstError."""
    found = {source: _mask(source) for source in sources if source != "rest"}
    if "rest" in sources:
        if not found:
            raise NstError("--masks rest: name at least one other mask, of which it is the rest")
        shape = next(iter(found.values())).shape[-2:]
        found["rest"] = 1 - sum(shrink(one, shape) for one in found.values()).clamp(max=1)
    return [found[source] for source in sources]


def _mask(source: str) -> Tensor:
    name, _, region = source.partition(":")
    return mask(name, region) if region in REGIONS.get(name, ()) else load_image(source).mean(1, keepdim=True)
