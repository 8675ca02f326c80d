"""The rules of a lesson, each a function from a lesson to its list of problems; test_lessons.py applies and tests them."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median, quantiles

import nbformat

SETUP = """\
# Colab and other places without the course's library: install it, and leave the torch that is there alone.
import importlib.util

if importlib.util.find_spec("nstlib") is None:
    %pip install -q "nstlib[vgg19] @ git+{repository}"
from nstlib import course

course.start()"""
BADGE = "https://colab.research.google.com/github/{slug}/blob/main/notebooks/{name}"
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
LINK = re.compile(r"\[[^\]]+\]\((https?://[^)]+)\)")
DISCOURAGED = re.compile(r"\b((?i:simply|obviously|trivial|trivially)|colors?|colored)\b")  # Color: a paper's title
MAX_LINE = 110
# Lessons that differ in a number, each with its reason.
CELLS = {"default": (40, 80), "00_start_here": (15, 60)}  # the first is a welcome: a picture soon, little to build
EXERCISES = {"default": (2, 4), "00_start_here": (1, 4)}  # it shows how an exercise works, on one or more

RULES: list[Callable[["Lesson"], list[str]]] = []


def rule(check: Callable[["Lesson"], list[str]]) -> Callable[["Lesson"], list[str]]:
    """Register a rule."""
    RULES.append(check)
    return check


@dataclass
class Lesson:
    """One notebook, with the views of it that rules ask for."""

    path: Path
    notebook: nbformat.NotebookNode
    repository: str

    @cached_property
    def cells(self) -> list[nbformat.NotebookNode]:
        """Every cell, in order."""
        return self.notebook.cells

    @cached_property
    def code(self) -> list[nbformat.NotebookNode]:
        """The code cells."""
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @cached_property
    def words(self) -> str:
        """All Markdown text."""
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")

    def tagged(self, tag: str) -> list[nbformat.NotebookNode]:
        """The cells with a tag."""
        return [cell for cell in self.cells if tag in cell.metadata.get("tags", [])]

    def heading(self, prefix: str) -> int | None:
        """The index of the first Markdown cell whose first line starts so, or None."""
        found = (i for i, c in enumerate(self.cells) if c.cell_type == "markdown" and c.source.startswith(prefix))
        return next(found, None)

    def outputs(self) -> Iterator[tuple[nbformat.NotebookNode, nbformat.NotebookNode]]:
        """Pairs of a code cell and one of its outputs."""
        return ((cell, output) for cell in self.code for output in cell.outputs)

    def exercises(self) -> list[list[nbformat.NotebookNode]]:
        """The cells of each exercise: from its heading to its solution, or to the next heading."""
        found = []
        starts = [i for i, c in enumerate(self.cells) if c.cell_type == "markdown" and re.match("### Exercise", c.source)]
        for start in starts:
            group = [self.cells[start]]
            for cell in self.cells[start + 1 :]:
                if cell.cell_type == "markdown" and cell.source.startswith("#"):
                    break
                group.append(cell)
                if "solution" in cell.metadata.get("tags", []):
                    break
            found.append(group)
        return found


def tree(cell: nbformat.NotebookNode) -> ast.Module:
    """The syntax tree of a code cell, without its magics."""
    return ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", cell.source))


@rule
def title_cell(lesson: Lesson) -> list[str]:
    """Number and name, a promise, a picture with alt text, the badge, what it needs and takes."""
    first, number = lesson.cells[0].source, int(lesson.path.name[:2])
    wanted = {
        f"'# Lesson {number}: name'": re.match(rf"# Lesson {number}: \S+", first),
        "a picture": PICTURE.search(first.replace("[![", "[")),
        "**You need:**": "**You need:**" in first,
        "**Takes:**": "**Takes:**" in first,
        "a sentence of promise": re.search(r"^[A-Z][^\n]+[.!?]$", first, re.MULTILINE),
    }
    problems = [f"title cell without {what}" for what, there in wanted.items() if not there]
    badge = BADGE.format(slug=lesson.repository.removeprefix("https://github.com/"), name=lesson.path.name)
    return problems + ([] if badge in first else [f"title cell without the Colab badge to {badge}"])


@rule
def abilities(lesson: Lesson) -> list[str]:
    """'You will be able to' with three to five items stands second."""
    second = lesson.cells[1].source
    items = len(re.findall(r"^[-*] ", second, re.MULTILINE))
    right = second.startswith("## You will be able to") and 3 <= items <= 5
    return [] if right else ["the second cell is not '## You will be able to' with 3 to 5 items"]


@rule
def setup_cell(lesson: Lesson) -> list[str]:
    """The first code cell, tagged `setup`, with the course's own text."""
    cells, wanted = lesson.tagged("setup"), SETUP.format(repository=lesson.repository)
    right = len(cells) == 1 and cells[0] is lesson.code[0] and cells[0].source.strip() == wanted
    return [] if right else ["the first code cell is not the one cell tagged 'setup', with the text every lesson has"]


@rule
def settings_cell(lesson: Lesson) -> list[str]:
    """One cell tagged `settings`, right after the setup, calls choose with three profiles of the same names."""
    cells = lesson.tagged("settings")
    if len(cells) != 1 or cells[0] is not lesson.code[1]:
        return ["the second code cell is not the one cell tagged 'settings'"]
    calls = [n for n in ast.walk(tree(cells[0])) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith("choose")]
    if len(calls) != 1 or sorted(k.arg or "" for k in calls[0].keywords) != ["fast", "full", "laptop"]:
        return ["the settings cell does not call choose(fast=..., laptop=..., full=...) once"]
    return []


@rule
def order_of_sections(lesson: Lesson) -> list[str]:
    """Sections, then Play, Traps, and 'What you have now' as the last cell."""
    indices = {name: lesson.heading(name) for name in ("## Play", "## Traps", "## What you have now")}
    missing = [f"no section '{name}'" for name, index in indices.items() if index is None]
    if missing:
        return missing
    settings, play, traps, last = lesson.cells.index(lesson.code[1]), *indices.values()
    ideas = [c for c in lesson.cells[settings:play] if c.cell_type == "markdown" and c.source.startswith("## ")]
    problems = [] if len(ideas) >= 2 else ["fewer than two sections between the settings and Play"]
    if not play < traps < last == len(lesson.cells) - 1:
        problems.append("Play, Traps, What you have now are not in this order, the last one as the last cell")
    for name, start, end in [("Play", play, traps), ("Traps", traps, last)]:
        if not any(c.cell_type == "code" for c in lesson.cells[start:end]):
            problems.append(f"section {name} has no code cell")
    return problems


@rule
def papers(lesson: Lesson) -> list[str]:
    """The last cell lists papers, each with its year and a link."""
    items = re.findall(r"^[-*] .*(?:\n  .*)*", lesson.cells[-1].source, re.MULTILINE)
    good = [item for item in items if LINK.search(item) and re.search(r"\b(19|20)\d\d\b", item)]
    return [] if good else ["the last cell names no paper as a list item with year and link"]


@rule
def exercises(lesson: Lesson) -> list[str]:
    """Two to four, numbered; each has its stub, check, hint and folded solution, in this order."""
    groups, problems = lesson.exercises(), []
    low, high = EXERCISES.get(lesson.path.stem, EXERCISES["default"])
    if not low <= len(groups) <= high:
        problems.append(f"{len(groups)} exercises, expected {low} to {high}")
    for number, group in enumerate(groups, 1):
        problems += [f"exercise {number}: {what}" for what in _exercise_problems(number, group)]
    return problems


def _exercise_problems(number: int, group: list[nbformat.NotebookNode]) -> list[str]:
    code = [cell for cell in group if cell.cell_type == "code"]
    if len(code) != 3:
        return [f"{len(code)} code cells, expected the stub, the check with the hint, and the solution"]
    stub, check, solution = code
    name = re.search(r'check\("(\w+)"', check.source)
    wanted = {
        f"heading '### Exercise {number}: ...'": group[0].source.startswith(f"### Exercise {number}: "),
        "stub tagged 'exercise'": "exercise" in stub.metadata.get("tags", []),
        "check in the second cell": name,
        "hint in the second cell": name and f'hint("{name[1]}")' in check.source,
        "'not attempted' as the stored verdict on the stub": "not attempted" in str(check.outputs),
        "solution tagged 'solution'": "solution" in solution.metadata.get("tags", []),
        "folded solution": solution.metadata.get("jupyter", {}).get("source_hidden"),
        "solution that asserts its check": name and f'assert check("{name[1]}"' in solution.source,
    }
    return [f"no {what}" for what, there in wanted.items() if not there]


@rule
def exercise_names_stay_inside(lesson: Lesson) -> list[str]:
    """What a learner writes is used in its exercise only: the student edition has no solution to go on with."""
    problems = []
    for group in lesson.exercises():
        stubs = [cell for cell in group if "exercise" in cell.metadata.get("tags", [])]
        defined = {name for cell in stubs for name in _defined(tree(cell))}
        inside = {id(cell) for cell in group}
        for cell in lesson.code:
            if id(cell) not in inside:
                used = {n.id for n in ast.walk(tree(cell)) if isinstance(n, ast.Name)} & defined
                problems += [f"{name} belongs to an exercise and is used outside it" for name in sorted(used)]
    return problems


def _defined(module: ast.Module) -> set[str]:
    functions = {n.name for n in module.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    targets = [t for n in module.body if isinstance(n, ast.Assign) for t in n.targets]
    return functions | {t.id for t in targets if isinstance(t, ast.Name)}


@rule
def one_place_for_numbers(lesson: Lesson) -> list[str]:
    """Sizes and step counts stand in the settings cell, and nowhere else."""
    settings = {id(cell) for cell in lesson.tagged("settings")}
    found = [hit for cell in lesson.code if id(cell) not in settings for hit in _amounts(tree(cell))]
    return [f"{text}: such a number belongs in the settings cell" for text in found]


def _amounts(module: ast.Module) -> Iterator[str]:
    """Step counts and sizes that are written as numbers, larger than a toy example needs."""
    limits = {"steps": 3, "iterations": 3, "evaluations": 3, "epochs": 3, "max_iter": 3, "size": 64}
    pictures = {"photo", "style", "painting", "mask", "load_image", "resize"}
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            named = [(k.arg, k.value) for k in node.keywords]
            function = ast.unparse(node.func).split(".")[-1]
            named += [("size", a) for a in node.args if function in pictures]
            named += [("steps", a) for a in node.args[:1] if function == "range" and _number(a) >= 20]
        elif isinstance(node, ast.Assign):
            named = [(ast.unparse(target), node.value) for target in node.targets]
        else:
            continue
        yield from (ast.unparse(node) for name, value in named if _number(value) > limits.get(name, float("inf")))


def _number(node: ast.AST) -> float:
    return node.value if isinstance(node, ast.Constant) and type(node.value) in (int, float) else 0


@rule
def sizes(lesson: Lesson) -> list[str]:
    """Number of cells, lines of code cells, words between them."""
    low, high = CELLS.get(lesson.path.stem, CELLS["default"])
    lengths = [len(cell.source.splitlines()) for cell in lesson.code]
    widest = max(len(line) for cell in lesson.code for line in cell.source.splitlines() or [""])
    gaps = _words_between(lesson.cells)
    wanted = {
        f"{len(lesson.cells)} cells, expected {low} to {high}": low <= len(lesson.cells) <= high,
        f"code cells have {median(lengths)} lines in the median, at most 6": median(lengths) <= 6,
        "more than a tenth of the code cells are over 20 lines": quantiles(lengths, n=10)[-1] <= 20,
        f"a code cell of {max(lengths)} lines, at most 40": max(lengths) <= 40,
        f"a code line of {widest} characters, at most {MAX_LINE}": widest <= MAX_LINE,
        f"{median(gaps)} words between code cells in the median, expected 20 to 75": 20 <= median(gaps) <= 75,
    }
    return [problem for problem, fine in wanted.items() if not fine]


def _words_between(cells: list[nbformat.NotebookNode]) -> list[int]:
    """Words of Markdown before each code cell that has any, the title and abilities left out."""
    gaps, words = [], 0
    for cell in cells[2:]:
        if cell.cell_type == "markdown":
            words += len(re.findall(r"[^\W\d_]{2,}|\$[^$]+\$", cell.source))
        elif words:
            gaps.append(words)
            words = 0
    return gaps or [0]
