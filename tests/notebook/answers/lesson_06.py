"""Right and wrong answers to the exercises of lesson 6, judged by test_checks.py."""

from itertools import combinations

import torch


def ssim(x, y, correction=0, c1=0.01**2, c2=0.03**2, deviations=False):
    mean_x, mean_y = x.mean(), y.mean()
    if deviations:
        covariance = x.std(correction=0) * y.std(correction=0)
    else:
        covariance = ((x - mean_x) * (y - mean_y)).sum() / (x.numel() - correction)
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return above / ((mean_x**2 + mean_y**2 + c1) * (x.var(correction=correction) + y.var(correction=correction) + c2))


def sliced(first, second, directions):
    a, b = ((cloud @ directions).sort(dim=0).values for cloud in (first, second))
    return (a - b).square().mean().sqrt()


def signs(first, second):
    return [(first[i] - first[j]) * (second[i] - second[j]) > 0 for i, j in combinations(range(len(first)), 2)]


def tau(first, second):
    agree = signs(first, second)
    return (2 * sum(agree) - len(agree)) / len(agree)


def pearson(first, second):
    return torch.corrcoef(torch.tensor([first, second]))[0, 1]


def sorting_in_place(first, second):
    result = tau(first, second)
    first.sort()
    return result


RIGHT = {"ssim": ssim, "sliced": sliced, "kendall": tau}
WRONG = {
    "ssim": [
        (lambda x, y: ssim(x, y, correction=1), "correction=0"),
        (lambda x, y: ssim(x, y, c1=6.5025, c2=58.5225), "up to 255"),
        (lambda x, y: ssim(x, y, c1=0.01, c2=0.03), "constants are squares"),
        (lambda x, y: ssim(x, y, deviations=True), "not the product of the two deviations"),
        (lambda x, y: ssim(x, y, c1=0, c2=0), "c1 and c2 are missing"),
        (lambda x, y: (x - y).square().mean(), "of a window with itself"),
        (lambda x, y: ssim(x, y) * torch.ones(3), "Type"),
    ],
    "sliced": [
        (lambda a, b, d: (a @ d - b @ d).square().mean().sqrt(), "is each projection sorted"),
        (lambda a, b, d: (a.sort(dim=0).values @ d - b.sort(dim=0).values @ d).square().mean().sqrt(), "Project first"),
        (lambda a, b, d: ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean(), "mean of their sizes"),
        (lambda a, b, d: sliced(a, b, d) ** 2, "moved by 0.5"),
        (lambda a, b, d: ((a @ d).sort(0).values - (b @ d).sort(0).values).norm(), "moved by 0.5"),
        (lambda a, b, d: a @ d @ b, "Your code stopped"),
    ],
    "kendall": [
        (lambda a, b: sum(signs(a, b)) / len(signs(a, b)), "Take the pairs in opposite order away"),
        (lambda a, b: 2 * sum(signs(a, b)) - len(signs(a, b)), "in the same order"),
        (pearson, "in the same order"),
        (lambda a, b: pearson(*([sorted(v).index(x) * 1.0 for x in v] for v in (a, b))), "Spearman"),
        (lambda a, b: 1.0, "in opposite order"),
        (sorting_in_place, "in place"),
        (lambda a, b: [tau(a, b)], "Type"),
    ],
}
STUBS = {"ssim": [lambda x, y: None], "sliced": [lambda a, b, d: ...], "kendall": [lambda a, b: None]}
