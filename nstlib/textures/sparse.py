"""Sparse coding: small patches written with few words of a dictionary, and K-SVD, which learns the dictionary.

A patch is a row of numbers, an atom is a row of unit length, a code says how much of which atoms: patches = codes @ atoms.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import NstError

GAIN = 1.15  # Elad and Aharon 2006: a patch is explained when what is left is 1.15 times the noise
ALIKE = 0.99  # two atoms with a larger inner product are one
RARE = 3  # an atom that fewer patches use is no help


@dataclass(frozen=True)
class Stop:
    """When the code of a patch is long enough: after `atoms` atoms, or when what is left is small.

    error: root mean square per number of the patch, in the patch's own units. Give one of the two.
    """

    atoms: int | None = None
    error: float | None = None

    def __post_init__(self) -> None:
        if (self.atoms is None) == (self.error is None):
            raise NstError(f"{self}: give one of atoms (how many) and error (root mean square that may be left)")
        if (self.atoms is not None and self.atoms < 1) or (self.error is not None and self.error < 0):
            raise NstError(f"{self}: expected atoms of 1 or more, or an error of 0 or more")


@dataclass(frozen=True)
class Round:
    """One round of K-SVD: the dictionary (K, d), the root mean square that its codes leave, atoms used per patch."""

    atoms: Tensor
    error: float
    used: float


# ---------------------------------------------------------------- codes


def sparse_codes(patches: Tensor, atoms: Tensor, stop: Stop) -> Tensor:
    """The codes (N, K) of patches (N, d) in a dictionary (K, d), by orthogonal matching pursuit (scikit-learn's).

    Atoms have unit length. Raises NstError. Pati, Rezaiifar and Krishnaprasad, "Orthogonal matching pursuit" (1993).
    """
    _check_matrices(patches, atoms)
    codes = _pursue(patches.double().numpy(), atoms.double().numpy(), stop)
    return torch.from_numpy(codes).to(patches.dtype)


def _check_matrices(patches: Tensor, atoms: Tensor) -> None:
    if patches.ndim != 2 or atoms.ndim != 2 or patches.shape[1] != atoms.shape[1]:
        raise NstError(
            f"patches {tuple(patches.shape)} and atoms {tuple(atoms.shape)}: expected (N, d) and (K, d); "
            "a row is a patch, flattened"
        )
    lengths = atoms.norm(dim=1)
    if not bool(((lengths - 1).abs() < 1e-3).all()):
        raise NstError(
            f"atoms have lengths from {float(lengths.min()):.3g} to {float(lengths.max()):.3g}, expected 1: "
            "divide by atoms.norm(dim=1, keepdim=True)"
        )


def _pursue(patches: np.ndarray, atoms: np.ndarray, stop: Stop) -> np.ndarray:
    from sklearn.linear_model import orthogonal_mp_gram

    # scikit-learn's tol is the sum of squares that may be left of a whole patch: not a root, not a mean.
    tolerance = None if stop.error is None else patches.shape[1] * stop.error**2
    squares = np.square(patches).sum(1)
    codes = np.zeros((len(patches), len(atoms)))
    rest = np.flatnonzero(squares > (tolerance or 0))  # the others need no atom; scikit-learn would give them one
    if not len(rest):
        return codes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "ended prematurely": nothing was left to explain
        found = orthogonal_mp_gram(
            atoms @ atoms.T,
            atoms @ patches[rest].T,
            n_nonzero_coefs=stop.atoms,
            tol=tolerance,
            norms_squared=squares[rest] if tolerance is not None else None,
        )
    codes[rest] = found.T.reshape(len(rest), len(atoms))
    return codes


# ---------------------------------------------------------------- K-SVD


def ksvd(patches: Tensor, count: int, stop: Stop, *, rounds: int = 10, seed: int = 0) -> Tensor:
    """A dictionary of `count` atoms (count, d) in which patches (N, d) have short codes. Raises NstError.

    Aharon, Elad and Bruckstein, "K-SVD: an algorithm for designing overcomplete dictionaries" (2006). `ksvd_rounds`
    shows it at work.
    """
    for step in ksvd_rounds(patches, count, stop, rounds=rounds, seed=seed):
        last = step
    return last.atoms


def ksvd_rounds(patches: Tensor, count: int, stop: Stop, *, rounds: int = 10, seed: int = 0) -> Iterator[Round]:
    """Yield the rounds of `ksvd`: code all patches, then renew the atoms one by one, each with its coefficients."""
    if patches.ndim != 2 or len(patches) < count or rounds < 1:
        raise NstError(
            f"patches of shape {tuple(patches.shape)}, {count} atoms, {rounds} rounds: expected (N, d) with "
            "at least as many patches as atoms, and a round or more"
        )
    random = np.random.default_rng(seed)
    signals = patches.double().numpy()
    atoms = _unit(_first_atoms(signals, count, random))
    for _ in range(rounds):
        codes = _pursue(signals, atoms, stop)
        residual = signals - codes @ atoms
        for k in random.permutation(count):
            _renew(k, atoms, codes, residual)
        _replace_useless(atoms, codes, residual, signals)
        yield Round(
            torch.from_numpy(atoms.copy()).to(patches.dtype),
            float(np.sqrt(np.square(residual).mean())),
            float((codes != 0).sum(1).mean()),
        )


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def _first_atoms(signals: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Patches that are not empty, taken by chance."""
    useful = np.flatnonzero(np.square(signals).sum(1) > 1e-12)
    if len(useful) < count:
        raise NstError(
            f"{len(useful)} of {len(signals)} patches are not all zero: expected at least {count}, as atoms to start from"
        )
    return signals[random.choice(useful, count, replace=False)]


def _renew(k: int, atoms: np.ndarray, codes: np.ndarray, residual: np.ndarray) -> None:
    """Atom k and its coefficients become the best rank-one part of what the other atoms leave of its patches. In place."""
    users = np.flatnonzero(codes[:, k])
    if len(users) < RARE:
        return
    wanted = residual[users] + codes[users, k, None] * atoms[k]  # (n, d): as if atom k did not exist
    atoms[k] = _strongest(wanted)
    codes[users, k] = wanted @ atoms[k]
    residual[users] = wanted - codes[users, k, None] * atoms[k]


def _strongest(rows: np.ndarray) -> np.ndarray:
    """The first right singular vector (d,) of rows (n, d), from the smaller of the two squares: (d, d) or (n, n)."""
    if rows.shape[0] >= rows.shape[1]:
        return np.linalg.eigh(rows.T @ rows)[1][:, -1]
    return _unit(np.linalg.eigh(rows @ rows.T)[1][:, -1] @ rows)


def _replace_useless(atoms: np.ndarray, codes: np.ndarray, residual: np.ndarray, signals: np.ndarray) -> None:
    """Atoms that hardly any patch uses, and second copies, become the patches that are explained worst. In place."""
    twins = np.triu(np.abs(atoms @ atoms.T), 1).max(0) > ALIKE
    useless = np.flatnonzero(twins | ((codes != 0).sum(0) < RARE))
    worst = np.argsort(np.square(residual).sum(1))[::-1][: len(useless)]
    atoms[useless] = _unit(signals[worst])


# ---------------------------------------------------------------- pictures as patches


def to_patches(maps: Tensor, side: int, step: int = 1) -> tuple[Tensor, Tensor]:
    """All windows of one picture (1, C, H, W) as rows (N, C * side * side) without their means, and the means (N, C).

    The last row and column of windows touch the border, whatever the step is. Raises NstError.
    """
    if maps.ndim != 4 or len(maps) != 1 or not 1 <= side <= min(maps.shape[-2:]):
        raise NstError(f"a picture of shape {tuple(maps.shape)} has no windows of {side} pixels: expected (1, C, H, W)")
    rows, columns = _starts(maps.shape[-2], side, step), _starts(maps.shape[-1], side, step)
    windows = maps[0].unfold(1, side, 1).unfold(2, side, 1)[:, rows][:, :, columns]  # (C, rows, columns, side, side)
    values = windows.permute(1, 2, 0, 3, 4).reshape(-1, maps.shape[1], side * side)
    means = values.mean(2)
    return (values - means[..., None]).flatten(1), means


def _starts(length: int, side: int, step: int) -> list[int]:
    return sorted({*range(0, length - side + 1, step), length - side})


def from_patches(patches: Tensor, means: Tensor, shape: tuple[int, int], side: int, step: int = 1) -> Tensor:
    """Return the picture (1, C, H, W) of a given (H, W): each pixel is the mean of the windows over it."""
    channels = means.shape[1]
    values = (patches.view(len(patches), channels, -1) + means[..., None]).flatten(1)  # (N, C * side * side)
    dense = [shape[0] - side + 1, shape[1] - side + 1]
    rows, columns = _starts(shape[0], side, step), _starts(shape[1], side, step)
    index = (torch.tensor(rows)[:, None] * dense[1] + torch.tensor(columns)).flatten()
    whole = values.new_zeros(dense[0] * dense[1], values.shape[1]).index_copy(0, index, values)
    count = whole.new_zeros(dense[0] * dense[1], side * side).index_fill(0, index, 1)
    total, covered = F.fold(whole.T[None], shape, side), F.fold(count.T[None], shape, side)
    return total / covered.clamp_min(1)


def code_picture(maps: Tensor, atoms: Tensor, stop: Stop, step: int = 1) -> Tensor:
    """Rebuild a picture (1, C, H, W) from the atoms of a dictionary: windows are coded, put back, averaged.

    atoms: (K, C * side * side). With `Stop(error=GAIN * sigma)` it takes out noise of that deviation (Elad and Aharon,
    "Image denoising via sparse and redundant representations over learned dictionaries", 2006). Raises NstError.
    """
    side = round((atoms.shape[1] / maps.shape[1]) ** 0.5)
    patches, means = to_patches(maps, side, step)
    coded = torch.cat([sparse_codes(part, atoms, stop) @ atoms for part in patches.split(4096)])
    return from_patches(coded, means, tuple(maps.shape[-2:]), side, step)
