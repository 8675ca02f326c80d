"""The brush in a browser: what the mouse draws in JupyterLab, the kernel sees as a mask."""

import json

import nbformat
import pytest
import requests

pytestmark = pytest.mark.browser
NOTEBOOK = "brush.ipynb"
MAKE = """from nstlib.notebook.panels.brush import MaskBrush
from nstlib.images.gallery import photo
brush = MaskBrush(photo("temple", 320), label="Draw the sky")
brush"""
ASK = """import json
print(json.dumps({"strokes": brush.strokes, "covered": float(brush.mask.mean())}))"""
SET = 'brush.strokes = [{"points": [[0.5, 0.5]], "radius": 0.2}]'


@pytest.fixture
def drawing(lab, lab_address):
    """JupyterLab with the brush on the screen: the page object and the canvas."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (MAKE, ASK, SET)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    url, token = lab_address
    answer = requests.put(
        f"{url}api/contents/notebooks/{NOTEBOOK}",
        headers={"Authorization": f"token {token}"},
        json={"type": "notebook", "content": notebook},
        timeout=30,
    )
    answer.raise_for_status()
    lab.open(NOTEBOOK)
    lab.run("MaskBrush(photo")
    canvas = lab.page.locator("canvas.nst-canvas")
    canvas.wait_for(timeout=60_000)
    lab.page.wait_for_function("c => c.width == 320", arg=canvas.element_handle(), timeout=30_000)
    return lab, canvas


MIDDLE = "c => Array.from(c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data).join()"


def drag(lab, canvas, points):
    """Draw through points given as shares of the canvas."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    lab.page.mouse.move(*places[0])
    lab.page.mouse.down()
    for place in places[1:]:
        lab.page.mouse.move(*place, steps=8)
    lab.page.mouse.up()


def seen(lab, strokes):
    """What the kernel knows once it has so many strokes: (strokes, share of the picture that is covered).

    JupyterLab sends a panel's changes to another thread of the kernel than cells: a cell that is run at once may be earlier.
    """
    found = {"strokes": None}
    for _ in range(40):
        found = json.loads(lab.run("json.dumps"))
        if len(found["strokes"]) == strokes:
            return found["strokes"], found["covered"]
        lab.page.wait_for_timeout(250)
    pytest.fail(f"the kernel has {found['strokes']}, not {strokes} strokes")


def test_the_kernel_sees_what_the_mouse_draws(drawing):
    lab, canvas = drawing
    assert seen(lab, 0) == ([], 0)
    before = canvas.evaluate("c => c.toDataURL()")
    drag(lab, canvas, [(0.2, 0.3), (0.8, 0.3)])
    lab.page.get_by_text("strokes: 1").wait_for(timeout=30_000)
    assert canvas.evaluate("c => c.toDataURL()") != before
    strokes, covered = seen(lab, 1)
    assert strokes[0]["radius"] == pytest.approx(0.05)
    assert strokes[0]["points"][0] == pytest.approx([0.2, 0.3], abs=0.01)
    assert strokes[0]["points"][-1] == pytest.approx([0.8, 0.3], abs=0.01)
    assert covered > 0.05


def test_the_lasso_fills_and_undo_takes_back(drawing):
    lab, canvas = drawing
    panel = lab.cell("MaskBrush(photo").locator(".jp-OutputArea")
    panel.get_by_label("tool").select_option("lasso")
    before = canvas.evaluate(MIDDLE)
    drag(lab, canvas, [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)])
    assert canvas.evaluate(MIDDLE) != before
    strokes, covered = seen(lab, 1)
    assert strokes[0]["radius"] == 0 and covered == pytest.approx(0.25, abs=0.02)
    panel.get_by_label("tool").select_option("brush")
    panel.get_by_label("radius").fill("0.1")
    drag(lab, canvas, [(0.9, 0.1), (0.9, 0.12)])
    strokes, more = seen(lab, 2)
    assert strokes[1]["radius"] == pytest.approx(0.1) and more > covered + 0.02
    panel.get_by_role("button", name="undo").click()
    assert seen(lab, 1)[1] == pytest.approx(covered)
    panel.get_by_label("soft edge").fill("0.1")
    panel.get_by_role("button", name="clear").click()
    assert seen(lab, 0) == ([], 0)


def test_the_canvas_is_described_and_shows_what_the_kernel_sets(drawing):
    lab, canvas = drawing
    assert canvas.get_attribute("aria-label") == "Draw the sky"
    before = canvas.evaluate(MIDDLE)
    lab.run("brush.strokes =")
    lab.page.wait_for_function(f"([c, before]) => ({MIDDLE})(c) != before", arg=[canvas.element_handle(), before], timeout=30_000)
    assert seen(lab, 1)[1] > 0.1
