"""The student's and the teacher's edition, and the runner that stores the lessons."""

import base64
import io
import json

import make_editions
import nbformat
import numpy as np
import pytest
import run_lessons
from lesson_rules_stored import Images
from miniature import miniature
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image


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


# A field with a bar in it: clear enough to be found again after lossy encoding.
BAR = np.full((32, 48, 3), 240, dtype=np.uint8)
BAR[8:24, :12] = (200, 30, 30)


def encoded(kind, mode="RGB", **options):
    """The bar in a file of this kind and mode, in base64, as a notebook stores it."""
    data = io.BytesIO()
    Image.fromarray(BAR).convert(mode).save(data, kind, **options)
    return base64.encodebytes(data.getvalue()).decode("ascii")


def stored(data, metadata=None):
    """An output, normalised twice, to the same."""
    output = new_output("display_data", data=data, metadata=metadata or {})
    notebook = run_lessons.normalise(new_notebook(cells=[new_code_cell("show()", outputs=[output])]))
    once = nbformat.writes(notebook)
    assert nbformat.writes(run_lessons.normalise(nbformat.reads(once, as_version=4))) == once
    return notebook.cells[0].outputs[0]


def pixels(output):
    (image,) = Images(output.data["text/html"]).found
    assert image["src"].startswith("data:image/webp;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))).convert("RGB"), dtype=float)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "I;16"])
def test_a_stored_png_becomes_webp_with_every_pixel(mode):
    bar = Image.fromarray(BAR)
    file = io.BytesIO()
    (bar.convert(mode) if mode != "I;16" else Image.fromarray(BAR[..., 0].astype(np.uint16) * 257)).save(file, "PNG")
    expected = BAR[..., :1].repeat(3, -1) if mode == "I;16" else np.asarray(bar.convert(mode).convert("RGB"))
    output = stored({"image/png": base64.b64encode(file.getvalue()).decode("ascii"), "text/plain": "bar"})
    assert np.array_equal(pixels(output), expected) and output.data["text/plain"] == "bar"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_stored_jpeg_becomes_webp_and_looks_the_same(mode):
    expected = np.asarray(Image.fromarray(BAR).convert(mode).convert("RGB"), dtype=float)
    assert np.abs(pixels(stored({"image/jpeg": encoded("JPEG", mode, quality=95)})) - expected).mean() < 8  # of 255


def test_a_stored_picture_stays_upright_and_on_white_paper():
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera held on its side
    turned = pixels(stored({"image/jpeg": encoded("JPEG", exif=exif)}))
    assert turned.shape == (48, 32, 3) and turned[4, 16, 1] < 80 < turned[40, 16, 1]  # the bar is on top
    nothing = io.BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(nothing, "PNG")
    assert (pixels(stored({"image/png": base64.b64encode(nothing.getvalue()).decode("ascii")})) == 255).all()


def test_words_and_size_of_a_stored_picture_are_kept():
    known = {"image/png": {"alt": 'a "red" bar', "width": 24}, "isolated": True}
    output = stored({"image/png": encoded("PNG"), "text/plain": "bar"}, known)
    (image,) = Images(output.data["text/html"]).found
    assert image["alt"] == 'a "red" bar' and image["width"] == "24" and "height" not in image
    assert output.metadata == {"isolated": True} and set(output.data) == {"text/html", "text/plain"}


@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_a_picture_that_is_webp_is_not_encoded_again(options):
    before = encoded("WEBP", **options).replace("\n", "")
    (typed,) = Images(stored({"image/webp": before}).data["text/html"]).found
    assert typed["src"].partition(",")[2] == before
    inside = f'<img alt="a red bar" src="data:image/webp;base64,{before}">'
    assert stored({"text/html": inside}).data["text/html"] == inside


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_within_html_become_webp_and_the_rest_of_it_stays(kind):
    address = f"data:image/{kind.lower()};base64,{encoded(kind)}".replace("\n", "")
    output = stored({"text/html": f'<p>x = 1</p><img alt="a red bar" src="{address}"><a href="x.png">more</a>'})
    assert np.abs(pixels(output) - BAR).mean() < 8
    text = output.data["text/html"]
    assert text.startswith('<p>x = 1</p><img alt="a red bar" src="') and text.endswith('"><a href="x.png">more</a>')


def test_of_a_picture_in_several_types_one_is_stored():
    both = stored({"image/png": encoded("PNG"), "image/jpeg": encoded("JPEG")})
    assert set(both.data) == {"text/html", "text/plain"} and pixels(both).shape == BAR.shape
    table = stored({"text/html": "<table></table>", "image/png": encoded("PNG")}, {"image/png": {"width": 3}})
    assert table.data == {"text/html": "<table></table>"} and not table.metadata


def test_an_output_without_pictures_stays():
    data = {"text/html": "<b>5</b>", "text/plain": "data:image/png;base64,AAAA", "application/json": {"a": 1}}
    assert stored(data).data == data


def test_a_lesson_may_have_a_budget_of_its_own(tmp_path):
    default = {profile: {"seconds": 60, "memory_mib": 100} for profile in run_lessons.PROFILES}
    (tmp_path / "budgets.json").write_text(json.dumps({"default": default, "03_x": {"fast": {"seconds": 5}}}))
    assert run_lessons.budget_of("03_x", "fast", tmp_path / "budgets.json") == {"seconds": 5, "memory_mib": 100}
    assert run_lessons.budget_of("04_y", "fast", tmp_path / "budgets.json") == {"seconds": 60, "memory_mib": 100}


@pytest.mark.parametrize("profile", run_lessons.PROFILES)
def test_every_profile_has_a_budget(profile):
    assert {"seconds", "memory_mib"} <= run_lessons.budget_of("any lesson", profile).keys()
