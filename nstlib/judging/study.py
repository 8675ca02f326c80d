"""Asking people which picture is better: a schedule, a file of answers, and what the answers say.

Two pictures and one question at a time, in an order that nobody can guess (`plan_pairs`), as many as are needed
(`sample_size`); the answers stand in an SQLite file (`Study`), and a scale is drawn from them with intervals
(`bradley_terry`), which can be held against a metric (`agreement`).
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import combinations
from numbers import Real
from pathlib import Path

import numpy as np

from nstlib.errors import NstError
from nstlib.files.paths import expanded
from nstlib.judging.answerfiles import connected, prepare, write_table
from nstlib.options import flag, number, shortened, whole
from nstlib.options import names as check_names
from nstlib.options import seed as check_seed

LARGEST_NUMBER = 2**63 - 1  # that SQLite can hold
RESAMPLES = 2000  # of the answers, for an interval
FEWEST_PEOPLE = 5  # below that, people cannot be resampled: an interval says nothing of other people
SMALLEST_EFFECT = 0.01  # away from 1/2; telling less apart needs over 19,000 answers


# ---------------------------------------------------------------- questions


@dataclass(frozen=True)
class Question:
    """Two methods' pictures of one item, the first of them on the left."""

    number: int  # in the schedule of a person, from 0
    item: str
    left: str
    right: str


@dataclass(frozen=True)
class Answer(Question):
    """One answer: the name of the method `chosen`, or None for "cannot tell"."""

    person: str
    chosen: str | None
    seconds: float  # from seeing the pictures to answering
    written: str = ""  # when, in UTC, as the file says

    @property
    def winner(self) -> str | None:
        """Return the method chosen, None for a skipped question. Raises NstError where it was not to be chosen."""
        if self.chosen is not None and (self.left == self.right or self.chosen not in (self.left, self.right)):
            raise NstError(f"{self.chosen!r} of {self.left!r} and {self.right!r}: expected two methods, and one of them chosen")
        return self.chosen

    @property
    def loser(self) -> str | None:
        """Return the method not chosen, None for a skipped question. Raises NstError, as `winner` does."""
        return None if self.winner is None else self.right if self.chosen == self.left else self.left


def plan_pairs(methods: Sequence[str], items: Sequence[str], answers: int, seed: int | str) -> list[Question]:
    """Return a person's schedule of `answers` questions: shuffled, and balanced however early the person stops.

    Pairs come in rounds; a round asks each pair of methods once, in random order. From round to round a pair moves on to
    the next item and changes sides, so after 2 x len(items) rounds each pair has met on each item once each way round.
    Give every person a seed of their own (the name will do): the same seed makes the same schedule after a restart.
    Raises NstError.
    """
    methods, items = (list(dict.fromkeys(check_names(*one, again=True))) for one in ((methods, "methods"), (items, "items")))
    answers = whole(answers, "answers", 0)
    if len(methods) < 2 or not items or answers < 1:
        raise NstError(f"{len(methods)} methods, {len(items)} items, {answers} answers: expected at least 2, 1 and 1")
    chance = random.Random(f"{seed}")
    chance.shuffle(methods)
    chance.shuffle(items)
    pairs = [
        (a, b) if (j - i) % 2 else (b, a)  # each method stands on the left as often as on the right
        for (i, a), (j, b) in combinations(enumerate(methods), 2)
    ]
    chance.shuffle(pairs)
    schedule: list[Question] = []
    for turn in range(-(-answers // len(pairs))):
        swap = (turn + (turn // len(items) if len(items) % 2 == 0 else 0)) % 2  # else each item would keep its sides
        for place in chance.sample(range(len(pairs)), len(pairs)):
            left, right = reversed(pairs[place]) if swap else pairs[place]
            schedule.append(Question(len(schedule), items[(place + turn) % len(items)], left, right))
    return schedule[:answers]


def sample_size(effect: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Answers needed to see that one method is preferred to another, when a share `effect` of people prefers it.

    `effect`: from 0.51 to 1; 0.5 is no preference. The answers serve one pair of methods, and each comes from another
    person. `power`: chance to see it. `alpha`: chance to see it where there is none. For the exact two-sided binomial
    test against 1/2, whose power goes up in a saw-tooth: from this number on it stays above `power`. Raises NstError.
    """
    from scipy.stats import binom, norm

    effect = number(effect, "effect", 0.5 + SMALLEST_EFFECT, 1)
    power, alpha = number(power, "power", 0, 1), number(alpha, "alpha", 0, 1)
    if {power, alpha} & {0, 1}:
        raise NstError(f"power={power}, alpha={alpha}: expected numbers between 0 and 1, such as 0.8 and 0.05")
    spread = norm.isf(alpha / 2) * 0.5 + norm.ppf(power) * np.sqrt(effect * (1 - effect))
    guess = (spread / (effect - 0.5)) ** 2  # the normal approximation
    many = np.arange(1, int(1.3 * guess) + 60)
    least = binom.ppf(alpha / 2, many, 0.5)  # the fewest wins that are no surprise without a preference
    least += binom.cdf(least, many, 0.5) <= alpha / 2
    seen = binom.cdf(least - 1, many, effect) + binom.sf(many - least, many, effect)  # at most, or at least, so many wins
    return int(many[np.flatnonzero(seen < power)[-1] + 1])


# ---------------------------------------------------------------- the file of answers


class Study:
    """Answers in an SQLite file, each written at once: they survive a restart, and several people may answer together.

    `path`: the file, made where there is none, on a local disk (SQLite's locks do not work on every network folder).
    Raises NstError for a path that cannot be used, or a file that is something else.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = expanded(path)
        prepare(self.path)

    def record(self, person: str, question: Question, chosen: str | None, seconds: float) -> bool:
        """Write one answer: the name of the method chosen, or None for "cannot tell"; returns whether it was new.

        A person answers a question once; what comes later (a second window) changes nothing. Raises NstError.
        """
        if not isinstance(question, Question):
            raise NstError(f"question={shortened(question)}: expected a Question, as plan_pairs makes them")
        if chosen is not None and chosen not in (question.left, question.right):
            raise NstError(f"chosen={chosen!r}: expected {question.left!r}, {question.right!r} or None")
        if question.left == question.right:
            raise NstError(f"{question}: expected two different methods")
        names = (person, question.item, question.left, question.right)
        if not person or not all(isinstance(name, str) for name in names):
            raise NstError(f"person={shortened(person)}, {question}: expected a name, and names of item and methods")
        if any("\ud800" <= letter <= "\udfff" for name in names for letter in name):
            raise NstError(f"person={person!r}, {question}: expected letters; a name holds half of one")
        place = whole(question.number, "the question's number", 0, LARGEST_NUMBER)
        row = (person, place, *names[1:], chosen, number(seconds, "seconds"))
        with connected(self.path) as file:
            done = file.execute(
                'INSERT OR IGNORE INTO answers (person, question, item, "left", "right", chosen, seconds) '
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return done.rowcount == 1

    def answers(self, person: str | None = None) -> list[Answer]:
        """Return every answer, or one person's, in the order in which they came."""
        with connected(self.path) as file:
            rows = file.execute(
                'SELECT question, item, "left", "right", person, chosen, seconds, written FROM answers '
                "WHERE ? IS NULL OR person = ? ORDER BY rowid",
                (person, person),
            ).fetchall()
        return [Answer(*row) for row in rows]

    def next_question(self, person: str, schedule: Sequence[Question]) -> Question | None:
        """Return the first unanswered question of the person's schedule; None when there is none.

        Raises NstError where the person's answers belong to another schedule.
        """
        done = {answer.number: answer for answer in self.answers(person)}
        for question in schedule:
            answer = done.get(question.number)
            if answer is None:
                return question
            if (answer.item, answer.left, answer.right) != (question.item, question.left, question.right):
                raise NstError(
                    f"question {question.number} of {person!r} was another one when it was answered: this schedule "
                    "has other methods, items or another seed; start a new file for it"
                )
        return None

    def export_csv(self, path: str | os.PathLike) -> Path:
        """Write all answers as CSV (UTF-8, one line each, empty where the person could not tell); return the path.

        Text that begins with = + - @ or a tab gets an apostrophe in front: a spreadsheet would calculate it. Written whole
        or not at all, and never over the file of answers itself. Raises NstError.
        """
        return write_table(path, [[field.name for field in fields(Answer)], *map(astuple, self.answers())], self.path)


# ---------------------------------------------------------------- what the answers say


def bradley_terry(answers: Iterable[Answer], by: str | None = None, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """{method: (strength, low, high)}, best first: log-odds around 0, with 95 % intervals (Bradley and Terry 1952).

    With strengths a and b, the first is preferred with probability 1 / (1 + exp(b - a)). Skipped questions do not count.
    Prior: of m methods, each pair has already met 2 / m times and won one half each, so that a method that never lost gets
    a finite strength; for two methods that is Jeffreys' prior. Intervals: the answers are weighted anew at random
    (Rubin's bootstrap, 1981), and the prior's with them. `by`: "person" weights people, and so speaks for other people;
    "answer" weights single answers, and speaks for these people; by default people from 5 of them on. Raises NstError.
    """
    answers, seed = [answer for answer in answers if answer.chosen is not None], check_seed(seed)
    if not answers:
        raise NstError("there is no answer to go by: every question was skipped, or none was asked")
    people = list(dict.fromkeys(answer.person for answer in answers))
    by = by or ("person" if len(people) >= FEWEST_PEOPLE else "answer")
    if by not in ("person", "answer") or (by == "person" and len(people) < 2):
        raise NstError(f'by={by!r} with {len(people)} people: choose "answer", or "person" where there are several')
    methods = list(dict.fromkeys(name for answer in answers for name in (answer.left, answer.right)))
    place = {name: number for number, name in enumerate(methods)}
    wins = np.zeros((len(people), len(methods), len(methods)))  # (K, M, M): how often row was preferred to column
    for answer in answers:
        wins[people.index(answer.person), place[answer.winner], place[answer.loser]] += 1
    prior = (1 - np.eye(len(methods))) / len(methods)
    strengths = fit_strengths(wins.sum(0)[None] + prior)[0]
    low, high = np.quantile(fit_strengths(_reweighted(wins, prior, by, seed)), (0.025, 0.975), axis=0)
    return {methods[i]: (float(strengths[i]), float(low[i]), float(high[i])) for i in np.argsort(-strengths)}


def _reweighted(wins: np.ndarray, prior: np.ndarray, by: str, seed: int) -> np.ndarray:
    """(RESAMPLES, M, M): the wins if each person or answer had counted more or less, by weights of mean 1."""
    chance = np.random.default_rng(seed)
    if by == "person":
        total = np.tensordot(chance.exponential(size=(RESAMPLES, len(wins))), wins, 1)  # (R, K) (K, M, M) -> (R, M, M)
    else:  # the sum of n exponential weights has a gamma distribution
        total = chance.gamma(wins.sum(0), size=(RESAMPLES, *prior.shape))
    return total + np.maximum(chance.gamma(prior, size=total.shape), 1e-9 * (prior > 0))


def fit_strengths(wins: np.ndarray) -> np.ndarray:
    """Most likely log-strengths (R, M), each row of mean 0, of R tables of wins (R, M, M) without zeros beside the diagonal.

    Newton's method on a concave function, with steps cut at 2: where the best method hardly ever loses, Hunter's
    minorisation (2004) would need thousands of rounds.
    """
    met, count = wins + wins.swapaxes(1, 2), wins.shape[-1]
    strengths = np.zeros(wins.shape[:2])
    for _ in range(60):
        beats = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))  # (R, M, M): row against column
        slope = (wins - met * beats).sum(2)
        bend = met * beats * (1 - beats)
        laplacian = np.eye(count) * bend.sum(2)[:, :, None] - bend + 1 / count  # + 1 / count: the mean stays 0
        step = np.linalg.solve(laplacian, slope[:, :, None])[:, :, 0]
        strengths += step * np.minimum(1, 2 / np.maximum(np.abs(step).max(1, keepdims=True), 1e-300))
        if np.abs(step).max() < 1e-9:
            break
    return strengths - strengths.mean(1, keepdims=True)


@dataclass(frozen=True)
class Agreement:
    """Return the agreement of people and a metric on the order of `methods`: -1 (opposite) to 1 (the same order)."""

    spearman: float  # correlation of the ranks
    kendall: float  # share of pairs in the same order minus share in the opposite one
    p: float  # chance of a kendall at least so far from 0 if the metric ordered at random
    methods: int


def agreement(
    strengths: Mapping[str, float | Sequence[float]], metric_values: Mapping[str, float], *, lower_is_better: bool = False
) -> Agreement:
    """Rank correlation of people's strengths (also as `bradley_terry` gives them) with a metric's values, by method.

    `lower_is_better`: the metric is a distance, and agrees where it falls. With m methods there are only m points: below
    5 of them no order is a surprise. Raises NstError where methods differ, are fewer than 3, or have no order.
    """
    from scipy.stats import kendalltau, spearmanr

    if set(strengths) != set(metric_values) or len(strengths) < 3:
        raise NstError(
            f"strengths of {', '.join(map(str, strengths))} and values of {', '.join(map(str, metric_values))}: "
            "expected the same methods, 3 or more"
        )
    judged = [np.ravel(strengths[name])[0] for name in strengths]
    judged, measured = _ranked(judged, "strengths"), _ranked([metric_values[name] for name in strengths], "values")
    measured = [-value for value in measured] if flag(lower_is_better, "lower_is_better") else measured
    kendall = kendalltau(judged, measured)
    return Agreement(float(spearmanr(judged, measured)[0]), float(kendall.statistic), float(kendall.pvalue), len(judged))


def _ranked(values: Sequence[float], name: str) -> list[float]:
    """Values that have an order: finite numbers, not all of them equal. Raises NstError."""
    if not all(isinstance(value, Real) and math.isfinite(value) for value in values):
        raise NstError(f"{name} are {shortened(values)}: expected finite numbers")
    if len(set(values)) == 1:
        raise NstError(f"all {name} are {values[0]:g}: expected an order of the methods")
    return [float(value) for value in values]
