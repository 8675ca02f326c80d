"""Measure whether `TasteModel` finds what simulated people like best, and whether its choice of pairs helps.

    python tools/measure/taste.py                     # 300 people, three strategies: about two minutes
    python tools/measure/taste.py --people 50 --answers 10 25 40 --wrong 0.1 0.15

Simulated people like one point of the grid's space best, at random, and what lies away from it less, in one of three ways
that the model does not know as such: a bowl whose axes interact, a tent that is steeper on one side, and a hill with
interaction on a slope that rises elsewhere. They answer with Bradley and Terry's noise, so strong that of random pairs the
share `--wrong` is answered wrongly. Found, strictly: the model's best setting is the favourite, or one step along one axis
beside it and worth at most 5 % of the person's range less.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nstlib.judging.taste import SPACE, TasteModel

TOLERANCE = 0.05  # of a person's range of utility
PEOPLE, ANSWERS, WRONG = 300, 25, 0.125
Setting = dict[str, float]
Pair = tuple[Setting, Setting]


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Steps (settings, axes) of each setting along each axis, and the same from 0 to 1."""
    lengths = [len(values) for values in SPACE.values()]
    steps = np.indices(lengths).reshape(len(lengths), -1).T
    return steps, steps / (np.array(lengths) - 1)


STEPS, POINTS = grid()


def interaction(widths: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A quadratic form (3, 3) with these widths, two of whose axes interact."""
    mixed = np.eye(3)
    one, other = chance.permutation(3)[:2]
    mixed[one, other] = mixed[other, one] = chance.uniform(-0.6, 0.6)
    return np.linalg.inv(widths[:, None] * mixed * widths)


def bowl(away: np.ndarray, widths: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return -np.einsum("ni,ij,nj->n", away, interaction(widths, chance), away)


def tent(away: np.ndarray, widths: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    above = widths * chance.uniform(0.5, 2, 3)
    return -np.abs(away / np.where(away < 0, widths, above)).sum(1)


def hill(away: np.ndarray, widths: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return np.exp(bowl(away, widths, chance) / 2) + 0.15 * away @ chance.normal(size=3)


FAMILIES = {"bowl": bowl, "tent": tent, "hill": hill}


@dataclass
class Person:
    """A simulated person: utilities of the settings, from 0 to 1, and the spread of the noise in the same unit."""

    family: str
    utilities: np.ndarray
    noise: float
    chance: np.random.Generator
    given: int = 0
    wrong: int = 0

    def prefers(self, first: int, second: int) -> bool:
        """Whether the person says that the first of two settings is better; counts mistakes."""
        better = self.utilities[first] - self.utilities[second]
        said = self.chance.random() < 1 / (1 + np.exp(-better / self.noise))
        self.given, self.wrong = self.given + 1, self.wrong + (said != (better > 0))
        return said


def person(number: int, wrong: float = WRONG) -> Person:
    """The person of that number, of the families in turn."""
    chance = np.random.default_rng((20, number))
    family = list(FAMILIES)[number % len(FAMILIES)]
    utilities = FAMILIES[family](POINTS - chance.uniform(0, 1, 3), chance.uniform(0.25, 0.8, 3), chance)
    utilities = (utilities - utilities.min()) / np.ptp(utilities)
    return Person(family, utilities, noise_for(utilities, wrong), chance)


def noise_for(utilities: np.ndarray, wrong: float) -> float:
    """The noise at which the share `wrong` of answers about random pairs is wrong, by bisection."""
    one, other = np.triu_indices(len(utilities), 1)
    apart = np.abs(utilities[one] - utilities[other])
    low, high = 1e-4, 10.0
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if np.mean(1 / (1 + np.exp(np.minimum(apart / middle, 700)))) > wrong else (middle, high)
    return float(low)


# ---------------------------------------------------------------- strategies


def informative(asked: Person, model: TasteModel) -> Iterator[Setting]:
    """The model proposes the pairs; yields its best setting after each answer."""
    yield from taught(asked, model, model.propose)


def random_pairs(asked: Person, model: TasteModel) -> Iterator[Setting]:
    """The same model learns from random pairs."""

    def propose() -> Pair:
        first, second = asked.chance.choice(len(model.settings), 2, replace=False)
        return model.settings[first], model.settings[second]

    yield from taught(asked, model, propose)


def taught(asked: Person, model: TasteModel, propose: Callable[[], Pair]) -> Iterator[Setting]:
    while True:
        first, second = propose()
        yes = asked.prefers(model.settings.index(first), model.settings.index(second))
        model.answer(*(first, second) if yes else (second, first))
        yield model.best()


def winner_stays(asked: Person, model: TasteModel) -> Iterator[Setting]:
    """No model: the setting that won is compared with another random one."""
    champion, *others = asked.chance.permutation(len(model.settings))
    for challenger in others:
        champion = challenger if asked.prefers(challenger, champion) else champion
        yield model.settings[champion]


STRATEGIES = {"informative pairs": informative, "random pairs": random_pairs, "winner stays, no model": winner_stays}


def judged(asked: Person, setting: Setting, settings: list[Setting]) -> dict[str, bool]:
    """How near a setting is to the person's favourite, by several measures."""
    found, favourite = settings.index(setting), int(asked.utilities.argmax())
    away = np.abs(STEPS[found] - STEPS[favourite])
    as_good = bool(asked.utilities[favourite] - asked.utilities[found] <= TOLERANCE)
    return {
        "found, strictly": found == favourite or (away.sum() == 1 and as_good),
        "exactly": found == favourite,
        "one step on each axis, 5 %": away.max() <= 1 and as_good,
        "worth 5 % less at most": as_good,
    }


def trial(strategy: str, number: int, answers: list[int], wrong: float = WRONG) -> tuple[Person, dict[int, dict[str, bool]]]:
    """One person and one strategy: the person afterwards, and how near the best setting was after so many answers."""
    asked, model, seen = person(number, wrong), TasteModel(seed=number), {}
    for count, best in enumerate(STRATEGIES[strategy](asked, model), 1):
        if count in answers:
            seen[count] = judged(asked, best, model.settings)
        if count == max(answers):
            return asked, seen


def report(strategy: str, args: argparse.Namespace, wrong: float) -> None:
    trials = [trial(strategy, number, args.answers, wrong) for number in range(args.people)]
    mistakes = sum(asked.wrong for asked, _ in trials) / sum(asked.given for asked, _ in trials)
    for count in args.answers:
        shares = {name: np.mean([seen[count][name] for _, seen in trials]) for name in trials[0][1][count]}
        families = [np.mean([seen[count]["found, strictly"] for asked, seen in trials if asked.family == f]) for f in FAMILIES]
        cells = [
            strategy,
            f"{wrong:.3f}",
            f"{mistakes:.2f}",
            str(count),
            *(f"{share:.2f}" for share in shares.values()),
            " / ".join(f"{share:.2f}" for share in families),
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--answers", type=int, nargs="+", default=[10, ANSWERS])
    parser.add_argument("--wrong", type=float, nargs="+", default=[WRONG], help="share of random pairs answered wrongly")
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    args = parser.parse_args()
    names = [
        "strategy",
        "wrong, random pairs",
        "wrong, asked",
        "answers",
        "found, strictly",
        "exactly",
        "one step on each axis, 5 %",
        "worth 5 % less at most",
        "strictly: " + " / ".join(FAMILIES),
    ]
    print(f"{args.people} people, {len(POINTS)} settings\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for wrong in args.wrong:
        for strategy in args.strategies:
            report(strategy, args, wrong)


if __name__ == "__main__":
    main()
