"""The play panel of lesson 1 as a reader meets it: JupyterLab in a browser."""

import pytest

pytestmark = pytest.mark.browser
CELLS = (
    "course.start()",
    "course.choose",
    "import ipywidgets",
    'cat = photo("cat"',
    "def tint",
    "device = best_device()",
    "seen = see(cat)",
    "def choosiest",
    "def lit",
    "def look",
)


def test_the_panel_of_lesson_1_shows_the_picture_and_the_layer_that_were_chosen(lab):
    lab.open("01_cnn_features.ipynb")
    for text in CELLS:
        lab.run(text)
    panel = lab.cell("def look")
    seen = [source_of_the_picture(lab, panel, [])]
    for which, choice in ((0, "coffee"), (1, "relu2_1")):
        panel.locator("select").nth(which).select_option(choice)
        seen.append(source_of_the_picture(lab, panel, seen))
    assert len(set(seen)) == 3


def source_of_the_picture(lab, panel, before):
    """The data of the panel's picture, as soon as it is another than those before."""
    picture = panel.locator(".jp-OutputArea img").first
    for _ in range(100):
        if picture.count() and (source := picture.get_attribute("src")) not in before:
            assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 300
            return source
        lab.page.wait_for_timeout(200)
    raise AssertionError(f"no new picture in the panel, which says: {panel.inner_text()[-500:]}")
