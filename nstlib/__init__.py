"""The library of a course on neural style transfer. Every line of it is explained in a lesson; start with notebooks/."""

from importlib import import_module

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


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nstlib' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"nstlib.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
