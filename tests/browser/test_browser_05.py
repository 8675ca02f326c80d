"""The play panel of lesson 5 in a browser: a region drawn with the mouse is painted."""

import pytest

pytestmark = pytest.mark.browser
NEEDED = (
    "course.start()",
    "course.choose",
    "import base64",
    "def paint(",
    "from nstlib.notebook.panels.brush import MaskBrush",
    "def press(",
)


def test_the_panel_of_lesson_5_paints_a_region_that_was_drawn(lab):
    lab.open("05_controlling_style.ipynb", NEEDED)
    panel = lab.cell("def press(").locator(".jp-OutputArea")
    canvas = panel.locator("canvas.nst-canvas")
    canvas.wait_for(timeout=60_000)
    panel.get_by_role("button", name="clear").click()
    panel.get_by_role("button", name="paint").click()
    panel.get_by_text("Draw a region first").wait_for(timeout=30_000)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    lab.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"], steps=8)
    lab.page.mouse.up()
    panel.get_by_text("strokes: 1").wait_for(timeout=30_000)
    picture = panel.locator("img").first
    before = picture.get_attribute("src")
    panel.locator("select").nth(1).select_option("glass")
    panel.get_by_role("button", name="paint").click()
    panel.get_by_text("painted in").wait_for(timeout=60_000)
    assert picture.get_attribute("src") != before and picture.evaluate("i => i.naturalWidth") > 32
