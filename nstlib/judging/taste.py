"""One person's taste, learned from "this one or that one?": which settings of `stylize` to show next, and which to keep.

The model is a crowd of imagined people. Each likes one point of the space of settings best, and other points less the
further they lie from it: how fast, in what curve, and how surely they answer differs from one to the next. An answer makes
the imagined people who would have given it more likely to be the person asked (Bayes' rule), and so the crowd comes to
agree on a setting. The next pair is the one whose answer is expected to say most about where the best setting lies.

The likelihoods are those of Bradley and Terry (1952) and, for "I cannot tell", Davidson (1970).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from nstlib.errors import NstError
from nstlib.options import seed as check_seed

SPACE = {  # 75 settings; from one value to the next each picture changes visibly
    "style_weight": (0.2, 1.0, 5.0, 25.0, 125.0),
    "tv_weight": (10.0, 50.0, 120.0, 300.0, 800.0),
    "style_scale": (0.35, 0.6, 1.0),
}
CROWD = 20_000  # imagined people
MOST_SETTINGS = 1000
CANDIDATES = 14  # settings, the likeliest best ones, of which pairs are considered
SAMPLE = 1500  # imagined people, drawn by their probability, who are asked about each pair
WIDTHS = (0.25, 1.0)  # of a taste along one axis, in lengths of that axis: from picky to easy-going
CURVES = (0.8, 2.5)  # exponent of the distance: a peak like a tent, or a rounded top
HILLS = 0.4  # share of people for whom everything far away is about equally bad
SURENESS = (6.0, 24.0)  # log-odds of best against worst; at 12, one of eight answers about random pairs is wrong


class TasteModel:
    """A model of one person's taste over a grid of settings.

    `space`: {parameter of `stylize`: its values, in order}; steps that look equally large, so weights in a geometric row.
    Raises NstError.
    """

    def __init__(self, space: Mapping[str, Sequence[float]] = SPACE, seed: int = 0):
        self.space = _checked(space)
        self.settings = [dict(zip(self.space, values, strict=True)) for values in product(*self.space.values())]
        self._place = {setting_name(setting): number for number, setting in enumerate(self.settings)}
        self._chance = np.random.default_rng(check_seed(seed))
        self._utility = imagine_crowd(self.space, self._chance)  # (people, settings): log-odds of being preferred
        self._favourite = self._utility.argmax(1)
        self._log_weight = np.zeros(len(self._utility))
        self._asked: set[frozenset[int]] = set()
        self.answered = 0  # questions, skipped ones too

    # ---------------------------------------------------------------- learning

    def answer(self, winner: Mapping[str, float], loser: Mapping[str, float]) -> None:
        """Learn that the person prefers `winner` to `loser`, two settings of the grid. Raises NstError."""
        first, second = self._note(winner, loser)
        self._log_weight += _log_preferred(self._utility[:, first] - self._utility[:, second])

    def tie(self, one: Mapping[str, float], other: Mapping[str, float]) -> None:
        """Learn that the person cannot tell which of two settings is better. Raises NstError."""
        first, second = self._note(one, other)
        better = self._utility[:, first] - self._utility[:, second]
        self._log_weight += (_log_preferred(better) + _log_preferred(-better)) / 2  # Davidson: the root of both chances

    def learn(self, answers: Iterable[Any]) -> None:
        """Learn one person's answers from a `Study` whose methods are settings, named by `setting_name`. Raises NstError."""
        for answer in answers:
            left, right = parse_setting(answer.left), parse_setting(answer.right)
            if answer.chosen is None:
                self.tie(left, right)
            else:
                self.answer(*(left, right) if answer.winner == answer.left else (right, left))

    def _note(self, *pair: Mapping[str, float]) -> tuple[int, int]:
        places = [self._place.get(setting_name(setting)) for setting in pair]
        if None in places or places[0] == places[1]:
            axes = "; ".join(f"{name} in {values}" for name, values in self.space.items())
            raise NstError(f"{pair[0]} and {pair[1]}: expected two different settings of this space ({axes})")
        self._asked.add(frozenset(places))
        self.answered += 1
        return places[0], places[1]

    # ---------------------------------------------------------------- asking

    def propose(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the two settings to compare next: the most informative pair, in random order, never the same pair twice.

        Information is about which setting is the favourite: how much the answer's entropy falls when the favourite is
        known, in expectation. Raises NstError when every pair has been asked.
        """
        order = np.argsort(-self.chances(), kind="stable")
        pairs = self._open_pairs(order[:CANDIDATES]) or self._open_pairs(order)
        if not pairs:
            raise NstError(f"all pairs of the {len(self.settings)} settings have been asked: there is nothing left to compare")
        one, other = np.array(pairs).T
        people = self._chance.choice(len(self._utility), SAMPLE, p=self._weights())
        preferred = _sigmoid(self._utility[people][:, one] - self._utility[people][:, other])  # (SAMPLE, pairs)
        gain = _entropy(preferred.mean(0))
        favourites, groups, counts = np.unique(self._favourite[people], return_inverse=True, return_counts=True)
        member = (groups == np.arange(len(favourites))[:, None]) / counts[:, None]  # (favourites, SAMPLE): means by group
        gain -= counts / SAMPLE @ _entropy(member @ preferred)
        chosen = self._chance.permutation(pairs[int(gain.argmax())])
        return dict(self.settings[chosen[0]]), dict(self.settings[chosen[1]])

    def _open_pairs(self, places: np.ndarray) -> list[tuple[int, int]]:
        return [pair for pair in combinations(places.tolist(), 2) if frozenset(pair) not in self._asked]

    # ---------------------------------------------------------------- what is known

    def best(self) -> dict[str, float]:
        """Return the setting with the highest expected utility."""
        return dict(self.settings[int(self.utilities().argmax())])

    def utilities(self) -> np.ndarray:
        """Expected utility of each of `settings`, in log-odds; 0 is the best that there could be."""
        return self._weights() @ self._utility

    def chances(self) -> np.ndarray:
        """Probability of each of `settings` to be this person's favourite; the sum is 1."""
        return np.bincount(self._favourite, self._weights(), len(self.settings))

    def _weights(self) -> np.ndarray:
        weights = np.exp(self._log_weight - self._log_weight.max())
        return weights / weights.sum()


def imagine_crowd(space: Mapping[str, Sequence[float]], chance: np.random.Generator) -> np.ndarray:
    """Utilities (CROWD, settings) of imagined people, float32: 0 for a person's favourite, -sureness for the worst."""
    rows = [np.linspace(0, 1, len(values), dtype=np.float32) for values in space.values()]
    grid = np.array(list(product(*rows)))  # (settings, axes)
    favourite = chance.uniform(0, 1, (CROWD, 1, len(space))).astype(np.float32)
    width = np.exp(chance.uniform(*np.log(WIDTHS), favourite.shape)).astype(np.float32)
    curve = chance.uniform(*CURVES, (CROWD, 1)).astype(np.float32)
    utility = np.zeros((CROWD, len(grid)), np.float32)
    for axis in range(len(space)):  # axis by axis: all at once would need three times the memory
        utility -= (np.abs(grid[:, axis] - favourite[..., axis]) / width[..., axis]) ** curve
    hill = chance.random(CROWD) < HILLS
    utility[hill] = np.exp(utility[hill])
    utility -= utility.max(1, keepdims=True)
    sureness = np.exp(chance.uniform(*np.log(SURENESS), (CROWD, 1))).astype(np.float32)
    return utility / -utility.min(1, keepdims=True) * sureness


def setting_name(setting: Mapping[str, float]) -> str:
    """Return a setting as text, to stand as a method's name in a `Study`; `parse_setting` reads it."""
    return json.dumps({name: float(value) for name, value in setting.items()}, sort_keys=True)


def parse_setting(name: str) -> dict[str, float]:
    """Return the setting that `setting_name` wrote. Raises NstError."""
    try:
        return {str(key): float(value) for key, value in json.loads(name).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise NstError(
            f'{name!r} is no setting: expected text such as {{"style_weight": 40.0}}; only answers about settings '
            "tell a taste, not those about methods"
        ) from error


def _checked(space: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    try:
        rows = {str(name): tuple(float(value) for value in values) for name, values in space.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise NstError(f'space={space!r}: expected numbers by name, such as {{"style_weight": (10, 40, 160)}}') from error
    count = int(np.prod([len(set(values)) for values in rows.values()]))
    if (
        not all(np.isfinite(values).all() and list(values) == sorted(set(values)) for values in rows.values())
        or not 2 <= count <= MOST_SETTINGS
    ):
        raise NstError(
            f"space={space!r} has {count} settings: expected 2 to {MOST_SETTINGS}, each row finite and in rising order"
        )
    return rows


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _log_preferred(better: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0, -better)


def _entropy(chance: np.ndarray) -> np.ndarray:
    """Return the entropy of a yes or no with that probability, in nats."""
    chance = np.clip(chance, 1e-12, 1 - 1e-12)
    return -chance * np.log(chance) - (1 - chance) * np.log(1 - chance)
