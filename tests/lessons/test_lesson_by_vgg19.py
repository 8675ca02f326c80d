"""One lesson seen by VGG-19, at the sizes of the tests, so that `make test` notices where only mini was thought of.

`make test-vgg19` runs all of them so.
"""

import os
import subprocess
import sys

import pytest
from checkout import ROOT


@pytest.mark.slow
@pytest.mark.needs("VGG-19")
def test_lesson_3_runs_with_vgg19():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "nbval.plugin", "--nbval-lax"]
    command += ["--nbval-current-env", "notebooks/03_gram_matrices.ipynb"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NSTLIB_"))}
    seen = {"NSTLIB_BACKBONE": "vgg19", "NSTLIB_PROFILE": "fast", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=ROOT, env=clean | seen, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout and "failed" not in done.stdout
