"""The play panel of lesson 7 in a browser: another photograph, network or size is painted at once."""

import pytest

pytestmark = pytest.mark.browser
NEEDED = ("course.start()", "course.choose", "import time", "shipped = {", "import ipywidgets", "def press(")


def test_the_panel_of_lesson_7_paints_what_is_chosen(lab):
    lab.open("07_fast_transfer.ipynb", NEEDED)
    panel = lab.cell("def press(").locator(".jp-OutputArea")
    picture = panel.locator("img").first
    panel.get_by_text("px in").wait_for(timeout=60_000)
    for number, choice in ((0, "cat"), (1, "mosaic")):
        before = picture.get_attribute("src")
        panel.locator("select").nth(number).select_option(choice)
        lab.page.wait_for_function(
            "([i, s]) => i.src !== s && i.naturalWidth > 32", arg=[picture.element_handle(), before], timeout=60_000
        )
    width = picture.evaluate("i => i.naturalWidth")
    slider = panel.get_by_role("slider").first
    slider.focus()
    slider.press("End")
    lab.page.wait_for_function("([i, w]) => i.naturalWidth > w", arg=[picture.element_handle(), width], timeout=60_000)
