"""Everybody who asked, as arrays: what a scan weighs a cluster against.

One row an account, in the order of account ids, so that neither the order of a log nor its cut into files changes a
finding. Built once from profiles (what was asked) and the accounts table (what the sign-up desk knows).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from stillwatch.campaigns.contents import Contents
from stillwatch.campaigns.parties import parties
from stillwatch.campaigns.signals import Known, Signal, known
from stillwatch.profiles import fold
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.state import EMPTY32, EMPTY64, HOURS
from stillwatch.signatures.kernel import buffers

I64 = npt.NDArray[np.int64]


SEVERAL = 3
ROW_BITS = 31  # of a number that holds a thing (32 bits) and an account


@dataclass(frozen=True)
class Keys:
    """One kind of thing that accounts can have in common: an incidence matrix, accounts by things.

    Attributes:
        held: CSR, 1 where the account has the thing. Things that only one account has are left out.
        degree: how many accounts have each thing.
        things: the hash that stands for each thing.
    """

    family: str
    name: str
    held: sp.csr_matrix
    degree: I64
    things: I64

    @cached_property
    def by_thing(self) -> sp.csc_matrix:
        """The same, for picking things."""
        return self.held.tocsc()

    @cached_property
    def degrees(self) -> tuple[I64, I64]:
        """The degrees that occur, ascending, and how many things have each."""
        values, counts = np.unique(self.degree, return_counts=True)
        return values.astype(np.int64), counts.astype(np.int64)


@dataclass(frozen=True)
class Population:
    """All accounts of a log.

    Attributes:
        profiles: in the order of the rows.
        contents: what each asks for, against what is usual.
        keys: what accounts have in common, by name: payment, mail_domain, address, text, turn.
        party: a number for each account; accounts that are openly one customer share it.
        tells: whether an account presented turns that it never asked. Who merely asked what others presented may be
            the customer whose conversation was passed on.
        rhythm: how the whole log's activity spreads over the hours (`profiles.state.HOURS`); sums to 1.
        signed_up: whether an accounts table was given.
        known: what other providers say of campaigns, as far as it occurs here.
    """

    profiles: Profiles
    contents: Contents
    keys: dict[str, Keys]
    party: I64
    tells: npt.NDArray[np.bool_]
    rhythm: npt.NDArray[np.float64]
    signed_up: bool
    education: npt.NDArray[np.bool_]
    known: Known

    def __len__(self) -> int:
        return len(self.party)

    def rows(self, who: pa.StringArray) -> I64:
        """The rows of those of these accounts that are here, ascending."""
        return np.sort(pc.index_in(who, self.profiles.ids).drop_null().to_numpy().astype(np.int64))


def build(profiles: Profiles, accounts: pa.Table | None, signals: Sequence[Signal] = ()) -> Population:
    """Arrange profiles, the accounts table (schema `traffic.schema.ACCOUNTS`; None if there is none) and signals."""
    profiles = profiles.ordered()
    said = _said(profiles.ids, accounts)
    desk = {name: _hashed(values) for name, values in said.items() if name != "plan"}
    shared = _of_set(profiles["shared"], EMPTY64)
    seen, foreign = _client_addresses(profiles), _foreign(profiles)
    keys = [
        _keys("sign_up", "payment", *_of_desk(desk["payment_fingerprint"]), n=len(profiles)),
        _keys("sign_up", "mail_domain", *_of_desk(desk["email_domain"]), n=len(profiles)),
        _keys("network", "address", *_joined(seen, _of_desk(desk["signup_address"])), n=len(profiles)),
        _keys("text", "text", *shared, n=len(profiles)),
        _keys("protocol", "turn", *_foreign_turns(profiles, foreign), n=len(profiles)),
    ]
    organization = np.where(
        desk["organization_id"] >= 0, desk["organization_id"], profiles["organization"].astype(np.int64)
    )
    organization[organization == EMPTY32] = -1
    return Population(
        profiles=profiles,
        contents=Contents.of(profiles["words"], profiles["requests"]),
        keys={k.name: k for k in keys},
        party=parties(
            desk["payment_fingerprint"],
            desk["email_domain"],
            desk["signup_address"] if accounts is not None else _first_address(profiles),
            organization,
            desk=accounts is not None,
        ),
        tells=(foreign != EMPTY32).any(1),
        rhythm=_rhythm(profiles["hours"]),
        signed_up=accounts is not None,
        education=pc.fill_null(pc.equal(said["plan"], "education"), False).to_numpy(zero_copy_only=False),
        known=known(signals, shared, said, accounts=len(profiles)),
    )


def sent_by_several(profiles: Profiles) -> npt.NDArray[np.uint32]:
    """The shingles that `SEVERAL` accounts or more sent, ascending."""
    pairs = np.unique(np.stack(_of_set(profiles["shared"], EMPTY64), axis=1)[:, ::-1], axis=0)
    shingles, accounts = np.unique(pairs[:, 0], return_counts=True)
    return shingles[accounts >= SEVERAL].astype(np.uint32)


def _rhythm(hours: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    counts = np.full(HOURS, 0.01)
    for start in range(0, len(hours), 8192):
        counts += np.unpackbits(hours[start : start + 8192], axis=1, bitorder="little").sum(0)
    return counts / counts.sum()


def _said(ids: pa.StringArray, accounts: pa.Table | None) -> dict[str, pa.StringArray]:
    """What the sign-up desk says of each account, null where it says nothing."""
    names = ("payment_fingerprint", "email_domain", "signup_address", "organization_id", "plan")
    if accounts is None:
        return {name: pa.nulls(len(ids), pa.string()) for name in names}
    row = pc.index_in(ids, accounts["account_id"].combine_chunks())
    return {name: accounts[name].combine_chunks().take(row) for name in names}


def _hashed(values: pa.StringArray) -> I64:
    """One number a text, -1 for null."""
    coded = values.dictionary_encode()
    hashes = (fold.hash_texts(*buffers(coded.dictionary), 1 << 30) >> np.uint64(32)).astype(np.int64)
    return np.append(hashes, -1)[pc.fill_null(coded.indices, len(hashes)).to_numpy()]


def _of_desk(values: I64) -> tuple[I64, I64]:
    rows = np.flatnonzero(values >= 0)
    return rows, values[rows]


def _of_set(values: npt.NDArray[Any], empty: np.generic) -> tuple[I64, I64]:
    rows, columns = np.nonzero(values != empty)
    return rows, (values[rows, columns].astype(np.uint64) & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _foreign(profiles: Profiles) -> npt.NDArray[np.generic]:
    """Turns that an account presented as history without ever having asked them (EMPTY32 elsewhere).

    Both sets are bottom-k: that a turn was not asked is known only below the largest that `asked` still holds.
    """
    asked, told = profiles["asked"], profiles["told"]
    knows = np.where(asked[:, -1] == EMPTY32, EMPTY32, asked[:, -1])[:, None]
    unasked = np.stack([(told[:, [j]] != asked).all(1) for j in range(told.shape[1])], axis=1)
    return np.where((told != EMPTY32) & (told < knows) & unasked, told, EMPTY32)


def _foreign_turns(profiles: Profiles, foreign: npt.NDArray[Any]) -> tuple[I64, I64]:
    """Foreign turns, held by those who presented them and by all who asked them."""
    tellers, askers = _of_set(foreign, EMPTY32), _of_set(profiles["asked"], EMPTY32)
    known = np.isin(askers[1], tellers[1])
    return _joined(tellers, (askers[0][known], askers[1][known]))


def _client_addresses(profiles: Profiles) -> tuple[I64, I64]:
    return _of_set(profiles["addresses"], EMPTY32)


def _first_address(profiles: Profiles) -> I64:
    first = profiles["addresses"][:, 0].astype(np.int64)
    return np.where(first == EMPTY32, -1, first)


def _joined(one: tuple[I64, I64], other: tuple[I64, I64]) -> tuple[I64, I64]:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _keys(family: str, name: str, rows: I64, things: I64, *, n: int) -> Keys:
    """The incidence of accounts and things, things held by one account left out."""
    pairs = np.unique(things << ROW_BITS | rows)  # one number a pair: sorting these is quick and takes little room
    things, rows = pairs >> ROW_BITS, pairs & ((1 << ROW_BITS) - 1)
    starts = np.flatnonzero(np.diff(things, prepend=-1))
    degree = np.diff(np.append(starts, len(things)))
    common = degree > 1
    kept = np.repeat(common, degree)
    code = np.repeat(np.arange(int(common.sum()), dtype=np.int32), degree[common])
    ones = np.ones(len(code), np.float32)
    held = sp.csr_matrix((ones, (rows[kept].astype(np.int32), code)), shape=(n, int(common.sum())))
    return Keys(family, name, held, degree[common].astype(np.int64), things[starts][common])
