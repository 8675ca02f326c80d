"""Shared fixtures: the repository's paths, and a JupyterLab with a browser page in front of it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import needs
import pytest
import torch

CELL_TIMEOUT = 120_000  # ms: a lesson's cell on a slow, loaded machine


# A test run that a script put into the background ignores Ctrl-C, one under nohup that its terminal is closed, and the
# programs that it tests would do so, too: the tests that send these signals would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)  # the run itself goes on, as nohup promised


def pytest_collection_finish() -> None:
    """Keep this run's options, its workers above all, from the runs of pytest that tests start."""
    os.environ.pop("PYTEST_ADDOPTS", None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the tools that a test needs before its fixtures are made."""
    needs.require(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say below everything else what was skipped for want of a tool."""
    result = yield
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and (line := needs.last_line(terminal.stats.get("skipped", []))):
        terminal.write_line(line, yellow=True, bold=True)
    return result


@pytest.fixture(scope="session")
def seed_offset() -> int:
    """What a test marked `sampled` adds to its seeds: 0, or NSTLIB_TEST_SEED, with which its assertions must hold as well."""
    return int(os.environ.get("NSTLIB_TEST_SEED", "0"))


@pytest.fixture(autouse=True)
def seeded(seed_offset: int) -> None:
    """What a test draws without a seed of its own depends on no test before it."""
    torch.manual_seed(seed_offset)


@pytest.fixture(autouse=True)
def chosen_by_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What "auto" means is not what whoever runs the tests has named; the lessons' kernels keep it."""
    monkeypatch.delenv("NSTLIB_BACKBONE", raising=False)


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A server on this machine that serves servers.BODY in every way, good and bad: see servers.Answers."""
    import servers

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with servers.file_server() as running:
        yield running


@pytest.fixture(scope="session")
def network_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of untrained networks for any style, by method; see networks.write_any_style."""
    import networks

    return networks.write_any_style(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium or Chrome; needs.py skips or fails the test where there is none."""
    import find_browser
    from playwright.sync_api import sync_playwright

    path = needs.path_of("browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(find_browser.FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def lab_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and token of a JupyterLab on a copy of the notebooks and pictures, with a home of its own."""
    import open_lab
    from checkout import ROOT

    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "images"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    # Until JupyterLab 4.3, only the cells that are in view are in the page, and no other is found.
    tracker = folder / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NSTLIB_PROFILE", "fast")
        patch.setenv("JUPYTER_CONFIG_DIR", str(folder / "config"))
        patch.setenv("JUPYTERLAB_SETTINGS_DIR", str(folder / "settings"))
        patch.setenv("JUPYTERLAB_WORKSPACES_DIR", str(folder / "workspaces"))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        server = open_lab.start_server(folder, "--ServerApp.port=0", "--LabApp.news_url=None", **quiet)
        try:
            yield server.address(), server.token
        finally:
            server.stop()


class LabPage:
    """A browser page at JupyterLab: opens a lesson, runs its cells, reads what they show."""

    def __init__(self, page, address: tuple[str, str]):
        self.page, (self.url, self.token) = page, address

    def open(self, lesson: str, cells: Sequence[str] = ()) -> None:
        """Open a notebook by its file name, wait until its cells are drawn and its kernel connected and idle; run these cells."""
        # The kernel's sign says idle before there is a kernel, and a cell that is run then is forgotten now and then.
        with self.page.expect_websocket(lambda socket: "/api/kernels/" in socket.url, timeout=CELL_TIMEOUT):
            self.page.goto(f"{self.url}lab/tree/notebooks/{lesson}?token={self.token}&reset")
        self.page.wait_for_timeout(500)  # until the sign knows
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=CELL_TIMEOUT)
        self.wait_until_idle()
        for cell in cells:
            self.run(cell)

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.locator(".jp-NotebookPanel [data-status=idle]").first.wait_for(state="attached", timeout=CELL_TIMEOUT)

    def cell(self, text: str):
        """The first code cell whose source contains the text."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".jp-InputArea-editor", has_text=text)).first

    def run(self, text: str) -> str:
        """Run the code cell with this text in it; what it prints, once it is done."""
        cell = self.cell(text)
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-InputArea-editor").click()
        # Blank the stored number: a cell that is run in its old turn gets the same one again.
        prompt = cell.locator(".jp-InputPrompt").first.element_handle()
        prompt.evaluate("prompt => { prompt.textContent = ''; }")
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function("prompt => /\\[\\d+\\]/.test(prompt.innerText)", arg=prompt, timeout=CELL_TIMEOUT)
        return "\n".join(cell.locator(".jp-OutputArea-output").all_inner_texts())

    def pictures(self) -> list[dict]:
        """Every picture of the notebook that is drawn by now: its alt text and its width in pixels, 0 when broken."""
        script = "all => all.map(i => ({alt: i.alt, width: i.naturalWidth}))"
        return self.page.locator(".jp-NotebookPanel img").evaluate_all(script)


@pytest.fixture
def lab(browser, lab_address) -> Iterator[LabPage]:
    """JupyterLab in a browser: `lab.open("00_start_here.ipynb")`, `lab.run("course.start")`, `lab.page` for the rest."""
    context = browser.new_context(viewport={"width": 1400, "height": 2400})
    yield LabPage(context.new_page(), lab_address)
    context.close()
