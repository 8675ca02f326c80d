"""Textures before networks: growth, wavelet statistics and sparse coding, by laws and by independent computation."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from nstlib import style
from nstlib.errors import NstError
from nstlib.textures.nonparametric import ERROR_LIMIT, TOLERANCE, _Places, _turns, efros_leung, growth_steps
from nstlib.textures.parametric import GROUPS, TextureModel, _correlation, colour_axes, descend, portilla_simoncelli
from nstlib.textures.sparse import GAIN, Stop, code_picture, from_patches, ksvd, ksvd_rounds, sparse_codes, to_patches


def sample(side=24, name="mosaic"):
    return style(name, 256)[..., 80 : 80 + side, 60 : 60 + side].contiguous()


def stripes(side):
    """Four columns dark, four columns bright."""
    return (torch.arange(side) // 4 % 2).float().expand(1, 3, side, side).contiguous()


# ---------------------------------------------------------------- Efros and Leung


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


# ---------------------------------------------------------------- Portilla and Simoncelli


def test_the_710_statistics_are_17_125_472_and_96():
    model = TextureModel(sample(128))
    numbers = model.statistics(sample(128))
    assert numbers.shape == (1, 3, 710)
    plenoptics, _ = next(iter(model._measures.values()))
    sizes = {name: torch.tensor(v.shape[2:]).prod() for name, v in plenoptics.convert_to_dict(numbers).items()}
    assert {name for group in GROUPS.values() for name in group} == set(sizes)
    kept = {group: (TextureModel(sample(128), [group]).weights > 0).sum() / 3 for group in GROUPS}
    # minimum and maximum are among the 710 and have no weight: 15 of 17
    assert [int(kept[group]) for group in GROUPS] == [17 - 2, 125, 472, 96]


def test_statistics_do_not_know_where_things_are():
    """Rolling a picture round its borders, which the model joins, changes nothing; swapping its colours does."""
    picture = sample(128)
    model = TextureModel(picture)
    assert float(model.loss(picture)) < 1e-6
    assert float(model.loss(picture.roll((16, 32), (2, 3)))) < 1e-3  # multiples of 16: pixels of every scale
    assert float(model.loss(picture.flip(1))) > 1


def test_noise_is_spread_along_the_colours_of_the_sample():
    """Twice as strong: twice as wide around the sample's mean colour in each of its axes; the same for the same seed."""
    model = TextureModel(sample(128))
    noise = model.noise((64, 80), 2.0, seed=3)
    assert noise.shape == (1, 3, 64, 80) and torch.equal(noise, model.noise((64, 80), 2.0, seed=3))
    assert not torch.equal(noise, model.noise((64, 80), 2.0, seed=4))
    drawn = 2 * torch.randn(1, 3, 64, 80, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(model.channels(noise), drawn, rtol=1e-3, atol=1e-3)


def test_what_varies_less_than_a_billionth_has_one_colour():
    noise = torch.randn(1, 1, 128, 128, generator=torch.Generator().manual_seed(0)).double().expand(-1, 3, -1, -1)
    noise = noise / noise.std(correction=0) / 3**0.5  # along grey, of variance 1
    assert colour_axes(0.5 + (1.4e-9) ** 0.5 * noise)[1].shape == (1, 3)
    with pytest.raises(NstError, match="one colour"):
        colour_axes(0.5 + (0.7e-9) ** 0.5 * noise)


def test_correlations_of_bands_are_those_of_the_textbook():
    bands = torch.randn(2, 3, 500, generator=torch.Generator().manual_seed(0)) * torch.tensor([0.1, 1, 30]).view(3, 1) + 5
    bands[:, 2] += 20 * bands[:, 1]
    torch.testing.assert_close(_correlation(bands), torch.stack([torch.corrcoef(one) for one in bands]), rtol=1e-3, atol=1e-4)


def test_colour_axes_decorrelate_and_a_grey_picture_has_one():
    picture = sample(32)
    mean, axes = colour_axes(picture)
    pixels = axes @ (picture[0].flatten(1) - mean[:, None])
    torch.testing.assert_close(pixels.cov(correction=0), torch.eye(3), atol=1e-3, rtol=0)
    assert colour_axes(picture.mean(1, keepdim=True).expand(-1, 3, -1, -1))[1].shape == (1, 3)
    with pytest.raises(NstError, match="one colour only"):
        colour_axes(torch.full((1, 3, 16, 16), 0.5))


def test_synthesis_comes_nearer_to_the_statistics_and_grey_stays_grey():
    grey = sample(128).mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous()
    model = TextureModel(grey)
    grown = [portilla_simoncelli(grey, (128, 144), steps=steps) for steps in (1, 30)]
    assert grown[1].shape == (1, 3, 128, 144) and 0 <= grown[1].min() and grown[1].max() <= 1
    assert float(model.loss(grown[1])) < 0.2 * float(model.loss(grown[0]))
    assert float((grown[1] - grown[1].mean(1, keepdim=True)).abs().max()) < 1e-4


def test_a_descent_leaves_the_number_of_threads_as_it_was():
    threads = torch.get_num_threads()
    start = sample(64)
    descend(lambda picture: picture.square().mean(), start, 2)
    assert torch.get_num_threads() == threads
    with pytest.raises(ZeroDivisionError):
        descend(lambda picture: picture.mean() * (1 / 0), start, 1)
    assert torch.get_num_threads() == threads


def test_a_model_refuses_sizes_and_groups_that_it_does_not_have():
    with pytest.raises(NstError, match="multiples of 16, 128 or more"):
        TextureModel(sample(128)[..., :100, :].contiguous())
    with pytest.raises(NstError, match="multiples of 16, 128 or more"):
        TextureModel(sample(96))
    with pytest.raises(NstError, match="histogram, correlation, magnitude, phase"):
        TextureModel(sample(128), ["magnitudes"])


# ---------------------------------------------------------------- sparse coding


def synthetic(seed=0, count=1500):
    """The paper's test: 50 atoms of 20 numbers, signals made of 3 of them."""
    random = np.random.default_rng(seed)
    atoms = random.normal(size=(50, 20))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = np.zeros((count, 50))
    for row in codes:
        row[random.choice(50, 3, replace=False)] = random.normal(size=3)
    return torch.from_numpy(atoms), torch.from_numpy(codes), torch.from_numpy(codes @ atoms)


@pytest.mark.sampled
def test_ksvd_recovers_the_synthetic_dictionary(seed_offset):
    atoms, _, signals = synthetic(seed=1 + 1000 * seed_offset)
    learned = ksvd(signals, 50, Stop(atoms=3), rounds=25, seed=1 + 1000 * seed_offset)
    assert int(((atoms @ learned.T).abs().amax(1) > 0.99).sum()) >= 40  # 46.4, spread 1.5; nobody finds one by chance
    torch.testing.assert_close(learned.norm(dim=1), torch.ones(50).double())


@pytest.mark.sampled
def test_rounds_of_ksvd_leave_less_and_less(seed_offset):
    _, _, signals = synthetic(seed_offset, count=300)
    errors = [step.error for step in ksvd_rounds(signals, 50, Stop(atoms=3), rounds=8)]
    assert errors[-1] < 0.85 * errors[0]  # 0.70, spread 0.04; nothing learned: 1


def test_codes_keep_to_their_stop():
    atoms, _, signals = synthetic(count=200)
    three = sparse_codes(signals, atoms, Stop(atoms=3))
    assert int((three != 0).sum(1).max()) <= 3
    exact = sparse_codes(signals, atoms, Stop(error=0.05))
    left = (signals - exact @ atoms).square().mean(1).sqrt()
    assert float(left.max()) <= 0.05 + 1e-6
    assert not sparse_codes(signals * 1e-3, atoms, Stop(error=0.05)).any()  # nothing to say: no atom


def test_a_patch_of_nothing_needs_no_atom():
    """Nor does one that is within the error already; one just beyond it does."""
    atoms = torch.eye(4, dtype=torch.float64)
    patches = torch.tensor([[0.0, 0, 0, 0], [0.19, 0, 0, 0], [0.21, 0, 0, 0], [3.0, 0, -2.0, 0]], dtype=torch.float64)
    assert sparse_codes(patches, atoms, Stop(atoms=1)).tolist() == [[0, 0, 0, 0], [0.19, 0, 0, 0], [0.21, 0, 0, 0], [3, 0, 0, 0]]
    found = sparse_codes(patches, atoms, Stop(error=0.1))  # the root of the mean of 4 squares: 0.2 in one number
    assert (found != 0).sum(1).tolist() == [0, 0, 1, 2] and found[3].tolist() == [3, 0, -2, 0]
    assert sparse_codes(torch.zeros(2, 4), atoms.float(), Stop(error=0.0)).tolist() == [[0] * 4] * 2


def test_where_stops_begin():
    assert Stop(atoms=1).atoms == 1 and Stop(error=0.0).error == 0
    for wrong in ({"atoms": 0}, {"error": -1e-9}, {}, {"atoms": 1, "error": 1.0}):
        with pytest.raises(NstError, match="atoms"):
            Stop(**wrong)


def test_a_long_enough_pursuit_is_least_squares():
    """With as many atoms as numbers, what is left is nothing."""
    atoms, _, signals = synthetic(count=20)
    torch.testing.assert_close(sparse_codes(signals, atoms, Stop(atoms=20)) @ atoms, signals, atol=1e-6, rtol=0)


@pytest.mark.parametrize("step", [1, 3, 5])
def test_windows_put_back_give_the_picture(step):
    picture = sample(23)
    patches, means = to_patches(picture, 5, step)
    assert patches.shape[1] == 75 and float(patches.view(len(patches), 3, 25).mean(2).abs().max()) < 1e-6
    torch.testing.assert_close(from_patches(patches, means, (23, 23), 5, step), picture, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_dictionary_that_holds_everything_gives_the_picture_back(channels):
    """One atom for each number of a window of 4 x 4 px, in all its colours."""
    picture = torch.rand(1, channels, 9, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(code_picture(picture, torch.eye(16 * channels, dtype=torch.float64), Stop(error=0.0), 2), picture)


@pytest.mark.sampled
def test_a_learned_dictionary_takes_out_noise(seed_offset):
    clean = style("waves", 96).mean(1, keepdim=True)
    sigma = 25 / 255
    noisy = clean + sigma * torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed_offset))
    patches, _ = to_patches(noisy, 6, 2)
    atoms = ksvd(patches, 64, Stop(error=GAIN * sigma), rounds=4)
    cleaned = code_picture(noisy, atoms, Stop(error=GAIN * sigma))
    gain = 10 * torch.log10((noisy - clean).square().mean() / (cleaned - clean).square().mean())
    assert float(gain) > 3  # 4.9, spread 0.1


@pytest.mark.parametrize("stop", [{}, {"atoms": 3, "error": 0.1}, {"atoms": 0}, {"error": -1.0}])
def test_a_stop_says_one_thing(stop):
    with pytest.raises(NstError):
        Stop(**stop)


def test_sparse_coding_refuses_what_does_not_fit():
    with pytest.raises(NstError, match="expected 1: divide by"):
        sparse_codes(torch.rand(5, 4), torch.ones(6, 4), Stop(atoms=1))
    with pytest.raises(NstError, match=r"expected \(N, d\) and \(K, d\)"):
        sparse_codes(torch.rand(5, 4), torch.eye(5), Stop(atoms=1))
    with pytest.raises(NstError, match="at least as many patches as atoms"):
        ksvd(torch.rand(5, 4), 6, Stop(atoms=1))
    with pytest.raises(NstError, match="not all zero"):
        ksvd(torch.zeros(50, 4), 6, Stop(atoms=1))
    with pytest.raises(NstError, match="no windows of 30 pixels"):
        to_patches(sample(24), 30)
