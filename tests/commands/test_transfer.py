"""The command `transfer`: every method, its options, what the file says of itself, and mistakes as sentences."""

from pathlib import Path

import pytest
import torch

from nstlib import load_image, mask, photo
from nstlib.__main__ import main
from nstlib.images.files import read_provenance
from nstlib.methods import METHODS, Painted
from nstlib.nets.adain import AdaINNet
from nstlib.nets.files import save_network
from nstlib.nets.sanet import SANet

SMALL = ["--size", "48", "--quiet"]


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Untrained networks in files."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("networks")
    for name, network in (("adain", AdaINNet()), ("sanet", SANet())):
        save_network(network, folder / f"{name}.safetensors")
    return folder


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("adain", ["swirls", "waves", "--mix", "1", "3", "--alpha", "0.5", "--style-size", "40"]),
        ("wct", ["swirls", "--color", "luminance", "--alpha", "0.5"]),
        ("sanet", ["swirls", "waves", "--masks", "temple:sky", "rest"]),
        ("fast", ["mosaic"]),
        ("fast", ["mosaic", "swirls", "--mix", "1", "2"]),
    ],
)
def test_it_paints_in_one_pass(method, words, networks, tmp_path, capsys):
    out = tmp_path / "painted.png"
    weights = (
        [] if method == "fast" else ["--weights", str(networks / f"{'sanet' if method == 'sanet' else 'adain'}.safetensors")]
    )
    assert main(["transfer", "temple", *words, "-o", str(out), "--method", method, *weights, *SMALL]) == 0
    assert load_image(out).shape == (1, 3, 32, 48) and f"48x32 px, {method}, " in capsys.readouterr().out
    about = read_provenance(out)
    assert (about["method"], about["content"]) == (method, "temple") and about["style"].startswith(words[0])


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--size", "99"], "size", 99),
        (["--alpha", "0.3"], "alpha", 0.3),
        (["--mix", "1", "2"], "mix", [1.0, 2.0]),
        (["--color", "histogram"], "color", "histogram"),
        (["--style-size", "40"], "style_size", 40),
        (["--quiet"], "progress", False),
        (["--weights", "a.safetensors"], "weights", Path("a.safetensors")),
        (["--method", "sanet"], "method", "sanet"),
    ],
)
def test_each_option_reaches_the_library(words, name, value, tmp_path, monkeypatch):
    seen = {}

    def transfer(content, styles, method, **options):
        seen.update(options, content=content, styles=styles, method=method)
        return Painted(content, method, 1.0)

    monkeypatch.setattr("nstlib.commands.transfer.paint_by_method", transfer)
    assert main(["transfer", "temple", "swirls", "waves", "-o", str(tmp_path / "x.png"), *words]) == 0
    assert torch.equal(seen.pop("content"), photo("temple")) and [one.shape[1] for one in seen.pop("styles")] == [3, 3]
    assert seen == {
        "method": "adain",
        "size": None,
        "progress": True,
        "alpha": None,
        "mix": None,
        "color": None,
        "style_size": None,
        "weights": None,
        "masks": None,
    } | {name: value}
    assert (
        main(
            [
                "transfer",
                "temple",
                "swirls",
                "waves",
                "-o",
                str(tmp_path / "x.png"),
                "--method",
                "fast",
                "--masks",
                "rest",
                "temple:sky",
            ]
        )
        == 0
    )
    assert seen["styles"] == ["swirls", "waves"]  # of the method "fast" by name
    torch.testing.assert_close(seen["masks"][0], 1 - mask("temple", "sky"))


def test_it_paints_by_optimisation_and_takes_files(tmp_path, capsys):
    first, second = tmp_path / "first.png", tmp_path / "second.jpg"
    assert main(["transfer", "temple", "mosaic", "-o", str(first), "--method", "fast", *SMALL]) == 0
    assert main(["transfer", str(first), str(first), "-o", str(second), "--method", "optimise", *SMALL]) == 0
    assert "optimise, 120 evaluations" in capsys.readouterr().out and second.stat().st_size > 100


def test_the_file_says_what_was_chosen(networks, tmp_path):
    out, weights = tmp_path / "x.webp", str(networks / "adain.safetensors")
    assert (
        main(
            ["transfer", "temple", "ink", "-o", str(out), "--alpha", "0.3", "--masks", "temple:sky", "--weights", weights, *SMALL]
        )
        == 0
    )
    about = read_provenance(out)
    assert (
        about["method"] == "adain"
        and about["alpha"] == 0.3
        and about["masks"] == ["temple:sky"]
        and about["weights"] == "adain.safetensors"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["temple", "swirls", "-o", "{}/x.png", "--method", "sanet", "--alpha", "0.5"],
            "'sanet' has no option 'alpha': adain, wct",
        ),
        (["temple", "swirls", "-o", "{}/x.png", "--method", "fast", "--color", "affine"], "'fast' has no option 'color'"),
        (["temple", "autumn", "-o", "{}/x.png", "--method", "fast"], "mosaic"),
        (["temple", "swirls", "-o", "{}/x.png", "--alpha", "2"], "alpha=2.0"),
        (["temple", "swirls", "-o", "{}/x.png", "--masks", "rest"], "at least one other"),
        (["temple", "swirls", "waves", "-o", "{}/x.png", "--mix", "1"], "mix has 1 entries for 2"),
        (["nowhere.jpg", "swirls", "-o", "{}/x.png"], "nowhere.jpg"),
        (["temple", "nowhere.jpg", "-o", "{}/x.png"], "nowhere.jpg"),
        (["temple", "swirls", "-o", "{}/x.txt"], ".png"),
        (["temple", "swirls", "-o", "{}/none/x.png"], "make it first"),
        (["temple", "swirls", "-o", "{}/x.png", "--weights", "{}/nothing.safetensors"], "no network at"),
    ],
)
def test_a_mistake_is_a_sentence(words, said, networks, tmp_path, capsys):
    words = [word.format(tmp_path) for word in words]
    if "--weights" not in words and "fast" not in words:
        words += ["--weights", str(networks / f"{'sanet' if 'sanet' in words else 'adain'}.safetensors")]
    assert main(["transfer", *words, *SMALL]) == 1
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown and not list(tmp_path.iterdir())


def test_the_help_names_every_method(capsys):
    with pytest.raises(SystemExit):
        main(["transfer", "--help"])
    shown = capsys.readouterr().out
    assert all(f"{name}: " in shown for name in METHODS)
