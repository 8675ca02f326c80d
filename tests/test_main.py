"""The command line: what it writes, its exit codes, and that a mistake is a sentence, never a traceback."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nstlib import load_image
from nstlib.__main__ import main
from nstlib.images import read_provenance

SMALL = ["--size", "48", "--steps", "3", "--quiet", "--backbone", "mini"]


def test_it_paints(tmp_path, capsys):
    out = tmp_path / "painted.png"
    assert main(["stylize", "temple", "swirls", "-o", str(out), *SMALL]) == 0
    assert load_image(out).shape == (1, 3, 32, 48)
    assert "48x32 px, mini, 3 evaluations" in capsys.readouterr().out


def test_files_are_taken_too(tmp_path):
    first, second = tmp_path / "first.png", tmp_path / "second.webp"
    assert main(["stylize", "temple", "swirls", "-o", str(first), *SMALL]) == 0
    assert main(["stylize", str(first), "mosaic", "-o", str(second), "--init", str(first), "--no-pyramid", *SMALL]) == 0
    assert second.stat().st_size > 100


def test_control(tmp_path):
    """Two styles in two regions, in the photograph's colours, in tiles; and the file says how it came about."""
    out = tmp_path / "painted.png"
    control = ["--masks", "temple:sky", "rest", "--mix", "1", "0.5", "--style-scale", "0.7", "--color", "luminance", "--tile", "64"]
    assert main(["stylize", "temple", "swirls", "mosaic", "-o", str(out), *SMALL, *control]) == 0
    assert load_image(out).shape == (1, 3, 32, 48)
    about = read_provenance(out)
    assert (about["method"], about["content"], about["style"]) == ("stylize", "temple", "swirls, mosaic")


@pytest.mark.parametrize(("words", "said"), [
    (["temple", "swirls", "-o", "{}/x.png", "--masks", "rest"], "at least one other"),
    (["temple", "swirls", "-o", "{}/x.png", "--masks", "temple:sea"], "temple:sea"),
    (["temple", "swirls", "-o", "{}/x.png", "--mix", "1", "2"], "mix has 2 entries for 1"),
    (["nowhere.jpg", "swirls", "-o", "{}/x.png"], "nowhere.jpg"),
    (["temple", "swirls", "-o", "{}/x.txt"], ".png"),
    (["temple", "swirls", "-o", "{}/none/x.png"], "make it first"),
    (["temple", "swirls", "-o", "{}/x.png", "--style-weight", "-3"], "style=-3"),
    (["temple", "swirls", "-o", "{}/x.png", "--style-layers", "relu7_1"], "relu7_1"),
])  # fmt: skip
def test_a_mistake_is_a_sentence(tmp_path, capsys, words, said):
    assert main(["stylize", *(word.format(tmp_path) for word in words), *SMALL]) == 1
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown and not list(tmp_path.iterdir())


def test_wrong_usage_is_argparses():
    with pytest.raises(SystemExit) as caught:
        main(["stylize", "temple"])
    assert caught.value.code == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_writes_the_best_picture_so_far(tmp_path):
    out = tmp_path / "x.png"
    command = [sys.executable, "-m", "nstlib", "stylize", "temple", "swirls", "-o", str(out), "--size", "64", "--steps", "100000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        shown = ""
        while "loss" not in shown:  # the bar shows a loss: there is a picture
            shown += running.stderr.read(64)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        printed, errors = running.communicate(timeout=60)
    assert running.returncode == 130 and "evaluations" in printed and "Traceback" not in errors
    assert load_image(out).shape[-1] == 64
