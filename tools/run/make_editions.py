"""Make the student's and the teacher's edition of the lessons from the same notebooks.

    python tools/run/make_editions.py            # into build/student/notebooks and build/teacher/notebooks

Student: no solutions, no outputs, nothing run. Teacher: everything, with the solutions unfolded and a line that says how
many exercises there are. Pictures that the text shows are copied along, so both folders can be handed out as they are.
"""

import argparse
import re
import shutil
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
NO_SOLUTION = "# The solution of this exercise is in the teacher's edition."
LOCAL_PICTURE = re.compile(r"!\[[^\]]*\]\((\.\./[^)\s]+)")


def is_solution(cell: NotebookNode) -> bool:
    """Whether a cell holds the solution of an exercise."""
    return "solution" in cell.metadata.get("tags", [])


def student_edition(lesson: NotebookNode) -> NotebookNode:
    """A copy without solutions and outputs, as if never run."""
    edition = deepcopy(lesson)
    for cell in edition.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if is_solution(cell):
            cell.source = NO_SOLUTION
            _unfold(cell)
    return edition


def teacher_edition(lesson: NotebookNode) -> NotebookNode:
    """A copy with every output, and the solutions open."""
    edition = deepcopy(lesson)
    solutions = [cell for cell in edition.cells if is_solution(cell)]
    for cell in solutions:
        _unfold(cell)
    note = f"\n\n*Teacher's edition: {len(solutions)} exercises, their solutions open.*"
    edition.cells[0].source += note
    return edition


EDITIONS = {"student": student_edition, "teacher": teacher_edition}


def _unfold(cell: NotebookNode) -> None:
    cell.metadata.pop("jupyter", None)
    cell.metadata.pop("cellView", None)


def write_edition(name: str, lessons: list[Path], build: Path) -> list[Path]:
    """Write one edition of the lessons below `build`, with the pictures their text shows; the files written."""
    folder = build / name / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in lessons:
        lesson = nbformat.read(path, as_version=4)
        nbformat.write(EDITIONS[name](lesson), folder / path.name)
        written.append(folder / path.name)
        for cell in lesson.cells:
            for target in LOCAL_PICTURE.findall(cell.source if cell.cell_type == "markdown" else ""):
                copy = folder / target
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path.parent / target, copy)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write both editions and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", type=Path, help="notebooks; all of notebooks/ by default")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    options = parser.parse_args(arguments)
    lessons = options.lessons or sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    for name in EDITIONS:
        written = write_edition(name, lessons, options.build)
        print(f"{name}: {len(written)} lessons in {options.build / name / 'notebooks'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
