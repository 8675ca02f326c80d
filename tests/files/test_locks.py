"""One job at a time in a folder; the lock goes with the process."""

import signal
import subprocess
import sys

import pytest

from nstlib.errors import NstError
from nstlib.files.locks import hold


def test_a_second_one_is_refused_until_the_first_ends(tmp_path):
    lock = hold(tmp_path / "deep" / "run", "training")
    with pytest.raises(NstError, match="another training works in"):
        hold(tmp_path / "deep" / "run", "training")
    lock.release()
    hold(tmp_path / "deep" / "run", "training").release()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_process_leaves_no_lock(tmp_path):
    script = (
        "import sys, time; from nstlib.files.locks import hold\n"
        "lock = hold(sys.argv[1], 'training'); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "held\n"
        with pytest.raises(NstError, match="another training"):
            hold(tmp_path, "training")
        running.send_signal(signal.SIGKILL)
    hold(tmp_path, "training").release()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NstError, match="file"):
            hold(path, "training")
