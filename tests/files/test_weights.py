"""Weights in files: what is no weights by name, not finite, or would run something."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from nstlib.errors import WeightsError
from nstlib.features.extractor import load_mini
from nstlib.files.weights import check_shapes, opened, read_header, read_weights, unpacked


@pytest.mark.skipif(sys.platform != "linux", reason="no limit on memory")
def test_a_file_that_asks_for_memory_gets_none(tmp_path):
    script = """
import json, resource, sys, torch, psutil
from safetensors.torch import save_file
from nstlib.errors import WeightsError
from nstlib.features.extractor import load_mini
from nstlib.nets.files import load_fast
used, name = psutil.Process().memory_info().vms, sys.argv[1]
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20,) * 2)
for options in ({"norm": "conditional", "styles": 2000000}, {"width": 4.0}, {"norm": "conditional", "styles": 20000, "width": 4}):
    save_file({"a": torch.zeros(1)}, name, {"network": "fast", "options": json.dumps(options), "about": "{}"})
    try:
        load_fast(name)
    except WeightsError:
        print("refused")
save_file({f"convs.conv{block}_1.bias": torch.zeros(100000) for block in (1, 2)}, name)
try:
    load_mini(name)
except WeightsError:
    print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "n.safetensors")], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["refused"] * 4, done.stderr[-500:]


def test_backbones_are_held_to_the_same(tmp_path):
    from nstlib.features.extractor import MINI_WEIGHTS

    state = load_file(MINI_WEIGHTS)
    name = next(iter(state))
    state[name].view(-1)[0] = float("nan")
    save_file(state, tmp_path / "mini.safetensors")
    with pytest.raises(WeightsError, match="NaN"):
        load_mini(tmp_path / "mini.safetensors")
    for number, held in enumerate(([1, 2], {"state_dict": {"a": torch.zeros(1)}}, torch.zeros(2), {1: torch.zeros(1)})):
        torch.save(held, tmp_path / f"{number}.pth")
        with pytest.raises(WeightsError, match="no weights by name"):
            read_weights(tmp_path / f"{number}.pth")


def test_weights_of_eight_bits_are_multiplied_by_their_units(tmp_path):
    code, unit = torch.tensor([[-127, 5], [3, 127]], dtype=torch.int8), torch.tensor([[0.5], [2.0]])
    path = tmp_path / "a.safetensors"
    found = unpacked({"a": code, "a.unit": unit, "b": torch.ones(2).half()}, path)
    assert found["a"].tolist() == [[-63.5, 2.5], [6.0, 254.0]] and found["b"].dtype == torch.float32 and len(found) == 2
    for wrong in (unit[:1], unit.mT, torch.ones(())):
        with pytest.raises(WeightsError, match="units"):
            unpacked({"a": code, "a.unit": wrong}, path)
    with pytest.raises(WeightsError, match="no units of a weight"):
        unpacked({"b.unit": unit}, path)


def test_a_name_in_no_encoding(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.safetensors")
    try:
        path.write_bytes(save({"a": torch.arange(3)}, {"note": "b"}))
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    assert read_weights(path)["a"].tolist() == [0, 1, 2] and read_header(path) == ({"note": "b"}, {"a": (3,)})
    with opened(path) as file:
        assert file.get_tensor("a").tolist() == [0, 1, 2]
    path.write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="damaged"):
        read_header(path)


def test_a_file_that_would_run_something_is_not_opened(tmp_path):
    class Runs:
        def __reduce__(self):
            return (print, ("it ran",))

    torch.save({"a": Runs()}, tmp_path / "runs.pth")
    with pytest.raises(WeightsError, match="more than weights") as caught:
        read_weights(tmp_path / "runs.pth")
    assert "weights_only" not in str(caught.value)


def test_an_interrupt_waits_while_no_memory_is_the_default_device(tmp_path):
    built = []

    def build():
        signal.raise_signal(signal.SIGINT)
        built.append(torch.nn.Linear(1, 1))
        return built[0]

    with pytest.raises(KeyboardInterrupt):
        check_shapes(build, {"weight": (1, 1), "bias": (1,)}, tmp_path / "a.safetensors")
    assert built and torch.get_default_device().type == "cpu"
