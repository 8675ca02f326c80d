"""Run everything in the full profile on this machine's GPU, seen by VGG-19: `make test-gpu`, and the GPU workflow.

    python tools/run/test_gpu.py                  # every test and every lesson, then seconds and memory against the budgets
    python tools/run/test_gpu.py notebooks -x     # whatever stands here is pytest's

A machine without a GPU says so in one line, and that is no error; where NSTLIB_DEVICE names one that is not there, it is.
NSTLIB_SCALE=0.5 halves every size and count. Exit code 1 where a test failed or a lesson was over its budget.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from nstlib import settings
from nstlib.errors import NstError

ROOT = Path(__file__).resolve().parents[2]
CELL_TIMEOUT = 600  # seconds: a lesson's longest cell, on a small GPU
NO_GPU = "no GPU here: nothing to test on it; `make test-vgg19` runs the lessons by VGG-19 on the processor"


def main(arguments: list[str] | None = None) -> int:
    """Run pytest, then the lessons against their budgets; 0 where both are well, or where there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    _, arguments = parser.parse_known_args(arguments)  # pytest's, as they are
    try:
        device = settings.device()
    except NstError as error:
        print(error, file=sys.stderr)
        return 1
    if device.type == "cpu":
        print(NO_GPU)
        return 0
    full = os.environ | {"NSTLIB_PROFILE": "full"}
    tests = [sys.executable, "-m", "pytest", "-q", "--nbval-cell-timeout", str(CELL_TIMEOUT), *arguments]
    budgets = [sys.executable, "tools/run/run_lessons.py", "--profile", "full", "--check"]
    codes = [subprocess.run(command, cwd=ROOT, env=full, check=False).returncode for command in (tests, budgets)]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
