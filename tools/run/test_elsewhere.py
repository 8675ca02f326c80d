"""Run the tests as other processors and other numbers of cores compute, and what draws numbers with other seeds.

    python tools/run/test_elsewhere.py                       # every run below, one after the other
    python tools/run/test_elsewhere.py --only sse --only seed-3     # these
    python tools/run/test_elsewhere.py --list                # their names and what they set
    python tools/run/test_elsewhere.py tests/optimization/test_lbfgs.py -x    # whatever else stands there is pytest's

A sum of floats depends on the order of its terms, so on the width of the processor's registers and on the number of
threads: a test that holds on one machine by luck fails in one of these. One line a run at the end; exit code 1 where one
of them failed, and none keeps the others from running.
"""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTHING_COLLECTED = 5  # pytest's exit code
SUMMARY = re.compile(r"\b(passed|failed|errors?|skipped|deselected|no tests ran)\b.* in \d+\.\d+s")


@dataclass(frozen=True)
class Run:
    """What one run sets, and pytest's options for it."""

    environment: dict[str, str]
    options: list[str] = field(default_factory=list)


def arithmetic(torch: str, onednn: str) -> Run:
    """Let torch and oneDNN use no newer instructions than these."""
    return Run({"ATEN_CPU_CAPABILITY": torch, "ONEDNN_MAX_CPU_ISA": onednn, "OMP_NUM_THREADS": "1"})


def threads(count: int) -> Run:
    """Let torch use so many threads. They sleep while they wait: more threads than cores would else hold one another up."""
    return Run({"OMP_NUM_THREADS": str(count), "OMP_WAIT_POLICY": "PASSIVE"})


RUNS: dict[str, Run] = {
    "sse": arithmetic("default", "SSE41"),
    "avx2": arithmetic("avx2", "AVX2"),
    "threads-2": threads(2),
    "threads-3": threads(3),
    **{f"seed-{seed}": Run({"NSTLIB_TEST_SEED": str(seed)}, ["-m", "sampled"]) for seed in range(1, 6)},
}


def outcome(run: Run, arguments: list[str]) -> tuple[bool, str]:
    """Run pytest in this surrounding; whether all is well, and the line in which pytest sums up."""
    command = [sys.executable, "-m", "pytest", "-q", *run.options, *arguments]
    said = ""
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | run.environment, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            print(line, end="", flush=True)
            said = line.strip() if SUMMARY.search(line) else said
    # Among the files that were named there may be none that draws numbers.
    fine = running.returncode == 0 or (running.returncode == NOTHING_COLLECTED and run.options and arguments)
    return bool(fine), said or f"pytest ended with code {running.returncode}"


def main() -> int:
    """Run what was asked for; print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument(
        "--only", action="append", choices=RUNS, metavar="NAME", help=f"one of {', '.join(RUNS)}; may be given again"
    )
    parser.add_argument("--list", action="store_true", help="say what each sets, run nothing")
    options, arguments = parser.parse_known_args()
    names = options.only or list(RUNS)
    if options.list:
        print("\n".join(f"{name}: {' '.join(f'{k}={v}' for k, v in RUNS[name].environment.items())}" for name in names))
        return 0
    results = {}
    for name in names:
        print(f"=== {name}: {RUNS[name].environment}", flush=True)
        results[name] = outcome(RUNS[name], arguments)
    for name, (fine, said) in results.items():
        print(f"{'passed' if fine else 'FAILED'}  {name:10} {said}")
    return 0 if all(fine for fine, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
