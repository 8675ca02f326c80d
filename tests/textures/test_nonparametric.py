"""Growing a texture pixel by pixel: laws, and the definition in two loops."""

import math
from itertools import pairwise

import pytest
import torch

from nstlib import style
from nstlib.errors import NstError
from nstlib.textures.nonparametric import ERROR_LIMIT, TOLERANCE, _Places, _turns, efros_leung, growth_steps


def sample(side=24, name="mosaic"):
    return style(name, 256)[..., 80 : 80 + side, 60 : 60 + side].contiguous()


def stripes(side):
    """Four columns dark, four columns bright."""
    return (torch.arange(side) // 4 % 2).float().expand(1, 3, side, side).contiguous()


def test_every_grown_pixel_is_a_copy_and_none_is_left_empty():
    source = sample()
    *_, last = growth_steps(source, (30, 37), window=7)
    assert last.canvas.shape == (1, 3, 30, 37) and last.known.all()
    copied = source[0].flatten(1)[:, last.source.flatten()].view(1, 3, 30, 37)
    assert torch.equal(copied, last.canvas)


def test_what_has_grown_stays():
    steps = list(growth_steps(sample(), 20, window=5))
    for before, after in pairwise(steps):
        assert after.known[before.known].all()
        assert torch.equal(after.canvas[..., before.known], before.canvas[..., before.known])
    assert int(steps[0].known.sum()) == 9


def test_stripes_go_on_beyond_the_sample():
    """The period is known, so there is one right answer: columns of 8 pixels' period, everywhere."""
    grown = efros_leung(stripes(24), 40, window=11)[0, 0]
    assert torch.equal(grown, grown[:1].expand_as(grown))
    assert torch.equal(grown[:, 8:], grown[:, :-8])


def test_the_seed_repeats_and_matters():
    first, again, other = (efros_leung(sample(), 20, window=5, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_errors_are_the_weighted_mean_squares_of_known_neighbours():
    """Against the definition, pixel by pixel in two loops."""
    source, window = sample(12), 5
    *_, growth = (step for step, _ in zip(growth_steps(source, 16, window=window), range(3), strict=False))
    rim = [
        (y, x)
        for y in range(2, 14)
        for x in range(2, 14)
        if not growth.known[y, x] and growth.known[y - 1 : y + 2, x - 1 : x + 2].any()
    ][:5]
    rows, columns = (torch.tensor(values) for values in zip(*rim, strict=True))
    errors = _Places(source, window).errors(growth, rows, columns)
    sigma = window / 6.4
    for number, (y, x) in enumerate(rim):
        for place, (v, u) in enumerate((v, u) for v in range(2, 10) for u in range(2, 10)):
            total = weight = 0.0
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    if growth.known[y + dy, x + dx]:
                        w = math.exp(-(dy**2 + dx**2) / (2 * sigma**2))
                        gap = growth.canvas[0, :, y + dy, x + dx] - source[0, :, v + dy, u + dx]
                        total, weight = total + w * float(gap.square().mean()), weight + w
            assert float(errors[number, place]) == pytest.approx(total / weight, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_one_by_one_the_pixel_with_most_neighbours_comes_first(seed):
    """A hole in what has grown comes before everything beside it; of equals, chance decides."""
    known, random = torch.zeros(14, 14, dtype=torch.bool), torch.Generator().manual_seed(seed)
    known[4:10, 4:10] = True
    known[6, 6] = False
    assert _turns(known, 5, False, random)[0].nonzero().tolist() == [[6, 6]]
    known[6, 6] = True
    chosen = {tuple(place) for _ in range(12) for place in _turns(known, 5, False, random)[0].nonzero().tolist()}
    # Beside the middle two pixels of a side, and no others, ten of a window of 5 x 5 px have grown.
    assert 1 < len(chosen) and chosen <= {(a, b) for a in (3, 10) for b in (6, 7)} | {(b, a) for a in (3, 10) for b in (6, 7)}


def test_a_pixel_comes_from_a_place_within_a_tenth_of_the_best():
    source = sample(16)
    steps = [step for step, _ in zip(growth_steps(source, 16, window=5, together=False), range(20), strict=False)]
    places = _Places(source, 5)
    for before, after in pairwise(steps):
        rows, columns = (after.known & ~before.known).nonzero(as_tuple=True)
        errors = places.errors(before, rows, columns)[0]
        used = (places.centres == after.source[rows[0], columns[0]]).nonzero().item()
        assert len(rows) == 1 and errors[used] <= (1 + TOLERANCE) * errors.min() + 1e-6


def test_an_error_limit_that_nothing_keeps_grows_until_something_does():
    noise = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    steps = list(growth_steps(noise, 14, window=5, limit=1e-4))
    assert steps[-1].known.all() and len(steps) > len(list(growth_steps(noise, 14, window=5, limit=ERROR_LIMIT)))


@pytest.mark.parametrize(
    ("options", "words"), [({"window": 4}, "odd number"), ({"window": 25}, "odd number"), ({"size": 2}, "at least 3 pixels")]
)
def test_growth_refuses_what_it_cannot_do(options, words):
    with pytest.raises(NstError, match=words):
        efros_leung(sample(), **{"size": 20, "window": 5} | options)
