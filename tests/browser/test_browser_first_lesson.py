"""The first lesson as a reader meets it: JupyterLab in a browser."""

import pytest

pytestmark = pytest.mark.browser
FIRST = "00_start_here.ipynb"


def test_lesson_0_renders_with_its_picture(lab):
    lab.open(FIRST)
    assert lab.page.locator(".jp-MarkdownCell h1").first.inner_text().startswith("Lesson 0")
    title_picture = lab.page.locator(".jp-MarkdownCell img:not([src*='colab-badge'])").first
    title_picture.wait_for(timeout=30_000)
    lab.page.wait_for_function("i => i.complete && i.naturalWidth > 100", arg=title_picture.element_handle(), timeout=30_000)
    assert title_picture.get_attribute("alt")


def test_stored_pictures_are_drawn_with_their_words_before_anybody_trusts_the_notebook(lab):
    lab.open(FIRST)
    pictures = lab.page.locator(".jp-OutputArea-output img")
    pictures.first.wait_for(timeout=30_000)
    lab.page.wait_for_function("all => all.every(i => i.complete)", arg=pictures.element_handles(), timeout=30_000)
    assert all(pictures.evaluate_all("all => all.map(i => i.naturalWidth > 100 && i.alt.split(' ').length > 2)"))


def test_the_first_cells_of_lesson_0_run(lab):
    lab.open(FIRST)
    assert "profile fast" in lab.run("course.start()")
    assert "profile fast:" in lab.run("course.choose")


def test_no_stored_output_of_lesson_0_is_an_error(lab):
    lab.open(FIRST)
    assert lab.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert lab.page.get_by_text("Error displaying widget").count() == 0


def test_the_panel_of_lesson_0_paints_what_was_chosen(lab):
    lab.open(FIRST)
    for text in ("course.start()", "course.choose", "canvas = content.clone()", "def as_jpeg", "def watch", "button.on_click"):
        lab.run(text)
    panel = lab.cell("button.on_click")
    said = panel.get_by_text("cat as sunset:")
    said.wait_for(timeout=60_000)
    before = panel.locator("img").first.get_attribute("src")
    panel.locator("select").nth(1).select_option("glass")
    panel.get_by_role("button", name="Paint").click()
    panel.get_by_text("cat as glass:").wait_for(timeout=60_000)
    after = panel.locator("img").first
    assert after.get_attribute("src") != before and after.evaluate("i => i.naturalWidth") > 32
