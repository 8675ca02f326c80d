"""What is said of the course's pictures: all of them described, sourced, and free."""

import dataclasses

import pytest

from nstlib.images import gallery
from nstlib.images.files import check_image
from nstlib.images.gallery import GREY_PHOTOS, PAINTINGS, PHOTOS, REGIONS, STYLES, photo


@pytest.mark.parametrize("name", PHOTOS | GREY_PHOTOS)
def test_every_photograph_is_on_this_machine_and_described(name):
    image = photo(name, 64)
    check_image(image, minimum=32)
    assert max(image.shape[-2:]) == 64
    record = (PHOTOS | GREY_PHOTOS)[name]
    assert all(dataclasses.astuple(record)) and record.source.startswith("http") and record.alt.endswith(".")


def test_the_readme_of_the_pictures_names_them_all():
    text = (gallery._images_folder() / "README.md").read_text(encoding="utf-8")
    for name, record in (PHOTOS | GREY_PHOTOS).items():
        assert f"| `{name}` |" in text and record.file.rpartition("/")[2] in text
    for name, regions in REGIONS.items():
        assert f"| `{name}` | {', '.join(f'`{region}`' for region in regions)} |" in text


def test_styles_have_files_and_parameters():
    assert "swirls" in STYLES and "swirls" in list(STYLES) and len(STYLES) == len(list(STYLES))
    for name, record in STYLES.items():
        assert record.title and record.kind and record.description and record.licence and record.stroke_width > 0
        assert record.palette and all(len(colour) == 7 and int(colour[1:], 16) >= 0 for colour in record.palette)
        assert (gallery._images_folder() / "styles" / f"{name}.jpg").is_file()


def test_paintings_are_in_the_public_domain_and_sourced():
    assert len(PAINTINGS) >= 15
    for record in PAINTINGS.values():
        born, died = record.lived
        assert born < int(record.year.removeprefix("c. ")[:4]) <= died < 1955
        assert record.title and record.artist and record.licence == "public domain"
        assert record.source.startswith("https://commons.wikimedia.org/wiki/File:") and " " not in record.source
        assert record.url.endswith(".jpg?width=1280") and "Special:FilePath/" in record.url
