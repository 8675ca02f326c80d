"""Fit the style gains of a small backbone: how much louder its styles must be for VGG-19 to find its paintings as loud.

    python tools/make/fit_gains.py FILE --photos PHOTOS --styles DRAWN PAINTINGS     # FILE as prune_backbone.py has written it

Errors that a small network makes on a style and on its own painting of it do not agree, so the Gram matrices of the two
agree less than it believes, and VGG-19 sees fainter strokes than it asked for. Each round paints pairs of training with the
present gains, and asks, channel by channel, by how much VGG-19's Gram matrix of the painting would have to grow to be nearest
to the style's; the gain grows by that. The file holds the gains after each round, so a fit that was stopped goes on.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from distil_backbone import HELD_OUT
from safetensors.torch import save
from torch import Tensor

from nstlib import gram_matrix, load_image, stylize
from nstlib.features import extractor
from nstlib.features.extractor import GAIN, FeatureExtractor
from nstlib.files.weights import read_header, read_weights
from nstlib.files.writing import write_whole
from nstlib.losses.objective import STYLE_LAYERS
from nstlib.training.datasets import folder

SIZE, EVALUATIONS = 256, 100  # as tools/measure/painters.py judges
PRIOR = 0.3  # how much a channel leans to the mean of its layer, in mean channels
MOST = 1.5  # by which a gain grows in a round, or shrinks


def pairs(photos: Path, styles: list[Path], count: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Photographs and styles of training, (1, 3, h, w) each, always the same for a seed."""
    random = torch.Generator().manual_seed(seed)
    contents = folder(photos, SIZE).sources[:-HELD_OUT]
    manners = [folder(path, SIZE).sources for path in styles]
    for number in range(count):
        of = manners[number % len(manners)]  # each folder in turn
        yield tuple(load_image(one[int(torch.randint(len(one), (), generator=random))], SIZE) for one in (contents, of))


class Comparison:
    """What VGG-19's Gram matrices of paintings have in common with those of their styles, summed over pairs.

    `eye` is VGG-19; `channels`: those that the small network has, by convolution.
    """

    def __init__(self, eye: Callable[[Tensor], dict[str, Tensor]], channels: dict[str, list[int]]):
        self.eye, self.channels = eye, channels
        self.product, self.energy, self.distances = {}, {}, []

    @torch.no_grad()
    def add(self, painted: Tensor, style: Tensor) -> None:
        """Compare one painting with its style."""
        maps, distances = [self.eye(picture) for picture in (painted, style)], []
        for layer in STYLE_LAYERS:
            found, wanted = (gram_matrix(one[layer])[0] for one in maps)
            distances.append(float((found - wanted).square().sum() / wanted.square().sum()))
            kept = self.channels[f"conv{layer[4:]}"]
            found, wanted = (gram[kept][:, kept] for gram in (found, wanted))
            self.product[layer] = self.product.get(layer, 0) + (found * wanted).sum(1) / wanted.square().sum()
            self.energy[layer] = self.energy.get(layer, 0) + found.square().sum(1) / wanted.square().sum()
        self.distances.append(distances)

    def growth(self, layer: str) -> Tensor:
        """By how much each channel's maps should grow: (C, 1, 1), the mean of its layer where little is known."""
        product, energy = self.product[layer], self.energy[layer]
        of_all, prior = product.sum() / energy.sum(), PRIOR * energy.mean()
        return ((product + prior * of_all) / (energy + prior)).sqrt().clamp(1 / MOST, MOST).view(-1, 1, 1)


def with_gains(path: Path, gains: dict[str, Tensor]) -> None:
    """Write the gains {layer: (C, 1, 1)} into a file of weights, beside what it holds."""
    kept = {name: tensor for name, tensor in read_weights(path).items() if not name.startswith(GAIN)}
    notes = read_header(path)[0]
    write_whole(path, save(kept | {f"{GAIN}{layer}": gain for layer, gain in gains.items()}, notes))


def main() -> None:
    """Print a line a round: how far the paintings were from their styles, over all layers and for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders, drawn from in turn")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="round to go on with")
    parser.add_argument("--count", type=int, default=12, help="pairs of a round")
    args = parser.parse_args()
    extractor.MINI_WEIGHTS = args.file
    eye, channels = FeatureExtractor("vgg19", STYLE_LAYERS), json.loads(read_header(args.file)[0]["channels"])
    for number in range(args.first, args.rounds):
        gains, comparison = FeatureExtractor("mini").style_gains, Comparison(eye, channels)
        for content, style in pairs(args.photos, args.styles, args.count, number):
            painted = stylize(content, style, backbone="mini", steps=EVALUATIONS, progress=False).image
            comparison.add(painted, style)
        rate = 1 / (1 + number / 2)  # ever smaller steps, because each round has other pairs
        with_gains(args.file, {x: gains.get(x, 1) * comparison.growth(x) ** rate for x in STYLE_LAYERS})
        layers = torch.tensor(comparison.distances).mean(0)
        print(f"round {number}: style {layers.mean():.4f}; by layer", *(f"{one:.3f}" for one in layers), flush=True)


if __name__ == "__main__":
    main()
