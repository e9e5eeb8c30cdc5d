"""How a campaign's next account is known before it has done enough to be judged.

    desk = Desk.of(judged.everybody, accounts)
    recognition(suspicion, desk)

Its words: shingles that only the campaign's accounts send, several of them. Its means: whoever signed up with a card,
a mail domain or an address that strangers in the campaign hold, and nobody else who ever asked. Neither says that the
account did anything; what follows is for the policy to say, and ends soon unless a judgement confirms it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.holdings import SEVERAL
from stillwatch.campaigns.population import Population
from stillwatch.campaigns.selection import Suspicion
from stillwatch.campaigns.signed_up import key_of
from stillwatch.campaigns.telling import template

I64 = npt.NDArray[np.int64]

STRANGERS = 2  # parties of the campaign that must hold a thing before it is the campaign's
MEANS = ("payment_fingerprint", "email_domain", "signup_address")


@dataclass(frozen=True)
class Recognition:
    """What tells a campaign's next account.

    Attributes:
        template: shingles (32 bits), those in most hands first.
        accounts: ids of the accounts table that never asked anything and hold the campaign's means.
    """

    template: tuple[int, ...] = ()
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """The accounts table beside those who asked.

    Attributes:
        accounts: the table (schema `ACCOUNTS`).
        row: for each account of it the row in the population, -1 for those who are not in it.
        idle: which accounts of it never asked.
        codes: by column of MEANS a number for each value, -1 for none.
    """

    accounts: pa.Table
    row: I64
    idle: npt.NDArray[np.bool_]
    codes: dict[str, I64]

    @classmethod
    def of(cls, judged: Population, everybody: I64, accounts: pa.Table) -> "Desk":
        """Look everybody up once, for all campaigns; `everybody`: the keys of all who asked."""
        ids = accounts["account_id"].combine_chunks()
        row = pc.fill_null(pc.index_in(ids, judged.profiles.ids), -1).to_numpy().astype(np.int64)
        idle = ~np.isin(key_of(ids), everybody)
        return cls(accounts, row, idle, {name: _coded(accounts[name]) for name in MEANS})

    def newcomers(self, s: Suspicion) -> tuple[str, ...]:
        """Accounts that never asked and hold what is this campaign's alone."""
        party = np.full(len(s.cluster.population) + 1, -1, np.int64)  # the last place is for those who are not in it
        party[s.cluster.rows] = s.cluster.party
        party = party[self.row]
        new = np.zeros(len(self.row), bool)
        for codes in self.codes.values():
            new |= self.idle & np.isin(codes, _own(codes, party, active=~self.idle))
        return tuple(self.accounts["account_id"].combine_chunks().filter(pa.array(new)).to_pylist())


def recognition(s: Suspicion, desk: Desk | None) -> Recognition:
    """What tells the next account of a campaign; without an accounts table, only its words."""
    return Recognition(template(s, SEVERAL), desk.newcomers(s) if desk else ())


def _own(codes: I64, party: I64, *, active: npt.NDArray[np.bool_]) -> I64:
    """The values that several parties of the campaign hold and no other active account does."""
    size = int(codes.max(initial=-1)) + 1
    inside, outside = (codes >= 0) & (party >= 0), (codes >= 0) & (party < 0) & active
    pairs = np.unique(codes[inside] * (int(party.max(initial=0)) + 1) + party[inside])
    parties = np.bincount(pairs // (int(party.max(initial=0)) + 1), minlength=size)
    return np.flatnonzero((parties >= STRANGERS) & (np.bincount(codes[outside], minlength=size) == 0))


def _coded(values: pa.ChunkedArray) -> I64:
    return np.asarray(pc.fill_null(values.combine_chunks().dictionary_encode().indices, -1).to_numpy()).astype(np.int64)
