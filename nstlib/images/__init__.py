"""A picture as a tensor: files in and out, other sizes, pictures side by side, the course's own pictures."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.images.files import check_image, load_image, read_provenance, resize, save_image, show, to_pil
from nstlib.images.gallery import GREY_PHOTOS, PAINTINGS, PHOTOS, REGIONS, STYLES, mask, painting, photo, style
from nstlib.images.sheet import label_font

__all__ = [
    "GREY_PHOTOS",
    "PAINTINGS",
    "PHOTOS",
    "REGIONS",
    "STYLES",
    "check_image",
    "label_font",
    "load_image",
    "mask",
    "painting",
    "photo",
    "read_provenance",
    "resize",
    "save_image",
    "show",
    "style",
    "to_pil",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
