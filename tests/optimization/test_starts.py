"""Where a search begins: noise that a seed fixes, a picture that one pass paints, words about pictures of another shape."""

import logging

import pytest
import torch

from nstlib import photo, style, transfer
from nstlib.errors import NstError
from nstlib.losses.objective import StyleTarget
from nstlib.optimization import starts


def test_noise_is_grey_of_the_contents_size_and_its_seed_alone_decides():
    content = torch.rand(1, 3, 200, 300)
    made = starts.noise(content, 3)
    assert made.shape == content.shape and torch.equal(made, starts.noise(torch.zeros_like(content), 3))
    assert not torch.equal(made, starts.noise(content, 4))
    # 180,000 values: mean and deviation are known to 0.0004, so the bounds stand ten of that away.
    assert made.mean().item() == pytest.approx(0.5, abs=0.004) and made.std().item() == pytest.approx(0.15, abs=0.004)


def test_one_pass_paints_what_transfer_paints():
    content, picture = photo("cat", 96), style("waves", 96)
    start = starts.one_pass("mini")(content, [StyleTarget(picture)])
    assert start.shape == content.shape
    torch.testing.assert_close(start, transfer(content, picture, "adain").image, rtol=0, atol=1e-5)


def test_a_backbone_without_such_a_network_is_refused():
    with pytest.raises(NstError, match="for backbone='mini', not for 'vgg19'"):
        starts.one_pass("vgg19")


def test_a_picture_of_another_shape_is_named(caplog):
    square, wide, dot = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 128), torch.rand(1, 1, 2, 2)
    with caplog.at_level(logging.WARNING):
        starts.say_what_is_stretched(square, [wide, dot], (64, 128))
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == "init is 64x64 and is stretched to the content's shape, 128x64: crop it to keep its own"
