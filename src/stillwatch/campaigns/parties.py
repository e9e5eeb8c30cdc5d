"""Which accounts are openly one customer.

A team on one card, the keys of one job, a class, a company's staff: they share what they share in the open, and what
they do together is no secret. Links *within* such a party say nothing; links *between* parties that have no business
with each other do. Two accounts belong together if they agree in two of payment, mail domain and sign-up address, or in
one of these and the organization. A group that grew by such steps counts as one customer only if it agrees as a whole:
operators mix their cards, domains and addresses, customers do not.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

I64 = npt.NDArray[np.int64]

AGREEMENT = 0.8  # of those who gave a thing at all, so many gave the same


def parties(payment: I64, mail: I64, address: I64, organization: I64) -> I64:
    """A number for each account; the same for accounts that are openly one customer. Inputs: hashes, -1 for unknown."""
    n = len(payment)
    pairs = [(payment, mail), (payment, address), (mail, address)]
    pairs += [(organization, other) for other in (payment, mail, address)]
    edges = [_chained(one, other) for one, other in pairs]
    a, b = (np.concatenate(side) for side in zip(*edges, strict=True))
    graph = sp.coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    return _only_open(label.astype(np.int64), (payment, mail, address))


def _chained(one: I64, other: I64) -> tuple[I64, I64]:
    """Edges that connect all accounts with equal pairs of known values."""
    rows = np.flatnonzero((one >= 0) & (other >= 0))
    rows = rows[np.lexsort((other[rows], one[rows]))]
    same = (one[rows][1:] == one[rows][:-1]) & (other[rows][1:] == other[rows][:-1])
    return rows[:-1][same], rows[1:][same]


def _only_open(label: I64, things: tuple[I64, ...]) -> I64:
    """Take apart the groups that do not agree as a whole in two things at least."""
    out = label.copy()
    order = np.argsort(label, kind="stable")
    bounds = np.flatnonzero(np.diff(label[order], prepend=-1, append=-1))
    fresh = int(label.max(initial=0)) + 1
    for start, end in pairwise(bounds):
        rows = order[start:end]
        if len(rows) > 2 and sum(_agree(thing[rows]) for thing in things) < 2:
            out[rows] = fresh + np.arange(len(rows))
            fresh += len(rows)
    return out


def _agree(values: I64) -> bool:
    known = values[values >= 0]
    if len(known) < max(2, len(values) / 2):
        return False
    return bool(np.unique(known, return_counts=True)[1].max() >= AGREEMENT * len(known))
