"""The play panel of lesson 8 in a browser: the point in the triangle, moved by mouse and by keys, changes the picture."""

import re

import pytest

pytestmark = pytest.mark.browser
NEEDED = ("course.start()", "course.choose", "import copy", "many = load_fast", "mixing_panel(many")


def test_the_panel_of_lesson_8_mixes_where_the_mouse_goes(lab):
    lab.open("08_many_styles.ipynb", NEEDED)
    panel = lab.cell("mixing_panel(many").locator(".jp-OutputArea")
    triangle = panel.locator("svg.nst-triangle")
    triangle.wait_for(timeout=60_000)
    triangle.scroll_into_view_if_needed()
    assert "swirls 33 %" in triangle.get_attribute("aria-label")
    picture = panel.locator("img").first
    before = picture.get_attribute("src")
    box = triangle.bounding_box()
    scale = box["width"] / 340  # the drawing is 340 units wide
    lab.page.mouse.move(box["x"] + 170 * scale, box["y"] + 180 * scale)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 60 * scale, box["y"] + 250 * scale, steps=6)  # beyond the left corner
    lab.page.mouse.up()
    panel.get_by_text(re.compile(r"^1\.00 swirls")).wait_for(timeout=60_000)
    alone = picture.get_attribute("src")
    assert alone != before and picture.evaluate("i => i.naturalWidth") > 32
    assert "swirls 100 %" in triangle.get_attribute("aria-label")
    triangle.press("ArrowRight")
    panel.get_by_text(re.compile(r"^0\.97 swirls")).wait_for(timeout=60_000)
    panel.locator("select").nth(1).select_option("mosaic")  # the left corner's style
    panel.get_by_text(re.compile(r"^0\.97 mosaic")).wait_for(timeout=60_000)
    assert picture.get_attribute("src") != alone
