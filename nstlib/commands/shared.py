"""What several commands share: pictures by name, exit codes, and whether a result can be written before it is made."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path

from torch import Tensor

from nstlib.errors import NstError
from nstlib.images import SAVERS, load_image

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
