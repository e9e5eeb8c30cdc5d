"""What accounts hold that others may hold as well: cards, mail domains, addresses, shingles, turns of conversations.

    held = holdings(profiles, desk)            # pairs of an account and a thing
    keys = incidence(held, degrees, n)         # a sparse matrix a kind, things of one account left out

A thing is a number (the hash of a text, 32 bits). How many accounts hold it is known for everybody, also where only
some are looked at: rarity is judged against the whole log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from stillwatch.campaigns.signed_up import SignedUp
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.state import EMPTY32, EMPTY64

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Spread = tuple[I64, I64]

#: Kind of thing -> family of evidence. The place is the kind's number.
KINDS = {"payment": "sign_up", "mail_domain": "sign_up", "address": "network", "text": "text", "turn": "protocol"}
MEANS = ("payment", "mail_domain", "address", "turn")
TEXT = list(KINDS).index("text")
SEVERAL = 3  # accounts that sent a word before it counts as more than one's own


@dataclass(frozen=True)
class Holdings:
    """Pairs of an account and a thing, each once.

    Attributes:
        row: the account: its row, or where there are no rows yet its key.
        kind: place in KINDS.
        thing: what it holds.
        counts: False where it is held only if somebody else's row of that thing counts: a turn that was merely asked.
        degree: how many accounts of the whole log hold it; 0 where that is not yet known.
    """

    row: I64
    kind: npt.NDArray[np.int8]
    thing: I64
    counts: Bool
    degree: I64

    @property
    def code(self) -> I64:
        """One number for the thing and its kind (`coded`)."""
        return coded(self.thing, self.kind)

    def of_rows(self, rows: I64) -> "Holdings":
        """The same pairs, of accounts that stand in these rows."""
        return replace(self, row=rows)

    def __getitem__(self, which: npt.NDArray[Any]) -> "Holdings":
        """Some of the pairs."""
        return Holdings(self.row[which], self.kind[which], self.thing[which], self.counts[which], self.degree[which])


@dataclass(frozen=True)
class Keys:
    """One kind of thing that accounts can have in common: an incidence matrix, accounts by things.

    Attributes:
        held: CSR, 1 where the account has the thing. Things that only one account has are left out.
        degree: how many accounts have each thing.
        things: the hash that stands for each thing.
        degrees: the degrees that occur in the whole log, ascending, and how many things have each.
    """

    family: str
    name: str
    held: sp.csr_matrix
    degree: I64
    things: I64
    degrees: Spread

    @cached_property
    def chances(self) -> dict[float, npt.NDArray[np.float64]]:
        """What was computed of chance, by the share of everybody that a cluster is: for evidence to remember."""
        return {}

    def of_rows(self, rows: I64) -> tuple[I64, I64]:
        """What accounts in these rows hold: pairs of a place in `rows` and a thing (column)."""
        return picked(self.held, rows)

    def holders(self, things: I64) -> tuple[I64, I64]:
        """Who holds these things (columns): pairs of a place in `things` and a row."""
        return picked(self._by_thing, things)

    @cached_property
    def _by_thing(self) -> sp.csc_matrix:
        return self.held.tocsc()


def picked(matrix: sp.csr_matrix | sp.csc_matrix, which: I64) -> tuple[I64, I64]:
    """Some lines of a compressed matrix: of each entry the place in `which` and the index across. No copy is made."""
    start = matrix.indptr[which].astype(np.int64)
    length = matrix.indptr[which + 1] - start
    place = np.repeat(np.arange(len(which)), length)
    at = np.arange(len(place)) + np.repeat(start - np.cumsum(length) + length, length)
    return place, matrix.indices[at]


def coded(thing: I64, kind: int | npt.NDArray[np.int8]) -> I64:
    """One number for a thing and its kind."""
    return thing << _KIND_BITS | kind


def joined(parts: Sequence[Holdings]) -> Holdings:
    """The pairs of all of these."""
    return Holdings(*(np.concatenate([getattr(p, each.name) for p in parts]) for each in fields(Holdings)))


def holdings(profiles: Profiles, desk: SignedUp) -> Holdings:
    """What these accounts hold; `desk` in the order of their rows."""
    tellers, askers = _of_set(foreign(profiles), EMPTY32), _of_set(profiles["asked"], EMPTY32)
    addresses, signed = _of_set(profiles["addresses"], EMPTY32), _known(desk.address)
    pairs = {
        "payment": [_known(desk.payment)],
        "mail_domain": [_known(desk.mail)],
        "address": [addresses, signed],
        "text": [_of_set(profiles["shared"], EMPTY64)],
        "turn": [tellers, askers],
    }
    return joined([_once(number, pairs[name], sure=name != "turn") for number, name in enumerate(KINDS)])


def foreign(profiles: Profiles) -> npt.NDArray[np.generic]:
    """Turns that an account presented as history without ever having asked them (EMPTY32 elsewhere).

    Both sets are bottom-k: that a turn was not asked is known only below the largest that `asked` still holds.
    """
    asked, told = profiles["asked"], profiles["told"]
    knows = np.where(asked[:, -1] == EMPTY32, EMPTY32, asked[:, -1])[:, None]
    unasked = np.stack([(told[:, [j]] != asked).all(1) for j in range(told.shape[1])], axis=1)
    return np.where((told != EMPTY32) & (told < knows) & unasked, told, EMPTY32)


def counted(held: Holdings) -> Holdings:
    """Of a whole log: the pairs of things that several accounts hold, with their degrees."""
    code = held.code
    order = np.argsort(code, kind="stable")
    held, code = held[order], code[order]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    degree = np.diff(np.append(starts, len(code)))
    sure = np.logical_or.reduceat(held.counts, starts) if len(starts) else np.zeros(0, bool)
    kept = np.repeat((degree > 1) & sure, degree)
    return Holdings(
        held.row[kept], held.kind[kept], held.thing[kept], held.counts[kept], np.repeat(degree, degree)[kept]
    )


def spreads(kind: npt.NDArray[np.int8], degree: I64) -> dict[str, Spread]:
    """The degrees that occur and how many things have each, from one row a thing."""
    found = (np.unique(degree[kind == number], return_counts=True) for number in range(len(KINDS)))
    return {name: (d.astype(np.int64), n.astype(np.int64)) for name, (d, n) in zip(KINDS, found, strict=True)}


def things(held: Holdings) -> tuple[npt.NDArray[np.int8], I64, I64]:
    """Kind, thing and degree, once a thing, ascending."""
    code, first = np.unique(held.code, return_index=True)
    return held.kind[first], code >> _KIND_BITS, held.degree[first]


def incidence(held: Holdings, degrees: Mapping[str, Spread], accounts: int) -> dict[str, Keys]:
    """Matrices of pairs whose degrees are known."""
    return {
        name: _keys(family, name, held[held.kind == number], degrees[name], accounts)
        for number, (name, family) in enumerate(KINDS.items())
    }


_KIND_BITS = 3


def _keys(family: str, name: str, held: Holdings, degrees: Spread, accounts: int) -> Keys:
    hashes, first, code = np.unique(held.thing, return_index=True, return_inverse=True)
    ones = np.ones(len(code), np.float32)
    matrix = sp.csr_matrix((ones, (held.row.astype(np.int32), code.astype(np.int32))), shape=(accounts, len(hashes)))
    return Keys(family, name, matrix, held.degree[first], hashes, degrees)


def _known(values: I64) -> tuple[I64, I64]:
    rows = np.flatnonzero(values >= 0)
    return rows, values[rows]


def _of_set(values: npt.NDArray[Any], empty: np.generic) -> tuple[I64, I64]:
    rows, columns = np.nonzero(values != empty)
    return rows, (values[rows, columns].astype(np.uint64) & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _once(kind: int, parts: list[tuple[I64, I64]], *, sure: bool) -> Holdings:
    """Pairs of several sources, each once; unless all are sure, only those of the first are."""
    coded = [rows << 32 | things for rows, things in parts]
    code, first = np.unique(np.concatenate(coded), return_index=True)
    n = len(code)
    counts = (first < len(coded[0])) | sure
    return Holdings(code >> 32, np.full(n, kind, np.int8), code & 0xFFFFFFFF, counts, np.zeros(n, np.int64))
