"""The tests mirror the library: what tests nstlib/X/Y.py stands in tests/X/test_Y.py, and no test module leans on another."""

import ast

import pytest
from checkout import ROOT

TESTS = ROOT / "tests"
# Modules without a file of their own, and why.
ELSEWHERE = {
    "__init__.py": "the front door: test_doors.py opens it as every other",
    "__main__.py": "the command line: tests/commands call it for each of their commands",
    "errors.py": "classes without a line of code",
}
LESSON = "checks/lesson_"  # its exercises are tested by the table of answers with its name


def expected(module):
    """Where the tests of a module belong; None for the face of a folder, which re-exports and no more."""
    path = module.relative_to(ROOT / "nstlib")
    if LESSON in path.as_posix():
        return TESTS / path.parents[1] / "answers" / path.name
    if path.name == "__init__.py":
        computes = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.parse(module.read_text()).body)
        path = path.parent if computes else None
    return path and TESTS / path.parent / f"test_{path.stem}.py"


MODULES = [
    path for path in sorted((ROOT / "nstlib").rglob("*.py")) if path.relative_to(ROOT / "nstlib").as_posix() not in ELSEWHERE
]
TEST_FILES = sorted(TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("module", [path for path in MODULES if expected(path)], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_its_tests_where_its_path_says(module):
    found = expected(module)
    assert found.is_file(), f"test {module.relative_to(ROOT)} in {found.relative_to(ROOT)}, or give the reason in ELSEWHERE"


def test_what_is_tested_elsewhere_is_there_and_has_no_file_of_its_own():
    for name in ELSEWHERE:
        module = ROOT / "nstlib" / name
        assert module.is_file() and not (expected(module) or module.with_name("none")).exists(), name


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_module_imports_another(path):
    names = {file.stem for file in TEST_FILES}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom | ast.Import):
            imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert not names & {part for name in imported for part in name.split(".")}, f"line {node.lineno}: {imported}"
