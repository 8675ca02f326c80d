"""The play panel of lesson 2 in a browser: it grows the texture that was chosen."""

import pytest

pytestmark = pytest.mark.browser
NEEDED = (
    "course.start()",
    "course.choose",
    "def cut(",
    "import torch.nn.functional as F",
    "from nstlib.textures import efros_leung",
    "def source_colours",
    "moments = list(",
    "def press(",
)


def test_the_panel_of_lesson_2_grows_a_texture(lab):
    lab.open("02_texture_before_cnns.ipynb", NEEDED)
    panel = lab.cell("def press(")
    picture = panel.locator("img").first
    picture.wait_for(timeout=60_000)
    before = picture.get_attribute("src")
    panel.locator("select").first.select_option("swirls")
    panel.get_by_role("button", name="Grow").click()
    panel.locator(".jp-OutputArea").get_by_text("100% grown").wait_for(timeout=60_000)
    assert picture.get_attribute("src") != before and picture.evaluate("i => i.naturalWidth") == 512
