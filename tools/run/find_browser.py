"""Find a Chromium or Chrome that starts, for the browser tests, and print its path.

    python tools/run/find_browser.py             # exit code 1 where there is none
    python tools/run/find_browser.py --install   # where there is none, fetch one; exit code 1 where that fails too

Looked for, in this order: the environment variable CHROMIUM, the usual names on the path, macOS's and Windows's usual
places, Playwright's own download. Fetched, until one starts: Playwright's; as root on Debian and Ubuntu the
distribution's package, then the libraries that Playwright's needs.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Error, Playwright, sync_playwright

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
REMEDY = "install Chromium or Chrome, or set CHROMIUM to its path, or run `python -m playwright install chromium`"
INSTALL_TIMEOUT = 300  # seconds; a browser has about 150 MB
START_TIMEOUT = 60_000  # ms; two seconds are usual

PLAYWRIGHT = (sys.executable, "-m", "playwright")
APT = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=60")  # another apt may be at work on a machine that has just started
NO_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive"}
FETCH = [(*PLAYWRIGHT, "install", "chromium")]
AS_ROOT = [
    (*APT, "update"),
    (*APT, "install", "--yes", "--no-install-recommends", "chromium"),
    (*PLAYWRIGHT, "install-deps", "chromium"),
]


def find_browser() -> str | None:
    """The path of the first browser that starts, or None.

    Raises FileNotFoundError when CHROMIUM names one that is not there.
    """
    named = os.environ.get("CHROMIUM")
    if named and shutil.which(named) is None:
        raise FileNotFoundError(f"CHROMIUM={named} is no program: unset it or correct the path")
    with sync_playwright() as playwright:
        paths = [shutil.which(named)] if named else _candidates(playwright)
        return next((path for path in paths if path and Path(path).is_file() and _starts(playwright, path)), None)


def _candidates(playwright: Playwright) -> Iterator[str | None]:
    yield from map(shutil.which, NAMES)
    yield from PLACES
    yield playwright.chromium.executable_path


def _starts(playwright: Playwright, path: str) -> bool:
    """Whether it does: Ubuntu's chromium-browser may be a note about snap, a downloaded Chromium may lack libraries."""
    try:
        playwright.chromium.launch(executable_path=path, args=list(FLAGS), timeout=START_TIMEOUT).close()
    except Error as error:
        print(f"{path} does not start: {str(error).splitlines()[0]}", file=sys.stderr)
        return False
    return True


def _may_install() -> bool:
    """Whether this is the administrator of a Debian or Ubuntu."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> str | None:
    """Fetch one in each way that this system has, until it starts; its path, or None."""
    for command in FETCH + (AS_ROOT if _may_install() else []):
        print("No browser yet:", " ".join(command), file=sys.stderr, flush=True)
        try:
            subprocess.run(command, check=True, timeout=INSTALL_TIMEOUT, env=os.environ | NO_QUESTIONS)
        except (subprocess.SubprocessError, OSError) as error:
            print(error, file=sys.stderr)
        if path := find_browser():
            return path
    return None


def main() -> int:
    """Print the path, or what to do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args()
    path = find_browser() or (install() if options.install else None)
    print(path or f"No Chromium or Chrome that starts: {REMEDY}.")
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
