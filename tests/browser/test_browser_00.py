"""The lessons as a reader meets them: JupyterLab in a browser."""

import re

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


@pytest.fixture
def transfer_panel(lab):
    """The play panel of lesson 4, drawn and ready."""
    lab.open("04_lbfgs_style_transfer.ipynb", ("course.start()", "course.choose", "transfer_panel("))
    panel = lab.cell("transfer_panel(")
    panel.get_by_role("button", name="paint").wait_for(timeout=60_000)
    return panel


def evaluations(panel):
    """(state, number of evaluations) that the panel says."""
    panel.scroll_into_view_if_needed()  # JupyterLab does not draw cells that are far from the screen
    shown = panel.locator(".jp-OutputArea").get_by_text(re.compile("evaluation")).first.text_content()
    state, number = re.search(r"(\w+): evaluation (\d+)", shown).groups()
    return state, int(number)


def wait_for_state(panel, pattern):
    panel.locator(".jp-OutputArea").get_by_text(re.compile(pattern)).first.wait_for(timeout=60_000)


def test_the_panel_of_lesson_4_paints_stops_and_goes_on(transfer_panel):
    panel, button = transfer_panel, lambda name: transfer_panel.get_by_role("button", name=name, exact=True)
    assert button("stop").is_disabled() and button("go on").is_disabled()
    picture = panel.locator(".jp-OutputArea img").nth(2)
    before = picture.get_attribute("src")

    button("paint").click()
    wait_for_state(panel, r"painting: evaluation ([2-9]|\d\d)")
    button("stop").click()
    wait_for_state(panel, "stopped: evaluation")
    painted, (_, stopped_at) = picture.get_attribute("src"), evaluations(panel)
    assert painted != before
    panel.page.wait_for_timeout(1000)
    assert evaluations(panel) == ("stopped", stopped_at)

    button("go on").click()
    wait_for_state(panel, "painting: evaluation")
    button("stop").click()
    wait_for_state(panel, "stopped: evaluation")
    assert evaluations(panel)[1] > stopped_at
    assert picture.get_attribute("src") != painted
    assert picture.evaluate("i => i.naturalWidth") > 32


def test_the_kernel_answers_while_the_panel_paints(lab, transfer_panel):
    transfer_panel.get_by_role("button", name="paint", exact=True).click()
    wait_for_state(transfer_panel, "painting: evaluation")
    assert "profile fast:" in lab.run("course.choose")
    assert evaluations(transfer_panel)[0] == "painting"
    transfer_panel.get_by_role("button", name="stop", exact=True).click()
    wait_for_state(transfer_panel, "stopped: evaluation")
