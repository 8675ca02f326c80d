"""The pictures of the course: `photo`, `style`, `mask` from this machine, `painting` from Wikimedia Commons on demand.

What there is stands in tables, name to record: PHOTOS and GREY_PHOTOS, STYLES, REGIONS (of the masks) and PAINTINGS.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from torch import Tensor

from nstlib.errors import DownloadError, NstError
from nstlib.files.downloads import download
from nstlib.images.catalogue import GREY_PHOTOS, PAINTINGS, PHOTOS, REGIONS, Painting, Photo
from nstlib.images.files import load_image
from nstlib.options import shortened

__all__ = [
    "GREY_PHOTOS",
    "PAINTINGS",
    "PHOTOS",
    "REGIONS",
    "STYLES",
    "Painting",
    "Photo",
    "Style",
    "mask",
    "painting",
    "photo",
    "style",
]

PAINTING_BYTES = 24 * 2**20  # bytes: a painting 1280 pixels wide has about one million


@dataclass(frozen=True)
class Style:
    """A style picture drawn by tools/make/draw_styles.py, with the parameters that it was drawn with."""

    title: str
    kind: str  # its technique: pictures of one kind differ in parameters only
    seed: int
    stroke_width: float  # pixels in the stored picture
    direction: str  # what the strokes follow
    palette: tuple[str, ...]  # colours as #rrggbb
    description: str  # what a reader who cannot see it should know
    licence: str


class _StyleTable(Mapping[str, Style]):
    """images/styles/styles.json, read when it is first asked for something."""

    @cached_property
    def _records(self) -> dict[str, Style]:
        path = _images_folder() / "styles" / "styles.json"
        try:
            return {name: _style_record(entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise NstError(
                f"the table of style pictures, {path}, cannot be read ({error}): make it with `python tools/make/draw_styles.py`"
            ) from error

    def __getitem__(self, name: str) -> Style:
        return self._records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def _style_record(entry: dict) -> Style:
    values = {field.name: entry[field.name] for field in fields(Style)}
    return Style(**{**values, "palette": tuple(values["palette"])})


STYLES: Mapping[str, Style] = _StyleTable()


def _images_folder() -> Path:
    """The course's `images` folder: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "images", package / "_images"):
        if (folder / "styles").is_dir() and (folder / "masks").is_dir():
            return folder
    raise NstError(
        f"the course's pictures are neither in {package.parent / 'images'} nor in {package / '_images'}: "
        "install the package again, or clone the repository"
    )


def _known(name: str, table: Mapping, what: str) -> None:
    if not isinstance(name, str) or name not in table:
        raise NstError(f"there is no {what} {shortened(name)}: choose one of {', '.join(table)}")


def photo(name: str, size: int | None = None) -> Tensor:
    """Return a photograph by its name in PHOTOS or GREY_PHOTOS: (1, 3, H, W) in [0, 1]; size: the longer side, px.

    The files are those inside scikit-image and scikit-learn, so no network is needed. Raises NstError.
    """
    known = PHOTOS | GREY_PHOTOS
    _known(name, known, "photo")
    return load_image(_package_file(known[name]), size)


def _package_file(record: Photo) -> Path:
    # The file itself, not the package's loader: that would import the whole package, or fetch from the network.
    package, _, inside = record.file.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NstError(f"{record.title!r} is a picture of {record.package}, which is not installed: pip install {record.package}")
    path = Path(spec.submodule_search_locations[0]) / inside
    if not path.is_file():
        raise NstError(f"{record.title!r} is missing from this version of {record.package} ({path}): use another photo")
    return path


def style(name: str, size: int | None = None) -> Tensor:
    """Return a style picture of this course, by its name in STYLES: (1, 3, H, W) in [0, 1]; size: the longer side.

    Raises NstError.
    """
    _known(name, STYLES, "style")
    return load_image(_images_folder() / "styles" / f"{name}.jpg", size)


def mask(name: str, region: str, size: int | None = None) -> Tensor:
    """Return the mask of a region of a photograph: (1, 1, H, W), 1 inside, 0 outside, between at soft edges.

    At any `size` it has the height and width of `photo(name, size)`. Raises NstError.
    """
    _known(name, REGIONS, "photo with masks called")
    _known(region, dict.fromkeys(REGIONS[name]), f"region of {name!r} called")
    return load_image(_images_folder() / "masks" / f"{name}_{region}.png", size)[:, :1].contiguous()


def painting(name: str, size: int | None = None) -> Tensor:
    """Return a painting in the public domain, by its name in PAINTINGS: (1, 3, H, W) in [0, 1]; size: the longer side.

    The first call downloads it from Wikimedia Commons into the cache. Raises NstError, and DownloadError offline.
    """
    _known(name, PAINTINGS, "painting")
    record = PAINTINGS[name]
    return load_image(_fetched(record, name, check=lambda path: load_image(path)), size)


def _fetched(record: Painting, name: str, check: Callable[[Path], object]) -> Path:
    try:
        return download(record.url, name=f"painting-{name}.jpg", max_bytes=PAINTING_BYTES, check=check)
    except DownloadError as error:
        raise DownloadError(
            f"{record.title} by {record.artist} could not be had: {error}\n"
            f"Without a network, use a drawn picture: style({next(iter(STYLES))!r}), or one of "
            f"{', '.join(STYLES)}"
        ) from error
