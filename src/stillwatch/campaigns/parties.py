"""Which accounts are openly one customer.

A team on one card, the keys of one job, a class, a company's staff: they share what they share in the open, and what
they do together is no secret. Links *within* such a party say nothing; links *between* parties that have no business
with each other do. Accounts of one organization are one customer. So are two accounts that agree in two of payment,
mail domain and sign-up address; a group that grew by such steps counts only if it agrees as a whole in two of these or
the organization: operators mix their cards, domains and addresses, customers do not.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

I64 = npt.NDArray[np.int64]

AGREEMENT = 0.8  # of those who gave a thing at all, so many gave the same


def parties(payment: I64, mail: I64, address: I64, organization: I64, *, desk: bool = True) -> I64:
    """A number for each account; the same for accounts that are openly one customer. Inputs: hashes, -1 for unknown.

    Without a sign-up desk (`desk` false) little is known, and accounts behind one address are taken for one customer.
    """
    n = len(payment)
    firm = _components(n, [(organization, organization)])
    pairs = [(payment, mail), (payment, address), (mail, address)] if desk else [(address, address)]
    group = _components(n, [*pairs, (organization, organization)])
    return _only_open(group, firm, (payment, mail, address, organization)) if desk else group


def _components(n: int, pairs: list[tuple[I64, I64]]) -> I64:
    """Groups of accounts that are connected by equal pairs of known values."""
    edges = [_chained(one, other) for one, other in pairs]
    a, b = (np.concatenate(side) for side in zip(*edges, strict=True))
    graph = sp.coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _chained(one: I64, other: I64) -> tuple[I64, I64]:
    """Edges that connect all accounts with equal pairs of known values."""
    rows = np.flatnonzero((one >= 0) & (other >= 0))
    rows = rows[np.lexsort((other[rows], one[rows]))]
    same = (one[rows][1:] == one[rows][:-1]) & (other[rows][1:] == other[rows][:-1])
    return rows[:-1][same], rows[1:][same]


def _only_open(group: I64, firm: I64, things: tuple[I64, ...]) -> I64:
    """Take apart, into its firms, every group that does not agree as a whole in two things at least."""
    out = group.copy()
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    fresh = int(group.max(initial=0)) + 1
    for start, end in pairwise(bounds):
        rows = order[start:end]
        if len(rows) > 2 and sum(_agree(thing[rows]) for thing in things) < 2:
            out[rows] = fresh + firm[rows]
    return np.unique(out, return_inverse=True)[1].astype(np.int64)


def _agree(values: I64) -> bool:
    known = values[values >= 0]
    if len(known) < max(2, len(values) / 2):
        return False
    return bool(np.unique(known, return_counts=True)[1].max() >= AGREEMENT * len(known))
