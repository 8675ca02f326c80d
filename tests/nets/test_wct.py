"""Whitening and colouring: covariances in closed form."""

import torch
from networks import maps

from nstlib.features.moments import moments
from nstlib.nets.wct import whiten, whiten_and_color


def test_whitened_maps_have_the_identity_as_covariance():
    white = whiten(maps(seed=3))
    torch.testing.assert_close(white @ white.T / white.shape[1], torch.eye(6, dtype=torch.float64), rtol=1e-6, atol=1e-6)


def test_coloured_maps_have_the_styles_covariance():
    content, manner = maps(seed=4), maps(side=7, seed=5)
    for found, wanted in zip(moments(whiten_and_color(content, manner)), moments(manner), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_directions_without_variation_are_left_out():
    flat = maps(seed=6)
    flat[:, 1] = flat[:, 0]  # of six directions one is empty
    white = whiten(flat)
    assert torch.linalg.matrix_rank(white @ white.T).item() == 5 and torch.isfinite(white).all()
