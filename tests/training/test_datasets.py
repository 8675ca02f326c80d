"""Pictures to train on, and crops of them that depend on the step alone."""

import hashlib
import http.server
import logging
import shutil
import tarfile
import threading
from functools import partial

import pytest
import torch
from PIL import Image
from torchvision.datasets import Imagenette

from nstlib.errors import NstError
from nstlib.training.datasets import Crops, Joined, Pairs, Pictures, bundled, folder, imagenette


def write(path, size, color=(10, 200, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


def test_the_shorter_side_is_as_asked(tmp_path):
    write(tmp_path / "a.png", (300, 100))
    write(tmp_path / "deep" / "b.jpg", (50, 120))
    found = folder(tmp_path, 64)
    assert [tuple(one.shape) for one in found] == [(3, 64, 192), (3, 154, 64)] and found[0].dtype == torch.uint8
    assert found[0][:, 5, 5].tolist() == [10, 200, 30] and len(list(found)) == 2
    assert torch.equal(found[-2], found[0]) and torch.equal(found[-1], found[1])
    for outside in (2, -3):
        with pytest.raises(IndexError, match=f"picture {outside} of 2"):
            found[outside]


def test_what_cannot_be_read_is_named_and_skipped(tmp_path, caplog):
    write(tmp_path / "good.png", (80, 80))
    (tmp_path / "text.jpg").write_text("no picture")
    write(tmp_path / "z_short.jpg", (800, 800))
    whole = (tmp_path / "z_short.jpg").read_bytes()
    (tmp_path / "z_short.jpg").write_bytes(whole[: len(whole) // 2])  # opens, and breaks off when it is decoded
    with caplog.at_level(logging.WARNING):
        found = folder(tmp_path, 64)
        pictures = [found[i] for i in range(len(found))]
    assert "text.jpg" in caplog.text and "z_short.jpg" in caplog.text
    assert all(torch.equal(one, pictures[0]) for one in pictures)


def test_what_cannot_be_brought_to_the_size_is_named_and_skipped(tmp_path, caplog):
    write(tmp_path / "a.png", (80, 80))
    write(tmp_path / "strip.png", (42000, 32))
    with caplog.at_level(logging.WARNING):
        found = folder(tmp_path, 1024)
        assert [tuple(picture.shape) for picture in found] == [(3, 1024, 1024)] * 2
    assert "strip.png" in caplog.text


def test_a_size_that_no_picture_can_be_brought_to_is_to_blame(tmp_path):
    write(tmp_path / "a.png", (80, 80))
    with pytest.raises(NstError, match="none of the 1 pictures can be read and brought to 9000 px .* smaller crops"):
        folder(tmp_path, 9000)[0]


def test_pictures_are_known_by_their_contents(tmp_path):
    for name, color in (("a", (1, 2, 3)), ("b", (4, 5, 6))):
        write(tmp_path / "one" / f"{name}.png", (40, 40), color)
        write(tmp_path / "two" / f"other_{name}.png", (40, 40), color)
    one, two = (folder(tmp_path / name, 32) for name in ("one", "two"))
    assert one.identity() == two.identity() != folder(tmp_path / "one", 36).identity()
    assert Crops(one, 32).identity() == Crops(two, 32).identity() != Crops(two, 32, seed=1).identity()
    assert Crops(list(one), 32).identity() == Crops(list(two), 32).identity() != Crops(list(two)[::-1], 32).identity()
    write(tmp_path / "two" / "other_b.png", (40, 40), (4, 5, 7))
    assert one.identity() != two.identity()


@pytest.mark.parametrize("size", [0, -5, 32.5, True, "32"])
def test_crops_have_whole_sizes(size):
    with pytest.raises(NstError, match="size="):
        Crops(bundled(48, ["cat"]), size)


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
    assert bundled(48, ["waves"])[0].float().mean() != bundled(48, ["cat"])[0].float().mean()  # drawn styles, too


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


GOOD, SMALL = torch.zeros(3, 40, 40, dtype=torch.uint8), torch.zeros(3, 40, 30, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ([], "no pictures to train on"),
        ([GOOD, GOOD / 255], r"picture 1 of 2 to train on is \(3, 40, 40\) torch.float32: expected a uint8 tensor"),
        ([GOOD[None]], r"picture 0 of 1 .* is \(1, 3, 40, 40\)"),
        ([GOOD.permute(1, 2, 0)], "expected a uint8 tensor"),
        ([GOOD, "cat"], "picture 1 of 2 .* is str"),
        ((GOOD, GOOD, SMALL), "size=32: picture 2 of 3 to train on has only 30 px"),
    ],
)
def test_pictures_that_are_none_are_refused_before_the_work(pictures, said):
    with pytest.raises(NstError, match=said):
        Crops(pictures, 32)


def test_pictures_that_are_read_on_demand_are_refused_when_they_come():
    crops = Crops(Joined([[GOOD], [SMALL]]), 32)
    with pytest.raises(NstError, match="picture 1 of 2 to train on has only 30 px"):
        crops.batch(0, 16)


@pytest.fixture
def small_imagenette(tmp_path, monkeypatch):
    """A server with an archive in Imagenette's layout, at the address where torchvision looks; what was asked for."""
    classes = list(Imagenette._WNID_TO_CLASS)
    for split, count in (("train", 2), ("val", 1)):
        for wnid in classes:
            for number in range(count):
                write(tmp_path / "served" / "imagenette2-160" / split / wnid / f"{number}.JPEG", (70, 50))
    archive = tmp_path / "served" / "imagenette2-160.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tmp_path / "served" / "imagenette2-160", "imagenette2-160")
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("NSTLIB_CACHE", str(tmp_path / "cache"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "served"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    digest = hashlib.md5(archive.read_bytes()).hexdigest()
    url = f"http://127.0.0.1:{server.server_address[1]}/{archive.name}"
    monkeypatch.setattr(Imagenette, "_ARCHIVES", {"160px": (url, digest)})
    yield url, asked
    server.shutdown()
    server.server_close()


def test_imagenette_comes_once(small_imagenette, tmp_path):
    found = imagenette("imagenette-160", 40)
    assert len(found) == 20 and found[0].shape == (3, 40, 56)
    assert len(imagenette("imagenette-160", 40)) == 20 and len(small_imagenette[1]) == 1
    assert not (tmp_path / "cache" / "imagenette2-160.tgz").exists()  # unpacked, the archive is not needed


def test_an_archive_larger_than_imagenette_is_refused(small_imagenette, monkeypatch):
    monkeypatch.setattr("nstlib.training.datasets.MOST_BYTES", 1000)
    with pytest.raises(NstError, match="1,000|1000|larger|more than"):
        imagenette("imagenette-160", 40)


def test_half_an_imagenette_is_unpacked_again(small_imagenette, tmp_path):
    imagenette("imagenette-160", 40)
    folder = tmp_path / "cache" / "imagenette2-160"
    (folder / ".complete").unlink()
    shutil.rmtree(folder / "train" / "n01440764")
    assert len(imagenette("imagenette-160", 40)) == 20


def test_another_file_in_imagenettes_place_is_refused(small_imagenette, monkeypatch, tmp_path):
    monkeypatch.setattr(Imagenette, "_ARCHIVES", {"160px": (small_imagenette[0], "0" * 32)})
    with pytest.raises(NstError, match="MD5"):
        imagenette("imagenette-160", 40)
    assert not list((tmp_path / "cache").iterdir())
    with pytest.raises(NstError, match="imagenette-320"):
        imagenette("imagenette-99", 40)


def pairs(size=32, seed=1):
    return Pairs(Crops(bundled(48, ["cat", "temple"]), size), Crops(bundled(48, ["waves", "ink", "swirls"]), size, seed))


def test_a_batch_is_the_same_for_the_same_step():
    one, two = pairs().batch(3, 4), pairs().batch(3, 4)
    assert one.shape == (4, 2, 3, 32, 32) and torch.equal(one, two) and not torch.equal(one, pairs().batch(4, 4))
    assert torch.equal(pairs().batch(3, 2, first=2), one[2:])  # the share of a second process
    assert torch.equal(one[:, 0], Crops(bundled(48, ["cat", "temple"]), 32).batch(3, 4))
    assert not torch.equal(one[:, 1], pairs(seed=2).batch(3, 4)[:, 1])


def test_pairs_in_step_are_refused():
    crops = Crops(bundled(48, ["cat"]), 32, 1)
    for other in (Crops(bundled(48, ["waves"]), 32, 1), Crops(bundled(48, ["waves"]), 40, 2)):
        with pytest.raises(NstError, match="one size and two seeds"):
            Pairs(crops, other)


@pytest.mark.parametrize("collections", [[], [[GOOD], []]])
def test_an_empty_collection_is_refused(collections):
    with pytest.raises(NstError, match="no pictures"):
        Joined(collections)


def test_a_small_collection_of_styles_is_not_forgotten():
    joined = Joined([[torch.full((3, 1, 1), 1)] * 40, [torch.full((3, 1, 1), 2)] * 3])
    values = [int(picture[0, 0, 0]) for picture in joined]
    assert values.count(1) == 40 and values.count(2) == 9  # the multiple of 3 that is nearest to a quarter
