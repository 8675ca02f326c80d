"""What a job is known by: contents, not names, the same in every process; differences in words."""

import functools
import os
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
    """A loss of somebody's own, with a cache that does not count."""

    def __init__(self, weight):
        self.weight, self._seen = weight, []

    def __call__(self, network, images, numbers):
        return {"total": self.weight * images.sum()}


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
    used = Weighted(1)
    used._seen.append(3)
    assert digest(used) == digest(Weighted(1))


def test_what_holds_itself_has_a_digest():
    one, other = [1], [2]
    one.append(one)
    other.append(other)
    assert digest(one) != digest(other)


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
        "print(digest([{'a', 'b', 'c', 'd'}, {'k': 1.5}, lambda x: x in {'u', 'v', 'w'}]))"
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
