"""How a network paints while it learns: a sheet of pictures every so often, in the training's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from nstlib.gallery import photo
from nstlib.settings import device
from nstlib.sheet import contact_sheet, gather
from nstlib.training import TrainStep

PHOTOGRAPHS = ("temple", "astronaut", "flower")
SIDE = 256  # pixels, longer side
MOST_STYLES = 4  # on a sheet


class Samples:
    """A callback for `train`: every `every` steps it paints three photographs, in up to four styles, into a PNG file."""

    def __init__(self, folder: Path, every: int, styles: int = 1, photographs: Sequence[str] = PHOTOGRAPHS):
        self.folder, self.every, self.styles = Path(folder), every, min(styles, MOST_STYLES)
        self.pictures = [photo(name, SIDE).to(device()) for name in photographs]

    def __call__(self, step: TrainStep) -> None:
        """Write `step_NNNNNN.png` where it is time for one."""
        from accelerate import PartialState

        if (step.index + 1) % self.every or not PartialState().is_main_process:
            return
        network = step.network.eval()
        with torch.inference_mode():
            painted = [network(picture, number if network.options["styles"] > 1 else None).clamp(0, 1)
                       for number in range(self.styles) for picture in self.pictures]
        network.train()
        self.folder.mkdir(parents=True, exist_ok=True)
        sheet = contact_sheet(gather(painted), None, SIDE, len(self.pictures))
        sheet.save(self.folder / f"step_{step.index + 1:06d}.png")
