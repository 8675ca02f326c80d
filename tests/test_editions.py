"""The student's and the teacher's edition, and the runner that stores the lessons."""

import json

import make_editions
import nbformat
import pytest
import run_lessons
from miniature import miniature
from nbformat.v4 import new_code_cell, new_notebook, new_output


@pytest.fixture
def lesson(tmp_path):
    return miniature(tmp_path).notebook


def sources(notebook, tag):
    return [cell.source for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_students_get_stubs_and_no_solutions_or_outputs(lesson):
    edition = make_editions.student_edition(lesson)
    assert sources(edition, "exercise") == sources(lesson, "exercise")
    assert set(sources(edition, "solution")) == {make_editions.NO_SOLUTION}
    code = [cell for cell in edition.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert len(edition.cells) == len(lesson.cells)


def test_teachers_get_everything_with_the_solutions_open(lesson):
    edition = make_editions.teacher_edition(lesson)
    assert sources(edition, "solution") == sources(lesson, "solution") and len(sources(lesson, "solution")) == 2
    assert [c.get("outputs") for c in edition.cells] == [c.get("outputs") for c in lesson.cells]
    assert not any("jupyter" in cell.metadata for cell in edition.cells)
    assert "2 exercises" in edition.cells[0].source


def test_the_lesson_itself_is_left_alone(lesson):
    before = nbformat.writes(lesson)
    for make in make_editions.EDITIONS.values():
        make(lesson)
    assert nbformat.writes(lesson) == before


def test_editions_are_written_with_the_pictures_of_the_text(tmp_path, lesson):
    (tmp_path / "course/notebooks").mkdir(parents=True)
    (tmp_path / "course/cover.jpg").write_bytes(b"picture")
    lesson.cells[0].source = lesson.cells[0].source.replace("cover.jpg", "../cover.jpg")
    nbformat.write(lesson, tmp_path / "course/notebooks/09_mini.ipynb")
    assert make_editions.main([str(tmp_path / "course/notebooks/09_mini.ipynb"), "--build", str(tmp_path / "build")]) == 0
    for name in make_editions.EDITIONS:
        nbformat.validate(nbformat.read(tmp_path / f"build/{name}/notebooks/09_mini.ipynb", as_version=4))
        assert (tmp_path / f"build/{name}/cover.jpg").read_bytes() == b"picture"


def runnable(tmp_path, *cells):
    path = tmp_path / "07_small.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def test_a_run_stores_outputs_and_reports_what_it_took(tmp_path):
    path = runnable(tmp_path, new_code_cell("import os\nprint(os.environ['NSTLIB_PROFILE'])"), new_code_cell("6 * 7"))
    notebook = nbformat.read(path, as_version=4)
    run = run_lessons.run_lesson(path, notebook, "fast")
    assert not run.error and run.seconds > 0 and run.memory_mib > 10
    assert notebook.cells[0].outputs[0].text == "fast\n"
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert run.over({"seconds": 0, "memory_mib": 1e9}) == ["seconds"]


def test_a_failing_lesson_stops_there_and_is_not_stored(tmp_path, capsys):
    path = runnable(tmp_path, new_code_cell("1 / 0"), new_code_cell("open('reached', 'w')"))
    before = path.read_bytes()
    assert run_lessons.main([str(path), "--profile", "fast"]) == 1
    assert path.read_bytes() == before and not (tmp_path / "reached").exists()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_stored_notebook_is_normal_and_stays_so():
    widget = new_output("display_data", data={run_lessons.WIDGET_VIEW: {"model_id": "x"}, "text/plain": "Slider()"})
    bar = new_output("stream", text=" 1%\r 50%\r100%\ndone\n")
    cells = [new_code_cell("a", outputs=[widget, bar]), new_code_cell("a"), new_code_cell("b", metadata={"tags": ["solution"]})]
    cells[0].metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
    notebook = new_notebook(cells=cells, metadata={"widgets": {}, "kernelspec": {"name": "mine", "display_name": "m"}})
    once = nbformat.writes(run_lessons.normalise(notebook))
    assert nbformat.writes(run_lessons.normalise(notebook)) == once
    assert notebook.metadata.kernelspec.name == "python3" and "widgets" not in notebook.metadata
    assert [out.text for out in notebook.cells[0].outputs] == ["100%\ndone\n"]
    assert "execution" not in notebook.cells[0].metadata and notebook.cells[2].metadata.jupyter.source_hidden
    assert len({cell.id for cell in notebook.cells}) == 3


def test_a_lesson_may_have_a_budget_of_its_own(tmp_path):
    default = {profile: {"seconds": 60, "memory_mib": 100} for profile in run_lessons.PROFILES}
    (tmp_path / "budgets.json").write_text(json.dumps({"default": default, "03_x": {"fast": {"seconds": 5}}}))
    assert run_lessons.budget_of("03_x", "fast", tmp_path / "budgets.json") == {"seconds": 5, "memory_mib": 100}
    assert run_lessons.budget_of("04_y", "fast", tmp_path / "budgets.json") == {"seconds": 60, "memory_mib": 100}


@pytest.mark.parametrize("profile", run_lessons.PROFILES)
def test_every_profile_has_a_budget(profile):
    assert {"seconds", "memory_mib"} <= run_lessons.budget_of("any lesson", profile).keys()
