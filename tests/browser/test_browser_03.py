"""The play panel of lesson 3 in a browser: it grows the texture that was chosen."""

import pytest

pytestmark = pytest.mark.browser
NEEDED = (
    "course.start()",
    "course.choose",
    "from nstlib.settings import device",
    "network = nstlib.FeatureExtractor",
    "def grams(",
    "def texture_loss",
    "def noise_like",
    "def synthesise",
    "from nstlib.images import STYLES",
    "def mixed(",
    "def put(",
    "def press(",
)


def test_the_panel_of_lesson_3_grows_a_texture(lab):
    lab.open("03_gram_matrices.ipynb", NEEDED)
    panel = lab.cell("def press(")
    picture = panel.locator("img").first
    picture.wait_for(timeout=60_000)
    before = picture.get_attribute("src")
    panel.locator("select").nth(2).select_option("relu2_1")
    panel.get_by_role("button", name="Grow").click()
    panel.locator(".jp-OutputArea").get_by_text("texture loss").wait_for(timeout=60_000)
    assert picture.get_attribute("src") != before and picture.evaluate("i => i.naturalWidth") > 32
