"""How far a picture is from another one's content and style: Gram matrices and their relatives."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.losses.objective import CONTENT_LAYERS, STYLE_LAYERS, StyleObjective, StyleTarget, Weights
from nstlib.losses.statistics import STATISTICS, Statistic, guided_gram, quantiles
from nstlib.losses.terms import content_loss, gram_matrix, style_loss, total_variation

__all__ = [
    "CONTENT_LAYERS",
    "STATISTICS",
    "STYLE_LAYERS",
    "Statistic",
    "StyleObjective",
    "StyleTarget",
    "Weights",
    "content_loss",
    "gram_matrix",
    "guided_gram",
    "quantiles",
    "style_loss",
    "total_variation",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
