"""Lesson 0 as a reader meets it: JupyterLab in a browser."""

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


def test_the_first_cells_of_lesson_0_run(lab):
    lab.open(FIRST)
    assert "profile fast" in lab.run("course.start()")
    assert "profile fast:" in lab.run("course.choose")


def test_no_stored_output_of_lesson_0_is_an_error(lab):
    lab.open(FIRST)
    assert lab.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert lab.page.get_by_text("Error displaying widget").count() == 0
