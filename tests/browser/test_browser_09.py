"""The play panel of lesson 9 in a browser: the point in the square, moved by mouse and by keys, changes the picture."""

import re

import pytest

pytestmark = pytest.mark.browser
NEEDED = ("course.start()", "course.choose", "import copy", "painter = AnyStyle", "encoded = [", "square_panel(painter")


def test_the_panel_of_lesson_9_mixes_where_the_mouse_goes(lab):
    lab.open("09_adain.ipynb", NEEDED)
    panel = lab.cell("square_panel(painter").locator(".jp-OutputArea")
    square = panel.locator("svg.nst-square")
    square.wait_for(timeout=60_000)
    square.scroll_into_view_if_needed()
    assert "swirls 25 %, autumn 25 %" in square.get_attribute("aria-label")
    picture = panel.locator("img").first
    before = picture.get_attribute("src")
    box = square.bounding_box()
    scale = box["width"] / 340  # the drawing is 340 units wide
    lab.page.mouse.move(box["x"] + 170 * scale, box["y"] + 146 * scale)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 66 * scale, box["y"] + 30 * scale, steps=6)  # beyond the upper left corner
    lab.page.mouse.up()
    panel.get_by_text(re.compile(r"^1\.00 swirls.* strength 1\.00")).wait_for(timeout=60_000)
    alone = picture.get_attribute("src")
    assert alone != before and picture.evaluate("i => i.naturalWidth") > 32
    assert "swirls 100 %" in square.get_attribute("aria-label")
    square.press("ArrowRight")
    panel.get_by_text(re.compile(r"^0\.97 swirls \+ 0\.03 autumn")).wait_for(timeout=60_000)
    panel.locator("select").nth(1).select_option("waves")  # the upper left corner's style
    panel.get_by_text(re.compile(r"^0\.97 waves")).wait_for(timeout=60_000)
    assert picture.get_attribute("src") != alone
    panel.get_by_role("slider").first.press("Home")
    panel.get_by_text(re.compile(r"strength 0\.00")).wait_for(timeout=60_000)
