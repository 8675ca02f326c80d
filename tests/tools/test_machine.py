"""What measurements share: a machine in words, a median after a warm-up, peak memory in MiB on each system, own processes."""

import argparse
import inspect
import subprocess
import sys
import types

import machine as tool
import pytest
import torch


def test_the_machine_is_named_on_every_system(monkeypatch):
    """Also where the system cannot tell which cores a process may use, as macOS."""
    assert torch.__version__ in tool.machine() and f" {tool.cores()} core" in tool.machine() and " GiB" in tool.machine()
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    for count, words in ((7, " 7 cores, "), (1, " 1 core, ")):
        monkeypatch.setattr("os.cpu_count", lambda count=count: count)
        assert words in tool.machine()


def test_seconds_are_the_median_after_one_call_that_does_not_count(monkeypatch):
    durations, now = iter([100.0, 1.0, 5.0, 3.0]), [0.0]

    def call():
        now[0] += next(durations)

    monkeypatch.setattr(tool.time, "perf_counter", lambda: now[0])
    assert tool.seconds(call, 3) == 3.0 and next(durations, None) is None


def test_peak_memory_on_macos(monkeypatch):
    """It counts bytes."""
    usage = types.SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: types.SimpleNamespace(ru_maxrss=300 * 2**20))
    monkeypatch.setitem(tool.sys.modules, "resource", usage)
    monkeypatch.setattr(tool.sys, "platform", "darwin")
    assert tool.peak_mib() == 300


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells it")
def test_a_small_process_of_a_large_parent_has_a_small_peak():
    """The parent's 600 MiB are not the child's."""
    child = f"import sys; from pathlib import Path\n{inspect.getsource(tool.peak_mib)}\n"
    child += "small, held = peak_mib(), bytearray(200 * 2**20); print(small, peak_mib())"
    parent = (
        f"import subprocess, sys; held = bytearray(600 * 2**20); subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    done = subprocess.run([sys.executable, "-c", parent], check=True, capture_output=True, text=True)
    small, grown = map(float, done.stdout.split())
    assert 5 < small < 100 and 190 < grown - small < 215


def test_peak_memory_on_windows(monkeypatch):
    process = types.SimpleNamespace(memory_info=lambda: types.SimpleNamespace(peak_wset=300 * 2**20))
    monkeypatch.setattr(tool.psutil, "Process", lambda: process)
    monkeypatch.setattr(tool.sys, "platform", "win32")
    assert tool.peak_mib() == 300


def test_a_process_of_its_own_prints_words(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text("import sys; print(*sys.argv[1:], 'done')")
    assert tool.alone(str(script), "--size", 5) == ["one", "--size", "5", "done"]
    for name, above in (("all", f"{tool.machine()}\n\n"), ("one", "")):
        tool.run({name: lambda args: print(args.command)}, argparse.Namespace(command=name))
        assert capsys.readouterr().out == f"{above}{name}\n"
