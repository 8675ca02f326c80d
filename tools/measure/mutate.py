"""Do the tests see a fault? Plant small faults in the mathematical rooms, one at a time, and run the tests that execute the line.

    python tools/measure/mutate.py --count 300 --seed 0           # what is in the log is not done again: stop at any time
    python tools/measure/mutate.py --count 300 --seed 0 --again   # the survivors among them once more, after new tests
    python tools/measure/mutate.py nstlib/control/masks.py --count 1000   # every fault of one file

First each test is run once, to learn which lines it executes (kept in build/mutants, done again for what has changed). Then
all tests are collected once, and each fault is planted in a fork of that process. The quickest tests come first, and the
first that fails ends it. A fault counts as seen where a test fails or takes far too long, as survived where all of its
tests pass, those that fit into `--budget` seconds. Which faults there are stands in mutations.py. Needs coverage, and a
system that can fork.
"""

import argparse
import gc
import hashlib
import importlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType

import executed
from executed import OPTIONS, check_library, covering, forget, in_fork
from mutations import Fault, faults_of

# The mathematical rooms, files or folders: whatever moves, moves here too.
ROOMS = (
    "features",
    "textures",
    "losses",
    "optimization",
    "control",
    "judging",
    "nets",
    "training",
    "images/files",
    "images/tensors",
    "images/sheet",
    "plots",
    "methods",
)
HEAVY = (
    "torch",
    "torchmetrics",
    "plenoptic",
    "accelerate",
    "sklearn.cluster",
    "skimage.exposure",
    "matplotlib.pyplot",
)  # once for all


# ---------------------------------------------------------------- one fault


def tests_for(fault: Fault, tests: dict[str, dict], budget: float) -> list[str]:
    """The tests that execute the line, else its statement, else any of its file: quickest first, up to `budget` seconds.

    A folder's own file has run before coverage looks: it belongs to the tests of its folder.
    """
    reached = {test: set(one["lines"][fault.file]) for test, one in tests.items() if fault.file in one["lines"]}
    for lines in ({fault.line} if fault.inside else set(), set(range(fault.around[0], fault.around[1] + 1)), None):
        found = [test for test, there in reached.items() if lines is None or there & lines]
        if found:
            break
    if not found and fault.file.endswith("/__init__.py"):
        room = fault.file.replace("nstlib", "tests", 1).removesuffix("__init__.py")
        found = [test for test in tests if test.startswith(room)]
    chosen, spent = [], 0.0
    for test in sorted(found, key=lambda test: tests[test]["seconds"]):
        spent += tests[test]["seconds"]
        if chosen and spent > budget:
            break
        chosen.append(test)
    return chosen


def plant(fault: Fault, items: list, seconds: list[float]) -> list[str]:
    """The first test that fails with the fault, in a list; an empty one where none does. `seconds`: of each without it."""
    path, forms = str(executed.ROOT / fault.file), [(executed.ROOT / fault.file).read_bytes()]
    changed = [compile(source, path, "exec") for source in (*forms, fault.planted(forms[0]))]
    if not fault.inside:
        return plant_anew(path, changed[1], [item.nodeid for item in items])
    live = [one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__.co_filename == path]
    for before, after in pairs(*changed):
        for function in [one for one in live if one.__code__ == before]:
            function.__code__ = after
    forget()
    run = importlib.import_module("_pytest.runner").runtestprotocol
    for item, following, usual in zip(items, [*items[1:], None], seconds, strict=True):
        signal.setitimer(signal.ITIMER_PROF, 10 + 5 * usual)  # in the place of that of `in_fork`
        if any(report.failed for report in run(item, log=False, nextitem=following)):
            return [item.nodeid]
    return []


def pairs(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The functions that differ, as they are written before and after."""
    inner = [[one for one in code.co_consts if isinstance(one, CodeType)] for code in (before, after)]
    yield from ((a, b) for one, other in zip(*inner, strict=True) for a, b in pairs(one, other))
    if before != after:
        yield before, after


def plant_anew(path: str, changed: CodeType, names: list[str]) -> list[str]:
    """As `plant`, for what is computed when a file is imported: library and tests are imported again."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith((f"{executed.PACKAGE}/", f"{executed.ROOT / 'tests'}/")):
            del sys.modules[name]
    plain, failed = SourceFileLoader.get_code, []
    SourceFileLoader.get_code = lambda self, name: changed if self.path == path else plain(self, name)

    class Noted:
        def pytest_runtest_logreport(self, report: object) -> None:
            failed.extend([report.nodeid] if report.failed else [])

    code = importlib.import_module("pytest").main(
        [*names, "-x", *OPTIONS, f"--basetemp={executed.BUILD / 'pictures'}"], plugins=[Noted()]
    )
    return failed[:1] or ([f"pytest ended with {int(code)}"] if code else [])


# ---------------------------------------------------------------- all of them


class Planter:
    """A plugin of pytest: in the place of running the tests it tries faults, each with the tests that execute it."""

    def __init__(self, faults: list[Fault], tests: dict[str, dict], budget: float, log: Path):
        self.faults, self.tests, self.budget, self.log = faults, tests, budget, log

    def pytest_runtestloop(self, session: object) -> bool:
        """Try the faults, write each into the log."""
        items = {item.nodeid: item for item in session.items}
        tests = {name: one for name, one in self.tests.items() if name in items}
        for number, fault in enumerate(self.faults, 1):
            row = self.tried(fault, [items[name] for name in tests_for(fault, tests, self.budget)])
            with self.log.open("a") as log:
                log.write(json.dumps(row) + "\n")
            print(
                f"{number}/{len(self.faults)} {'seen' if row['seen'] else 'SURVIVED'} in {row['seconds']} s: "
                f"{fault.file}:{fault.line} {fault.kind}, {row['by']}",
                flush=True,
            )
        return True

    def tried(self, fault: Fault, items: list) -> dict:
        """What becomes of a fault."""
        began, seconds = time.time(), [self.tests[item.nodeid]["seconds"] for item in items]
        failed = in_fork(lambda: plant(fault, items, seconds), 60 + 3 * sum(seconds)) if items else []
        return {
            "file": fault.file,
            "line": fault.line,
            "kind": fault.kind,
            "start": fault.start,
            "new": fault.new,
            "difference": fault.difference((executed.ROOT / fault.file).read_bytes()),
            "tests": len(items),
            "seen": failed is None or bool(failed),
            "by": "too long, or it died" if failed is None else "".join(failed),
            "seconds": round(time.time() - began, 1),
        }


def files_of(rooms: list[str]) -> list[Path]:
    """The files of rooms, which are named by their paths."""
    paths = [Path(room).resolve() for room in rooms] or [executed.PACKAGE / room for room in ROOMS]
    paths = [path if path.exists() else path.with_suffix(".py") for path in paths]
    return sorted(file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path]))


def lot(fault: Fault, seed: int) -> str:
    """What faults are drawn by: that of one does not change when others come or go."""
    return hashlib.sha256(f"{seed} {fault.file} {fault.start} {fault.new}".encode()).hexdigest()


def report(rows: list[dict]) -> None:
    """Print who survived, and how many were seen."""
    for row in rows:
        if not row["seen"]:
            print(f"survived {row['tests']} tests: {row['file']}:{row['line']} ({row['kind']})\n{row['difference']}\n")
    seen, kinds = [row for row in rows if row["seen"]], Counter(row["kind"] for row in rows)
    print(", ".join(f"{kind} {sum(row['kind'] == kind for row in seen)}/{count}" for kind, count in kinds.most_common()))
    print(f"{len(seen)} of {len(rows)} faults seen: {len(seen) / max(1, len(rows)):.3f}")


def read(log: Path) -> dict[tuple, dict]:
    """What is known of each fault."""
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return {(row["file"], row["start"], row["new"]): row for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", help="files or folders; default: the mathematical rooms")
    parser.add_argument("--count", type=int, default=300, help="faults, at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=40, help="seconds of tests for a fault that nobody sees")
    parser.add_argument("--again", action="store_true", help="try the survivors once more")
    parser.add_argument("--log", type=Path, default=executed.BUILD / "log.jsonl")
    given = parser.parse_args()
    executed.BUILD.mkdir(parents=True, exist_ok=True)
    os.environ |= {"OMP_NUM_THREADS": "1", "NSTLIB_DEVICE": "cpu"}  # before torch is imported
    import hypothesis
    import pytest

    # The same examples for every fault, and none kept: an example that shows a fault is no news.
    hypothesis.settings.register_profile("faults", database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("faults")
    for name in HEAVY:
        importlib.import_module(name)
    faults, log = [fault for path in files_of(given.rooms) for fault in faults_of(path, executed.ROOT)], given.log.resolve()
    os.chdir(executed.ROOT)
    check_library()
    chosen = sorted(faults, key=lambda fault: lot(fault, given.seed))[: given.count]
    keys, known = [(fault.file, fault.start, fault.new) for fault in chosen], read(log)
    left = [
        fault for key, fault in zip(keys, chosen, strict=True) if key not in known or (given.again and not known[key]["seen"])
    ]
    if left:
        tests = covering()
        files = sorted({name.split("::")[0] for name in tests})
        pytest.main(
            [*files, *OPTIONS, f"--basetemp={executed.BUILD / 'pictures'}"], plugins=[Planter(left, tests, given.budget, log)]
        )
        known = read(log)
    report([known[key] for key in keys if key in known])


if __name__ == "__main__":
    main()
