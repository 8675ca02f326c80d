"""The play panel of lesson 6 in a browser: a blind study that keeps its answers."""

import pytest

pytestmark = pytest.mark.browser
NEEDED = (
    "course.start()",
    "course.choose",
    "import tempfile",
    "def paint(",
    "PHOTOS = (",
    "rng, n = ",
    "from nstlib.judging import Study",
    "INVENTED = ",
    "study_panel(mine",
)


def test_the_panel_of_lesson_6_asks_blindly_and_goes_on(lab):
    lab.open("06_judging_style.ipynb", NEEDED)
    panel = lab.cell("study_panel(mine")
    panel.scroll_into_view_if_needed()
    panel.get_by_placeholder("nickname").fill("ann")
    panel.get_by_role("button", name="begin").click()
    panel.get_by_text("question 1 of").wait_for(timeout=30_000)
    pictures = panel.locator("img")
    before = [pictures.nth(k).get_attribute("src") for k in range(2)]
    assert all(pictures.nth(k).evaluate("i => i.naturalWidth") > 32 for k in range(2)) and before[0] != before[1]
    shown = panel.locator(".jp-OutputArea").inner_text()
    assert not any(method in shown for method in ("Gram", "photograph", "style pasted", "colours only", "mean, deviation"))
    panel.page.wait_for_timeout(600)  # longer than the panel takes for a double click
    panel.get_by_role("button", name="left is better").click()
    panel.get_by_text("question 2 of").wait_for(timeout=30_000)
    assert [pictures.nth(k).get_attribute("src") for k in range(2)] != before
