"""What `make lab` does: a server, its address in words, and an end to both."""

import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import ExitStack

import open_lab
import pytest
from checkout import ROOT


@pytest.mark.parametrize(("variables", "seen"), [({}, False), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "w"}, True)])
def test_a_display_is_noticed_on_linux(monkeypatch, variables, seen):
    monkeypatch.setattr(open_lab.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert open_lab.has_display() is seen


def test_a_remote_mac_has_no_display_here(monkeypatch):
    monkeypatch.setattr(open_lab.sys, "platform", "darwin")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert open_lab.has_display()
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")
    assert not open_lab.has_display()


def test_the_welcome_has_the_address_and_what_to_do_from_elsewhere():
    address = "http://localhost:8890/lab/tree/notebooks/00_start_here.ipynb?token=abc"
    assert address in open_lab.welcome(address, opened=True) and "ssh" not in open_lab.welcome(address, opened=True)
    assert "ssh -L 8890:localhost:8890" in open_lab.welcome(address, opened=False)


def test_a_notebook_that_is_not_there_is_refused():
    done = subprocess.run(
        [sys.executable, ROOT / "tools/run/open_lab.py", "no_such.ipynb"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "no_such.ipynb" in done.stderr


def test_a_server_that_dies_is_said_and_not_waited_for():
    dead = open_lab.Server(subprocess.Popen([sys.executable, "-c", ""]), "no such token")
    with pytest.raises(RuntimeError, match="did not start"):
        dead.address(timeout=60)


def test_an_address_is_waited_for_until_it_answers(monkeypatch):
    """JupyterLab writes its address down before it listens."""
    with socket.create_server(("localhost", 0)) as taken:  # a port that nobody else is given
        port = taken.getsockname()[1]
    url, asked = f"http://localhost:{port}/", []

    with ExitStack() as until_the_end:

        def running():
            """What JupyterLab lists: at first nothing, then the address, and somebody listens from the fourth time on."""
            asked.append(port)
            if len(asked) == 4:
                until_the_end.enter_context(socket.create_server(("localhost", port)))
            return [{"token": "another", "url": "http://localhost:1/"}, {"token": "ours", "url": url}] if len(asked) > 1 else []

        monkeypatch.setattr(open_lab, "list_running_servers", running)
        process = until_the_end.enter_context(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        assert open_lab.Server(process, "ours").address(timeout=60) == url and len(asked) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_the_printed_address_answers_and_ctrl_c_ends_it(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    command = [sys.executable, ROOT / "tools/run/open_lab.py", "README.md", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as lab:
        try:
            address = next(line.strip() for line in lab.stdout if "http://" in line)
            with urllib.request.urlopen(address, timeout=60) as page:
                assert page.status == 200 and "JupyterLab" in page.read().decode()
            lab.send_signal(signal.SIGINT)
            assert lab.wait(timeout=60) == 0
        finally:
            lab.terminate()  # else a failure above would wait for it for ever
    with pytest.raises(OSError):
        urllib.request.urlopen(address, timeout=10)
