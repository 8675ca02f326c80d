"""The losses of style transfer: content, style, total variation. Pure functions, each with its normalisation stated.

"relative" (the default) divides by the target's own energy: 1 means "as wrong as an empty feature map", so that one weight
serves every layer, backbone and size. The papers' forms are there by name, for the lessons that reproduce them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from nstlib.errors import NstError


def gram_matrix(features: Tensor) -> Tensor:
    """Channel correlations of feature maps (N, C, H, W), averaged over pixels: (N, C, C), float32.

    Gatys, Ecker and Bethge, "Texture synthesis using convolutional neural networks" (2015). They sum over pixels; we
    average, so that pictures of different sizes can be compared.
    """
    flat = features.flatten(2).float()  # (N, C, H, W) -> (N, C, H*W)
    return flat @ flat.mT / flat.shape[-1]  # (N, C, H*W) -> (N, C, C)


def guided_gram(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the Gram matrix of maps (1, C, H, W) with weights (1, 1, H, W): (1, C, C).

    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling perceptual factors in neural style transfer" (2017).
    """
    if weight is None:
        return gram_matrix(features)
    # gram_matrix averages over all places; we divide by those that count. The root, as each product has two factors.
    return gram_matrix(features * weight.sqrt()) / weight.mean()


def _energy(x: Tensor) -> Tensor:
    """Sum of squares per picture: (N, ...) -> (N,)."""
    return x.flatten(1).float().square().sum(1)


CONTENT_FORMS = {
    "relative": lambda f, p: _energy(f - p) / _energy(p),
    "gatys": lambda f, p: _energy(f - p) / 2,  # Gatys 2016, equation 1
    "johnson": lambda f, p: _energy(f - p) / f[0].numel(),  # Johnson 2016, section 3.2
}

STYLE_FORMS = {
    "relative": lambda g, a: _energy(g - a) / _energy(a),
    # Gatys 2016, equation 4: sums over M pixels, divided by 4 N^2 M^2. Our Gram matrices are divided by M already.
    "gatys": lambda g, a: _energy(g - a) / (4 * g.shape[-1] ** 2),
    "johnson": lambda g, a: _energy(g - a) / g.shape[-1] ** 2,  # Johnson 2016: Gram matrices over C H W
}

VARIATION_FORMS = {
    "relative": lambda dy, dx: dy.square().mean() + dx.square().mean(),  # relative to the range of values, 1
    "l1": lambda dy, dx: dy.abs().mean() + dx.abs().mean(),
    # The root's slope is infinite at 0: without the 1e-8 a flat area gives a gradient of NaN.
    "isotropic": lambda dy, dx: (dy[..., :-1].square() + dx[..., :-1, :].square() + 1e-8).sqrt().mean(),
}


def content_loss(features: Tensor, target: Tensor, form: str = "relative") -> Tensor:
    """Return the distance of feature maps (N, C, H, W) from the target's: a scalar >= 0, averaged over the N pictures.

    Forms: "relative" |F - P|^2 / |P|^2; "gatys" |F - P|^2 / 2; "johnson" |F - P|^2 / (C H W).
    Raises NstError for another form or for shapes that differ.
    """
    _check_pair(features, target, form, CONTENT_FORMS)
    return CONTENT_FORMS[form](features, target).mean()


def style_loss(gram: Tensor, target: Tensor, form: str = "relative") -> Tensor:
    """Return the distance of Gram matrices (N, C, C) from the target's: a scalar >= 0, averaged over the N pictures.

    Forms: "relative" |G - A|^2 / |A|^2; "gatys" |G - A|^2 / (4 C^2); "johnson" |G - A|^2 / C^2, where G and A are
    averaged over pixels by `gram_matrix`. Raises NstError for another form or for shapes that differ.
    """
    _check_pair(gram, target, form, STYLE_FORMS)
    return STYLE_FORMS[form](gram, target).mean()


def total_variation(image: Tensor, form: str = "relative") -> Tensor:
    """Return the difference of neighbouring pixels of pictures (N, 3, H, W): a scalar >= 0, averaged over pixels.

    Forms: "relative" squared differences; "l1" absolute differences; "isotropic" length of the gradient (Rudin, Osher
    and Fatemi 1992). Raises NstError for another form.
    """
    _check_form(form, VARIATION_FORMS)
    return VARIATION_FORMS[form](image.diff(dim=-2), image.diff(dim=-1))


def _check_form(form: str, forms: dict) -> None:
    if form not in forms:
        raise NstError(f"form={form!r}: choose one of {', '.join(forms)}")


def _check_pair(a: Tensor, b: Tensor, form: str, forms: dict) -> None:
    _check_form(form, forms)
    if a.shape[1:] != b.shape[1:] or b.shape[0] not in (1, a.shape[0]):
        raise NstError(f"shapes {tuple(a.shape)} and {tuple(b.shape)} differ: give the same layer of pictures of one size")


def mean_loss(terms: Sequence[Tensor]) -> Tensor:
    """Return the mean of several scalars, at least one, such as a loss in several layers: a scalar."""
    return torch.stack(list(terms)).mean()
