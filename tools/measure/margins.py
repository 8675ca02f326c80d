"""Measure how far the assertions of tests and lessons stand from their bounds, and list those that stand too near.

    python tools/measure/margins.py                                   # all: hours on two cores
    python tools/measure/margins.py tests/losses notebooks/03_gram_matrices.ipynb --arithmetics 0 1

The margin of `a < b` is b - a, that of `a >= b` is a - b, that of closeness is 1 minus the used share of the tolerance; of
a test or a lesson the least one counts. Near is a mean margin over the runs below three standard deviations, and one of
floats below a twentieth of the bound. A negative margin that failed nothing is one arm of an `or` or of an `any`.
Comparisons without order or tolerance, and those in other processes or in the library, are not seen.
"""

import argparse
import ast
import builtins
import json
import operator
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import nbformat
import numpy as np
from _pytest.assertion import rewrite

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "run"))
import run_lessons

RECORD = "NSTLIB_MARGINS"  # names the file to which a run adds its margins
NAMES = ("OMP_NUM_THREADS", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE")
ARITHMETICS = [("1",), ("1", "default", "SSE41", "Nehalem"), ("2", "avx2", "AVX2", "Haswell"), ("3",)]
ORDERS = {"Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge, "Eq": operator.eq}
TOLERANCES = {"assert_close": (1.3e-6, 1e-5), "assert_allclose": (1e-7, 0.0), "allclose": (1e-5, 1e-8)}  # relative, absolute
where = ""  # the test or the lesson that runs


class Watch(ast.NodeTransformer):
    """Put calls that note the margin in place of an assertion's comparisons and of calls like assert_close."""

    asserted = False

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.asserted = True
        self.generic_visit(node)
        self.asserted = False
        return ast.fix_missing_locations(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        names, text = [type(one).__name__ for one in node.ops], ast.unparse(node)
        self.generic_visit(node)
        if not self.asserted or not ORDERS.keys() >= set(names) or (set(names) == {"Eq"} and "approx" not in text):
            return node
        known = map(ast.Constant, (text, " ".join(names)))
        return ast.Call(ast.Name("_compared", ast.Load()), [*known, node.left, *node.comparators], [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        text = ast.unparse(node)
        self.generic_visit(node)
        if ast.unparse(node.func).split(".")[-1] in TOLERANCES:
            node.args[:0], node.func = [ast.Constant(text), node.func], ast.Name("_closed", ast.Load())
        return ast.fix_missing_locations(node)


def numbers(value: object) -> np.ndarray | None:
    """What can be ordered, as int or float64; None for sets, texts and the rest."""
    found = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    return found.astype(float if found.dtype.kind == "f" else int) if found.size and found.dtype.kind in "biuf" else None


def compared(text: str, names: str, *sides: object) -> object:
    """The value of a chain of comparisons; notes the margin of each."""
    for name, one, other in zip(names.split(), sides, sides[1:]):
        left, right = numbers(one), numbers(other)
        if name == "Eq" and "approx" in text:
            approx, found = (one, other) if hasattr(one, "expected") else (other, one)
            pairs = approx._yield_comparisons(found) if np.ndim(approx.expected) else [(found, approx.expected)]
            note(text, [1 - abs(float(a) - b) / max(approx._approx_scalar(b).tolerance, 1e-300) for a, b in pairs], 1.0)
        elif name != "Eq" and left is not None and right is not None:
            note(text, (right - left) * (1 if name.startswith("Lt") else -1), right, left.dtype == right.dtype == int)
        result = ORDERS[name](one, other)
        if len(sides) > 2 and not result:
            break
    return result


def closed(text: str, function: object, *arguments: object, **options: object) -> object:
    """What a call like assert_close gives; notes its margin."""
    sides = [function.__self__, *arguments] if len(arguments) == 1 else arguments
    left, right = (numbers(side) for side in sides[:2])
    if left is not None and right is not None:
        rtol, atol = (options.get(name, usual) for name, usual in zip(("rtol", "atol"), TOLERANCES[function.__name__]))
        note(text, 1 - np.abs(left - right) / np.maximum(atol + rtol * np.abs(right), 1e-300), 1.0, (left == right).all())
    return function(*arguments, **options)


def note(text: str, margins: object, bounds: object, exact: bool = False) -> None:
    """Add the least of some margins to the record, with its bound and whether it is one of whole numbers or of equals."""
    least = np.argmin(margins := np.asarray(margins))
    line = where, text, float(margins.flat[least]), float(np.broadcast_to(bounds, margins.shape).flat[least]), bool(exact)
    with open(os.environ[RECORD], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def pytest_configure() -> None:
    """As a plugin of pytest: watch the test modules before it rewrites their assertions, not those of other plugins."""
    usual = rewrite.rewrite_asserts
    rewrite.rewrite_asserts = lambda tree, source, path, *rest: usual(
        Watch().visit(tree) if path.startswith(str(ROOT / "tests")) else tree, source, path, *rest
    )


def pytest_runtest_logstart(nodeid: str) -> None:
    """What is noted from now on belongs to this test or lesson."""
    global where
    where, builtins._compared, builtins._closed = nodeid, compared, closed


def run_lesson(path: Path) -> None:
    """Run a lesson in the profile of the environment, fast by default, its cells watched."""
    notebook, tools = nbformat.read(path, as_version=4), str(ROOT / "tools" / "measure")
    watch = f"import sys; sys.path.append({tools!r}); import margins as m; m.pytest_runtest_logstart({path.name!r})"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"{watch}; get_ipython().ast_transformers.append(m.Watch())"))
    run = run_lessons.run_lesson(path, notebook, os.environ.get("NSTLIB_PROFILE", "fast"))
    print(path.name, run.error or "ran", file=sys.stderr)


def measure(paths: list[str], environment: dict[str, str], marker: str) -> dict[tuple[str, str], list]:
    """Run tests and lessons in one environment: {(test, assertion): [least margin, its bound, whether exact]}."""
    lessons, found = [path for path in paths if path.endswith(".ipynb")], {}
    with tempfile.TemporaryDirectory() as folder:  # also for pytest's rewritten modules
        (record := Path(folder) / "margins").touch()
        new = {
            RECORD: str(record),
            "PYTHONPYCACHEPREFIX": folder,
            "PYTHONPATH": f"{ROOT / 'tools' / 'measure'}{os.pathsep}{ROOT}",
        }
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "margins", "-m", marker]
        with mock.patch.dict(os.environ, environment | new):
            if tests := [path for path in paths if path not in lessons]:
                subprocess.run([*pytest, *tests], stdout=sys.stderr, check=False)
            for path in lessons:
                run_lesson(Path(path))
        for test, text, *rest in map(json.loads, record.read_text(encoding="utf-8").splitlines()):
            found[test, text] = min(found.get((test, text), rest), rest)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=["tests", *map(str, sorted(ROOT.glob("notebooks/[0-9]*.ipynb")))])
    parser.add_argument("--arithmetics", type=int, nargs="+", default=range(len(ARITHMETICS)), help="which of ARITHMETICS")
    parser.add_argument("--seeds", type=int, default=5, help="of the tests that are marked sampled")
    args = parser.parse_args()
    runs = [measure(args.paths, dict(zip(NAMES, ARITHMETICS[number])), "not browser") for number in args.arithmetics]
    tests = [path for path in args.paths if not path.endswith(".ipynb")]
    runs += [measure(tests, {"NSTLIB_TEST_SEED": str(seed)}, "sampled") for seed in range(1, args.seeds)]
    print("| test or lesson | assertion | mean margin | least | spread | bound |\n|---|---|---|---|---|---|")
    for test, text in (keys := dict.fromkeys(key for run in runs for key in run)):
        margins, bounds, exact = zip(*(run[test, text] for run in runs if (test, text) in run))
        mean, least, spread = np.mean(margins), min(margins), np.std(margins)
        if least < 0 or mean < 3 * spread or (any(margins) and not all(exact) and mean < abs(bounds[0]) / 20):
            print(f"| {test} | `{text}` | {mean:.3g} | {least:.3g} | {spread:.2g} | {bounds[0]:.3g} |")
    print(f"\n{len(keys)} assertions, {len(runs)} runs")


if __name__ == "__main__":
    main()
