"""The library of a course on neural style transfer; the course is in notebooks/, start there.

What the lessons build by hand stands here to be used again. Around it are rooms that no lesson explains: panels, checks
of exercises, commands, files and downloads. Every room opens by its name, as in `nstlib.images.gallery.STYLES`; what is used most
stands at the front door, as `nstlib.stylize` does.
"""

from nstlib.doors import open_rooms as _open_rooms

# Loaded on first use: `import nstlib` stays light.
_HOME = {
    "load_image": "images.files",
    "save_image": "images.files",
    "show": "images.files",
    "read_provenance": "images.files",
    "photo": "images.gallery",
    "style": "images.gallery",
    "mask": "images.gallery",
    "painting": "images.gallery",
    "FeatureExtractor": "features.extractor",
    "gram_matrix": "losses.terms",
    "content_loss": "losses.terms",
    "style_loss": "losses.terms",
    "total_variation": "losses.terms",
    "LBFGS": "optimization.lbfgs",
    "stylize": "optimization.search",
    "Stylized": "optimization.search",
    "load_fast": "nets.files",
    "paint": "nets.bands",
    "transfer": "methods",
    "NstError": "errors",
}

__all__ = list(_HOME)


__getattr__, __dir__ = _open_rooms(__name__, __path__, _HOME)
