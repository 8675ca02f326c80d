"""Sparse coding: dictionaries that are found again, codes that keep to their stop, pictures put together from windows."""

import numpy as np
import pytest
import torch

from nstlib import style
from nstlib.errors import NstError
from nstlib.textures import sparse
from nstlib.textures.sparse import GAIN, Stop, code_picture, from_patches, ksvd, ksvd_rounds, sparse_codes, to_patches


def sample(side=24, name="mosaic"):
    return style(name, 256)[..., 80 : 80 + side, 60 : 60 + side].contiguous()


def synthetic(seed=0, count=1500):
    """The paper's test: 50 atoms of 20 numbers, signals made of 3 of them."""
    random = np.random.default_rng(seed)
    atoms = random.normal(size=(50, 20))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = np.zeros((count, 50))
    for row in codes:
        row[random.choice(50, 3, replace=False)] = random.normal(size=3)
    return torch.from_numpy(atoms), torch.from_numpy(codes), torch.from_numpy(codes @ atoms)


@pytest.mark.sampled
def test_ksvd_recovers_the_synthetic_dictionary(seed_offset):
    atoms, _, signals = synthetic(seed=1 + 1000 * seed_offset)
    learned = ksvd(signals, 50, Stop(atoms=3), rounds=25, seed=1 + 1000 * seed_offset)
    assert int(((atoms @ learned.T).abs().amax(1) > 0.99).sum()) >= 40  # 46.4, spread 1.5; nobody finds one by chance
    torch.testing.assert_close(learned.norm(dim=1), torch.ones(50).double())


@pytest.mark.sampled
def test_rounds_of_ksvd_leave_less_and_less(seed_offset):
    _, _, signals = synthetic(seed_offset, count=300)
    errors = [step.error for step in ksvd_rounds(signals, 50, Stop(atoms=3), rounds=8)]
    assert errors[-1] < 0.85 * errors[0]  # 0.70, spread 0.04; nothing learned: 1


def test_codes_keep_to_their_stop():
    atoms, _, signals = synthetic(count=200)
    three = sparse_codes(signals, atoms, Stop(atoms=3))
    assert int((three != 0).sum(1).max()) <= 3
    exact = sparse_codes(signals, atoms, Stop(error=0.05))
    left = (signals - exact @ atoms).square().mean(1).sqrt()
    assert float(left.max()) <= 0.05 + 1e-6
    assert not sparse_codes(signals * 1e-3, atoms, Stop(error=0.05)).any()  # nothing to say: no atom


def test_a_patch_of_nothing_needs_no_atom():
    """Nor does one that is within the error already; one just beyond it does."""
    atoms = torch.eye(4, dtype=torch.float64)
    patches = torch.tensor([[0.0, 0, 0, 0], [0.19, 0, 0, 0], [0.21, 0, 0, 0], [3.0, 0, -2.0, 0]], dtype=torch.float64)
    assert sparse_codes(patches, atoms, Stop(atoms=1)).tolist() == [[0, 0, 0, 0], [0.19, 0, 0, 0], [0.21, 0, 0, 0], [3, 0, 0, 0]]
    found = sparse_codes(patches, atoms, Stop(error=0.1))  # the root of the mean of 4 squares: 0.2 in one number
    assert (found != 0).sum(1).tolist() == [0, 0, 1, 2] and found[3].tolist() == [3, 0, -2, 0]
    assert sparse_codes(torch.zeros(2, 4), atoms.float(), Stop(error=0.0)).tolist() == [[0] * 4] * 2


def test_where_stops_begin():
    assert Stop(atoms=1).atoms == 1 and Stop(error=0.0).error == 0
    for wrong in ({"atoms": 0}, {"error": -1e-9}, {}, {"atoms": 1, "error": 1.0}):
        with pytest.raises(NstError, match="atoms"):
            Stop(**wrong)


def test_a_long_enough_pursuit_is_least_squares():
    """With as many atoms as numbers, what is left is nothing."""
    atoms, _, signals = synthetic(count=20)
    torch.testing.assert_close(sparse_codes(signals, atoms, Stop(atoms=20)) @ atoms, signals, atol=1e-6, rtol=0)


@pytest.mark.parametrize("step", [1, 3, 5])
def test_windows_put_back_give_the_picture(step):
    picture = sample(23)
    patches, means = to_patches(picture, 5, step)
    assert patches.shape[1] == 75 and float(patches.view(len(patches), 3, 25).mean(2).abs().max()) < 1e-6
    torch.testing.assert_close(from_patches(patches, means, (23, 23), 5, step), picture, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_dictionary_that_holds_everything_gives_the_picture_back(channels):
    """One atom for each number of a window of 4 x 4 px, in all its colours."""
    picture = torch.rand(1, channels, 9, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(code_picture(picture, torch.eye(16 * channels, dtype=torch.float64), Stop(error=0.0), 2), picture)


@pytest.mark.sampled
def test_a_learned_dictionary_takes_out_noise(seed_offset):
    clean = style("waves", 96).mean(1, keepdim=True)
    sigma = 25 / 255
    noisy = clean + sigma * torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed_offset))
    patches, _ = to_patches(noisy, 6, 2)
    atoms = ksvd(patches, 64, Stop(error=GAIN * sigma), rounds=4)
    cleaned = code_picture(noisy, atoms, Stop(error=GAIN * sigma))
    gain = 10 * torch.log10((noisy - clean).square().mean() / (cleaned - clean).square().mean())
    assert float(gain) > 3  # 4.9, spread 0.1


@pytest.mark.parametrize("stop", [{}, {"atoms": 3, "error": 0.1}, {"atoms": 0}, {"error": -1.0}])
def test_a_stop_says_one_thing(stop):
    with pytest.raises(NstError):
        Stop(**stop)


def test_sparse_coding_refuses_what_does_not_fit():
    with pytest.raises(NstError, match="expected 1: divide by"):
        sparse_codes(torch.rand(5, 4), torch.ones(6, 4), Stop(atoms=1))
    with pytest.raises(NstError, match=r"expected \(N, d\) and \(K, d\)"):
        sparse_codes(torch.rand(5, 4), torch.eye(5), Stop(atoms=1))
    with pytest.raises(NstError, match="at least as many patches as atoms"):
        ksvd(torch.rand(5, 4), 6, Stop(atoms=1))
    with pytest.raises(NstError, match="not all zero"):
        ksvd(torch.zeros(50, 4), 6, Stop(atoms=1))
    with pytest.raises(NstError, match="no windows of 30 pixels"):
        to_patches(sample(24), 30)


def test_an_atom_that_nobody_uses_becomes_the_patch_that_is_explained_worst():
    atoms, codes = np.eye(3), np.ones((40, 3))
    codes[:, 1] = 0
    signals, residual = np.tile([[3.0, 0.0, 4.0]], (40, 1)), np.full((40, 3), 0.1)
    signals[7], residual[7] = [0.0, 6.0, 8.0], [0.2, 0.2, 0.2]
    sparse._replace_useless(atoms, codes, residual, signals)
    np.testing.assert_allclose(atoms, [[1, 0, 0], [0, 0.6, 0.8], [0, 0, 1]])
