"""The brush without a browser: test_browser_brush.py draws with it in one."""

import base64
import io

import pytest
import torch
from PIL import Image

from nstlib.control.masks import check_mask, from_lasso
from nstlib.errors import NstError
from nstlib.images.gallery import photo
from nstlib.notebook.panels.brush import SHOWN, MaskBrush

SQUARE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]


@pytest.fixture
def brush():
    return MaskBrush(photo("temple", 96), label="the sky")


def test_before_the_first_stroke_the_mask_is_empty(brush):
    assert brush.mask.shape == (1, 1, *photo("temple", 96).shape[2:]) and brush.mask.sum() == 0


def test_strokes_become_a_mask(brush):
    brush.strokes = [{"points": SQUARE, "radius": 0}]
    torch.testing.assert_close(brush.mask, from_lasso(SQUARE, brush.shape))
    torch.testing.assert_close(check_mask(brush.mask), brush.mask)
    brush.strokes = [*brush.strokes, {"points": [[0.9, 0.9]], "radius": 0.05}]
    assert brush.mask[0, 0, int(0.9 * brush.shape[0]), int(0.9 * brush.shape[1])] == 1
    brush.strokes = []
    assert brush.mask.sum() == 0


def test_a_soft_edge_spreads_the_mask(brush):
    brush.strokes = [{"points": SQUARE}]
    hard = brush.mask
    brush.softness = 0.1
    between = ((brush.mask > 0.05) & (brush.mask < 0.95)).float().mean()
    assert between > 3 * ((hard > 0.05) & (hard < 0.95)).float().mean() and brush.mask.max() <= 1


def test_the_browser_gets_the_picture_and_the_program():
    for picture in (photo("temple", 96), photo("temple")):
        brush = MaskBrush(picture)
        shown = Image.open(io.BytesIO(base64.b64decode(brush._picture.partition(",")[2])))
        assert max(shown.size) == min(SHOWN, max(picture.shape)) and brush.mask.shape[2:] == picture.shape[2:]
    assert "export default" in str(brush._esm) and ".nst-canvas" in str(brush._css)


@pytest.mark.parametrize("strokes", [[[0.1, 0.2]], [{"points": [[0.1]]}], [{"radius": 0.1}]])
def test_what_is_no_stroke_is_named(brush, strokes):
    with pytest.raises(NstError, match="points"):
        brush.strokes = strokes
    assert brush.strokes == []


def test_what_is_no_picture_is_named():
    with pytest.raises(NstError, match="picture"):
        MaskBrush(torch.rand(3, 8, 8))
    with pytest.raises(NstError, match="2 pictures"):
        MaskBrush(torch.rand(2, 3, 8, 8))
