"""Transfer by optimisation: the loop, its pyramid, L-BFGS, tiles for large pictures."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.losses.objective import StyleObjective, Weights
from nstlib.optimization.lbfgs import LBFGS
from nstlib.optimization.recording import OptimizationError, Stylized
from nstlib.optimization.search import OPTIMIZERS, SMOOTHING, Canvas, Step, optimization_steps, stylize
from nstlib.optimization.tiles import TiledObjective

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "SMOOTHING",
    "Canvas",
    "OptimizationError",
    "Step",
    "StyleObjective",
    "Stylized",
    "TiledObjective",
    "Weights",
    "optimization_steps",
    "stylize",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
