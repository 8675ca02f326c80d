"""What a small backbone is trained on: photographs, styles, and what it paints of them itself. For prune_backbone.py."""

from pathlib import Path

import torch
from distil_backbone import HELD_OUT
from torch import Tensor

from nstlib.features.extractor import FeatureExtractor
from nstlib.losses.objective import StyleObjective, StyleTarget, Weights
from nstlib.optimization.search import OPTIMIZERS, Canvas, optimization_steps
from nstlib.training.datasets import Crops, Joined, Pictures, folder

SIDE = 160  # pixels of a crop, and of a canvas
PAINT_EVERY, RUNS, EVALUATIONS = 80, 2, 60  # steps; searches; of each
LOOKS = (2, 6, 11, 18, 26, 36, 47, 59)  # evaluations of a search whose canvases are kept
POOL = 100 * len(LOOKS)  # canvases: the oldest give way
CROPS = 800  # those that a step draws from: with each step one goes and one comes
STYLE_FACTORS = (0.3, 1, 1, 1, 3)  # of the style weight of a search


class Material:
    """Photographs and styles to train on, crops of both, and the canvases that the student has painted of them."""

    def __init__(self, photos: Path, styles: list[Path]):
        every = folder(photos, SIDE * 7 // 5).sources
        self.photos = Crops(Pictures(every[:-HELD_OUT] or every, SIDE * 7 // 5), SIDE)
        drawn = Joined([folder(path, side) for path in styles for side in (SIDE * 8 // 5, 2 * SIDE)], 0.3)
        self.styles = Crops(drawn, SIDE, seed=1)
        self.canvases = torch.zeros(0, 3, SIDE, SIDE, dtype=torch.uint8)
        self.styles_of = self.canvases  # the style of each search, so of as many canvases as there are looks
        self.given_way = 0  # canvases that are no longer kept: the number of the first that is

    def crop(self, number: int) -> Tensor:
        """Return crop `number`, (3, SIDE, SIDE): every fourth is of a photograph, the others of styles, a search's targets."""
        return (self.styles if number % 4 else self.photos).batch(number, 1)[0]

    def crops(self, count: int) -> Tensor:
        """Return the first crops: (count, 3, SIDE, SIDE)."""
        return torch.stack([self.crop(number) for number in range(count)])

    def batch(self, step: int, count: int) -> tuple[dict[str, Tensor], list[tuple[int, int]]]:
        """Return {name: picture}, and the places of each canvas and its style among them: always the same for a step.

        A third are canvases, as many are their styles, the others crops. What has one name is one picture.
        """
        random, pictures, names = torch.Generator().manual_seed(step), {}, []
        for place in torch.randperm(len(self.canvases), generator=random)[: count // 3].tolist():
            search, number = place // len(LOOKS), self.given_way + place
            names.append((f"canvas {number}", f"style {number // len(LOOKS)}"))
            pictures |= dict(
                zip(names[-1], (self.canvases[place].float() / 255, self.styles_of[search].float() / 255), strict=True)
            )
        numbers = (step + torch.randperm(CROPS, generator=random)[: count - len(pictures)]).tolist()
        pictures |= {f"crop {number}": self.crop(number) for number in numbers}
        places = {name: place for place, name in enumerate(pictures)}
        return pictures, [(places[canvas], places[style]) for canvas, style in names]

    def paint(self, eye: FeatureExtractor, step: int) -> None:
        """Search for a few pictures with this eye, and keep some of the canvases on the way."""
        for run in range(RUNS):
            content, style = self.photos.batch(step, 1, 1000 + run), self.styles.batch(step, 1, 1000 + run)
            weights = Weights(style=Weights.style * STYLE_FACTORS[(step // PAINT_EVERY + run) % len(STYLE_FACTORS)])
            objective, canvas = StyleObjective(eye, content, [StyleTarget(style)], weights=weights), Canvas(content)
            self.styles_of = torch.cat([self.styles_of, as_bytes(style)])
            for search in optimization_steps(canvas, objective, OPTIMIZERS["lbfgs"](canvas.z), EVALUATIONS):
                if search.index in LOOKS:
                    self.canvases = torch.cat([self.canvases, as_bytes(search.canvas)])
        self.given_way += max(0, len(self.canvases) - POOL)
        self.canvases, self.styles_of = self.canvases[-POOL:], self.styles_of[-(POOL // len(LOOKS)) :]


def as_bytes(picture: Tensor) -> Tensor:
    """Return a picture of any values in 256 levels."""
    return (picture.clamp(0, 1) * 255).round().byte()
