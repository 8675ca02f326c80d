"""The lesson linter: every stored lesson keeps every rule, and every rule notices a lesson that does not."""

import re
import tomllib

import make_editions
import nbformat
import pytest
from checkout import ROOT
from lesson_rules import RULES, Lesson
from lesson_rules_stored import file_size, pictures_are_webp, pictures_in_outputs
from miniature import miniature, picture, typed_picture

PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]


def test_there_are_lessons_and_lesson_0_is_one():
    assert "00_start_here.ipynb" in [path.name for path in PATHS]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_lesson_keeps_the_rule(path, rule):
    lesson = Lesson(path, nbformat.read(path, as_version=4), REPOSITORY)
    problems = rule(lesson)
    assert not problems, "\n  ".join([f"{path.name}:", *problems])


@pytest.mark.parametrize("rule", [pictures_are_webp, pictures_in_outputs, file_size], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("edition", make_editions.EDITIONS)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_editions_keep_the_rules_on_pictures(path, edition, rule):
    lesson = make_editions.EDITIONS[edition](nbformat.read(path, as_version=4))
    assert not rule(Lesson(path, lesson, REPOSITORY))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_miniature_keeps_every_rule(rule, tmp_path):
    assert rule(miniature(tmp_path)) == []


def edit(where, old, new):
    """Replace text in the cell that `where` picks."""

    def spoil(lesson):
        cell = where(lesson)
        assert old in cell.source, "the miniature has changed: this test spoils nothing"
        cell.source = cell.source.replace(old, new)

    return spoil


def title(lesson):
    return lesson.cells[0]


def second(lesson):
    return lesson.cells[1]


def last(lesson):
    return lesson.cells[-1]


def a_section(lesson):
    return lesson.cells[5]


def an_idea(lesson):
    return lesson.code[2]


def tag(name):
    return lambda lesson: lesson.tagged(name)[0]


def drop(where):
    return lambda lesson: lesson.cells.remove(where(lesson))


def unfold(lesson):
    del lesson.tagged("solution")[0].metadata["jupyter"]


def verdict(lesson):
    next(c for c in lesson.code if c.source.startswith("check(")).outputs = []


def swap_play_and_traps(lesson):
    play, traps = lesson.heading("## Play"), lesson.heading("## Traps")
    lesson.cells[play : play + 2], lesson.cells[traps : traps + 2] = (
        lesson.cells[traps : traps + 2],
        lesson.cells[play : play + 2],
    )


def with_output(output_type, **fields):
    return lambda lesson: lesson.code[2].outputs.append(nbformat.v4.new_output(output_type, **fields))


def with_picture(mime, alt="a temple in grey"):
    return lambda lesson: lesson.code[2].outputs.append(typed_picture(mime, alt))


def with_html(text):
    return with_output("display_data", data={"text/html": text})


def without_alt(lesson):
    lesson.code[2].outputs = picture("")


def no_words_after_pictures(lesson):
    keep = [c for c in lesson.cells[4:] if c.cell_type == "code" or c.source.startswith("#")]
    lesson.cells[4:] = keep


def attached(lesson):
    title(lesson)["attachments"] = {"a.webp": {"image/webp": "AAAA"}}


def put(**metadata):
    return lambda lesson: lesson.code[2].metadata.update(metadata)


def set_attribute(where, name, value):
    return lambda lesson: setattr(where(lesson), name, value)


def twenty_cells(lesson):
    del lesson.cells[20:]


def kernel(lesson):
    lesson.notebook.metadata["kernelspec"]["name"] = "my-env"


def widgets(lesson):
    lesson.notebook.metadata["widgets"] = {"state": {}}


LONG = "\n".join(f"x{i} = {i}" for i in range(41))
SPOILED = {
    "title_cell": [
        edit(title, "Lesson 9", "Lesson 8"),
        edit(title, "![a", "[a"),
        edit(title, "a-course/blob", "another/blob"),
        edit(title, "You need", "Before"),
        edit(title, "Takes", "Time"),
        edit(title, "Every rule kept, in one page.", ""),
    ],
    "abilities": [edit(second, "- read\n", ""), edit(second, "## You will", "## We will")],
    "setup_cell": [edit(tag("setup"), "-q ", ""), edit(tag("setup"), "course.start()", "course.start(1)"), drop(tag("setup"))],
    "settings_cell": [
        edit(tag("settings"), "choose", "pick"),
        edit(tag("settings"), ", full={'size': 512}", ""),
        drop(tag("settings")),
    ],
    "order_of_sections": [swap_play_and_traps, edit(last, "What you have now", "The end"), drop(lambda le: le.cells[-2])],
    "papers": [edit(last, "(2016)", ""), edit(last, "(https://example.org/paper)", "")],
    "exercises": [
        drop(tag("solution")),
        drop(tag("exercise")),
        unfold,
        verdict,
        edit(tag("solution"), "assert ", ""),
        edit(lambda le: le.exercises()[1][0], "Exercise 2", "Exercise 3"),
        edit(lambda le: le.exercises()[0][2], "hint(", "help("),
        edit(lambda le: le.exercises()[0][0], "### Exercise", "### Try"),
    ],
    "exercise_names_stay_inside": [edit(an_idea, "settings.size", "my_task_1(3)")],
    "one_place_for_numbers": [
        edit(an_idea, "settings.size", "256"),
        edit(an_idea, "show(", "stylize(steps=300, x="),
        edit(an_idea, "show(", "range(50, "),
        set_attribute(an_idea, "source", "steps = 40"),
        set_attribute(an_idea, "source", "load(size=512)"),
    ],
    "sizes": [
        twenty_cells,
        set_attribute(an_idea, "source", LONG),
        set_attribute(an_idea, "source", "#" * 111),
        no_words_after_pictures,
    ],
    "words": [edit(a_section, "Here", "Simply here"), edit(a_section, "Here", "The color here")],
    "pictures_in_text": [
        edit(title, "cover.jpg", "no_such.jpg"),
        edit(title, "a small temple, painted", "temple"),
        edit(a_section, "Here", "<img src='x'>"),
    ],
    "pictures_in_outputs": [
        without_alt,
        with_picture("image/jpeg", ""),
        with_picture("image/svg+xml", "a temple"),
        with_html("<img src='x'>"),
        no_words_after_pictures,
        with_output("execute_result", data={"text/plain": "<Figure size 640x480 with 1 Axes>"}),
    ],
    "pictures_are_webp": [
        *(with_picture(f"image/{kind}") for kind in ("png", "jpeg", "webp", "gif", "svg+xml")),
        attached,
        *(with_html(f'<img src="data:image/{kind},iVBORw0KGgo=">') for kind in ("png;base64", "webp;base64", "svg+xml;utf8")),
        with_output("execute_result", data={"text/markdown": "![two words](data:image/gif;base64,AAAA)"}),
        edit(a_section, "Here", "![a small temple](data:image/jpeg;base64,/9j/) here"),
    ],
    "file_size": [set_attribute(an_idea, "source", "#" * 900_000), with_html("\N{GREEK SMALL LETTER ALPHA}" * 450_000)],
    "executed": [
        set_attribute(an_idea, "execution_count", None),
        set_attribute(an_idea, "execution_count", 99),
        set_attribute(tag("setup"), "outputs", []),
    ],
    "clean_outputs": [
        with_output("error", ename="E", evalue="e", traceback=[]),
        with_output("stream", name="stderr", text="UserWarning"),
        with_output("execute_result", data={"text/plain": "<function f at 0x7f>"}),
        with_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
        widgets,
    ],
    "normal_metadata": [kernel, put(collapsed=True), set_attribute(an_idea, "id", "cell-1")],
}
CASES = [(name, number, spoil) for name, spoilers in SPOILED.items() for number, spoil in enumerate(spoilers)]


@pytest.mark.parametrize(("name", "number", "spoil"), CASES, ids=[f"{name}-{number}" for name, number, _ in CASES])
def test_each_rule_notices_a_spoiled_lesson(name, number, spoil, tmp_path):
    lesson = miniature(tmp_path)
    assert lesson.code and lesson.words  # the views are computed before and must not hide what is spoiled after
    spoil(lesson)
    fresh = Lesson(lesson.path, lesson.notebook, lesson.repository)
    assert {rule.__name__: rule for rule in RULES}[name](fresh)


def test_every_rule_is_tested():
    assert {rule.__name__ for rule in RULES} == set(SPOILED)


def test_the_badges_slug_is_the_repository_of_pyproject():
    assert re.fullmatch(r"https://github\.com/[\w-]+/[\w-]+", REPOSITORY)
