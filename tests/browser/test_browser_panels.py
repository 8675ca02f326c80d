"""The play panels of the lessons as a reader meets them: JupyterLab in a browser."""

import re

import pytest

pytestmark = pytest.mark.browser
START = ("course.start()", "course.choose")
# The cells that a panel needs, each by a piece of it; the last is the panel's.
CELLS = {
    "01_cnn_features": (
        "import ipywidgets",
        'cat = photo("cat"',
        "def tint",
        "device = best_device()",
        "seen = see(cat)",
        "def choosiest",
        "def lit",
        "def look",
    ),
    "02_texture_before_cnns": (
        "def cut(",
        "import torch.nn.functional as F",
        "from nstlib.textures import efros_leung",
        "def source_colours",
        "moments = list(",
        "def press(",
    ),
    "03_gram_matrices": (
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
    ),
    "04_lbfgs_style_transfer": ("transfer_panel(",),
    "05_controlling_style": ("import base64", "def paint(", "from nstlib.notebook.panels.brush import MaskBrush", "def press("),
    "06_judging_style": (
        "import tempfile",
        "def paint(",
        "PHOTOS = (",
        "rng, n = ",
        "from nstlib.judging import Study",
        "INVENTED = ",
        "study_panel(mine",
    ),
    "07_fast_transfer": ("import time", "shipped = {", "import ipywidgets", "def press("),
    "08_many_styles": ("import copy", "many = load_fast", "mixing_panel(many"),
    "09_adain": ("import copy", "painter = AnyStyle", "encoded = [", "square_panel(painter"),
    "10_attention_sanet": ("import copy", "attention_panel(load_sanet()"),
}

SLIDER = "[role=slider], .ui-slider-handle"  # of ipywidgets 8, and of 7


@pytest.fixture
def open_panel(lab):
    """Open a lesson and run what its panel needs; the panel's output."""

    def opened(lesson):
        lab.open(f"{lesson}.ipynb", (*START, *CELLS[lesson]))
        return lab.cell(CELLS[lesson][-1]).locator(".jp-OutputArea").first

    return opened


def drag(area, points, steps):
    """Press the mouse at the first of two points of a widget, in pixels, and let it go at the second."""
    (x, y), (to_x, to_y) = points
    area.scroll_into_view_if_needed()
    box, mouse = area.bounding_box(), area.page.mouse
    mouse.move(box["x"] + x, box["y"] + y)
    mouse.down()
    mouse.move(box["x"] + to_x, box["y"] + to_y, steps=steps)
    mouse.up()


def wait_for(panel, pattern, seconds=60):
    """Wait until the panel says something like this."""
    panel.get_by_text(re.compile(pattern)).first.wait_for(timeout=1000 * seconds)


def test_lesson_1_shows_the_picture_and_the_layer_that_were_chosen(open_panel):
    panel = open_panel("01_cnn_features")
    seen = [source_of_the_picture(panel, [])]
    for which, choice in ((0, "coffee"), (1, "relu2_1")):
        panel.locator("select").nth(which).select_option(choice)
        seen.append(source_of_the_picture(panel, seen))
    assert len(set(seen)) == 3


def source_of_the_picture(panel, before):
    """The data of the panel's picture, as soon as it is another than those before."""
    picture = panel.locator("img").first
    for _ in range(100):
        if picture.count() and (source := picture.get_attribute("src")) not in before:
            assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 300
            return source
        panel.page.wait_for_timeout(200)
    raise AssertionError(f"no new picture in the panel, which says: {panel.inner_text()[-500:]}")


@pytest.mark.parametrize(
    ("lesson", "menu", "choice", "said", "widths"),
    [
        ("02_texture_before_cnns", 0, "swirls", "100% grown", range(512, 513)),
        ("03_gram_matrices", 2, "relu2_1", "texture loss", range(33, 10_000)),
    ],
)
def test_lessons_2_and_3_grow_the_texture_that_was_chosen(open_panel, lesson, menu, choice, said, widths):
    panel = open_panel(lesson)
    picture = panel.locator("img").first
    picture.wait_for(timeout=60_000)
    before = picture.get_attribute("src")
    panel.locator("select").nth(menu).select_option(choice)
    panel.get_by_role("button", name="Grow").click()
    panel.get_by_text(said).wait_for(timeout=60_000)
    assert picture.get_attribute("src") != before and picture.evaluate("i => i.naturalWidth") in widths


@pytest.fixture
def transfer(open_panel):
    """The panel of lesson 4, drawn and ready."""
    panel = open_panel("04_lbfgs_style_transfer")
    panel.get_by_role("button", name="paint").wait_for(timeout=60_000)
    return panel


def evaluations(panel):
    """(state, number of evaluations) that the panel says."""
    panel.scroll_into_view_if_needed()  # JupyterLab does not draw cells that are far from the screen
    shown = panel.get_by_text(re.compile("evaluation")).first.text_content()
    state, number = re.search(r"(\w+): evaluation (\d+)", shown).groups()
    return state, int(number)


def test_lesson_4_paints_stops_and_goes_on(transfer):
    def button(name):
        return transfer.get_by_role("button", name=name, exact=True)

    assert button("stop").is_disabled() and button("go on").is_disabled()
    picture = transfer.locator("img").nth(2)
    before = picture.get_attribute("src")

    button("paint").click()
    wait_for(transfer, r"painting: evaluation ([2-9]|\d\d)")
    button("stop").click()
    wait_for(transfer, "stopped: evaluation")
    painted, (_, stopped_at) = picture.get_attribute("src"), evaluations(transfer)
    assert painted != before
    transfer.page.wait_for_timeout(1000)
    assert evaluations(transfer) == ("stopped", stopped_at)

    button("go on").click()
    wait_for(transfer, "painting: evaluation")
    button("stop").click()
    wait_for(transfer, "stopped: evaluation")
    assert evaluations(transfer)[1] > stopped_at
    assert picture.get_attribute("src") != painted
    assert picture.evaluate("i => i.naturalWidth") > 32


def test_the_kernel_answers_while_lesson_4_paints(lab, transfer):
    transfer.get_by_role("button", name="paint", exact=True).click()
    wait_for(transfer, "painting: evaluation")
    assert "profile fast:" in lab.run("course.choose")
    assert evaluations(transfer)[0] == "painting"
    transfer.get_by_role("button", name="stop", exact=True).click()
    wait_for(transfer, "stopped: evaluation")


def test_lesson_5_paints_a_region_that_was_drawn(open_panel):
    panel = open_panel("05_controlling_style")
    canvas = panel.locator("canvas.nst-canvas")
    canvas.wait_for(timeout=60_000)
    panel.get_by_role("button", name="clear").click()
    panel.get_by_role("button", name="paint").click()
    wait_for(panel, "Draw a region first", 30)
    box = canvas.bounding_box()
    drag(canvas, [(share * box["width"], 0.5 * box["height"]) for share in (0.2, 0.8)], 8)
    wait_for(panel, "strokes: 1", 30)
    picture = panel.locator("img").first
    before = picture.get_attribute("src")
    panel.locator("select").nth(1).select_option("glass")
    panel.get_by_role("button", name="paint").click()
    wait_for(panel, "painted in")
    assert picture.get_attribute("src") != before and picture.evaluate("i => i.naturalWidth") > 32


def test_lesson_6_asks_blindly_and_goes_on(open_panel):
    panel = open_panel("06_judging_style")
    panel.scroll_into_view_if_needed()
    panel.get_by_placeholder("nickname").fill("ann")
    panel.get_by_role("button", name="begin").click()
    wait_for(panel, "question 1 of", 30)
    pictures = panel.locator("img")
    before = [pictures.nth(k).get_attribute("src") for k in range(2)]
    assert all(pictures.nth(k).evaluate("i => i.naturalWidth") > 32 for k in range(2)) and before[0] != before[1]
    shown = panel.inner_text()
    assert not any(method in shown for method in ("Gram", "photograph", "style pasted", "colours only", "mean, deviation"))
    panel.page.wait_for_timeout(600)  # longer than the panel takes for a double click
    panel.get_by_role("button", name="left is better").click()
    wait_for(panel, "question 2 of", 30)
    assert [pictures.nth(k).get_attribute("src") for k in range(2)] != before


def test_lesson_7_paints_what_is_chosen(open_panel):
    """Another photograph, network or size is painted at once."""
    panel = open_panel("07_fast_transfer")
    picture, wait = panel.locator("img").first, panel.page.wait_for_function
    wait_for(panel, "px in")
    for number, choice in ((0, "cat"), (1, "mosaic")):
        before = picture.get_attribute("src")
        panel.locator("select").nth(number).select_option(choice)
        wait("([i, s]) => i.src !== s && i.naturalWidth > 32", arg=[picture.element_handle(), before], timeout=60_000)
    width = picture.evaluate("i => i.naturalWidth")
    slider = panel.locator(SLIDER).first
    slider.focus()
    slider.press("End")
    wait("([i, w]) => i.naturalWidth > w", arg=[picture.element_handle(), width], timeout=60_000)


@pytest.mark.parametrize(
    ("lesson", "area", "begun", "points", "said", "other"),
    [
        (
            "08_many_styles",
            "svg.nst-triangle",
            "swirls 33 %",
            [(170, 180), (60, 250)],
            (r"^1\.00 swirls", r"^0\.97 swirls"),
            "mosaic",
        ),
        (
            "09_adain",
            "svg.nst-square",
            "swirls 25 %, autumn 25 %",
            [(170, 146), (66, 30)],
            (r"^1\.00 swirls.* strength 1\.00", r"^0\.97 swirls \+ 0\.03 autumn"),
            "waves",
        ),
    ],
)
def test_lessons_8_and_9_mix_where_the_mouse_goes(open_panel, lesson, area, begun, points, said, other):
    """From the middle beyond the corner of the swirls; a step with the key; another style at the corner."""
    panel = open_panel(lesson)
    area = panel.locator(area)
    area.wait_for(timeout=60_000)
    assert begun in area.get_attribute("aria-label")
    picture = panel.locator("img").first
    before, scale = picture.get_attribute("src"), area.bounding_box()["width"] / 340  # the drawing is 340 units wide
    drag(area, [(x * scale, y * scale) for x, y in points], 6)
    wait_for(panel, said[0])
    alone = picture.get_attribute("src")
    assert alone != before and picture.evaluate("i => i.naturalWidth") > 32
    assert "swirls 100 %" in area.get_attribute("aria-label")
    area.press("ArrowRight")
    wait_for(panel, said[1])
    panel.locator("select").nth(1).select_option(other)
    wait_for(panel, rf"^0\.97 {other}")
    assert picture.get_attribute("src") != alone
    if lesson == "09_adain":
        panel.locator(SLIDER).first.press("Home")
        wait_for(panel, r"strength 0\.00")


def test_lesson_10_lights_what_the_mark_asks_for(open_panel):
    """Moved by mouse and by keys, the mark lights other places of the style."""
    panel = open_panel("10_attention_sanet")
    pair = panel.locator("svg.nst-attention")
    pair.wait_for(timeout=60_000)
    pair.scroll_into_view_if_needed()
    photograph, style = pair.locator("image").all()

    def addresses():
        return photograph.get_attribute("href"), style.get_attribute("href")

    before, box, mouse = addresses(), pair.bounding_box(), panel.page.mouse
    mouse.click(box["x"] + 3, box["y"] + 3)  # the corner, far from the mark
    wait_for(panel, r"^column 0, row 0: half of its weight")
    corner = addresses()
    assert corner[0] == before[0] and corner[1] != before[1] and corner[1].startswith("data:image/jpeg")
    mouse.click(box["x"] + box["width"] - 3, box["y"] + 3)  # the style is only looked at
    pair.press("ArrowRight")
    pair.press("ArrowDown")
    wait_for(panel, r"^column 1, row 1: half")
    assert "Column 1 of" in pair.get_attribute("aria-label") and addresses()[1] != corner[1]
    mark = pair.locator("rect.mark").bounding_box()
    assert mark["width"] > 4 and mark["x"] >= box["x"] - 4
    panel.locator("select").nth(2).select_option("relu5_1")
    wait_for(panel, r"^column 0, row 0: half")
    panel.locator("select").nth(3).select_option("painted")
    changed = "([image, old]) => image.getAttribute('href') !== old"
    panel.page.wait_for_function(changed, arg=[photograph.element_handle(), before[0]], timeout=60_000)
