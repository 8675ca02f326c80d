"""A taste is learned from pairs: on simulated people whose favourite is known, who are not of the model's own kind."""

import inspect
from itertools import pairwise

import numpy as np
import pytest
import taste as benchmark_taste

from nstlib.errors import NstError
from nstlib.judging import taste as preference
from nstlib.judging.study import Answer, Study, plan_pairs
from nstlib.judging.taste import SPACE, TasteModel, parse_setting, setting_name
from nstlib.optimization.search import stylize

SMALL = {"style_weight": (10, 40, 160), "tv_weight": (1, 100)}


@pytest.fixture
def model():
    return TasteModel(SMALL)


@pytest.mark.sampled
def test_it_finds_the_favourite_within_25_answers(seed_offset):
    """Of four people in five, says tools/measure/taste.py of 300; a share of 50 people has a spread of 0.06 around that."""
    people = range(1000 * seed_offset, 1000 * seed_offset + 50)
    found = [benchmark_taste.trial("informative pairs", number, [25])[1][25] for number in people]
    assert len(benchmark_taste.POINTS) >= 5 * 5 * 3
    assert np.mean([one["found, strictly"] for one in found]) >= 0.62  # 0.81; random pairs 0.45
    assert np.mean([one["exactly"] for one in found]) >= 0.28  # 0.50; random pairs 0.19, chance 0.013
    fewer = [benchmark_taste.trial("random pairs", number, [25])[1][25]["found, strictly"] for number in people]
    assert np.mean(fewer) <= np.mean([one["found, strictly"] for one in found]) - 0.15  # 0.36, spread 0.06


@pytest.mark.sampled
def test_the_simulated_people_make_as_many_mistakes_as_they_should(seed_offset):
    people = [benchmark_taste.person(number) for number in range(1000 * seed_offset, 1000 * seed_offset + 30)]
    for person in people:
        for first, second in np.random.default_rng(seed_offset).integers(0, len(person.utilities), (200, 2)):
            if first != second:
                person.prefers(first, second)
    wrong = sum(person.wrong for person in people) / sum(person.given for person in people)
    assert 0.1 < wrong < 0.15
    assert len({person.family for person in people}) == 3
    assert all(np.ptp(person.utilities) == pytest.approx(1) for person in people)
    assert len({int(person.utilities.argmax()) for person in people}) > 15  # their favourites lie all over the grid


def test_the_crowd_is_as_sure_as_it_is_said_to_be():
    """0 is the best that anyone could have; the worst of the grid lies 6 to 24 log-odds below, as often per factor."""
    utility = preference.imagine_crowd(SPACE, np.random.default_rng(0))
    worst = -utility.min(1)
    assert utility.max() <= 0 and 6 * (1 - 1e-5) <= worst.min() < 6.05 and 23.5 < worst.max() <= 24 * (1 + 1e-5)
    assert np.median(worst) == pytest.approx(12, rel=0.05)


def test_settings_go_straight_into_stylize():
    assert set(SPACE) < set(inspect.signature(stylize).parameters)
    model = TasteModel()
    for setting in (*model.propose(), model.best()):
        assert list(setting) == list(SPACE) and all(setting[name] in SPACE[name] for name in SPACE)


def test_answers_are_weighed_by_bayes_rule(model):
    """An independent computation: person by person, from their utilities."""
    best, worst = model.settings[0], model.settings[-1]
    utility = model._utility.astype(float)
    model.answer(best, worst)
    model.tie(model.settings[1], model.settings[2])
    prefers = 1 / (1 + np.exp(utility[:, -1] - utility[:, 0]))
    one = 1 / (1 + np.exp(utility[:, 2] - utility[:, 1]))
    weight = prefers * np.sqrt(one * (1 - one))
    np.testing.assert_allclose(model.utilities(), weight / weight.sum() @ utility, rtol=1e-4)
    assert model.answered == 2


def test_before_any_answer_nothing_is_known():
    model = TasteModel()
    assert model.chances().sum() == pytest.approx(1) and model.chances().max() < 0.08
    utility = model._utility
    assert utility.max() == 0 and (utility.max(1) == 0).all()
    worst = -utility.min(1)
    assert preference.SURENESS[0] - 0.01 <= worst.min() and worst.max() <= preference.SURENESS[1] + 0.01


@pytest.mark.sampled
def test_the_crowd_errs_as_often_as_people_do(seed_offset):
    model = TasteModel(seed=seed_offset)
    one, other = np.random.default_rng(seed_offset).integers(0, len(model.settings), (2, 4000))
    better = np.abs(model._utility[:4000][np.arange(4000), one] - model._utility[:4000][np.arange(4000), other])
    assert 0.08 < np.mean(1 / (1 + np.exp(better[one != other]))) < 0.18


@pytest.mark.sampled
def test_a_sure_person_is_understood_quickly(seed_offset):
    model = TasteModel(seed=seed_offset)
    wanted = {"style_weight": 25.0, "tv_weight": 50.0, "style_scale": 0.35}
    values = [
        np.array([list(row).index(setting[name]) / (len(row) - 1) for name, row in SPACE.items()])
        for setting in (*model.settings, wanted)
    ]
    distance = {setting_name(setting): np.abs(place - values[-1]).sum() for setting, place in zip(model.settings, values)}
    for _ in range(20):
        model.answer(*sorted(model.propose(), key=lambda setting: distance[setting_name(setting)]))
    assert model.best() == wanted


def test_no_pair_is_asked_twice_and_the_last_pair_ends_it(model):
    asked = set()
    for number in range(15):  # 6 settings
        first, second = model.propose()
        asked.add(frozenset((setting_name(first), setting_name(second))))
        model.tie(first, second) if number % 2 else model.answer(first, second)
    assert len(asked) == 15
    with pytest.raises(NstError, match="all pairs of the 6 settings"):
        model.propose()


def test_questions_are_about_the_likeliest_favourites():
    """Of 75 settings the 14 that are most likely the best, whatever has been answered."""
    model = TasteModel()
    for _ in range(4):
        likeliest = [model.settings[place] for place in np.argsort(-model.chances(), kind="stable")[:14]]
        pair = model.propose()
        assert all(setting in likeliest for setting in pair)
        model.answer(*sorted(pair, key=lambda setting: (setting["style_weight"], setting["style_scale"], setting["tv_weight"])))


def test_style_weights_rise_by_one_factor():
    """So that steps look equally large."""
    weights = SPACE["style_weight"]
    assert [later / earlier for earlier, later in pairwise(weights)] == pytest.approx([5] * 4)
    assert all(list(values) == sorted(set(values)) for values in SPACE.values())


@pytest.mark.sampled
def test_which_side_is_which_is_chance(seed_offset):
    model, left = TasteModel(seed=3 + seed_offset), []
    for _ in range(40):
        first, second = model.propose()
        left.append(model.chances()[model.settings.index(first)] > model.chances()[model.settings.index(second)])
        model.tie(first, second)
    assert 8 < sum(left) < 32


def test_a_seed_repeats_its_questions():
    one, other = TasteModel(seed=5), TasteModel(seed=5)
    for _ in range(5):
        pair = one.propose()
        assert pair == other.propose()
        one.answer(*pair)
        other.answer(*pair)


def test_it_learns_from_a_study_that_was_kept(tmp_path, model):
    names = [setting_name(setting) for setting in model.settings]
    study = Study(tmp_path / "taste.sqlite")
    for question in plan_pairs(names, ["temple"], 10, 0):
        study.record("ann", question, None if question.number == 4 else min(question.left, question.right), 1.0)
    model.learn(study.answers("ann"))
    again = TasteModel(SMALL)
    for answer in study.answers("ann"):
        left, right = parse_setting(answer.left), parse_setting(answer.right)
        if answer.winner is None:
            again.tie(left, right)
        else:
            again.answer(parse_setting(answer.winner), parse_setting(answer.loser))
    np.testing.assert_array_equal(model.utilities(), again.utilities())
    assert model.answered == 10


@pytest.mark.parametrize("setting", TasteModel().settings[::20])
def test_names_of_settings_are_read_back(setting):
    assert parse_setting(setting_name(setting)) == setting


def test_numbers_of_any_kind_name_the_same_setting():
    assert setting_name({"a": 1, "b": np.float64(2)}) == setting_name({"b": 2.0, "a": 1.0})


def test_the_model_does_not_hand_out_its_own_settings(model):
    model.best()["style_weight"] = model.propose()[0]["tv_weight"] = -1
    assert all(value > 0 for setting in model.settings for value in setting.values())


@pytest.mark.parametrize(
    "space",
    [
        {},
        {"style_weight": (40,)},
        {"style_weight": (40, 10)},
        {"style_weight": (10, 10)},
        {"style_weight": "many"},
        {"style_weight": (10, float("nan"))},
        {"style_weight": (10, float("inf"))},
        None,
        {f"axis{k}": (1, 2, 3, 4) for k in range(6)},
    ],
)
def test_what_is_no_space_is_refused(space):
    with pytest.raises(NstError, match="expected"):
        TasteModel(space)


@pytest.mark.parametrize(
    "pair",
    [
        ({"style_weight": 11, "tv_weight": 1}, {"style_weight": 10, "tv_weight": 1}),
        ({"style_weight": 10, "tv_weight": 1},) * 2,
        ({"style_weight": 10}, {"style_weight": 40}),
    ],
)
def test_settings_of_elsewhere_are_refused(model, pair):
    with pytest.raises(NstError, match="expected two different settings of this space"):
        model.answer(*pair)


def test_an_answer_that_was_not_to_be_chosen_teaches_nothing(model):
    one, other, third = (setting_name(model.settings[number]) for number in (0, 1, 2))
    with pytest.raises(NstError, match="one of them chosen"):
        model.learn([Answer(0, "x", one, other, "p", third, 1.0)])
    assert model.answered == 0


def test_a_seed_that_is_none():
    with pytest.raises(NstError, match="seed=-1"):
        TasteModel({"style_weight": (10, 40)}, seed=-1)


@pytest.mark.parametrize("name", ["gram", "[1]", '{"a": "x"}', '{"a": null}', "3"])
def test_methods_are_no_settings(name):
    with pytest.raises(NstError, match="is no setting"):
        parse_setting(name)


def test_the_pair_that_tells_most_about_the_favourite_is_asked():
    """Three kinds of people: two hardly differ between the two likeliest favourites, the third hates both."""
    model = TasteModel({"style_weight": (1, 2, 3)})
    kinds, counts = np.array([[0, -0.2, -6], [-0.2, 0, -6], [-4, -4, 0]], np.float32), (4000, 3500, 2500)
    model._utility = kinds.repeat(counts, axis=0)
    model._favourite, model._log_weight = model._utility.argmax(1), np.zeros(sum(counts))
    np.testing.assert_allclose(model.chances(), [0.4, 0.35, 0.25])
    assert {"style_weight": 3} in model.propose()


def test_entropy_of_a_yes_or_no():
    found = preference._entropy(np.array([0.0, 0.25, 0.5, 1.0]))
    np.testing.assert_allclose(found, [0, 0.25 * np.log(4) + 0.75 * np.log(4 / 3), np.log(2), 0], atol=1e-9)
