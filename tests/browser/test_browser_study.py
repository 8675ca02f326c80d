"""The panels of a user study in a browser: in a notebook that the test writes, with a kernel that is restarted."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from nstlib.judging.study import Study

pytestmark = pytest.mark.browser
NAME = "study_of_the_test.ipynb"
CELLS = (
    """from pathlib import Path
from nstlib import photo, style
from nstlib.judging.taste import TasteModel
from nstlib.judging.study import Study, plan_pairs
from nstlib.notebook.panels.study import study_panel, taste_panel
methods, items = ["temple", "cat", "coffee"], ["dusk", "noon"]
pictures = {(item, method): photo(method, 64) for item in items for method in methods}
study = Study("answers_of_the_test.sqlite")""",
    "study_panel(study, lambda name: plan_pairs(methods, items, 4, name), pictures)",
    """model = TasteModel({"style_weight": (1, 100), "tv_weight": (1, 100)})
taste_panel(photo("temple", 64), style("waves", 64), model=model, size=64, final_size=64, steps=2, answers=2, backbone="mini")""",
)


@pytest.fixture
def notebook(lab, lab_address, tmp_path_factory):
    """JupyterLab on the notebook above, its first cell run; the file of answers lies beside it."""
    folder = next(tmp_path_factory.getbasetemp().glob("lab*")) / "notebooks"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in CELLS], metadata=kernel), folder / NAME)
    lab.open(NAME)
    lab.run("methods, items")
    lab.answers = folder / "answers_of_the_test.sqlite"
    return lab


def panel_of(lab, text):
    lab.run(text)
    panel = lab.cell(text)
    panel.scroll_into_view_if_needed()
    return panel


def enter(panel, name):
    panel.get_by_placeholder("nickname").fill(name)
    panel.get_by_role("button", name="begin").click()


def answer(panel, button):
    panel.page.wait_for_timeout(600)  # longer than the panel takes for a double click
    panel.get_by_role("button", name=button).click()


def test_a_study_is_answered_and_resumed_by_another_kernel(notebook):
    panel = panel_of(notebook, "study_panel(study")
    enter(panel, "ann")
    panel.get_by_text("question 1 of 4").wait_for(timeout=30_000)
    pictures = panel.locator(".jp-OutputArea img")
    assert pictures.count() == 2 and all(pictures.nth(k).evaluate("i => i.naturalWidth") > 32 for k in range(2))
    left, right = (pictures.nth(k).bounding_box() for k in range(2))
    assert left["x"] + left["width"] <= right["x"] and abs(left["y"] - right["y"]) < 2  # side by side
    assert not re.search("temple|cat|coffee|dusk|noon", panel.locator(".jp-OutputArea").inner_html().split("base64")[0])
    answer(panel, "left is better")
    panel.get_by_text("question 2 of 4").wait_for(timeout=30_000)
    answer(panel, "I cannot tell")
    panel.get_by_text("question 3 of 4").wait_for(timeout=30_000)
    answers = Study(notebook.answers).answers("ann")
    assert [one.chosen for one in answers] == [answers[0].left, None] and answers[0].seconds > 0.4

    notebook.open(NAME)  # a page loaded anew: the widgets are gone, the file is not
    notebook.run("methods, items")
    panel = panel_of(notebook, "study_panel(study")
    enter(panel, "ann")
    panel.get_by_text("question 3 of 4").wait_for(timeout=30_000)
    for button in ("right is better", "left is better"):
        answer(panel, button)
    panel.get_by_text("That was the last question").wait_for(timeout=30_000)
    assert panel.get_by_role("button", name="left is better").is_hidden()
    assert len(Study(notebook.answers).answers("ann")) == 4


def test_a_taste_is_asked_for_and_painted(notebook):
    panel = panel_of(notebook, "taste_panel(photo")
    for number in (1, 2):
        panel.get_by_text(f"pair {number} of 2").wait_for(timeout=60_000)
        answer(panel, "left is better")
    panel.get_by_text("your picture, after 2 answers").wait_for(timeout=60_000)
    picture = panel.locator(".jp-OutputArea img").nth(2)
    assert picture.is_visible() and picture.evaluate("i => i.naturalWidth") == 64
    assert panel.get_by_text(re.compile(r"style_weight \d+, tv_weight \d+")).is_visible()
