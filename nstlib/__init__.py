"""The library of a course on neural style transfer; the course is in notebooks/, start there.

What the lessons build by hand stands here to be used again. Around it are rooms that no lesson explains: panels, checks
of exercises, commands, files and downloads. Every room opens by its name, as in `nstlib.gallery.STYLES`; what is used most
stands at the front door, as `nstlib.stylize` does.
"""

from nstlib.doors import open_rooms as _open_rooms

# Loaded on first use: `import nstlib` stays light.
_HOME = {
    "load_image": "images", "save_image": "images", "show": "images", "read_provenance": "images",
    "photo": "gallery", "style": "gallery", "mask": "gallery", "painting": "gallery",
    "FeatureExtractor": "features",
    "gram_matrix": "losses", "content_loss": "losses", "style_loss": "losses", "total_variation": "losses",
    "LBFGS": "lbfgs",
    "stylize": "optimization", "Stylized": "optimization",
    "load_fast": "nets.files", "paint": "painter",
    "transfer": "methods",
    "NstError": "errors",
}  # fmt: skip

__all__ = list(_HOME)


__getattr__, __dir__ = _open_rooms(__name__, __path__, _HOME)
