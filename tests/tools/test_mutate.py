"""The tool that plants faults: which it finds, which it leaves alone, and that a test which sees one is named."""

import re
import subprocess
import sys
import textwrap

import executed
import mutate
import pytest
from mutations import faults_of


def found(tmp_path, source):
    """{(kind, line of the file with the fault)} of a small file."""
    path = tmp_path / "room.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    whole = path.read_bytes()
    return {
        (fault.kind, fault.planted(whole).decode().splitlines()[fault.line - 1].strip()) for fault in faults_of(path, tmp_path)
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {("comparison", "x = (a <= b)")}),
        ("x = a in b", {("comparison", "x = (a not in b)")}),
        ("x = a * b", {("arithmetic", "x = (a / b)")}),
        ("x = a and b", {("and/or", "x = (a or b)")}),
        ("x = -a", {("sign", "x = (a)")}),
        ("x = not a", {("sign", "x = (a)")}),
        ("x = True", {("truth", "x = False")}),
        ("x = 0.5", {("number", "x = 1.0")}),
        ("x = 0.0", {("number", "x = 1.0")}),
        ("x = a if b else c", {("branch", "x = (c if b else a)")}),
        ("if a: pass", {("condition", "if (not (a)): pass")}),
        ("x = f(a, b)", {("swap", "x = (f(b, a))")}),
        ("x = f(a=b)", {("keyword", "x = (f())")}),
        ("x = [a for a in b if a]", {("condition", "x = [a for a in b if (not (a))]")}),
        ("é = 'é'; x = a + b", {("arithmetic", "é = 'é'; x = (a - b)")}),  # places are counted in bytes
    ],
)
def test_each_kind_of_fault(tmp_path, source, expected):
    assert found(tmp_path, source) == expected


def test_a_number_is_one_off(tmp_path):
    ((kind, line),) = found(tmp_path, "x = 5")
    assert kind == "number" and line in ("x = (4)", "x = (6)")


@pytest.mark.parametrize(
    "source",
    [
        '"""A text, 5 < 6."""',
        "raise NstError(f'{a + 1}', b, c)",
        "log.info('%d', a + 1)",
        "def f(x: list[int, 3]) -> tuple[4]: ...",
        "def f(progress=True): ...",
        "x = tqdm(a, total=5)",
        "x = f'{a + b}'",
        "x = max(a, b)",
        "x = f(a, a)",
        "KEPT_BYTES = 2**30",
        "zip(a, strict=True)",
        "import a",
        "x: int",
        "x = 'a' + b",
        "x = a.shape[-2:]",
        "x = f(1e-9)",
        "@cache(5)\ndef f(): ...",
    ],
)
def test_what_is_left_alone(tmp_path, source):
    assert not found(tmp_path, source)


def test_where_a_fault_belongs(tmp_path):
    """A header's to the whole function, whose body says whether it is seen; a condition's to its own lines."""
    path = tmp_path / "room.py"
    path.write_text("def f(a=5):\n    if (a >\n            b):\n        return a\n    return b\n")
    assert {fault.kind: fault.around for fault in faults_of(path, tmp_path)} == {
        "number": (1, 5),
        "comparison": (2, 3),
        "condition": (2, 3),
    }


def test_the_quickest_tests_of_the_line_come_first(tmp_path):
    """A constant, which is computed at import, belongs to every test of its file."""
    path = tmp_path / "room.py"
    path.write_text("X = 5\n\n\ndef f(a):\n    return a + X\n")
    constant, line = sorted(faults_of(path, tmp_path), key=lambda fault: fault.line)
    tests = {
        name: {"seconds": seconds, "lines": lines}
        for name, seconds, lines in [
            ("slow", 9, {"room.py": [5]}),
            ("quick", 1, {"room.py": [4, 5]}),
            ("other", 0, {"room.py": [1, 4]}),
            ("none", 0, {"hall.py": [5]}),
        ]
    }
    assert mutate.tests_for(line, tests, 60) == ["quick", "slow"] and mutate.tests_for(line, tests, 5) == ["quick"]
    assert mutate.tests_for(constant, tests, 60) == ["other", "quick", "slow"]
    assert mutate.tests_for(line, {"other": tests["other"]}, 60) == ["other"] and mutate.tests_for(line, {}, 60) == []


def test_a_folders_own_file_belongs_to_the_tests_of_its_folder(tmp_path):
    (tmp_path / "nstlib" / "room").mkdir(parents=True)
    path = tmp_path / "nstlib" / "room" / "__init__.py"
    path.write_text("f = g(a, b)\n")
    (fault,) = faults_of(path, tmp_path)
    inside, beside = (f"tests/{room}/test_door.py::test_it" for room in ("room", "hall"))
    assert mutate.tests_for(fault, {name: {"seconds": 1, "lines": {}} for name in (inside, beside)}, 60) == [inside]


def test_a_library_that_stands_elsewhere_is_refused(monkeypatch, tmp_path):
    """All of its faults would survive, because no test executes a line of the one that is looked at."""
    executed.check_library()
    monkeypatch.setattr(executed, "PACKAGE", tmp_path / "nstlib")
    with pytest.raises(SystemExit, match=f"imported from .*nstlib, not from {re.escape(str(tmp_path))}.*PYTHONPATH"):
        executed.check_library()


@pytest.mark.skipif(sys.platform != "linux", reason="the tool needs a system that can fork")
def test_a_fault_that_a_test_sees_is_told_from_one_that_none_sees(tmp_path):
    """In a small course of its own: `half` and its constant are tested, `twice` is only run."""
    (tmp_path / "nstlib").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "nstlib" / "__init__.py").write_text("")
    (tmp_path / "nstlib" / "room.py").write_text(
        "TWO = 2\n\n\ndef half(x):\n    return x / TWO\n\n\ndef twice(x):\n    return x + x\n"
    )
    (tmp_path / "tests" / "test_room.py").write_text(
        "from nstlib.room import half, twice\n\n\ndef test_half():\n    assert half(4) == 2\n\n\n"
        "def test_twice():\n    assert twice(4) is not None\n"
    )
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(executed.ROOT / "tools" / "measure")!r})
        import executed
        import mutate
        root = Path({str(tmp_path)!r})
        executed.ROOT, executed.PACKAGE, executed.BUILD, mutate.HEAVY = root, root / "nstlib", root / "build", ()
        sys.argv = ["mutate", str(root / "nstlib" / "room.py"), "--log", str(root / "log.jsonl")]
        mutate.main()
    """)
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert "2 of 3 faults seen: 0.667" in runs[0] and "-    return x + x\n+    return (x - x)" in runs[0]
    assert "seen in" in runs[0] and "test_room.py::test_half" in runs[0]
    assert (
        runs[1].splitlines()[-1] == runs[0].splitlines()[-1] and "seen in" not in runs[1]
    )  # the log is read, nothing done again
