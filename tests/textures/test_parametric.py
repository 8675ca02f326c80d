"""Textures from the statistics of wavelets: their number, what they know and what not, and the way to them."""

import pytest
import torch

from nstlib import style
from nstlib.errors import NstError
from nstlib.textures.parametric import GROUPS, TextureModel, _correlation, colour_axes, descend, portilla_simoncelli


def sample(side=24, name="mosaic"):
    return style(name, 256)[..., 80 : 80 + side, 60 : 60 + side].contiguous()


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


PLACES = torch.arange(128)
REGULAR = {
    "halves": PLACES // 64,
    "rows": PLACES[:, None] % 2,
    "stripes": PLACES // 8 % 2,
    "checkerboard": (PLACES[:, None] // 16 + PLACES // 16) % 2,
    "gradient": PLACES / 127,
}


@pytest.mark.parametrize("name", REGULAR)
def test_samples_with_silent_bands_are_grown_like_others(name):
    """Whose correlations are 0 / 0: they say nothing, and do not count."""
    regular = REGULAR[name].float().expand(1, 3, 128, 128).contiguous()
    model = TextureModel(regular)
    assert float(model.loss(regular)) < 1e-6 and 20 < int((model.weights > 0).sum()) < 650
    grown = [portilla_simoncelli(regular, steps=steps) for steps in (1, 25)]
    assert float(model.loss(grown[1])) < 0.5 * float(model.loss(grown[0]))


def test_a_descent_leaves_the_number_of_threads_as_it_was():
    threads = torch.get_num_threads()
    start = sample(64)
    descend(lambda picture: picture.square().mean(), start, 2)
    assert torch.get_num_threads() == threads
    with pytest.raises(ZeroDivisionError):
        descend(lambda picture: picture.mean() * (1 / 0), start, 1)
    assert torch.get_num_threads() == threads


def test_a_model_looks_at_one_picture():
    two = sample(128).repeat(2, 1, 1, 1)
    for refuse in (TextureModel, colour_axes, TextureModel(two[:1]).loss, TextureModel(two[:1]).correlations):
        with pytest.raises(NstError, match="holds 2 pictures"):
            refuse(two)


def test_a_model_refuses_sizes_and_groups_that_it_does_not_have():
    with pytest.raises(NstError, match="multiples of 16, 128 or more"):
        TextureModel(sample(128)[..., :100, :].contiguous())
    with pytest.raises(NstError, match="multiples of 16, 128 or more"):
        TextureModel(sample(96))
    with pytest.raises(NstError, match="histogram, correlation, magnitude, phase"):
        TextureModel(sample(128), ["magnitudes"])
