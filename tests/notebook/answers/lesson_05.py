"""Right and wrong answers to the exercises of lesson 5, judged by test_checks.py."""

import torch
import torch.nn.functional as F

LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)


def light(picture):
    return (picture * LUMA).sum(1, keepdim=True)


def right_colours(painted, content):
    return content + light(painted) - light(content)


def right_guided(features, mask, shrink=F.avg_pool2d, power=1.0, below=lambda weight: weight.sum()):
    mask = shrink(mask, mask.shape[-1] // features.shape[-1])
    flat, weight = features.flatten(2), mask.flatten(2)
    return (flat * weight**power) @ flat.mT / below(weight)


def pick(mask, step):
    return mask[..., ::step, ::step]


def right_tiles(tiles):
    places = sum(tile[0, 0].numel() for tile in tiles)
    return sum(tile.flatten(2) @ tile.flatten(2).mT for tile in tiles) / places


def mean_gram(tile):
    return tile.flatten(2) @ tile.flatten(2).mT / tile[0, 0].numel()


def right_sand(a, b):
    return (a.sort(-1).values - b.sort(-1).values).square().mean()


RIGHT = {"keep_colours": right_colours, "guided_gram": right_guided, "gram_of_tiles": right_tiles, "wasserstein_1d": right_sand}
WRONG = {
    "keep_colours": [
        (lambda p, c: right_colours(c, p), "swap the two"),
        (lambda p, c: c + (p - c).mean(1, keepdim=True), "weights of their own"),
        (lambda p, c: right_colours(p, c).clamp(0, 1), "It is clamped"),
        (lambda p, c: c + light(p), "add the change only"),
        (lambda p, c: light(p).expand(-1, 3, -1, -1), "It is grey"),
        (lambda p, c: light(p), "Shape: your picture has (2, 1, 4, 5)"),
        (lambda p, c: c * light(p) / light(c), "Value: your picture is"),
    ],
    "guided_gram": [
        (lambda f, m: right_guided(f, torch.ones_like(m)), "Divide by the sum of the mask"),
        (lambda f, m: right_guided(f, m, below=lambda w: w.numel()), "third of the places"),
        (lambda f, m: right_guided(f, m, power=2.0), "stand in both factors"),
        (lambda f, m: right_guided(f, m, power=0.5), "A place of weight 0.5 should count half"),
        (lambda f, m: right_guided(f, m, shrink=pick), "the mean of its 4 x 4 area"),
        (lambda f, m: right_guided(f, m)[0], "Shape: your Gram matrix with a mask of ones has (3, 3)"),
        (lambda f, m: f * m, "Shape: your Gram matrix with a mask of ones has (1, 3, 4, 6)"),
    ],
    "gram_of_tiles": [
        (lambda tiles: sum(mean_gram(tile) for tile in tiles), "not a sum of means"),
        (lambda tiles: sum(mean_gram(tile) for tile in tiles) / len(tiles), "A large tile counts more"),
        (lambda tiles: right_tiles(tiles) * sum(t[0, 0].numel() for t in tiles), "96 times what is expected"),
        (lambda tiles: mean_gram(tiles[-1]), "two equal tiles"),
        (lambda tiles: mean_gram(torch.cat(list(tiles), -1)), "Your code stopped with"),
        (lambda tiles: [mean_gram(tile) for tile in tiles], "Type"),
    ],
    "wasserstein_1d": [
        (lambda a, b: (a - b).square().mean(), "sort first"),
        (lambda a, b: (a.sort(-1).values - b.sort(-1).values).abs().mean(), "Each value moves by 2: its square"),
        (lambda a, b: (a.sort(-1).values - b.sort(-1).values).square().sum(), "averaged over the values"),
        (lambda a, b: right_sand(a.flatten(), b.flatten()), "Sort each channel for itself"),
        (lambda a, b: (a.sort(-1).values - b.sort(-1).values).square().mean(-1).sum(), "Average over the channels, too"),
        (lambda a, b: (a.mean(-1) - b.mean(-1)).square().mean(), "four channels of noise"),
        (lambda a, b: (a.sort(-1).values - b.sort(-1).values).square(), "Type: your distance"),
    ],
}
STUBS = {"guided_gram": [lambda f, m: None], "gram_of_tiles": [lambda tiles: ...]}
