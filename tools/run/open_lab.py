"""Open JupyterLab at the first lesson, or print its address where there is no display to open it on.

python tools/run/open_lab.py [NOTEBOOK] [--no-browser]
"""

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_server.serverapp import list_running_servers

ROOT = Path(__file__).resolve().parents[2]
FIRST = Path("notebooks/00_start_here.ipynb")
START_TIMEOUT = 120  # seconds; a first start on a slow disk takes its time


@dataclass
class Server:
    """A JupyterLab that runs beside this program, known by its token (on Windows its process id is another's)."""

    process: subprocess.Popen
    token: str

    def address(self, timeout: float = START_TIMEOUT) -> str:
        """Where it listens, once it does. Raises RuntimeError when it ends or takes too long."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            for running in list_running_servers():
                if running["token"] == self.token and _answers(running["url"]):
                    return running["url"]
            time.sleep(0.2)
        raise RuntimeError("JupyterLab did not start; its own messages say why")

    def stop(self) -> None:
        """End it and wait for the end."""
        self.process.terminate()
        self.process.wait()


def _answers(url: str) -> bool:
    """Whether somebody listens there: a server writes its address down a moment before it does."""
    where = urlsplit(url)
    try:
        with socket.create_connection((where.hostname, where.port), timeout=5):
            return True
    except OSError:
        return False


def start_server(folder: Path, *options: str, **popen: object) -> Server:
    """Start JupyterLab on a folder, with a token and a free port, and without a browser."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={folder}", *options]
    command.append("--ServerApp.answer_yes=True")  # Ctrl-C stops it without a question
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in containers there is often nobody else
    token = secrets.token_hex(24)
    # This environment's kernel, not one of the same name elsewhere; and no token in the list of processes.
    environment = os.environ | {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_TOKEN": token}
    return Server(subprocess.Popen(command, cwd=folder, env=environment, **popen), token)


def has_display() -> bool:
    """Whether a browser opened here would be seen by somebody."""
    if "SSH_CONNECTION" in os.environ and "DISPLAY" not in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def welcome(address: str, opened: bool) -> str:
    """What the reader is told."""
    how = "Your browser opens at lesson 0. If it does not, the address is:" if opened else "Open this address in a browser:"
    port = address.split(":")[2].split("/")[0]
    remote = f"\n  On another machine? Forward the port there first: ssh -L {port}:localhost:{port} this-machine\n"
    return f"\n  {how}\n\n      {address}\n{'' if opened else remote}\n  To stop: Ctrl-C, here.\n"


def main() -> int:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", nargs="?", type=Path, default=FIRST)
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    options = parser.parse_args()
    if not (ROOT / options.notebook).is_file():
        parser.error(f"there is no {options.notebook} in {ROOT}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the server ends with this program
    server = start_server(ROOT, "--log-level=WARN")
    try:
        address = f"{server.address()}lab/tree/{options.notebook.as_posix()}?token={server.token}"
        opened = not options.no_browser and has_display() and webbrowser.open(address)
        print(welcome(address, opened), flush=True)
        return server.process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
