"""Mean, covariance and powers of it: torch's own function, copies of places, and laws of powers."""

import pytest
import torch

from nstlib.features.moments import moments, power


def maps(channels=5, height=6, width=9, count=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(channels, channels, generator=random, dtype=torch.double)
    return torch.einsum("dc,nchw->ndhw", mixing, torch.rand(count, channels, height, width, generator=random).double()) + 3


def test_they_are_torchs_mean_and_covariance_of_each_map():
    mean, covariance = moments(maps())
    for number, flat in enumerate(maps().flatten(2)):
        torch.testing.assert_close(mean[number], flat.mean(1, keepdim=True))
        torch.testing.assert_close(covariance[number], torch.cov(flat, correction=0))


@pytest.mark.parametrize("scale", [1, 1e-3, 7.5])
def test_whole_weights_count_like_copies_of_places(scale):
    weight = torch.randint(0, 4, (1, 1, 6, 9), generator=torch.Generator().manual_seed(1))
    copies = maps().flatten(2).repeat_interleave(weight.flatten(), -1)[:, :, None]  # (N, C, 1, P)
    for found, wanted in zip(moments(maps(), scale * weight.double()), moments(copies), strict=True):
        torch.testing.assert_close(found, wanted)


def test_equal_weights_change_nothing():
    for found, wanted in zip(moments(maps(), torch.full((1, 1, 6, 9), 0.3).double()), moments(maps()), strict=True):
        torch.testing.assert_close(found, wanted)


def test_powers_of_known_matrices():
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double())[0]
    for values, exponent, expected in (([4, 9, 16.0], 0.5, [2, 3, 4.0]), ([4, 9, 16.0], -0.5, [1 / 2, 1 / 3, 1 / 4])):
        matrix = turn @ torch.diag(torch.tensor(values).double()) @ turn.T
        torch.testing.assert_close(power(matrix, exponent), turn @ torch.diag(torch.tensor(expected).double()) @ turn.T)
    covariance = moments(maps())[1]
    torch.testing.assert_close(power(covariance, 1), covariance)
    torch.testing.assert_close(power(covariance, 0.5) @ power(covariance, 0.5), covariance)
    torch.testing.assert_close(power(covariance, -1) @ covariance, torch.eye(5).double().expand(2, 5, 5))


@pytest.mark.parametrize(
    ("options", "kept"),
    [({}, 3), ({"epsilon": 0}, 4), ({"epsilon": 0.05}, 2), ({"epsilon": 0, "least": 0.5}, 3), ({"epsilon": 0, "least": 10}, 1)],
)
def test_directions_that_do_not_vary_are_left_out(options, kept):
    values = torch.tensor([100, 10, 1, 1e-6, 0]).double()
    flat = power(torch.diag(values), -1, **options)
    torch.testing.assert_close(flat, torch.diag(torch.where(torch.arange(5) < kept, 1 / values.clamp_min(1e-9), 0)))
    both = power(torch.stack([torch.diag(values), 4 * torch.diag(values)]), -0.5, epsilon=options.get("epsilon", 1e-5))
    torch.testing.assert_close(both[1], both[0] / 2)


def test_what_does_not_vary_at_all_has_no_directions():
    assert not power(torch.zeros(3, 3).double(), -0.5).any()
    mean, covariance = moments(torch.full((1, 2, 4, 4), 0.5))
    assert mean.flatten().tolist() == [0.5, 0.5] and not covariance.any() and not power(covariance, -1).any()


def test_a_covariance_can_be_learned_from():
    pictures = maps().requires_grad_()
    power(moments(pictures)[1], 0.5, epsilon=0, least=1e-9).sum().backward()
    assert torch.isfinite(pictures.grad).all() and pictures.grad.any()
