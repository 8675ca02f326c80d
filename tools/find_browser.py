"""Find a Chromium or Chrome for the browser tests and print its path.

    python tools/find_browser.py             # exit code 1 where there is none
    python tools/find_browser.py --install   # where there is none, let Playwright fetch its own; never fails

Looked for, in this order: the environment variable CHROMIUM, the usual names on the path, macOS's and Windows's usual
places, Playwright's own download.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)
# A test's browser: no window, no sandbox (root and containers have none), and no calls home.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL_TIMEOUT = 180  # seconds


def find_browser() -> str | None:
    """The path of a browser, or None. Raises FileNotFoundError when CHROMIUM names one that is not there."""
    named = os.environ.get("CHROMIUM")
    if named:
        if shutil.which(named) is None:
            raise FileNotFoundError(f"CHROMIUM={named} is no program: unset it or correct the path")
        return shutil.which(named)
    return next((path for path in _candidates() if path and Path(path).is_file()), None)


def _candidates() -> Iterator[str | None]:
    yield from map(shutil.which, NAMES)
    yield from PLACES
    with sync_playwright() as playwright:  # last, because it starts a process only to say where it would download to
        yield playwright.chromium.executable_path


def install() -> None:
    """Ask Playwright for its Chromium; where that fails (offline), the browser tests skip and say so."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(command, check=True, timeout=INSTALL_TIMEOUT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"No browser could be fetched ({error}): the browser tests will be skipped.", file=sys.stderr)


def main() -> int:
    """Print the path, or what to do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args()
    if options.install and find_browser() is None:
        install()
    path = find_browser()
    print(path or "No Chromium or Chrome found: install one, or set CHROMIUM to its path.")
    return 0 if path or options.install else 1


if __name__ == "__main__":
    sys.exit(main())
