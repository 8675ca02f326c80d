"""Pictures to train on: those of the course, a folder's, Imagenette's; and random crops of them, the same for the same step.

Nothing random is drawn anew when a training goes on: a crop depends on the seed, the step and its place in the batch alone.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib.errors import NstError
from nstlib.files import fingerprint
from nstlib.files.downloads import cache_folder, download
from nstlib.images.decoding import DECODER_ERRORS, FORMATS
from nstlib.images.files import load_image, resize
from nstlib.images.gallery import PHOTOS, STYLES, photo, style
from nstlib.training.folders import picture_files, suffixes

log = logging.getLogger(__name__)

IMAGENETTE = {"imagenette-160": "160px", "imagenette-320": "320px", "imagenette-full": "full"}  # torchvision's names
MOST_BYTES = 2 * 2**30  # of a download
COMPLETE = ".complete"  # a file that says that an archive was unpacked to the end
CACHE_BYTES = 2**30  # decoded pictures that are kept; the rest is read from disk again
UNREADABLE = (*DECODER_ERRORS, Image.DecompressionBombError)


class Pictures(Sequence):
    """Pictures read on demand: (3, H, W) uint8, the shorter side `side` pixels.

    `read` turns a source into a picture (1, 3, H, W) in [0, 1]. One that cannot be read is named in a warning, and its
    neighbour is taken in its place, always the same. Raises NstError where none can be read.
    """

    def __init__(self, sources: Iterable, side: int, read: Callable[[object], Tensor] = load_image):
        self.sources, self.side, self.read = list(sources), side, read
        self._kept: dict[int, Tensor] = {}
        self._bytes, self._bad, self._too_small = 0, set(), False
        if not self.sources:
            raise NstError("there are no pictures to train on")

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> Tensor:
        if not -len(self) <= index < len(self):
            raise IndexError(f"picture {index} of {len(self)}")  # what ends a loop over a Sequence
        for number in ((index + more) % len(self) for more in range(len(self))):
            picture = self._kept.get(number)
            if picture is None and number not in self._bad:
                picture = self._load(number)
            if picture is not None:
                return picture
        enlarged = f" and brought to {self.side} px on the shorter side: take smaller crops" if self._too_small else ""
        raise NstError(f"none of the {len(self)} pictures can be read{enlarged}")

    def _load(self, number: int) -> Tensor | None:
        image = None
        try:
            image = self.read(self.sources[number])
            height, width = image.shape[-2:]
            scale = self.side / min(height, width)
            small = resize(image, (max(self.side, round(height * scale)), max(self.side, round(width * scale))))
        except UNREADABLE as error:
            self._bad.add(number)
            self._too_small |= image is not None
            log.warning("skipped %s: %s", self.sources[number], error)
            return None
        picture = (255 * small[0]).round().byte()
        if self._bytes + picture.nbytes <= CACHE_BYTES:
            self._kept[number] = picture
            self._bytes += picture.nbytes
        return picture

    def identity(self) -> dict[str, object]:
        """Return what the pictures are known by: their number, contents and shorter side. Every file is read for it."""
        return {
            "photographs": fingerprint.content(f"{len(self)} pictures", [self._content(source) for source in self.sources]),
            "shorter side": self.side,
        }

    def _content(self, source: object) -> object:
        try:
            return fingerprint.file(source) if isinstance(source, os.PathLike) else fingerprint.picture(self.read(source))
        except UNREADABLE:
            return None  # it is skipped when it is asked for, and named then


def bundled(side: int, names: Iterable[str] | None = None) -> Pictures:
    """Return the course's photographs, or pictures of it by name, shorter side `side` px; nothing is downloaded."""
    return Pictures(list(PHOTOS) if names is None else names, side, lambda name: style(name) if name in STYLES else photo(name))


def folder(path: str | os.PathLike, side: int, without: Iterable[str | os.PathLike] = ()) -> Pictures:
    """Return every picture in a folder and in those inside it, in the order of their names; shorter side `side` px.

    Which these are, and `without`: see `picture_files`. Files that are no pictures are named and skipped. Raises NstError
    where there is no folder, or no picture in it.
    """
    readable = [file for file in picture_files(path, without) if _opens(file)]
    if not readable:
        raise NstError(f"no picture in {path} can be read: expected files such as {', '.join(suffixes())}")
    return Pictures(readable, side)


def imagenette(name: str, side: int) -> Pictures:
    """Return the 9,469 training photographs of Imagenette (Howard 2019), ten kinds of things; shorter side `side` px.

    `name`: one of IMAGENETTE, which says how large the photographs are. Downloaded once into the cache, with its size
    announced; a download that broke off goes on where it stopped. Raises NstError, DownloadError.
    """
    from torchvision.datasets import Imagenette

    if name not in IMAGENETTE:
        raise NstError(f"there is no {name!r}: choose one of {', '.join(IMAGENETTE)}")
    size, root = IMAGENETTE[name], cache_folder()
    url, md5 = Imagenette._ARCHIVES[size]  # torchvision's own address and checksum: it keeps them up to date
    extracted = root / Path(url).stem
    if not (extracted / COMPLETE).is_file():
        archive = download(url, max_bytes=MOST_BYTES, name=Path(url).name, resume=True, check=partial(_check_md5, md5=md5))
        shutil.rmtree(extracted, ignore_errors=True)  # half of it, where the machine was switched off
        Imagenette(root, "train", size, download=True)
        (extracted / COMPLETE).touch()
        archive.unlink()
    return Pictures([path for path, _ in Imagenette(root, "train", size)._samples], side)


def _check_md5(path: Path, md5: str) -> None:
    import pooch

    found = pooch.file_hash(str(path), alg="md5")
    if found != md5:
        raise NstError(f"the file is damaged: its MD5 is {found}, expected {md5}; try again")


def _opens(file: Path) -> bool:
    try:
        with Image.open(file, formats=[kind for kind in FORMATS if kind in Image.OPEN]) as picture:
            picture.verify()  # the structure only: what is broken further inside shows when it is decoded
        return True
    except UNREADABLE as error:
        log.warning("skipped %s: %s", file, error)
        return False


class Crops:
    """Random square crops of pictures, half of them mirrored: `batch(step, count)` is always the same for the same step.

    `pictures` are (3, H, W), uint8; `size` in pixels, at most the shorter side of every one. `seed` picks another sequence.
    Raises NstError; `batch` does so for pictures of a collection that reads them on demand.
    """

    def __init__(self, pictures: Sequence[Tensor], size: int, seed: int = 0):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise NstError(f"size={size!r}: crops have a whole number of pixels, 1 or more")
        if not len(pictures):
            raise NstError("there are no pictures to train on")
        self.pictures, self.size, self.seed = pictures, size, seed
        for number in range(len(pictures) if isinstance(pictures, list | tuple) else 1):
            self._picture(number)

    def batch(self, step: int, count: int, first: int = 0) -> Tensor:
        """Crops number `first` to `first + count - 1` of the step: (count, 3, size, size), float32 in [0, 1]."""
        return torch.stack([self._crop(step, first + place) for place in range(count)]).float().div_(255)

    def identity(self) -> dict[str, object]:
        """Return what the crops are known by: the pictures, their size and seed. All pictures are read for it."""
        return _known(self.pictures) | {"crop": self.size, "seed of the crops": self.seed}

    def _crop(self, step: int, place: int) -> Tensor:
        random = np.random.default_rng((self.seed, step, place))  # torch's generator looks at 32 bits of a seed only

        def draw(n: int) -> int:
            return int(random.integers(n))

        picture = self._picture(draw(len(self.pictures)))
        top, left = (draw(side - self.size + 1) for side in picture.shape[-2:])
        crop = picture[:, top : top + self.size, left : left + self.size]
        return crop.flip(2) if draw(2) else crop

    def _picture(self, number: int) -> Tensor:
        picture, what = self.pictures[number], f"picture {number} of {len(self.pictures)}"
        if not isinstance(picture, Tensor) or picture.dtype != torch.uint8 or picture.ndim != 3 or len(picture) != 3:
            got = f"{tuple(picture.shape)} {picture.dtype}" if isinstance(picture, Tensor) else type(picture).__name__
            raise NstError(
                f"{what} to train on is {got}: expected a uint8 tensor (3, H, W); "
                "of image (1, 3, H, W) in [0, 1], (255 * image[0]).round().byte()"
            )
        if self.size > min(picture.shape[1:]):
            raise NstError(
                f"size={self.size}: {what} to train on has only {min(picture.shape[1:])} px on its shorter side; take smaller "
                "crops, or larger pictures"
            )
        return picture


def _known(pictures: Sequence[Tensor]) -> dict[str, object]:
    """What pictures are known by: what they say themselves, or all of them."""
    if hasattr(pictures, "identity"):
        return pictures.identity()
    return {"photographs": fingerprint.content(f"{len(pictures)} pictures", [pictures[index] for index in range(len(pictures))])}


class Pairs:
    """A photograph and a style to paint it in, both random crops of one size: `batch(step, count)` is the same for the same step.

    Raises NstError where the sizes differ, or the seeds do not: then styles would come with photographs in step.
    """

    def __init__(self, contents: Crops, styles: Crops):
        if contents.size != styles.size or contents.seed == styles.seed:
            raise NstError(
                f"crops of {contents.size} and {styles.size} px with the seeds {contents.seed} and {styles.seed}: "
                "expected one size and two seeds"
            )
        self.contents, self.styles = contents, styles

    def batch(self, step: int, count: int, first: int = 0) -> Tensor:
        """Return `count` pairs of the step, from number `first`: (count, 2, 3, size, size) in [0, 1]; [:, 0] are contents."""
        return torch.stack([crops.batch(step, count, first) for crops in (self.contents, self.styles)], 1)

    def identity(self) -> dict[str, object]:
        """Return what the pairs are known by: their photographs and their styles. All pictures are read for it."""
        return self.contents.identity() | {f"styles' {name}": value for name, value in self.styles.identity().items()}


class Joined(Sequence):
    """Several collections of pictures as one; a small one is repeated until it has `share` of the largest's number.

    Raises NstError where one is empty.
    """

    def __init__(self, collections: Iterable[Sequence[Tensor]], share: float = 0.25):
        self.collections = collections = list(collections)
        if not collections or not all(map(len, collections)):
            raise NstError("there are no pictures to train on, or a collection without any is among them")
        least = share * max(map(len, collections))
        self.places = [
            (one, index) for one in collections for _ in range(max(1, round(least / len(one)))) for index in range(len(one))
        ]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Tensor:
        collection, inside = self.places[index]
        return collection[inside]

    def identity(self) -> dict[str, object]:
        """Return what they are known by: the collections, and how often each is repeated."""
        return {"photographs": fingerprint.content(f"{len(self)} pictures", [_known(one) for one in self.collections])}
