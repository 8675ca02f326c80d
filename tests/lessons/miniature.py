"""A lesson that keeps every rule, small enough to spoil in one place: what the rules are tested on."""

from pathlib import Path

import nbformat
from lesson_rules import BADGE, SETUP, Lesson
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nstlib.images import webp

REPOSITORY = "https://github.com/somebody/a-course"
WORDS = "Here are the words that stand between two cells and say what the next one does and what to see in its picture. "
BADGE_PICTURE = "https://colab.research.google.com/assets/colab-badge.svg"


def code(source: str, *tags: str, outputs: list | None = None) -> nbformat.NotebookNode:
    """A code cell with tags and outputs."""
    metadata = {"tags": list(tags)} if tags else {}
    if "solution" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    return new_code_cell(source, metadata=metadata, outputs=outputs or [])


def said(text: str) -> list[nbformat.NotebookNode]:
    """The output of a print."""
    return [new_output("stream", text=text)]


def picture(alt: str) -> list[nbformat.NotebookNode]:
    """The output of a displayed picture: its first bytes, and its words."""
    return [new_output("display_data", data=webp.notebook_output(b"RIFF\0\0\0\0WEBPVP8 ", alt))]


def typed_picture(mime: str, alt: str = "a temple in grey") -> nbformat.NotebookNode:
    """The output of a picture by its type, as other programs display it."""
    return new_output("display_data", data={mime: "AAAA"}, metadata={mime: {"alt": alt}})


def exercise(number: int) -> list[nbformat.NotebookNode]:
    """Heading, stub, check with hint, solution."""
    name = f"task_{number}"
    return [
        new_markdown_cell(f"### Exercise {number}: do it\n\n{WORDS}"),
        code(f"def my_{name}(x):\n    ...", "exercise"),
        code(f'check("{name}", my_{name})\n# hint("{name}")', outputs=said(f"{name}: not attempted yet.")),
        code(f'# @title Solution\ndef my_{name}(x):\n    return x\n\n\nassert check("{name}", my_{name})', "solution"),
    ]


def section(number: int) -> list[nbformat.NotebookNode]:
    """An idea in words and a cell with a picture, three times."""
    pair = [new_markdown_cell(WORDS), code("show(photo('temple', settings.size))", outputs=picture("a temple in grey"))]
    return [new_markdown_cell(f"## Idea {number}"), *pair, *pair, *pair, new_markdown_cell("What to see: the temple.")]


def miniature(folder: Path) -> Lesson:
    """The lesson, as if it were the file 09_mini.ipynb in `folder`."""
    badge = BADGE.format(slug="somebody/a-course", name="09_mini.ipynb")
    (folder / "cover.jpg").touch()
    title = (
        "# Lesson 9: Small things\n\nEvery rule kept, in one page.\n\n![a small temple, painted](cover.jpg)\n\n"
        f"[![Open in Colab]({BADGE_PICTURE})]({badge})\n\n**You need:** lesson 0. **Takes:** 1 min."
    )
    settings = "settings = course.choose(fast={'size': 64}, laptop={'size': 256}, full={'size': 512})"
    cells = [
        new_markdown_cell(title),
        new_markdown_cell("## You will be able to\n\n- read\n- write\n- reckon"),
        code(SETUP.format(repository=REPOSITORY), "setup", outputs=said("device cpu | backbone mini | profile laptop")),
        code(settings, "settings"),
        *(section(1) + section(2) + exercise(1) + section(3) + exercise(2)),
        *(new_markdown_cell("## Play"), code("panel()"), new_markdown_cell(f"## Traps\n\n{WORDS}"), code("assert True")),
        new_markdown_cell("## What you have now\n\nThis.\n\n- A. Author, *A paper* (2016), [link](https://example.org/paper)"),
    ]
    cells = [nbformat.from_dict(dict(cell) | {"id": f"cell-{number}"}) for number, cell in enumerate(cells)]
    notebook = new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict({"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for number, cell in enumerate([c for c in notebook.cells if c.cell_type == "code"], 1):
        cell.execution_count = number
    return Lesson(folder / "09_mini.ipynb", notebook, REPOSITORY)
