"""What is known of accounts besides what they asked: the sign-up desk's table, and which of them are one customer.

    desk = SignedUp.of(keys, organizations, addresses, accounts)
    desk.taken(keys)                           # those of some accounts, in this order

Of everybody, whatever is judged where: who is openly one customer follows from what accounts share across the whole
log. Forty bytes an account.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.parties import parties
from stillwatch.profiles import fold
from stillwatch.profiles.state import EMPTY32
from stillwatch.signatures.kernel import buffers

I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]

COLUMNS = ("payment_fingerprint", "email_domain", "signup_address", "organization_id")


@dataclass(frozen=True)
class SignedUp:
    """Accounts, in the order of their keys; -1 where a thing is unknown.

    Attributes:
        key: stands for the account (`key_of`).
        party: a number for each account; accounts that are openly one customer share it.
        education: whether the account is on an education plan.
    """

    key: I64
    payment: I64
    mail: I64
    address: I64
    party: I64
    education: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, key: I64, organization: U32, addresses: U32, accounts: pa.Table | None) -> "SignedUp":
        """From everybody who asked, in any order: the organization and the addresses of the profiles, and the table."""
        order = np.argsort(key, kind="stable")
        key, addresses = key[order], addresses[order]
        row, said = _said(key, accounts)
        column = {name: np.append(said[name], -1)[row] for name in COLUMNS}
        asked_for = np.where(organization == EMPTY32, -1, organization.astype(np.int64))[order]
        return cls(
            key,
            column["payment_fingerprint"],
            column["email_domain"],
            column["signup_address"],
            parties(
                column["payment_fingerprint"],
                column["email_domain"],
                column["signup_address"],
                addresses,
                np.where(column["organization_id"] >= 0, column["organization_id"], asked_for),
                desk=accounts is not None,
            ),
            np.append(said["education"], 0)[row] > 0,
        )

    @classmethod
    def nobody(cls, n: int) -> "SignedUp":
        """Of accounts nothing of which is known."""
        unknown = np.full(n, -1)
        return cls(unknown, unknown, unknown, unknown, unknown, np.zeros(n, bool))

    def taken(self, key: I64) -> "SignedUp":
        """Those of these accounts, in this order; all of them must be here."""
        rows = np.searchsorted(self.key, key)
        return SignedUp(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


def key_of(ids: pa.StringArray) -> I64:
    """A number for each account id, the same everywhere."""
    return fold.hash_texts(*buffers(ids), 1 << 30).view(np.int64)


def _said(key: I64, accounts: pa.Table | None) -> tuple[I64, Mapping[str, I64]]:
    """For each account its row in the table (-1: none), and the table's columns as numbers."""
    if accounts is None:
        return np.full(len(key), -1), dict.fromkeys((*COLUMNS, "education"), np.zeros(0, np.int64))
    listed = key_of(accounts["account_id"].combine_chunks())
    order = np.argsort(listed, kind="stable")
    at = np.searchsorted(listed[order], key).clip(max=max(0, len(listed) - 1))
    found = listed[order][at] == key if len(listed) else np.zeros(len(key), bool)
    said = {name: _hashed(accounts[name].combine_chunks()) for name in COLUMNS}
    education = pc.fill_null(pc.equal(accounts["plan"].combine_chunks(), "education"), False)
    said["education"] = education.to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(found, order[at] if len(listed) else -1, -1), said


def _hashed(values: pa.StringArray) -> I64:
    """One number a text, -1 for null."""
    coded = values.dictionary_encode()
    hashes = (fold.hash_texts(*buffers(coded.dictionary), 1 << 30) >> np.uint64(32)).astype(np.int64)
    return np.append(hashes, -1)[pc.fill_null(coded.indices, len(hashes)).to_numpy()]
