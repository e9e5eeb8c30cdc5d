"""Which accounts are openly one customer.

A team on one card, the keys of one job, a class, a company's staff: they share what they share in the open, and what
they do together is no secret. Links *within* such a party say nothing; links *between* parties that have no business
with each other do. Accounts of one organization are one customer; so are those on one card that meet on a line (an
address, at sign-up or in use) where this card is nearly the only one: a household, wherever each of them signed up. So
are two accounts that agree in two of payment, mail domain and sign-up address; a group that grew by such steps counts
only if it agrees as a whole in two of these, the addresses or the organization: operators mix their cards, domains and
addresses, customers do not.
"""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from stillwatch.profiles.state import EMPTY32

I64 = npt.NDArray[np.int64]
Edges = tuple[I64, I64]

AGREEMENT = 0.8  # of those who gave a thing at all, so many gave the same


def parties(  # noqa: PLR0913 — what is known of accounts
    payment: I64, mail: I64, address: I64, used: npt.NDArray[np.uint32], organization: I64, *, desk: bool = True
) -> I64:
    """A number for each account; the same for accounts that are openly one customer.

    Args:
        payment: (n,) hashes below 2^32, -1 for unknown, as all of the sign-up desk's.
        mail: domains (n,).
        address: at sign-up (n,).
        used: addresses that requests came from (n, several), ascending, EMPTY32 where there are fewer.
        organization: (n,).
        desk: whether there is a sign-up desk. Without one little is known, and accounts whose first address is the same
            are taken for one customer.
    """
    n, firm = len(payment), [_equal(organization)]
    if not desk:
        first = used[:, 0].astype(np.int64)
        return _components(n, [*firm, _equal(np.where(first == EMPTY32, -1, first))])
    places = _places(address, used)
    open_ = [*firm, _on_own_lines(payment, places)]
    pairs = [_equal(payment, mail), _equal(payment, address), _equal(mail, address)]
    things = [_held(payment), _held(mail), places, _held(organization)]
    return _as_a_whole(_components(n, open_ + pairs), _components(n, open_), things)


def _components(n: int, edges: list[Edges]) -> I64:
    a, b = (np.concatenate(side) for side in zip(*edges, strict=True))
    graph = sp.coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _equal(*things: I64) -> Edges:
    """Edges that connect all accounts for which these are known and equal."""
    rows = np.flatnonzero(np.all([thing >= 0 for thing in things], axis=0))
    rows = rows[np.lexsort([thing[rows] for thing in things])]
    same = np.all([thing[rows][1:] == thing[rows][:-1] for thing in things], axis=0)
    return rows[:-1][same], rows[1:][same]


def _held(thing: I64) -> Edges:
    """Who has it, and what it is."""
    rows = np.flatnonzero(thing >= 0)
    return rows, thing[rows]


def _places(address: I64, used: npt.NDArray[np.uint32]) -> Edges:
    """Accounts and every address they are known by, each pair once."""
    rows, columns = np.nonzero(used != EMPTY32)
    at_desk = np.flatnonzero(address >= 0)
    pairs = np.concatenate([_packed(used[rows, columns], rows), _packed(address[at_desk], at_desk)])
    pairs.sort()  # numpy.unique would hash, which takes ten times as long
    return _unpacked(pairs[np.append(pairs[:-1] != pairs[1:], np.ones(min(1, len(pairs)), bool))])[::-1]


def _packed(high: npt.NDArray[np.generic], low: npt.NDArray[np.generic]) -> npt.NDArray[np.uint64]:
    """One number of two: sorting these is quick and takes little room."""
    return high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)


def _unpacked(pairs: npt.NDArray[np.uint64]) -> Edges:
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(2**32 - 1)).astype(np.int64)


def _on_own_lines(payment: I64, places: Edges) -> Edges:
    """Edges between accounts on one card that meet where those who pay by card nearly all use that one.

    A proxy, a carrier or an office brings many cards together; there, meeting says nothing of who pays for whom.
    """
    rows, place = (side[payment[places[0]] >= 0] for side in places)
    key = _packed(place, payment[rows])
    order = np.argsort(key, kind="stable")
    rows, key = rows[order], key[order]
    pairs, which, alike = np.unique(key, return_inverse=True, return_counts=True)
    _, line, on_it = np.unique(pairs >> np.uint64(32), return_inverse=True, return_counts=True)
    everybody = np.bincount(line, alike, len(on_it))
    own = alike >= AGREEMENT * everybody[line]
    same = (key[1:] == key[:-1]) & own[which[1:]]
    return rows[:-1][same], rows[1:][same]


def _as_a_whole(group: I64, open_: I64, things: list[Edges]) -> I64:
    """Take apart, into what is open anyway, every group that does not agree as a whole in two things at least."""
    sizes = np.bincount(group)
    agreed = np.sum([_agree(group, sizes, *thing) for thing in things], axis=0)
    apart = ((sizes > 2) & (agreed < 2))[group]
    return np.unique(np.where(apart, len(sizes) + open_, group), return_inverse=True)[1].astype(np.int64)


def _agree(group: I64, sizes: I64, rows: I64, values: I64) -> npt.NDArray[np.bool_]:
    """For each group whether nearly all who gave such a thing gave the same, and half of them gave one."""
    large = sizes[group[rows]] > 2  # two agree by the edge between them
    rows, values = rows[large], values[large]
    gave = np.zeros(len(group), bool)
    gave[rows] = True
    known = np.bincount(group[gave], minlength=len(sizes))
    pairs, counts = np.unique(_packed(group[rows], values), return_counts=True)
    most = np.zeros(len(sizes), np.int64)
    np.maximum.at(most, _unpacked(pairs)[0], counts)
    return (known >= np.maximum(2, sizes / 2)) & (most >= AGREEMENT * known)
