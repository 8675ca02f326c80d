"""Right and wrong answers to the exercises of lesson 2, judged by test_checks.py."""

import torch


def counts(levels, down, right, count):
    height, width = levels.shape
    pairs = levels[: height - down, : width - right] * count + levels[down:, right:]
    return torch.bincount(pairs.flatten(), minlength=count**2).view(count, count).float()


def right_table(levels, down, right, count):
    table = counts(levels, down, right, count)
    table = table + table.T
    return table / table.sum()


def rolled_table(levels, down, right, count):
    pairs = levels * count + levels.roll((-down, -right), (0, 1))
    table = torch.bincount(pairs.flatten(), minlength=count**2).view(count, count).float()
    return (table + table.T) / (2 * table.sum())


def small_table(levels, down, right, count):
    """As many levels as there are, not as many as asked for."""
    return right_table(levels, down, right, int(levels.max()) + 1)


def right_errors(windows, wanted, known, bell):
    weights = bell * known
    return ((windows - wanted) ** 2 * weights).sum((1, 2, 3)) / (3 * weights.sum())


def absolute_errors(windows, wanted, known, bell):
    weights = bell * known
    return ((windows - wanted).abs() * weights).sum((1, 2, 3)) / (3 * weights.sum())


def summed_errors(windows, wanted, known, bell):
    return ((windows - wanted) ** 2 * bell * known).sum((1, 2, 3))


def right_renewal(wanted):
    _, _, rows = torch.linalg.svd(wanted, full_matrices=False)
    return rows[0], wanted @ rows[0]


def loud_atom(wanted):
    _, strengths, rows = torch.linalg.svd(wanted, full_matrices=False)
    return strengths[0] * rows[0], wanted @ rows[0]


def mean_atom(wanted):
    atom = wanted.mean(0) / wanted.mean(0).norm()
    return atom, wanted @ atom


def last_atom(wanted):
    atom = torch.linalg.svd(wanted, full_matrices=False)[2][-1]
    return atom, wanted @ atom


def column_of_u(wanted):
    u, s, v = torch.linalg.svd(wanted, full_matrices=False)
    return u[:, 0], s[0] * v[0]


def bare_coefficients(wanted):
    """u without its singular value."""
    u, _, v = torch.linalg.svd(wanted, full_matrices=False)
    return v[0], u[:, 0]


RIGHT = {"cooccurrence": right_table, "window_errors": right_errors, "atom_renewal": right_renewal}
WRONG = {
    "cooccurrence": [
        (counts, "adds up to 12, expected 1"),
        (lambda *a: counts(*a) / counts(*a).sum(), "not symmetric"),
        (rolled_table, "torch.roll joins the borders"),
        (lambda levels, down, right, count: right_table(levels, right, down, count), "for right-hand neighbours"),
        (small_table, "Shape: your table of 6 levels"),
        (lambda *a: right_table(*a).tolist(), "Type: your table is a list"),
    ],
    "window_errors": [
        (lambda w, q, k, b: right_errors(w, q, torch.ones_like(k), b), "What is not known counts"),
        (lambda w, q, k, b: right_errors(w, q, k, torch.ones_like(b)), "The bell is missing"),
        (lambda *a: right_errors(*a).sqrt(), "a mean of squares has none"),
        (summed_errors, "That is a sum"),
        (absolute_errors, "Squared differences"),
        (lambda *a: right_errors(*a).min(), "Shape: your errors"),
    ],
    "atom_renewal": [
        (loud_atom, "The strength belongs to the coefficients"),
        (mean_atom, "yours is the mean patch"),
        (last_atom, "yours is not it"),
        (column_of_u, "a row of v, not of u"),
        (bare_coefficients, "inner products wanted @ atom"),
        (lambda w: right_renewal(w)[0], "expected two tensors"),
    ],
}
STUBS = {"cooccurrence": [lambda *a: None], "atom_renewal": [lambda w: ...]}
