"""How a network paints while it learns: a sheet of pictures every so often, in the training's folder."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from nstlib.files.paths import expanded
from nstlib.files.writing import check_apart, write_whole
from nstlib.images.gallery import photo, style
from nstlib.images.sheet import contact_sheet, gather
from nstlib.settings import device
from nstlib.training.loop import TrainStep

SHEETS = "samples"  # their folder, inside a training's
PHOTOGRAPHS = ("temple", "astronaut", "flower")
MANNERS = ("swirls", "mosaic", "waves", "ink")  # that a network for any style is shown
SIDE = 256  # pixels, longer side
FAILURES = (OSError, ValueError, RuntimeError, MemoryError)  # of the disk, of Pillow, of torch where memory is short
log = logging.getLogger(__name__)
MOST_STYLES = 4  # on a sheet


def check_sheets(run: Path, every: int, inputs: Iterable[object]) -> None:
    """Raise NstError where a sheet of a training in the folder `run` would be written over one of its `inputs`.

    These are names of files, also of links to them; what is no file does not count.
    """
    sheets = {path: path.stem.removeprefix("step_") for path in (expanded(run) / SHEETS).glob("step_*.png")}
    check_apart([path for path, number in sheets.items() if number.isdecimal() and int(number) % every == 0], inputs)


class _Sheets:
    """A callback for `train`: every `every` steps the pictures of `paint(network)`, `columns` a row, into a PNG file."""

    def __init__(self, folder: Path, every: int, columns: int):
        self.folder, self.every, self.columns, self.warned = expanded(folder), every, columns, False

    def paint(self, network: nn.Module) -> list[Tensor]:
        """Return the pictures of a sheet, row by row."""
        raise NotImplementedError

    def __call__(self, step: TrainStep) -> None:
        """Write `step_NNNNNN.png` where it is time for one; a warning, once, where that fails: the training goes on."""
        from accelerate import PartialState

        if (step.index + 1) % self.every or not PartialState().is_main_process:
            return
        try:
            self._write(step.network, self.folder / f"step_{step.index + 1:06d}.png")
        except FAILURES as error:
            if not self.warned:
                log.warning("no picture of how it paints (%s); the training goes on without", error)
            self.warned = True
        finally:
            step.network.train()

    def _write(self, network: nn.Module, path: Path) -> None:
        with torch.inference_mode():
            painted = [picture.clamp(0, 1) for picture in self.paint(network.eval())]
        data = io.BytesIO()
        contact_sheet(gather(painted), None, SIDE, self.columns).save(data, "PNG")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data.getvalue())


class Samples(_Sheets):
    """A callback for `train`: every `every` steps it paints three photographs, in up to four styles, into a PNG file."""

    def __init__(self, folder: Path, every: int, styles: int = 1, photographs: Sequence[str] = PHOTOGRAPHS):
        super().__init__(folder, every, len(photographs))
        self.styles = min(styles, MOST_STYLES)
        self.pictures = [photo(name, SIDE).to(device()) for name in photographs]

    def paint(self, network: nn.Module) -> list[Tensor]:
        """Return the photographs in each style."""
        return [
            network(picture, number if network.options["styles"] > 1 else None)
            for number in range(self.styles)
            for picture in self.pictures
        ]


class PairSamples(_Sheets):
    """A callback for `train`: every `every` steps it paints three photographs in the manner of four pictures, into a PNG file."""

    def __init__(
        self, folder: Path, every: int, photographs: Sequence[str] = PHOTOGRAPHS, style_pictures: Sequence[str] = MANNERS
    ):
        super().__init__(folder, every, len(photographs) + 1)
        self.pictures = [photo(name, SIDE).to(device()) for name in photographs]
        self.style_pictures = [style(name, SIDE).to(device()) for name in style_pictures]

    def paint(self, network: nn.Module) -> list[Tensor]:
        """Return one row for each style picture: the picture, then the photographs in its style."""
        return [
            picture
            for style_picture in self.style_pictures
            for picture in (style_picture, *(network(content, style_picture) for content in self.pictures))
        ]
