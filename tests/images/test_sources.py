"""Where a picture comes from: paths, bytes, buffers, tensors, folders."""

import io

import pytest
import torch
from pictures import noise

from nstlib.errors import ImageError
from nstlib.images.files import load_image, save_image, to_pil


def test_path_bytes_and_file_objects_agree(tmp_path):
    path = save_image(noise(), tmp_path / "picture.png")
    sources = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), io.BytesIO(path.read_bytes())]
    for source in sources:
        torch.testing.assert_close(load_image(source), noise(), atol=0, rtol=0)
    with path.open("rb") as file:
        torch.testing.assert_close(load_image(file), noise(), atol=0, rtol=0)


def test_a_buffer_is_read_from_its_start():
    data = io.BytesIO()
    to_pil(noise()).save(data, format="PNG")  # leaves the buffer at its end
    torch.testing.assert_close(load_image(data), noise(), atol=0, rtol=0)


@pytest.mark.parametrize("shape", [(1, 3, 36, 40), (3, 36, 40), (36, 40), (1, 36, 40), (1, 1, 36, 40)])
def test_tensors_are_copied(shape):
    source = torch.rand(shape)
    image = load_image(source)
    assert image.shape == (1, 3, 36, 40)
    before = image.clone()
    source.zero_()
    torch.testing.assert_close(image, before, atol=0, rtol=0)


def test_folders_are_refused_and_close_names_offered(tmp_path):
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)
    save_image(noise(), tmp_path / "holiday.png")
    with pytest.raises(ImageError, match="but there is .*holiday.png"):
        load_image(tmp_path / "holidays.png")
