"""Judging pictures: metrics, a judge that nothing was optimised against, studies with people, one's own taste."""

from nstlib.doors import open_rooms as _open_rooms
from nstlib.judging.gabor import gabor_filters, gram_distance, judge_features, stroke_directions
from nstlib.judging.metrics import (
    BASELINES,
    MEASURED,
    METRICS,
    art_fid,
    bootstrap_mean,
    color_histogram,
    edge_correlation,
    edge_strength,
    fid,
    lpips,
    measure,
    ssim,
)
from nstlib.judging.seen import seen_distances
from nstlib.judging.study import Study, agreement, bradley_terry, plan_pairs, sample_size
from nstlib.judging.taste import TasteModel

__all__ = [
    "BASELINES",
    "MEASURED",
    "METRICS",
    "Study",
    "TasteModel",
    "agreement",
    "art_fid",
    "bootstrap_mean",
    "bradley_terry",
    "color_histogram",
    "edge_correlation",
    "edge_strength",
    "fid",
    "gabor_filters",
    "gram_distance",
    "judge_features",
    "lpips",
    "measure",
    "plan_pairs",
    "sample_size",
    "seen_distances",
    "ssim",
    "stroke_directions",
]

__getattr__, __dir__ = _open_rooms(__name__, __path__)
