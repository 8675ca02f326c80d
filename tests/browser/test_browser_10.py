"""The play panel of lesson 10 in a browser: the mark, moved by mouse and by keys, lights other places of the style."""

import re

import pytest

pytestmark = pytest.mark.browser
NEEDED = ("course.start()", "course.choose", "import copy", "attention_panel(load_sanet()")


def test_the_panel_of_lesson_10_lights_what_the_mark_asks_for(lab):
    lab.open("10_attention_sanet.ipynb", NEEDED)
    panel = lab.cell("attention_panel(load_sanet()").locator(".jp-OutputArea")
    pair = panel.locator("svg.nst-attention")
    pair.wait_for(timeout=60_000)
    pair.scroll_into_view_if_needed()
    photograph, style = pair.locator("image").all()

    def addresses():
        return photograph.get_attribute("href"), style.get_attribute("href")

    before = addresses()
    box = pair.bounding_box()
    lab.page.mouse.click(box["x"] + 3, box["y"] + 3)  # the corner, far from the mark
    panel.get_by_text(re.compile(r"^column 0, row 0: half of its weight")).wait_for(timeout=60_000)
    corner = addresses()
    assert corner[0] == before[0] and corner[1] != before[1] and corner[1].startswith("data:image/jpeg")
    lab.page.mouse.click(box["x"] + box["width"] - 3, box["y"] + 3)  # the style is only looked at
    pair.press("ArrowRight")
    pair.press("ArrowDown")
    panel.get_by_text(re.compile(r"^column 1, row 1: half")).wait_for(timeout=60_000)
    assert "Column 1 of" in pair.get_attribute("aria-label") and addresses()[1] != corner[1]
    mark = pair.locator("rect.mark").bounding_box()
    assert mark["width"] > 4 and mark["x"] >= box["x"] - 4
    panel.locator("select").nth(2).select_option("relu5_1")
    panel.get_by_text(re.compile(r"^column 0, row 0: half")).wait_for(timeout=60_000)
    panel.locator("select").nth(3).select_option("painted")
    lab.page.wait_for_function(
        "([image, old]) => image.getAttribute('href') !== old", arg=[photograph.element_handle(), before[0]], timeout=60_000
    )
