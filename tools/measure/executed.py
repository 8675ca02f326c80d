"""Which lines of the library each test executes, and work done in a fork of this process. For mutate.py.

Kept in build/mutants, and measured again where the library or a file of tests has changed.
"""

import hashlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "nstlib"
# Tests that start programs, browsers or lessons: they execute no line of the library in their own process.
LEFT_OUT = (
    "test_browser",
    "test_lessons",
    "test_setup",
    "test_wheel",
    "test_house",
    "test_open_lab",
    "test_editions",
    "test_nbval_rules",
    "test_readme",
    "test_needs",
    "test_other_arithmetic",
    "test_distil",
    "test_styles",
    "test_checks",
    "test_downloads",
    "test_mutate",
)
BUILD = ROOT / "build" / "mutants"
MEMORY = 8 * 2**30  # bytes that a fork may take beside what this process has: a fault in a size must not take the machine's
LONGEST = 1800  # seconds by the clock, for whoever waits for what does not come
OPTIONS = ("-q", "-s", "-p", "no:cacheprovider", "-m", "not browser and not gpu and not slow")


class Watch:
    """A plugin of pytest: the seconds of the processor and the lines of each test that passes."""

    def __init__(self):
        self.seconds, self.fixtures, self.failed, self.name = {}, {}, set(), ""
        self.coverage = importlib.import_module("coverage").Coverage(data_file=None, include=[f"{PACKAGE}/*"])
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note whose lines come now; forget what an earlier test left in a cache, which would hide lines of this one."""
        self.name, self.began = nodeid, time.process_time()
        self.coverage.switch_context(nodeid)
        forget()

    def pytest_fixture_setup(self, fixturedef: object) -> None:
        """Note that the lines of a fixture that tests share belong to all of these."""
        self.coverage.switch_context(self.name if fixturedef.scope == "function" else f"fixture {fixturedef.argname}")

    def pytest_runtest_call(self, item: object) -> None:
        """Note that the fixtures are done."""
        self.coverage.switch_context(self.name)
        self.fixtures[self.name] = [f"fixture {name}" for name in item.fixturenames]

    def pytest_runtest_logreport(self, report: object) -> None:
        """Note seconds, up to now, and failures."""
        self.seconds[report.nodeid] = time.process_time() - self.began
        self.failed |= {report.nodeid} if report.failed else set()

    def found(self) -> dict[str, dict]:
        """Return {test: {"seconds": ..., "lines": {file: [...]}}}."""
        self.coverage.stop()
        data, found = self.coverage.get_data(), {test: {} for test in self.fixtures if test not in self.failed}
        for file in data.measured_files():
            for line, contexts in data.contexts_by_lineno(file).items():
                for test, files in found.items():
                    if not {test, *self.fixtures[test]}.isdisjoint(contexts):
                        files.setdefault(str(Path(file).relative_to(ROOT)), []).append(line)
        return {test: {"seconds": self.seconds[test], "lines": files} for test, files in found.items()}


def forget() -> None:
    """Empty the caches of the library."""
    rooms = [module for name, module in list(sys.modules.items()) if name.startswith("nstlib")]
    for cached in [value for room in rooms for value in vars(room).values() if hasattr(value, "cache_clear")]:
        cached.cache_clear()


def measure(file: str) -> dict[str, dict]:
    """What the tests of a file execute, see `Watch`."""
    watch = Watch()
    for path in PACKAGE.rglob("*.py"):  # so that no test seems to run what runs at import
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    importlib.import_module("pytest").main([file, *OPTIONS], plugins=[watch])
    return watch.found()


def check_library() -> None:
    """Refuse to measure a library that stands elsewhere: no test would seem to execute a line of the one here."""
    found = Path(importlib.import_module("nstlib").__file__).resolve().parent
    if found != PACKAGE:
        raise SystemExit(f"nstlib is imported from {found}, not from {PACKAGE}: set PYTHONPATH={ROOT}, or install this one")


def digest(paths: list[Path]) -> str:
    """A number for the contents of files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(paths))).hexdigest()[:16]


def covering() -> dict[str, dict]:
    """What each test executes, measured where the library or the file of tests has changed since."""
    kept, library = BUILD / "covering.json", digest(list(PACKAGE.rglob("*.py")))
    known = json.loads(kept.read_text()) if kept.exists() else {}
    files = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if not path.name.startswith(LEFT_OUT)]
    for path in files:
        name, state = str(path.relative_to(ROOT)), library + digest([path])
        if known.get(name, {}).get("state") != state:
            began, found = time.time(), in_fork(lambda name=name: measure(name), 1800)
            print(f"{name}: {len(found or ())} tests measured in {time.time() - began:.0f} s", flush=True)
            known[name] = {"state": state, "tests": found or {}}
            kept.write_text(json.dumps(known))
    return {test: one for path in files for test, one in known[str(path.relative_to(ROOT))]["tests"].items()}


def in_fork(work: Callable[[], object], seconds: float) -> object:
    """What `work` returns, done in a fork of this process; None where it takes more than `seconds` of the processor, or dies."""
    answer, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1), os.dup2(nowhere.fileno(), 2)
            import resource  # where there is fork, there is this

            held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
            signal.setitimer(signal.ITIMER_PROF, seconds)  # of processor time; nobody handles its signal: it ends the fork
            signal.alarm(LONGEST)
            with open(told, "wb") as out:
                out.write(json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(told)
    with open(answer, "rb") as found:
        text = found.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None
