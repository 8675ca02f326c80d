"""Networks in files: those for any style are stored without their encoder, small, and come back as what they were."""

import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nstlib.errors import NstError, WeightsError
from nstlib.files.weights import read_header
from nstlib.nets.adain import AdaINNet
from nstlib.nets.bands import paint
from nstlib.nets.fast import FastNet
from nstlib.nets.files import SHIPPED_FAST, WEIGHTS_FOLDER, find_fast, load_adain, load_fast, load_sanet, read_about, save_network
from nstlib.nets.sanet import SANet

LOADERS = {"adain": (AdaINNet, load_adain), "sanet": (SANet, load_sanet)}
each_kind = pytest.mark.parametrize("kind", LOADERS)


@each_kind
def test_a_network_comes_back_from_its_file(tmp_path, kind):
    build, load = LOADERS[kind]
    torch.manual_seed(0)
    network, (content, style) = build(), torch.rand(2, 1, 3, 40, 52)
    path = save_network(network, tmp_path / "net.safetensors", steps=3)
    again = load(path)
    assert (
        type(again) is build
        and not again.training
        and again.options == {"backbone": "micro"}
        and read_about(path) == {"steps": 3}
    )
    with torch.inference_mode():
        torch.testing.assert_close(again(content, style), network(content, style), rtol=0, atol=0.02)  # half precision
    assert path.stat().st_size < 2.01 * sum(w.numel() for w in network.parameters()) + 8000


def test_both_together_are_small():
    assert 2 * sum(w.numel() for build, _ in LOADERS.values() for w in build().parameters()) <= 4e6  # bytes


@each_kind
def test_another_kind_and_another_name_are_refused(tmp_path, kind):
    build, load = LOADERS[kind]
    other = next(one for one in LOADERS if one != kind)
    path = save_network(build(), tmp_path / "net.safetensors")
    for loader in (LOADERS[other][1], load_fast):
        with pytest.raises(WeightsError, match=f"kind '{kind}'"):
            loader(path)
    with pytest.raises(WeightsError, match=f"name one of {kind}"):
        load("nothing")


def changed(path, state=None, meta=None, **options):
    """A network's file, written again with other tensors, notes or options."""
    with safe_open(path, "pt") as file:
        notes = dict(file.metadata())
    notes["options"] = json.dumps(json.loads(notes["options"]) | options)
    tensors = load_file(path)
    save_file(tensors | (state or {}), path, notes | (meta or {}))
    return path


@pytest.fixture
def small(tmp_path):
    """A small network of two styles in a file."""
    return save_network(FastNet(0.125, "conditional", 2, names=["day", "night"]), tmp_path / "small.safetensors")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"attention": 2}, "does not know the option attention.*newer"),
        ({"width": "0.125"}, "width='0.125'"),
        ({"width": True}, "width=True"),
        ({"width": float("nan")}, "width=nan"),
        ({"width": 1e9}, "width"),
        ({"styles": -1}, "styles=-1"),
        ({"styles": 2.0}, "styles=2.0"),
        ({"styles": 2_000_000, "names": []}, "norm.*expected"),
        ({"styles": 10**30, "names": []}, "cannot be built"),
        ({"names": "ab"}, "names='ab'"),
        ({"names": [1, 2]}, "names"),
        ({"names": ["a"]}, "1 entries"),
        ({"norm": ["instance"]}, "norm="),
        ({"norm": "instance"}, "styles=2"),
        ({"upsampling": None}, "upsampling=None"),
        ({"upsampling": "cubic"}, "cubic"),
        ({"width": 4}, "expected"),
        ({"backbone": "eyes"}, "backbone='eyes'"),
        ({"backbone": 3}, "backbone=3"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_built(small, options, said):
    with pytest.raises(WeightsError, match=f"small.safetensors.*{said}"):
        load_fast(changed(small, **options))


@pytest.mark.parametrize(
    "meta",
    [{"options": "[]"}, {"options": "3"}, {"options": "{"}, {"options": "[" * 100_000}, {"network": "gan"}, {"network": ""}],
)
def test_notes_that_are_damaged(small, meta):
    with pytest.raises(WeightsError, match="small.safetensors"):
        load_fast(changed(small, meta=meta))


@pytest.mark.parametrize(
    "options",
    [
        {"backbone": "resnet50"},
        {"backbone": "eyes"},
        {"backbone": None},
        {"backbone": ["mini"]},
        {"weights": "/etc/passwd"},
        {"backbone": "mini", "width": 1},
    ],
)
@each_kind
def test_options_of_networks_for_any_style(tmp_path, kind, options):
    build, load = LOADERS[kind]
    with pytest.raises(WeightsError, match="net.safetensors"):
        load(changed(save_network(build(), tmp_path / "net.safetensors"), **options))


def test_another_programs_files(tmp_path, small):
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(3)}, path)
    before = path.read_bytes()
    for read in (load_fast, load_adain, read_about):
        with pytest.raises(WeightsError, match="other.safetensors is no network of this course"):
            read(path)
    assert path.read_bytes() == before
    for name, old in (("new.pth", False), ("old.safetensors", True)):
        torch.save({"a": torch.zeros(3)}, tmp_path / name, _use_new_zipfile_serialization=not old)
        with pytest.raises(WeightsError, match=f"{name} is a file of torch.save.*safetensors"):
            load_fast(tmp_path / name)
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(WeightsError, match="no network at"):
        load_fast(tmp_path / "folder.safetensors")
    path.write_bytes((2**40).to_bytes(8, "little") + b"{}")
    with pytest.raises(WeightsError, match="header"):
        load_fast(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, small, value):
    network = load_fast(small)
    with torch.no_grad():
        network.blocks[0].first.conv.weight[0, 0, 0, 0] = value
    with pytest.raises(WeightsError, match="blocks.0.first.conv.weight holds NaN or infinity"):
        save_network(network, tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()
    weight = load_file(small)["blocks.0.first.conv.weight"]
    weight[0, 0, 0, 0] = value
    with pytest.raises(WeightsError, match="small.safetensors: blocks.0.first.conv.weight holds NaN or infinity"):
        load_fast(changed(small, {"blocks.0.first.conv.weight": weight}))


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool, torch.complex64])
def test_numbers_that_no_weight_has_are_refused(small, dtype):
    weight = load_file(small)["blocks.0.first.conv.weight"].to(dtype)
    with pytest.raises(WeightsError, match=f"blocks.0.first.conv.weight {dtype}, expected floating-point"):
        load_fast(changed(small, {"blocks.0.first.conv.weight": weight}))


def test_a_network_that_paints_nan_is_refused(small):
    network = load_fast(small)
    with torch.no_grad():
        network.up[-1].conv.bias[0] = float("nan")
    with pytest.raises(NstError, match="not finite"):
        paint(network, torch.rand(1, 3, 32, 32), "day")


def test_weights_too_large_for_half_precision_are_not_written(tmp_path):
    network = FastNet(0.125)
    with torch.no_grad():
        network.blocks[0].first.conv.bias.fill_(1e6)
    with pytest.raises(WeightsError, match="infinity"):
        save_network(network, tmp_path / "x.safetensors")


def test_tensors_of_other_shapes(small):
    with pytest.raises(WeightsError, match="up.2.conv.bias .*expected"):
        load_fast(changed(small, {"up.2.conv.bias": torch.zeros(4)}))
    with pytest.raises(WeightsError, match="more .*expected none"):
        load_fast(changed(small, {"up.2.conv.bias": torch.zeros(3), "more": torch.zeros(4)}))


def test_another_kind_of_network_is_not_written(tmp_path):
    with pytest.raises(NstError, match="a Linear cannot be written"):
        save_network(torch.nn.Linear(1, 1), tmp_path / "x.safetensors")
    with pytest.raises(NstError, match="no folder"):
        save_network(FastNet(0.125), tmp_path / "nowhere" / "x.safetensors")


def test_a_name_in_no_encoding(small, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.safetensors")
    try:
        small.rename(path)
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    assert load_fast(path).names == ["day", "night"] and read_about(path) == {}


def test_a_file_without_an_ending_is_found(small, tmp_path):
    small.rename(tmp_path / "mine")
    assert find_fast(tmp_path / "mine")[0].names == ["day", "night"]


@pytest.mark.parametrize("load", [*(lambda name=name: load_fast(name) for name in SHIPPED_FAST), load_adain, load_sanet])
def test_the_shipped_networks_say_that_they_are_minis_whatever_auto_means(load, monkeypatch):
    monkeypatch.setenv("NSTLIB_BACKBONE", "vgg19")
    assert load().backbone == "micro"


def test_who_judged_a_network_is_in_its_file(tmp_path):
    path = save_network(FastNet(0.125, backbone="vgg19"), tmp_path / "net.safetensors")
    assert load_fast(path).backbone == "vgg19"


@each_kind
def test_auto_is_noted_by_what_it_meant(kind, monkeypatch):
    monkeypatch.setenv("NSTLIB_BACKBONE", "mini")
    assert LOADERS[kind][0]("auto").options == {"backbone": "mini"}


@each_kind
def test_a_file_from_before_mini_was_exchanged_is_read_with_the_encoder_that_it_had(kind, tmp_path):
    shipped, old = WEIGHTS_FOLDER / f"{kind}.safetensors", tmp_path / "old.safetensors"
    save_file(load_file(shipped), old, read_header(shipped)[0] | {"options": json.dumps({"backbone": "mini"})})
    read = LOADERS[kind][1](old)
    assert read.backbone == "micro"
    pictures = torch.rand(2, 1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(read(*pictures), LOADERS[kind][1](shipped)(*pictures))
