"""Arrays and tensors as pictures: whole numbers, floats, axes."""

import numpy as np
import pytest
import torch

from nstlib.images.files import load_image


@pytest.mark.parametrize("dtype, top", [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1), (np.float64, 1)])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_arrays(dtype, top, channels):
    array = np.zeros((36, 40, *channels), dtype)
    array[:10] = top
    image = load_image(array)
    assert image.shape == (1, 3, 36, 40)
    assert (image[:, :, :10] == 1).all()  # white, and with alpha: opaque white
    assert (image[:, :, 10:] == (1 if channels == (4,) else 0)).all()  # alpha 0 is white paper


def test_whole_numbers_count_to_the_top_of_their_type():
    assert load_image(torch.full((3, 36, 40), 51, dtype=torch.uint8)).mean().item() == pytest.approx(0.2)
    assert load_image(np.full((36, 40), 13107, np.uint16)).mean().item() == pytest.approx(0.2)
    assert load_image(np.ones((36, 40), bool)).min() == 1
    assert load_image(np.full((36, 40), 13107, ">u2")).mean().item() == pytest.approx(0.2)
    assert load_image(torch.full((3, 36, 40), 0.5, dtype=torch.bfloat16, requires_grad=True)).mean() == 0.5
