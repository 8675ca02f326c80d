"""The panels that ask: blind, every answer written at once, resumed by whoever comes back; and a taste that is painted."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import NstError
from nstlib.images.gallery import photo, style
from nstlib.judging.study import Study, plan_pairs
from nstlib.judging.taste import TasteModel, setting_name
from nstlib.notebook.panels import study as panels

METHODS, ITEMS = ["gram_by_gatys", "adain_by_huang", "photograph"], ["temple_item", "cat_item"]
SHADES = {name: 0.2 + 0.3 * number for number, name in enumerate(METHODS)}
PICTURES = {(item, method): torch.full((1, 3, 32, 48), shade) for item in ITEMS for method, shade in SHADES.items()}
SPACE = {"style_weight": (1, 100), "tv_weight": (1, 10, 100)}


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path / "answers.sqlite")


@pytest.fixture
def plan():
    return plan_pairs(METHODS, ITEMS, 6, "ann")


def opened(study, plan, person="ann", **options):
    panel = panels.study_panel(study, plan, PICTURES, person, **options)
    panel.pair.soonest = 0
    return panel


def shades(panel):
    """The grey of both pictures that the panel shows."""
    return [np.asarray(Image.open(io.BytesIO(widget.value))).mean() / 255 for widget in panel.pair.images]


def test_the_pictures_shown_are_the_questions_and_each_answer_is_written_at_once(study, plan):
    panel = opened(study, plan)
    for number, question in enumerate(plan):
        assert shades(panel) == pytest.approx([SHADES[question.left], SHADES[question.right]], abs=0.01)
        assert panel.pair.status.value == f"question {number + 1} of 6" and panel.pair.progress.value == number
        (panel.pair.left, panel.pair.right, panel.pair.neither)[number % 3].click()
        assert len(study.answers("ann")) == number + 1
    chosen = [answer.chosen for answer in study.answers()]
    assert chosen == [(one.left, one.right, None)[number % 3] for number, one in enumerate(plan)]
    assert "last question" in panel.pair.status.value and all(button.disabled for button in panel.pair.buttons)
    panel.pair.left.click()
    assert len(study.answers()) == 6


def test_who_comes_back_goes_on_where_they_stopped(study, plan):
    first = opened(study, plan)
    first.pair.left.click()
    first.pair.right.click()
    again = opened(Study(study.path), plan)
    assert again.question == plan[2] and again.pair.progress.value == 2
    assert opened(study, plan, person="bob").question == plan[0]


def test_nothing_tells_which_method_made_which_picture(study, plan):
    panel = opened(study, plan)
    seen, waiting = [], [panel]
    while waiting:
        widget = waiting.pop()
        seen += [repr(value) for value in widget.get_state().values()]
        waiting += getattr(widget, "children", ())
    assert not [name for name in (*METHODS, *ITEMS) if any(name in text for text in seen)]
    with Image.open(io.BytesIO(panel.pair.images[0].value)) as picture:
        assert not picture.getexif() and "comment" not in picture.info


def test_a_name_is_asked_for_and_makes_the_schedule(study):
    asked = []

    def schedule(person):
        asked.append(person)
        return plan_pairs(METHODS, ITEMS, 6, person)

    panel = opened(study, schedule, person=None)
    assert panel.question is None and all(button.disabled for button in panel.pair.buttons)
    panel.begin.click()
    assert "nickname" in panel.pair.status.value and not asked
    panel.name.value = " eve "
    panel.begin.click()
    assert asked == ["eve"] and panel.question == schedule("eve")[0] and panel.door.layout.display == "none"
    panel.pair.left.click()
    assert study.answers()[0].person == "eve"


def test_a_double_click_is_one_answer(study, plan):
    panel = opened(study, plan)
    panel.pair.left.click()
    panel.pair.soonest = panels.SOONEST
    panel.pair.left.click()
    assert len(study.answers()) == 1


def test_the_time_is_taken(study, plan, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(panels.time, "monotonic", lambda: now[0])
    panel = opened(study, plan)
    now[0] += 7.5
    panel.pair.left.click()
    assert study.answers()[0].seconds == 7.5


def test_pictures_may_be_made_when_they_are_needed(study, plan):
    made = []

    def make(item, method):
        made.append((item, method))
        return PICTURES[item, method]

    panels.study_panel(study, plan, make, "ann")
    assert made == [(plan[0].item, plan[0].left), (plan[0].item, plan[0].right)]


def test_trouble_is_told_and_no_answer_is_lost(study, plan, monkeypatch):
    panel = opened(study, plan)

    def refuse(*_):
        raise NstError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(study, "record", refuse)
        panel.pair.left.click()
    assert "disk full" in panel.pair.status.value and panel.question == plan[0]
    panel.pair.left.click()
    assert len(study.answers()) == 1
    missing = panels.study_panel(study, plan, {}, "ann")
    assert "each (item, method)" in missing.pair.status.value
    changed = panels.study_panel(study, plan_pairs(METHODS, ITEMS, 6, "other"), PICTURES, "ann")
    assert "another seed" in changed.pair.status.value


# ---------------------------------------------------------------- a taste


def painted(setting, size):
    """A stand-in for stylize: the shade is the person's taste."""
    return torch.full((1, 3, 32, size), (np.log10(setting["style_weight"]) + np.log10(setting["tv_weight"])) / 4)


@pytest.fixture
def taste(request):
    records = []
    panel = panels.TastePanel(painted, TasteModel(SPACE), sizes=(48, 64), answers=6, record=lambda *row: records.append(row))
    panel.pair.soonest, panel.records = 0, records
    yield panel
    panel.wait()


def test_a_taste_is_asked_for_learned_and_painted(taste):
    for number in range(6):
        taste.wait()
        assert taste.pair.status.value == f"pair {number + 1} of 6"
        left, right = shades(taste)
        assert left == pytest.approx(painted(taste.proposed[0], 48).mean().item(), abs=0.01)
        (taste.pair.left if left > right else taste.pair.right if right > left else taste.pair.neither).click()
    taste.wait()
    assert taste.pair.status.value == "your picture, after 6 answers" and taste.model.answered == 6
    assert taste.model.best() == {"style_weight": 100.0, "tv_weight": 100.0}
    with Image.open(io.BytesIO(taste.picture.value)) as picture:
        assert picture.size == (64, 32) and np.asarray(picture).mean() > 250
    assert taste.said.value == "style_weight 100, tv_weight 100" and all(button.disabled for button in taste.pair.buttons)
    assert len(taste.records) == 6 and all(seconds >= 0 for *_, seconds in taste.records)


def test_the_picture_may_be_asked_for_early_and_the_questions_go_on(taste):
    taste.wait()
    assert taste.finish.disabled
    taste.pair.neither.click()
    taste.wait()
    taste.finish.click()
    taste.wait()
    assert taste.picture.layout.display == "block" and taste.model.answered == 1
    taste.pair.left.click()
    taste.wait()
    assert taste.model.answered == 2 and taste.pair.status.value == "pair 3 of 6"


def test_a_setting_is_painted_once(taste):
    seen = []
    taste.paint = lambda setting, size: seen.append((setting_name(setting), size)) or painted(setting, size)
    for _ in range(5):
        taste.wait()
        taste.pair.left.click()
    taste.wait()
    assert len(seen) == len(set(seen))


def test_an_error_while_painting_is_told():
    def broken(setting, size):
        raise NstError("no memory")

    panel = panels.TastePanel(broken, TasteModel(SPACE), sizes=(48, 64), answers=6, record=lambda *_: None)
    panel.wait()
    assert "no memory" in panel.pair.status.value and all(button.disabled for button in panel.pair.buttons)


def test_stylize_paints_and_the_study_remembers(study):
    pictures, options = (photo("temple", 48), style("waves", 48)), {"size": 48, "final_size": 64, "steps": 2, "backbone": "mini"}
    panel = panels.taste_panel(*pictures, model=TasteModel(SPACE), study=study, person="ann", answers=3, **options)
    for button in (panel.pair.left, panel.pair.neither):
        panel.wait()
        panel.pair.soonest = 0
        button.click()
    panel.wait()
    assert [answer.chosen is None for answer in study.answers("ann")] == [False, True]
    again = panels.taste_panel(*pictures, model=TasteModel(SPACE), study=Study(study.path), person="ann", answers=3, **options)
    again.wait()
    assert again.model.answered == 2 and again.pair.status.value == "pair 3 of 3"
    np.testing.assert_array_equal(again.model.utilities(), panel.model.utilities())
    again.pair.soonest = 0
    again.pair.right.click()
    again.wait()
    assert len(study.answers("ann")) == 3
    with Image.open(io.BytesIO(again.picture.value)) as picture:
        assert max(picture.size) == 64


def test_methods_answers_are_no_taste(study, plan):
    study.record("ann", plan[0], plan[0].left, 1)
    with pytest.raises(NstError, match="is no setting"):
        panels.taste_panel(photo("temple", 48), style("waves", 48), study=study, person="ann")
