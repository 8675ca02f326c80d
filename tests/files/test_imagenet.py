"""Weights of torchvision's networks: taken from torch's cache, else downloaded once and known by the digits in their name."""

import pytest
import torch
from servers import BODY, SHA

from nstlib.errors import DownloadError, WeightsError
from nstlib.files import imagenet


@pytest.fixture
def hub(file_server, monkeypatch, tmp_path):
    """torch's cache in an empty folder, and a server in the place of torchvision's."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(imagenet, "SERVER", file_server.url + "/")
    return file_server


def test_a_file_is_fetched_once_and_kept_where_torchvision_looks(hub, tmp_path):
    name = f"file.v1-{SHA[:8]}.pth"  # the server tells ways apart by what stands before the point
    path = imagenet.torchvision_file(name)
    assert path == tmp_path / "checkpoints" / name == imagenet.torchvision_path(name)
    assert path.read_bytes() == BODY and hub.asked == [f"/{name}"]
    assert imagenet.torchvision_file(name) == path and len(hub.asked) == 1


def test_other_contents_than_the_name_says_are_refused(hub, tmp_path):
    with pytest.raises(DownloadError, match="another checksum than torchvision's file.v1-00000000.pth"):
        imagenet.torchvision_file("file.v1-00000000.pth")
    assert not (tmp_path / "checkpoints" / "file.v1-00000000.pth").exists()


def test_a_mirror_with_the_same_weights_in_another_file_is_asked_what_it_is(hub):
    seen = []
    path = imagenet.torchvision_file(
        "missing.v1-00000000.pth", mirrors=[hub.url + "/file"], recognise=lambda file: seen.append(file.read_bytes())
    )
    assert path.read_bytes() == BODY and seen == [BODY]

    def never(file):
        raise WeightsError("these are not they")

    with pytest.raises(DownloadError, match="these are not they"):
        imagenet.torchvision_file("missing.v1-11111111.pth", mirrors=[hub.url + "/file"], recognise=never)
