"""What several commands share: pictures by name, exit codes, results that are checked before the work and not lost after it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from nstlib.commands.console import say
from nstlib.control.masks import load_mask, shrink
from nstlib.errors import NstError
from nstlib.files.writing import check_output, save_somewhere, undisturbed
from nstlib.images.files import SAVERS, load_with_alpha, save_image
from nstlib.images.gallery import REGIONS, mask
from nstlib.images.provenance import brief, public_name
from nstlib.images.tensors import pixels
from nstlib.optimization.recording import OptimizationError

Made = TypeVar("Made")
EXIT_USER, EXIT_INTERRUPTED = 1, 130  # 2 is argparse's, for a command line that it does not understand


def picture(source: str, by_name: Callable[[str], Tensor], table: Container[str]) -> Tensor:
    """One of the course's pictures by name, or a file or URL: (1, 3, H, W) in [0, 1]. Raises NstError."""
    return picture_and_alpha(source, by_name, table)[0]


def picture_and_alpha(source: str, by_name: Callable[[str], Tensor], table: Container[str]) -> tuple[Tensor, Tensor | None]:
    """Return such a picture, read once, and its opacity (1, 1, H, W), or None: opaque everywhere. Raises NstError."""
    return (by_name(source), None) if source in table and not Path(source).is_file() else load_with_alpha(source)


def check_picture(path: Path, inputs: Iterable[object] = (), content: Tensor | None = None, size: int | None = None) -> Path:
    """Return where the result is written, ~ expanded, if a picture can be written there; before the work, not after it.

    `inputs`: what it is made from, see `writing.check_output`. `content`, `size`: what the result is as large as, as far as
    that is known. Raises NstError.
    """
    shape = None if content is None else content.shape[-2:]
    if shape is not None and size is not None:
        shape = [round(side * pixels(size, "--size") / max(shape)) for side in shape]
    return check_output(path, SAVERS, inputs, shape)


def write_picture(
    image: Tensor, path: Path, about: dict, said: str, interrupted: bool = False, alpha: Tensor | None = None
) -> int:
    """Write a result, elsewhere where it cannot stay here, and say so; return the exit code: 0, or 130 after an interrupt.

    Ctrl-C waits until the picture is safe. Raises NstError, which names where the result is if it is elsewhere.
    """
    with undisturbed() as held:
        try:
            save_somewhere(path, lambda place: save_image(image, place, provenance=brief(about), alpha=alpha))
            say(f"{path}: {said}")
        finally:
            interrupted = interrupted or bool(held)
            held.clear()
    return EXIT_INTERRUPTED if interrupted else 0


def keep_last_good(paint: Callable[[], Made], path: Path, about: dict, alpha: Tensor | None = None) -> Made:
    """Return `paint()`; where an optimisation breaks off, write its last good picture before the error goes on."""
    try:
        return paint()
    except OptimizationError as error:
        if error.result is not None:
            write_picture(error.result.image, path, about, "the last good picture", alpha=alpha)
        raise


def public_names(sources: Iterable[str]) -> str:
    """Return several names as one line that may stand in a picture, see `provenance.public_name`."""
    return ", ".join(map(public_name, sources))


def mask_help() -> str:
    """What can be written after --masks."""
    regions = "; ".join(f"{name}:{region}" for name, found in REGIONS.items() for region in found)
    return f"where each style holds: a picture, white inside, or transparent outside; 'rest'; or one of {regions}"


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
    return mask(name, region) if region in REGIONS.get(name, ()) else load_mask(source)
