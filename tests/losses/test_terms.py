"""The losses: numbers in closed form, and laws."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import content_loss, gram_matrix, style_loss, total_variation
from nstlib.errors import NstError
from nstlib.losses.terms import CONTENT_FORMS, STYLE_FORMS, VARIATION_FORMS

COUNTING = torch.arange(24.0).reshape(1, 2, 3, 4) / 10


def test_gram_matrix_in_closed_form():
    torch.testing.assert_close(gram_matrix(COUNTING), torch.tensor([[[5.06, 12.98], [12.98, 38.18]]]) / 12)
    torch.testing.assert_close(gram_matrix(torch.ones(1, 1, 100, 100)) * 10_000, torch.full((1, 1, 1), 10_000.0))
    torch.testing.assert_close(gram_matrix(torch.ones(2, 3, 5, 7)), torch.ones(2, 3, 3))


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.integers(0, 1000))
def test_gram_matrix_knows_no_positions(pictures, channels, height, width, seed):
    random = torch.Generator().manual_seed(seed)
    features = torch.randn(pictures, channels, height, width, generator=random)
    shuffled = features.flatten(2)[:, :, torch.randperm(height * width, generator=random)].view_as(features)
    gram = gram_matrix(features)
    torch.testing.assert_close(gram_matrix(shuffled), gram)
    torch.testing.assert_close(gram, gram.mT)
    assert torch.linalg.eigvalsh(gram.double()).min() > -1e-4


def test_gram_matrix_keeps_the_pictures_of_a_batch_apart():
    features = torch.randn(3, 4, 5, 6)
    torch.testing.assert_close(gram_matrix(features)[1:2], gram_matrix(features[1:2]))


def test_gram_matrix_does_not_depend_on_the_size_of_the_picture():
    torch.testing.assert_close(gram_matrix(COUNTING.repeat(1, 1, 2, 3)), gram_matrix(COUNTING))


def test_gram_matrix_of_half_precision_is_computed_in_float32():
    features = torch.full((1, 1, 64, 64), 100.0, dtype=torch.float16)  # the sum, 4e7, is beyond float16
    torch.testing.assert_close(gram_matrix(features), torch.full((1, 1, 1), 10_000.0))


@pytest.mark.parametrize(("form", "expected"), [("relative", 0.25), ("gatys", 0.5 * 24), ("johnson", 1.0)])
def test_content_loss_in_closed_form(form, expected):
    target = torch.full((1, 2, 3, 4), 2.0)
    assert content_loss(target + 1, target, form).item() == pytest.approx(expected)


@pytest.mark.parametrize(("form", "expected"), [("relative", 0.25), ("gatys", 9 / 36), ("johnson", 1.0)])
def test_style_loss_in_closed_form(form, expected):
    target = torch.full((1, 3, 3), 2.0)
    assert style_loss(target + 1, target, form).item() == pytest.approx(expected)


def test_gatys_form_is_the_papers_formula():
    """E = sum (G - A)^2 / (4 N^2 M^2) with Gram matrices summed over the M pixels."""
    f, p = torch.randn(1, 5, 4, 6), torch.randn(1, 5, 4, 6)
    raw = [torch.einsum("nchw,ndhw->ncd", x, x) for x in (f, p)]
    expected = (raw[0] - raw[1]).square().sum() / (4 * 5**2 * 24**2)
    torch.testing.assert_close(style_loss(gram_matrix(f), gram_matrix(p), "gatys"), expected)


def test_relative_losses_do_not_depend_on_the_scale_of_the_features():
    f, p = torch.rand(1, 5, 4, 6), torch.rand(1, 5, 4, 6)
    torch.testing.assert_close(content_loss(100 * f, 100 * p), content_loss(f, p))
    torch.testing.assert_close(style_loss(1e4 * gram_matrix(f), 1e4 * gram_matrix(p)), style_loss(gram_matrix(f), gram_matrix(p)))


@pytest.mark.parametrize(("form", "expected"), [("relative", 0.04), ("l1", 0.2), ("isotropic", 0.2)])
def test_total_variation_of_a_ramp(form, expected):
    ramp = 0.2 * torch.arange(5.0).expand(1, 3, 4, 5)
    assert total_variation(ramp, form).item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("form", VARIATION_FORMS)
def test_total_variation_has_a_gradient_on_flat_areas(form):
    flat = torch.full((1, 3, 8, 8), 0.5, requires_grad=True)
    total_variation(flat, form).backward()
    assert flat.grad.isfinite().all() and flat.grad.abs().max() < 1e-6


@pytest.mark.parametrize(("loss", "forms"), [(content_loss, CONTENT_FORMS), (style_loss, STYLE_FORMS)])
def test_a_loss_refuses_what_cannot_be_compared(loss, forms):
    with pytest.raises(NstError, match=", ".join(forms)):
        loss(torch.ones(1, 2, 2), torch.ones(1, 2, 2), "median")
    with pytest.raises(NstError, match="differ"):
        loss(torch.ones(1, 2, 2), torch.ones(1, 3, 3))
