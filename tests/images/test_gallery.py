"""The course's pictures: all there and described, masks in the right places, paintings from a server of our own."""

import socket
import subprocess
import sys

import pytest
import torch
from servers import picture_bytes

from nstlib.errors import DownloadError, NstError
from nstlib.images import catalogue, gallery
from nstlib.images.files import check_image, load_image
from nstlib.images.gallery import REGIONS, mask, painting, photo, style


def test_a_photograph_has_its_own_size():
    assert photo("temple").shape == (1, 3, 427, 640)


def test_a_style_is_large():
    image = style("swirls")
    check_image(image, minimum=768)
    assert max(style("swirls", 100).shape[-2:]) == 100


@pytest.mark.parametrize("name, region", [(name, region) for name in REGIONS for region in REGIONS[name]])
def test_masks_lie_on_their_photographs(name, region):
    for size in (None, 101):
        soft = mask(name, region, size)
        assert soft.shape == (1, 1, *photo(name, size).shape[-2:])
        assert soft.is_contiguous() and soft.min() == 0 and soft.max() == 1
    share = mask(name, region).mean()
    assert 0.005 < share < 0.9


def mean_colour(name, region):
    soft, image = mask(name, region), photo(name)
    return (image * soft).sum((0, 2, 3)) / soft.sum()


def test_masks_hold_what_their_names_say():
    red, green, blue = mean_colour("temple", "sky")
    assert blue > 0.8 and blue >= green >= red
    red, green, blue = mean_colour("flower", "bloom")
    assert red > green > blue and red > 2 * blue
    red, _, blue = mean_colour("rocket", "sky")
    assert blue > red + 0.1
    red, green, blue = mean_colour("cat", "eyes")
    assert green > 1.3 * blue
    assert (mask("temple", "sky") * mask("temple", "building")).mean() < 0.005
    face, person = mask("astronaut", "face"), mask("astronaut", "person")
    assert (face * (1 - person)).sum() < 0.01 * face.sum()  # her face is part of her


@pytest.mark.parametrize(
    "call",
    [
        lambda: photo("templ"),
        lambda: style("swirl"),
        lambda: painting("kis"),
        lambda: mask("coffee", "cup"),
        lambda: photo(None),
        lambda: photo(["temple"]),
        lambda: style(3),
    ],
)
def test_unknown_names_are_answered_with_the_list(call):
    with pytest.raises(NstError, match="choose one of .*, "):
        call()


def test_unknown_regions_are_answered_with_the_list():
    with pytest.raises(NstError, match="choose one of sky, building"):
        mask("temple", "roof")


def test_pictures_are_fresh_each_time():
    photo("cat", 64).zero_()
    assert photo("cat", 64).mean() > 0.1


@pytest.mark.parametrize("name", ["cat_eyes", "flower_bloom"])  # one of each method
def test_the_stored_masks_are_what_the_tool_draws(name):
    import make_masks as tool

    assert sorted(tool.REGIONS) == sorted(f"{photo}_{region}" for photo in REGIONS for region in REGIONS[photo])
    drawn = load_image(tool.draw(name))[:, :1]
    assert (drawn - mask(*name.split("_"))).abs().mean() < 1e-3


def test_missing_picture_folders_say_so(monkeypatch, tmp_path):
    monkeypatch.setattr(gallery, "__file__", str(tmp_path / "nstlib" / "images" / "gallery.py"))
    with pytest.raises(NstError, match="install the package again"):
        gallery._images_folder()
    for folder in ("styles", "masks"):
        (tmp_path / "nstlib" / "_images" / folder).mkdir(parents=True)
    assert gallery._images_folder() == tmp_path / "nstlib" / "_images"  # where an installed package has them
    with pytest.raises(NstError, match="styles.json"):
        len(gallery._StyleTable())


# ---------------------------------------------------------------- paintings


@pytest.fixture
def commons(file_server, tmp_path, monkeypatch):
    """A stand-in for Wikimedia Commons: every painting is the file that the server on this machine holds."""
    monkeypatch.setenv("NSTLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(catalogue.Painting, "url", property(lambda record: file_server.url + file_server.path))
    file_server.path, file_server.body = "/file", picture_bytes()
    return file_server


def test_a_painting_is_downloaded_once(commons, tmp_path):
    image = painting("kiss")
    torch.testing.assert_close(image[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    assert painting("kiss", 50).shape == (1, 3, 45, 50)
    assert commons.asked == ["/file"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["painting-kiss.jpg", "painting-kiss.jpg.json"]


@pytest.mark.parametrize(
    "path, body, message",
    [
        ("/missing", b"", "404"),
        ("/page", b"", "web page"),
        ("/truncated", picture_bytes() * 9, "before the end|only"),
        ("/file", b"no picture" * 99, "not a picture"),
        ("/file", picture_bytes()[:70], "cut short|not a picture"),
    ],
)
def test_a_painting_that_cannot_be_had_offers_a_style(commons, tmp_path, path, body, message):
    commons.path, commons.body = path, body
    with pytest.raises(DownloadError, match=f"(?s)The Kiss by Gustav Klimt.*({message}).*style\\('"):
        painting("kiss")
    assert not list(tmp_path.iterdir())


def test_a_painting_too_large(commons, monkeypatch):
    monkeypatch.setattr(gallery, "PAINTING_BYTES", 20)
    with pytest.raises(DownloadError, match="at most 20"):
        painting("kiss")


def test_a_painting_that_changed(commons, tmp_path):
    painting("kiss")
    (tmp_path / "painting-kiss.jpg").unlink()
    commons.body = picture_bytes("blue")
    with pytest.raises(DownloadError, match="has changed"):
        painting("kiss")


def test_offline(commons, monkeypatch):
    def nobody_to_ask(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_to_ask)
    with pytest.raises(DownloadError, match="(?s)offline.*style\\('swirls'\\)"):
        painting("kiss")


def test_importing_the_gallery_is_light():
    code = (
        "import sys, nstlib.images.gallery; heavy = {'matplotlib', 'skimage', 'sklearn', 'scipy', 'requests', 'pooch'}; "
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=gallery._images_folder().parent)
