"""What a job is known by: contents, not names, the same in every process; differences in words."""

import functools
import json
import os
import runpy
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from nstlib.files import fingerprint
from nstlib.files.fingerprint import content, differences, digest, of_part


def scaled(weight, power=1):
    def loss(network, images, numbers):
        return {"total": weight * images.pow(power).sum()}

    return loss


class Weighted:
    """A loss of somebody's own."""

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, network, images, numbers):
        return {"total": self.weight * images.sum()}


class Private:
    """One whose weight is nobody's business."""

    __slots__ = ("_weight",)

    def __init__(self, weight):
        self._weight = weight


class Caching(Weighted):
    """One that says itself what it is known by, so that its cache does not count."""

    def __init__(self, weight):
        super().__init__(weight)
        self._seen = []

    def identity(self):
        return {"weight": self.weight}


class Scale(nn.Module):
    """A network with a constant."""

    def __init__(self, constant, learns=True):
        super().__init__()
        self.weight, self.constant = nn.Parameter(torch.ones(1), requires_grad=learns), constant


def calling(helper):
    """A class of this name whose method does this."""

    class Called:
        def __call__(self, x):
            return helper(x)

    return Called


ZEROS = torch.zeros(3)
DIFFERENT = [
    (1, 2),
    (1, True),
    (0, None),
    ("a", b"a"),
    ("ab", ["a", "b"]),
    ([1, 2], [2, 1]),
    ((1, 2), [1, 2]),
    ([[1], 2], [1, [2]]),
    ({"a": 1}, {"a": 2}),
    ({1, 2}, {1, 3}),
    (range(3), range(4)),
    (ZEROS, ZEROS.double()),
    (ZEROS, torch.zeros(1, 3)),
    (ZEROS, torch.tensor([0, 0, 1e-30])),
    (ZEROS.bfloat16(), ZEROS.half()),
    (np.zeros(2), np.ones(2)),
    (torch.float32, torch.float16),
    (scaled(1), scaled(2)),
    (scaled(1), scaled(1, 2)),
    (lambda x: x + 1, lambda x: x - 1),
    (lambda x: x.sin(), lambda x: x.cos()),
    (functools.partial(max, 1), functools.partial(max, 2)),
    (Weighted(1), Weighted(2)),
    (Weighted(1).__call__, Weighted(2).__call__),
    (nn.ReLU(), nn.Sigmoid()),
    (Private(1), Private(2)),
    (Scale(1), Scale(2)),
    (Scale(1), Scale(1, False)),
    (nn.Sequential(nn.ReLU()), nn.Sequential(nn.Sigmoid())),
    (nn.Conv2d(1, 1, 1).bias, nn.Conv2d(1, 1, 1)),
    (calling(abs)(), calling(lambda x: -x)()),
    ({1: 2}.get, {1: 3}.get),
    (np.random.default_rng(1), np.random.default_rng(2)),
    (functools.cache(lambda x: x + 1), functools.cache(lambda x: x + 2)),
    (float("nan"), 0.0),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=range(len(DIFFERENT)))
def test_other_contents_have_another_digest(one, other):
    assert digest(one) != digest(other) and digest(one) == digest(one) and len(digest(one)) == fingerprint.DIGITS


def test_the_same_content_made_anew_has_the_same_digest():
    torch.manual_seed(0)
    first = nn.Linear(3, 2)
    torch.manual_seed(0)
    for one, other in [
        (first, nn.Linear(3, 2)),
        (scaled(2), scaled(2)),
        (Weighted(1), Weighted(1)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (torch.arange(6).view(2, 3).T, torch.arange(6).view(2, 3).T.contiguous()),
    ]:
        assert digest(one) == digest(other)
    used = Caching(1)
    used._seen.append(3)
    assert digest(used) == digest(Caching(1)) != digest(Caching(2))


USED = {
    "a tensor": ("T = torch.zeros(2)", "T = torch.ones(2)", "T"),
    "an array": ("T = np.zeros(2)", "T = np.ones(2)", "T"),
    "a dict": ("W = {'a': 1.0}", "W = {'a': 2.0}", "W['a']"),
    "a function": ("f = lambda y: y + 1", "f = lambda y: y + 2", "f(x)"),
    "what a function uses": ("c = [1]\nf = lambda y: y + c[0]", "c = [2]\nf = lambda y: y + c[0]", "f(x)"),
    "in a function inside": ("c = 1", "c = 2", "(lambda: c)()"),
    "a class": ("class A:\n b = 1", "class A:\n b = 2", "A.b"),
    "a method": ("class A:\n def b(self): return 1", "class A:\n def b(self): return 2", "A().b()"),
    "what a base has": ("class Z:\n b = 1\nclass A(Z): pass", "class Z:\n b = 2\nclass A(Z): pass", "A.b"),
    "a property": ("class A:\n @property\n def b(self): return 1", "class A:\n @property\n def b(self): return 2", "A().b"),
    "one that calls itself": ("def f(n): return n and f(n - 1)", "def f(n): return n and f(n - 2)", "f(3)"),
    "a module of one's own": ("m = types.ModuleType('mine'); m.a = 1", "m = types.ModuleType('mine'); m.a = 2", "m.a"),
}


@pytest.mark.parametrize("name", USED)
def test_what_a_function_uses_of_its_surroundings_counts_and_nothing_else(name, tmp_path):
    before, after, used = USED[name]

    def made(first):
        file = tmp_path / "somebodys.py"
        file.write_text(f"import types\nimport numpy as np\nimport torch\n{first}\nunused = {first!r}\n")
        with file.open("a") as more:
            more.write(f"def loss(x): return x.unused * {used}\n")
        return digest(runpy.run_path(str(file))["loss"])

    assert made(before) == made(before) != made(after)


def test_code_of_libraries_is_known_by_its_name(monkeypatch):
    def loss(x):
        return nn.functional.relu(x) + json.loads("1")

    before = digest(loss)
    monkeypatch.setattr(json, "_default_decoder", None)
    assert digest(loss) == before


def test_what_holds_itself_has_a_digest():
    one, other = [1], [2]
    one.append(one)
    other.append(other)
    assert digest(one) != digest(other)
    for number in range(2):
        held = Weighted(number)
        held.all = {held}
        assert digest(held) == digest(held)


def test_what_is_very_deep_or_held_very_often_has_a_digest():
    deep, wide = [], Weighted(0)
    for _ in range(5000):
        deep = [deep]
    for _ in range(60):  # 2^60 ways lead to the first
        wide = Weighted((wide, wide))
    assert digest(deep) != digest(wide)


def test_the_network_that_learns_does_not_count():
    network = nn.Linear(1, 1)
    before = content("loss", [network, 1], besides=network)
    with torch.no_grad():
        network.weight.add_(1)
    assert content("loss", [network, 1], besides=network) == before != content("loss", [network, 2], besides=network)


def test_another_process_gives_the_same_digest():
    """Also of sets of words, whose order is another in each process."""
    script = (
        "from nstlib.files.fingerprint import digest\n"
        "class A:\n def __init__(self): self._all, self.kinds = {self}, {int: 1, self.run: 2, print: 3}\n"
        " def run(self, x): return helper(x) in {'u', 'v', 'w'}\n"
        "def helper(x, more={'p', 'q', 'r'}): return A, x.some, log\n"
        "import logging; log = logging.getLogger('mine')\n"
        "print(digest([{'a', 'b', 'c', 'd'}, {'k': 1.5}, lambda x: x in {'u', 'v', 'w'}, A(), A().run, helper]))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}, text=True, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_a_file_is_known_by_its_bytes(tmp_path):
    for name, data in {"a": b"1", "b": b"1", "c": b"2"}.items():
        (tmp_path / name).write_bytes(data)
    a, b, c = (fingerprint.file(tmp_path / name) for name in "abc")
    assert a == b != c and str(tmp_path) not in a


def test_differences_in_words():
    one, other = torch.zeros(1, 3, 4, 6), torch.ones(1, 3, 4, 6)
    stored = {
        "crop": 128,
        "style mosaic": fingerprint.picture(one),
        "photographs": content("3 pictures", 1),
        "layers": ("a",),
        "saturation": 0.0,
    }
    now = {
        "crop": 64,
        "style mosaic": fingerprint.picture(other),
        "photographs": content("4 pictures", 1),
        "layers": ["a"],
        "seed": 1,
    }
    assert differences(stored, now) == [
        "crop 64, was 128",
        "style mosaic: another picture of 6x4 px",
        "photographs 4 pictures, was 3 pictures",
        "seed 1, was not there",
        "saturation is not there, was 0.0",
    ]
    assert differences(stored, dict(stored)) == []


def test_a_part_says_itself_what_it_is_known_by():
    class Known:
        def identity(self):
            return {"crop": 3}

        def batch(self):
            pass

    assert of_part(Known(), "loss") == of_part(Known().batch, "pictures") == {"crop": 3}
    assert list(of_part(scaled(1), "loss")) == ["loss"]
