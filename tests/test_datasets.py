"""Pictures to train on, and crops of them that depend on the step alone."""

import logging

import pytest
import torch
from PIL import Image

from nstlib.datasets import Crops, Pictures, bundled, folder
from nstlib.errors import NstError


def write(path, size, color=(10, 200, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


def test_the_shorter_side_is_as_asked(tmp_path):
    write(tmp_path / "a.png", (300, 100))
    write(tmp_path / "deep" / "b.jpg", (50, 120))
    found = folder(tmp_path, 64)
    assert [tuple(one.shape) for one in found] == [(3, 64, 192), (3, 154, 64)] and found[0].dtype == torch.uint8
    assert found[0][:, 5, 5].tolist() == [10, 200, 30]


def test_what_cannot_be_read_is_named_and_skipped(tmp_path, caplog):
    write(tmp_path / "good.png", (80, 80))
    (tmp_path / "text.jpg").write_text("no picture")
    write(tmp_path / "z_short.jpg", (800, 800))
    whole = (tmp_path / "z_short.jpg").read_bytes()
    (tmp_path / "z_short.jpg").write_bytes(whole[:len(whole) // 2])  # opens, and breaks off when it is decoded
    with caplog.at_level(logging.WARNING):
        found = folder(tmp_path, 64)
        pictures = [found[i] for i in range(len(found))]
    assert "text.jpg" in caplog.text and "z_short.jpg" in caplog.text
    assert all(torch.equal(one, pictures[0]) for one in pictures)


def test_nothing_to_train_on(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(NstError, match="no picture in"):
        folder(tmp_path, 64)
    with pytest.raises(NstError, match="there is no folder"):
        folder(tmp_path / "elsewhere", 64)
    with pytest.raises(NstError, match="none of the 2 pictures"):
        Pictures([tmp_path / "a.jpg"] * 2, 64)[0]


def test_the_photographs_of_the_course():
    assert len(bundled(48)) >= 9 and min(bundled(48, ["cat"])[0].shape[1:]) == 48


def test_a_crop_depends_on_seed_step_and_place_alone():
    crops = Crops(bundled(64, ["cat", "temple"]), 32)
    batch = crops.batch(7, 4)
    assert batch.shape == (4, 3, 32, 32) and batch.dtype == torch.float32 and 0 <= batch.min() and batch.max() <= 1
    assert torch.equal(torch.cat([crops.batch(7, 2), crops.batch(7, 2, first=2)]), batch)
    assert not torch.equal(crops.batch(8, 4), batch)
    assert not torch.equal(Crops(crops.pictures, 32, seed=1).batch(7, 4), batch)


def test_a_crop_larger_than_its_picture():
    with pytest.raises(NstError, match="only 48 px"):
        Crops(bundled(48, ["cat"]), 64)
