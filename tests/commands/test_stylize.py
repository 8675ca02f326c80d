"""The command line: what it writes, its exit codes, and that a mistake is a sentence, never a traceback."""

import inspect
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from nstlib import load_image, mask, photo, style
from nstlib.__main__ import main
from nstlib.images.files import read_provenance
from nstlib.optimization import search as optimization
from nstlib.optimization.recording import Stylized

# Of the library's call: a command that is given nothing else hands on the same.
DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(optimization.stylize).parameters.items()
    if name not in ("content", "style", "callback")
}
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
    control = [
        "--masks",
        "temple:sky",
        "rest",
        "--mix",
        "1",
        "0.5",
        "--style-scale",
        "0.7",
        "--color",
        "luminance",
        "--tile",
        "64",
    ]
    assert main(["stylize", "temple", "swirls", "mosaic", "-o", str(out), *SMALL, *control]) == 0
    assert load_image(out).shape == (1, 3, 32, 48)
    about = read_provenance(out)
    assert (about["method"], about["content"], about["style"]) == ("stylize", "temple", "swirls, mosaic")


@pytest.fixture
def handed_on(monkeypatch):
    """What `stylize` hands to the library, instead of painting."""
    seen = {}

    def stylize(content, styles, **options):
        seen.update(options, content=content, styles=styles)
        return Stylized(content, {"evaluations": [1]}, 1.0, "mini")

    monkeypatch.setattr("nstlib.optimization.search.stylize", stylize)
    return seen


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--size", "99"], "size", 99),
        (["--backbone", "vgg19"], "backbone", "vgg19"),
        (["--content-weight", "2.5"], "content_weight", 2.5),
        (["--style-weight", "3"], "style_weight", 3.0),
        (["--tv-weight", "0"], "tv_weight", 0.0),
        (["--content-layers", "relu3_1", "relu4_1"], "content_layers", ["relu3_1", "relu4_1"]),
        (["--style-layers", "relu1_1"], "style_layers", ["relu1_1"]),
        (["--steps", "5"], "steps", 5),
        (["--finish", "10"], "finish", 10),
        (["--init", "style"], "init", "style"),
        (["--init", "noise"], "init", "noise"),
        (["--optimizer", "adam"], "optimizer", "adam"),
        (["--no-pyramid"], "pyramid", False),
        (["--mix", "1", "3"], "mix", [1.0, 3.0]),
        (["--style-scale", "0.5"], "style_scale", 0.5),
        (["--color", "affine"], "color", "affine"),
        (["--statistic", "sliced"], "statistic", "sliced"),
        (["--pooling", "average"], "pooling", "average"),
        (["--half"], "half", True),
        (["--tile", "64"], "tile", 64),
        (["--seed", "8"], "seed", 8),
        (["--quiet"], "progress", False),
    ],
)
def test_each_option_reaches_the_library(tmp_path, handed_on, words, name, value):
    assert main(["stylize", "temple", "swirls", "mosaic", "-o", str(tmp_path / "x.png"), *words]) == 0
    torch.testing.assert_close(handed_on.pop("content"), photo("temple"))
    assert [torch.equal(one, style(name_)) for one, name_ in zip(handed_on.pop("styles"), ("swirls", "mosaic"), strict=True)] == [
        True
    ] * 2
    assert handed_on == DEFAULTS | {"size": 512} | {name: value}


@pytest.mark.parametrize("order", [("sky", "rest"), ("rest", "sky")])
def test_the_rest_is_all_that_the_other_masks_leave(tmp_path, handed_on, order):
    words = ["temple:sky" if word == "sky" else "rest" for word in order]
    assert main(["stylize", "temple", "swirls", "mosaic", "-o", str(tmp_path / "x.png"), "--masks", *words]) == 0
    sky, rest = (handed_on["masks"][order.index(name)] for name in ("sky", "rest"))
    assert torch.equal(sky, mask("temple", "sky")) and torch.equal(rest, 1 - sky) and rest.max() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["temple", "swirls", "-o", "{}/x.png", "--masks", "rest"], "at least one other"),
        (["temple", "swirls", "-o", "{}/x.png", "--masks", "temple:sea"], "temple:sea"),
        (["temple", "swirls", "-o", "{}/x.png", "--mix", "1", "2"], "mix has 2 entries for 1"),
        (["nowhere.jpg", "swirls", "-o", "{}/x.png"], "nowhere.jpg"),
        (["temple", "swirls", "-o", "{}/x.txt"], ".png"),
        (["temple", "swirls", "-o", "{}/none/x.png"], "make it first"),
        (["temple", "swirls", "-o", "{}/x.png", "--style-weight", "-3"], "style=-3"),
        (["temple", "swirls", "-o", "{}/x.png", "--style-layers", "relu7_1"], "relu7_1"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path, capsys, words, said):
    assert main(["stylize", *(word.format(tmp_path) for word in words), *SMALL]) == 1
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown and not list(tmp_path.iterdir())


def test_wrong_usage_is_argparses():
    with pytest.raises(SystemExit) as caught:
        main(["stylize", "temple"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mix", "nan"], "mix=[nan]"),
        (["--mix", "-1"], "mix=[-1.0]"),
        (["--mix", "inf"], "mix=[inf]"),
        (["--mix", "0"], "mix=[0.0]"),
        (["--steps", "0"], "steps=0"),
        (["--steps", "-5"], "steps=-5"),
        (["--size", "0"], "size=0"),
        (["--size", "-48"], "size=-48"),
        (["--tile", "0"], "tile=0"),
        (["--tile", "-8"], "tile=-8"),
        (["--style-scale", "nan"], "style_scale=nan"),
        (["--style-scale", "0"], "style_scale=0"),
        (["--style-scale", "inf"], "style_scale=inf"),
        (["--style-weight", "nan"], "style=nan"),
        (["--style-weight", "inf"], "style=inf"),
        (["--tv-weight", "nan"], "tv=nan"),
        (["--content-weight=-inf"], "content=-inf"),
        (["--content-layers", "relu9_9"], "relu9_9"),
        (["--style-layers", "conv0"], "conv0"),
        (["--style-layers", ""], "''"),
        (["--init", "nowhere.png"], "nowhere.png"),
    ],
)
def test_options_that_cannot_be_are_a_sentence(tmp_path, capsys, words, said):
    assert main(["stylize", "temple", "swirls", "-o", str(tmp_path / "x.png"), *SMALL, *words]) == 1
    shown = capsys.readouterr().err
    assert said in shown and shown.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_writes_the_best_picture_so_far(tmp_path, number):
    out = tmp_path / "x.png"
    command = [sys.executable, "-m", "nstlib", "stylize", "temple", "swirls", "-o", str(out), "--size", "64", "--steps", "100000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        shown = ""
        while "loss" not in shown:  # the bar shows a loss: there is a picture
            shown += running.stderr.read(64)
        time.sleep(0.5)
        running.send_signal(number)
        printed, errors = running.communicate(timeout=60)
    assert running.returncode == 130 and "evaluations" in printed and "Traceback" not in errors
    assert load_image(out).shape[-1] == 64
