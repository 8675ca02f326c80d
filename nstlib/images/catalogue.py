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
        """The picture itself, PAINTING_WIDTH pixels wide; an address of this form outlives moves between servers."""
        return COMMONS + f"Special:FilePath/{quote(self.file.replace(' ', '_'))}?width={PAINTING_WIDTH}"


_NASA = "public domain (NASA)"
_FLICKR = "https://www.flickr.com/photos/"
_SKIMAGE = "https://scikit-image.org/docs/stable/api/skimage.data.html"

PHOTOS: dict[str, Photo] = {
    "temple": Photo(
        "Pavilion in the Summer Palace, Beijing",
        "sklearn/datasets/images/china.jpg",
        _FLICKR + "danielbuechele/6061409035/",
        "CC BY 2.0, Daniel Büchele",
        "An eight-sided pavilion of four storeys, red walls and orange tiled roofs, among trees above a lake, under a "
        "pale blue sky.",
    ),
    "flower": Photo(
        "Dahlia",
        "sklearn/datasets/images/flower.jpg",
        _FLICKR + "vultilion/6056698931/",
        "CC BY 2.0, vultilion",
        "A round, pale orange dahlia in full bloom, its centre red, on a dark green background out of focus; the top "
        "of a second one below.",
    ),
    "astronaut": Photo(
        "Eileen Collins",
        "skimage/data/astronaut.png",
        "https://flic.kr/p/r9qvLn",
        _NASA,
        "A smiling woman with short brown hair in an orange space suit, her helmet before her; a flag on the left, a "
        "model of the Space Shuttle on the right.",
    ),
    "cat": Photo(
        "Chelsea the cat",
        "skimage/data/chelsea.png",
        _SKIMAGE,
        "CC0, Stéfan van der Walt",
        "The face of a tabby cat, close, with green eyes and a reddish nose, looking to the right.",
    ),
    "coffee": Photo(
        "Cup of coffee",
        "skimage/data/coffee.png",
        _SKIMAGE,
        "CC0, Rachel Michetti (Pikolo Espresso Bar)",
        "A cup of espresso, white inside, on a brown-red saucer with a spoon, on a wooden table.",
    ),
    "rocket": Photo(
        "DSCOVR on Falcon 9, before its launch",
        "skimage/data/rocket.jpg",
        _FLICKR + "spacexphotos/16511594820/",
        "public domain (SpaceX)",
        "A slim white rocket standing on its pad between lattice masts at dusk, with lamps around it.",
    ),
    "galaxies": Photo(
        "Hubble eXtreme Deep Field",
        "skimage/data/hubble_deep_field.jpg",
        "http://hubblesite.org/newscenter/archive/releases/2012/37/image/a/",
        _NASA,
        "Hundreds of small galaxies, yellow, blue and red, on a black sky.",
    ),
    "tissue": Photo(
        "Glands of the colon, stained",
        "skimage/data/ihc.png",
        _SKIMAGE,
        "no known copyright restrictions (CMMI)",
        "Tissue under the microscope: large brown glands, between them small blue cells on a pale ground.",
    ),
    "retina": Photo(
        "Back of a human eye",
        "skimage/data/retina.jpg",
        COMMONS + "File:Fundus_photograph_of_normal_left_eye.jpg",
        "CC0, Mikael Häggström",
        "An orange disc on black, crossed by branching red vessels that leave a bright yellow spot on its left.",
    ),
}

# Pictures to measure with. Not in PHOTOS: there is no colour in them, so no menu offers them as something to paint.
GREY_PHOTOS: dict[str, Photo] = {
    "photographer": Photo(
        "A photographer with his tripod",
        "skimage/data/camera.png",
        _SKIMAGE,
        "CC0, Lav Varshney",
        "A man in a dark coat, seen from the side, looks into a camera on a tripod; a lawn, behind it low towers.",
    ),
    "page": Photo(
        "A printed page",
        "skimage/data/page.png",
        _SKIMAGE,
        "BSD 3-Clause, the scikit-image team",
        "Six lines of printed text and a line of code on a page that is lit unevenly; its heading is "
        "'Region-based segmentation'.",
    ),
}

# Photograph -> the regions that images/masks holds for it, drawn by tools/make/make_masks.py.
REGIONS: dict[str, tuple[str, ...]] = {
    "temple": ("sky", "building"),
    "astronaut": ("face", "person"),
    "cat": ("eyes",),
    "flower": ("bloom",),
    "rocket": ("sky", "rocket"),
}

_VAN_GOGH = ("Vincent van Gogh", (1853, 1890))
_HOKUSAI = ("Katsushika Hokusai", (1760, 1849))
_MONET = ("Claude Monet", (1840, 1926))
_KANDINSKY = ("Wassily Kandinsky", (1866, 1944))

PAINTINGS: dict[str, Painting] = {
    "starry_night": Painting("The Starry Night", *_VAN_GOGH, "1889", "Van Gogh - Starry Night - Google Art Project.jpg"),
    "cafe_terrace": Painting(
        "Café Terrace at Night", *_VAN_GOGH, "1888", "Vincent Willem van Gogh - Cafe Terrace at Night (Yorck).jpg"
    ),
    "wheatfield": Painting(
        "Wheatfield with Crows", *_VAN_GOGH, "1890", "Vincent van Gogh - Wheatfield with crows - Google Art Project.jpg"
    ),
    "self_portrait": Painting("Self-Portrait", *_VAN_GOGH, "1887", "Vincent van Gogh - Self-Portrait - Google Art Project.jpg"),
    "great_wave": Painting("The Great Wave off Kanagawa", *_HOKUSAI, "c. 1831", "Tsunami by hokusai 19th century.jpg"),
    "red_fuji": Painting("Fine Wind, Clear Morning", *_HOKUSAI, "c. 1831", "Red Fuji southern wind clear morning.jpg"),
    "sudden_shower": Painting(
        "Sudden Shower over Shin-Ōhashi Bridge and Atake",
        "Utagawa Hiroshige",
        (1797, 1858),
        "1857",
        "Hiroshige Atake sous une averse soudaine.jpg",
    ),
    "scream": Painting(
        "The Scream",
        "Edvard Munch",
        (1863, 1944),
        "1893",
        "Edvard Munch, 1893, The Scream, oil, tempera and pastel on cardboard, 91 x 73 cm, National Gallery of Norway.jpg",
    ),
    "composition_vii": Painting("Composition VII", *_KANDINSKY, "1913", "Vassily Kandinsky, 1913 - Composition 7.jpg"),
    "concentric_circles": Painting(
        "Colour Study: Squares with Concentric Circles",
        *_KANDINSKY,
        "1913",
        "Vassily Kandinsky, 1913 - Color Study, Squares with Concentric Circles.jpg",
    ),
    "grande_jatte": Painting(
        "A Sunday on La Grande Jatte",
        "Georges Seurat",
        (1859, 1891),
        "1884-1886",
        "A Sunday on La Grande Jatte, Georges Seurat, 1884.jpg",
    ),
    "impression_sunrise": Painting("Impression, Sunrise", *_MONET, "1872", "Monet - Impression, Sunrise.jpg"),
    "water_lilies": Painting("Water Lilies", *_MONET, "1906", "Claude Monet - Water Lilies - 1906, Ryerson.jpg"),
    "boating_party": Painting(
        "Luncheon of the Boating Party",
        "Pierre-Auguste Renoir",
        (1841, 1919),
        "1880-1881",
        "Pierre-Auguste Renoir - Luncheon of the Boating Party - Google Art Project.jpg",
    ),
    "kiss": Painting(
        "The Kiss", "Gustav Klimt", (1862, 1918), "1907-1908", "The Kiss - Gustav Klimt - Google Cultural Institute.jpg"
    ),
    "wanderer": Painting(
        "Wanderer above the Sea of Fog",
        "Caspar David Friedrich",
        (1774, 1840),
        "c. 1817",
        "Caspar David Friedrich - Wanderer above the sea of fog.jpg",
    ),
    "rain_steam_speed": Painting(
        "Rain, Steam and Speed", "J. M. W. Turner", (1775, 1851), "1844", "Rain Steam and Speed the Great Western Railway.jpg"
    ),
    "tower_of_babel": Painting(
        "The Tower of Babel",
        "Pieter Bruegel the Elder",
        (1525, 1569),
        "1563",
        "Pieter Bruegel the Elder - The Tower of Babel (Vienna) - Google Art Project - edited.jpg",
    ),
    "pearl_earring": Painting(
        "Girl with a Pearl Earring", "Johannes Vermeer", (1632, 1675), "c. 1665", "1665 Girl with a Pearl Earring.jpg"
    ),
    "fish_magic": Painting(
        "Fish Magic", "Paul Klee", (1879, 1940), "1925", "Paul Klee, Swiss - Fish Magic - Google Art Project.jpg"
    ),
    "picasso": Painting(
        "Portrait of Pablo Picasso",
        "Juan Gris",
        (1887, 1927),
        "1912",
        "Juan Gris - Portrait of Pablo Picasso - Google Art Project.jpg",
    ),
    "fate_of_the_animals": Painting(
        "The Fate of the Animals", "Franz Marc", (1880, 1916), "1913", "Franz Marc-The fate of the animals-1913.jpg"
    ),
}
