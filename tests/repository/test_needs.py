"""What a run says about tests whose tools are missing, in a pytest of its own; and the search for a browser."""

import os
import shutil
import subprocess
import sys

import find_browser
import pytest
from checkout import ROOT

CONFTEST = """
import needs

needs.TOOLS = {"anvil": needs.Tool(lambda: None, "ask a smith"), "moon": needs.Tool(lambda: None, "wait", on_ci=False)}


def pytest_configure(config):
    config.addinivalue_line("markers", "needs: tools")


from suite_conftest import pytest_runtest_setup, pytest_sessionfinish
"""
TESTS = """
import pytest


@pytest.mark.needs("anvil")
@pytest.mark.parametrize("number", [1, 2])
def test_with_an_anvil(number):
    raise AssertionError("it was run")


@pytest.mark.needs("moon")
def test_by_night():
    raise AssertionError("it was run")


def test_with_nothing():
    assert True
"""


@pytest.fixture
def run(tmp_path):
    """Run four tests, three of which lack a tool, with these options; what pytest prints, by lines."""
    shutil.copy(ROOT / "tests/needs.py", tmp_path)
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "suite_conftest.py")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_small.py").write_text(TESTS)
    clean = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # it starts ten times faster

    def printed(*options, **environment):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist.plugin", *options]
        done = subprocess.run(command, cwd=tmp_path, env=clean | environment, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    return printed


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_the_last_line_says_what_was_skipped_and_how_to_get_it(run, options):
    *_, counts, last = run(*options)
    assert "1 passed, 3 skipped" in counts
    assert last.startswith("NOT TESTED: ")
    assert "2 SKIPPED, NO ANVIL (ask a smith)" in last and "1 SKIPPED, NO MOON (wait)" in last


def test_continuous_integration_fails_where_it_could_have_the_tool(run):
    *_, counts, last = run(CI="true")
    assert "1 passed, 1 skipped, 2 errors" in counts
    assert last == "NOT TESTED: 1 SKIPPED, NO MOON (wait)"


def test_nothing_missing_is_not_spoken_of(run):
    assert "1 passed, 3 deselected" in run("-k", "nothing")[-1]


def test_a_browser_that_is_named_and_is_not_there_is_refused(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    with pytest.raises(FileNotFoundError, match="unset it"):
        find_browser.find_browser()


@pytest.mark.needs("sh")
def test_a_browser_that_does_not_start_is_none(tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho install the snap\nexit 1\n")
    broken.chmod(0o755)
    # In a process of its own: here Playwright may be at work for a browser test, and it runs once a thread.
    environment = os.environ | {"CHROMIUM": str(broken)}
    done = subprocess.run([sys.executable, find_browser.__file__], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "does not start" in done.stderr and "No Chromium or Chrome" in done.stdout


@pytest.mark.parametrize(("root", "ways"), [(True, 4), (False, 1)])
def test_every_way_to_fetch_one_is_tried_until_one_starts(monkeypatch, root, ways):
    tried = []
    monkeypatch.setattr(find_browser, "_may_install", lambda: root)
    monkeypatch.setattr(find_browser, "find_browser", lambda: None)
    monkeypatch.setattr(find_browser.subprocess, "run", lambda command, **options: tried.append(command))
    assert find_browser.install() is None
    assert tried == (find_browser.FETCH + find_browser.AS_ROOT)[:ways]
    monkeypatch.setattr(find_browser, "find_browser", lambda: "/a/browser")
    assert find_browser.install() == "/a/browser" and len(tried) == ways + 1


def test_a_way_that_fails_does_not_end_the_search(monkeypatch, capsys):
    def refused(command, **options):
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(find_browser, "_may_install", lambda: True)
    monkeypatch.setattr(find_browser, "find_browser", lambda: None)
    monkeypatch.setattr(find_browser.subprocess, "run", refused)
    assert find_browser.install() is None and "apt-get" in capsys.readouterr().err
