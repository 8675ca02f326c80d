"""The rules on what a lesson shows and stores: words, pictures, outputs. Importing this module registers them."""

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import nbformat
from lesson_rules import DISCOURAGED, PICTURE, Lesson, rule

from nstlib.images import webp

MAX_BYTES = 900_000  # of a file: history keeps every state of it
ADDRESS = re.compile(r"data:image/[\w.+-]+[^,]*,[A-Za-z0-9+/=]*")
WEBP_ADDRESS = "data:image/webp;base64,"


class Images(HTMLParser):
    """The <img> tags of a piece of HTML: Images(text).found."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes of an image."""
        if tag == "img":
            self.found.append(dict(attrs))


def pictures(output: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    """The pictures that an output shows, by type or in its HTML: where the picture is, and its alternative text."""
    data = output.get("data", {})
    for mime in data:
        if mime.startswith("image/"):
            yield mime, output.metadata.get(mime, {}).get("alt", "")
    for image in Images(data.get("text/html", "")).found:
        yield image.get("src") or "", image.get("alt") or ""


@rule
def words(lesson: Lesson) -> list[str]:
    """No word that tells a reader how easy it should have been; British spelling outside code."""
    prose = [part for i, part in enumerate(lesson.words.split("`")) if i % 2 == 0]
    return [f"the word {found!r}" for part in prose for found in DISCOURAGED.findall(part)]


@rule
def pictures_in_text(lesson: Lesson) -> list[str]:
    """Every picture in a Markdown cell says what it shows, and is there."""
    problems = []
    for alt, target in PICTURE.findall(lesson.words):
        if "colab-badge" not in target and len(alt.split()) < 3:
            problems.append(f"{target} has no alt text of three words or more")
        is_local = not target.startswith(("http://", "https://", "attachment:", "data:"))
        if is_local and not (lesson.path.parent / target).is_file():
            problems.append(f"{target} is not there")
    return problems + ["a raw <img> tag: use ![alt](path)"] * ("<img" in lesson.words)


@rule
def pictures_in_outputs(lesson: Lesson) -> list[str]:
    """Every picture a cell makes carries alt text, and words follow it."""
    problems = []
    for cell, output in lesson.outputs():
        for _, alt in pictures(output):
            if len(alt.split()) < 3:
                problems.append(f"a picture without alt text from: {cell.source.splitlines()[-1]}")
            index = lesson.cells.index(cell)
            if not any(c.cell_type == "markdown" for c in lesson.cells[index + 1 : index + 3]):
                problems.append(f"no words on what to see after: {cell.source.splitlines()[-1]}")
        if "<Figure size" in str(output.get("data", {}).get("text/plain", "")):
            problems.append(f"a bare figure (use plots.show_figure) from: {cell.source.splitlines()[-1]}")
    return problems


@rule
def pictures_are_webp(lesson: Lesson) -> list[str]:
    """Every picture that the file holds is WebP, in HTML that every front end shows."""
    problems = [
        f"attachments of: {c.source[:40]!r}: a picture of the text is a file" for c in lesson.cells if c.get("attachments")
    ]
    texts = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
    for cell, output in lesson.outputs():
        data, last = output.get("data", {}), cell.source.splitlines()[-1]
        types = [mime for mime in data if mime.startswith("image/")]
        problems += [f"{mime} (run tools/run/run_lessons.py --normalise-only) from: {last}" for mime in types]
        texts += [data[mime] for mime in ("text/html", "text/markdown") if mime in data]
    held = [address for text in texts for address in ADDRESS.findall(text)]
    return problems + [f"{address[:40]}... holds no WebP" for address in held if not _holds_webp(address)]


def _holds_webp(address: str) -> bool:
    start = address.removeprefix(WEBP_ADDRESS)[:16]  # 12 bytes say what it is
    return address.startswith(WEBP_ADDRESS) and webp.is_webp(base64.b64decode(start))


@rule
def file_size(lesson: Lesson) -> list[str]:
    """A clone, and the history, stay small."""
    count = len(nbformat.writes(lesson.notebook).encode())
    return [f"{count:,} bytes, at most {MAX_BYTES:,}: show fewer pictures, or lower ones"] * (count > MAX_BYTES)


@rule
def executed(lesson: Lesson) -> list[str]:
    """Run from top to bottom, once, in the laptop profile on the embedded backbone."""
    counts = [cell.execution_count for cell in lesson.code if cell.source.strip()]
    problems = [] if counts == list(range(1, len(counts) + 1)) else ["not executed top to bottom: run tools/run/run_lessons.py"]
    start = str(lesson.code[0].outputs)
    for wanted in ("profile laptop", "backbone mini"):
        if wanted not in start:
            problems.append(f"the stored setup output does not say '{wanted}'")
    return problems


@rule
def clean_outputs(lesson: Lesson) -> list[str]:
    """No errors but those announced, no warnings, no addresses, no widget state."""
    problems = []
    for cell, output in lesson.outputs():
        last = cell.source.splitlines()[-1]
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
            problems.append(f"an error output from: {last}")
        if output.get("name") == "stderr":
            problems.append(f"text on stderr from: {last}: {output.text[:80]!r}")
        if " at 0x" in json.dumps(output):
            problems.append(f"a memory address from: {last}")
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            problems.append(f"a stored widget from: {last}")
    return problems + ["widget state in the metadata"] * ("widgets" in lesson.notebook.metadata)


@rule
def normal_metadata(lesson: Lesson) -> list[str]:
    """What tools/run/run_lessons.py leaves: the python3 kernel and no editor's marks."""
    kernel = lesson.notebook.metadata.get("kernelspec", {}).get("name")
    marks = {key for cell in lesson.cells for key in cell.metadata} - {"tags", "jupyter", "cellView"}
    ids = [cell.get("id") for cell in lesson.cells]
    problems = [] if kernel == "python3" else [f"kernel {kernel}, expected python3"]
    problems += [f"cell metadata {mark!r}" for mark in sorted(marks)]
    return problems + ([] if None not in ids and len(set(ids)) == len(ids) else ["cell ids missing or twice there"])
