"""What pictures the course has and where they come from: tables for `gallery`, without any code that opens them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

COMMONS = "https://commons.wikimedia.org/wiki/"
PAINTING_WIDTH = 1280  # pixels


@dataclass(frozen=True)
class Photo:
    """A photograph that a declared dependency installs."""

    title: str
    file: str  # import name of the package / path inside it
    source: str
    licence: str
    alt: str  # what a reader who cannot see it should know

    @property
    def package(self) -> str:
        """The name to give to pip."""
        return {"skimage": "scikit-image", "sklearn": "scikit-learn"}[self.file.partition("/")[0]]


@dataclass(frozen=True)
class Painting:
    """A painting whose artist died before 1955, on Wikimedia Commons."""

    title: str
    artist: str
    lived: tuple[int, int]  # years of birth and death
    year: str
    file: str  # its file name on Wikimedia Commons
    licence: str = "public domain"

    @property
    def source(self) -> str:
        """The page that describes the file."""
        return COMMONS + "File:" + quote(self.file.replace(" ", "_"))

    @property
    def url(self) -> str:
        """The picture itself, PAINTING_WIDTH pixels wide; this form of address stays when the servers are rearranged."""
        return COMMONS + f"Special:FilePath/{quote(self.file.replace(' ', '_'))}?width={PAINTING_WIDTH}"


_NASA = "public domain (NASA)"
_FLICKR = "https://www.flickr.com/photos/"

PHOTOS: dict[str, Photo] = {
    "temple": Photo(
        "Pavilion in the Summer Palace, Beijing", "sklearn/datasets/images/china.jpg",
        _FLICKR + "danielbuechele/6061409035/", "CC BY 2.0, Daniel Büchele",
        "A Chinese pavilion with tiled roofs and red columns against a pale sky, trees around it."),
    "flower": Photo(
        "Dahlia", "sklearn/datasets/images/flower.jpg",
        _FLICKR + "vultilion/6056698931/", "CC BY 2.0, vultilion",
        "An orange-red dahlia in full bloom, close, with dark green leaves out of focus behind it."),
    "astronaut": Photo(
        "Eileen Collins", "skimage/data/astronaut.png", "https://flic.kr/p/r9qvLn", _NASA,
        "A smiling woman in an orange space suit before a flag and the model of a space shuttle."),
    "cat": Photo(
        "Chelsea the cat", "skimage/data/chelsea.png", "https://scikit-image.org/docs/stable/api/skimage.data.html",
        "CC0, Stéfan van der Walt",
        "The face of a ginger tabby cat, close, looking at the camera, one ear folded by the picture's edge."),
    "coffee": Photo(
        "Cup of coffee", "skimage/data/coffee.png", "https://scikit-image.org/docs/stable/api/skimage.data.html",
        "CC0, Rachel Michetti (Pikolo Espresso Bar)",
        "A white cup of espresso on a saucer with a spoon, on a wooden table, seen from above."),
    "rocket": Photo(
        "Launch of DSCOVR on Falcon 9", "skimage/data/rocket.jpg", _FLICKR + "spacexphotos/16511594820/",
        "public domain (SpaceX)",
        "A rocket rising on a bright flame beside its launch tower at dusk, its light on the clouds of smoke."),
    "motorcycle": Photo(
        "Motorcycle", "skimage/data/motorcycle_left.png", "https://vision.middlebury.edu/stereo/data/scenes2014/",
        "courtesy of the Middlebury 2014 stereo benchmark",
        "A motorcycle standing in a workshop, seen from its side."),
    "galaxies": Photo(
        "Hubble eXtreme Deep Field", "skimage/data/hubble_deep_field.jpg",
        "https://hubblesite.org/contents/media/images/2012/37/3098-Image.html", _NASA,
        "Hundreds of small galaxies, yellow, blue and red, on a black sky."),
    "tissue": Photo(
        "Glands of the colon, stained", "skimage/data/ihc.png",
        "https://scikit-image.org/docs/stable/api/skimage.data.html", "no known copyright restrictions (CMMI)",
        "Tissue under the microscope: rings of brown and blue cells around pale openings."),
    "retina": Photo(
        "Back of a human eye", "skimage/data/retina.jpg",
        "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg", "CC0, Mikael Häggström",
        "An orange disc crossed by branching dark red vessels that leave a bright yellow spot."),
}  # fmt: skip

REGIONS: dict[str, tuple[str, ...]] = {}

PAINTINGS: dict[str, Painting] = {}
