"""Checkpoints: whole or not at all, damaged ones refused, a full disk put into words."""

import subprocess
import sys
import textwrap

import pytest
import torch

from nstlib.checkpoints import Checkpoint, latest_path, load_latest, save_checkpoint
from nstlib.errors import NstError


def saved(folder, *steps):
    return [save_checkpoint(folder, Checkpoint(step, {"a": torch.full((3,), float(step))}, {"seconds": 1.5})) for step in steps]


def test_the_newest_comes_back_and_two_are_kept(tmp_path):
    saved(tmp_path, 1, 20, 300)
    found = load_latest(tmp_path)
    assert found.step == 300 and found.tensors["a"].tolist() == [300.0] * 3 and found.notes == {"seconds": 1.5}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["checkpoint-00000020.safetensors", "checkpoint-00000300.safetensors"]


def test_no_checkpoint_is_none(tmp_path):
    assert load_latest(tmp_path) is None and latest_path(tmp_path) is None


def flip_last_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("spoil", [flip_last_bit, lambda data: data[:-4], lambda data: data[:20], lambda _: b"", lambda data: data[::-1]])
def test_a_damaged_one_is_refused_and_the_one_before_it_used(tmp_path, caplog, spoil):
    _, last = saved(tmp_path, 1, 2)
    last.write_bytes(spoil(last.read_bytes()))
    assert load_latest(tmp_path).step == 1 and last.name in caplog.text


def test_all_damaged_is_an_error(tmp_path):
    for path in saved(tmp_path, 1, 2):
        path.write_bytes(b"")
    with pytest.raises(NstError, match="every checkpoint"):
        load_latest(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_disk_that_takes_no_more(tmp_path):
    """The system itself refuses the write: a process may write files of 4 kB only."""
    saved(tmp_path, 1)
    script = textwrap.dedent("""
        import resource, signal, sys, torch
        from pathlib import Path
        from nstlib.checkpoints import Checkpoint, save_checkpoint
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        save_checkpoint(Path(sys.argv[1]), Checkpoint(2, {"a": torch.zeros(100_000)}, {}))
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "files may not be so large there" in done.stderr and "checkpoint-00000001.safetensors is kept" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000001.safetensors"]
    assert load_latest(tmp_path).step == 1
