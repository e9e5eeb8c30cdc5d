"""Accounts as arrays: what a scan weighs a cluster against.

    everybody = build(profiles, accounts)      # a whole log
    some = part(profiles, held, background)    # a few of very many, and a sample that stands for the others

One row an account, in the order of account ids, so that neither the order of a log nor its cut into files changes a
finding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns import census
from stillwatch.campaigns.census import Census
from stillwatch.campaigns.contents import Contents
from stillwatch.campaigns.holdings import (
    SEVERAL,
    TEXT,
    Holdings,
    Keys,
    Spread,
    counted,
    foreign,
    holdings,
    incidence,
    spreads,
    things,
)
from stillwatch.campaigns.signals import Known, Signal, Sought
from stillwatch.campaigns.signed_up import SignedUp, key_of
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.state import EMPTY32

I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SAMPLED = 8192  # of those who stand for everybody, so many are compared with a cluster's contents


@dataclass(frozen=True)
class Background:
    """What is known of a whole log, for judging a part of it.

    Attributes:
        accounts: how many asked.
        usual: the share of each bin of words in what is asked.
        rhythm: how everybody's activity spreads over the hours (`profiles.state.HOURS`); sums to 1.
        degrees: by kind of thing, the degrees that occur and how many things have each.
        desk: what the sign-up desk knows of everybody.
        signed_up: whether an accounts table was given.
        sought: what other providers say of campaigns.
    """

    accounts: int
    usual: F64
    rhythm: F64
    degrees: dict[str, Spread]
    desk: SignedUp
    signed_up: bool
    sought: Sought

    @classmethod
    def of(
        cls, everybody: Census, degrees: dict[str, Spread], desk: SignedUp, sought: Sought, *, signed_up: bool
    ) -> "Background":
        """From the census."""
        return cls(everybody.accounts, everybody.usual, everybody.rhythm, degrees, desk, signed_up, sought)


@dataclass(frozen=True)
class Population:
    """Accounts of a log: all of them, or some of very many.

    Attributes:
        accounts: how many the log has.
        drawn: which of the rows are a fair sample of everybody; all, where the rows are everybody.
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

    accounts: int
    drawn: Bool
    profiles: Profiles
    contents: Contents
    keys: dict[str, Keys]
    party: I64
    tells: Bool
    rhythm: F64
    signed_up: bool
    education: Bool
    known: Known

    def __len__(self) -> int:
        return len(self.party)

    @cached_property
    def sample(self) -> tuple[I64, F32]:
        """Some of those who stand for everybody, evenly drawn, and their contents as unit vectors."""
        rows = np.flatnonzero(self.drawn)
        rows = rows[:: max(1, len(rows) // SAMPLED)]
        return rows, self.contents.directions(rows)

    def rows(self, who: pa.StringArray) -> I64:
        """The rows of those of these accounts that are here, ascending."""
        return np.sort(pc.index_in(who, self.profiles.ids).drop_null().to_numpy().astype(np.int64))


def build(profiles: Profiles, accounts: pa.Table | None, signals: Sequence[Signal] = ()) -> Population:
    """Everybody: profiles, the accounts table (schema `traffic.schema.ACCOUNTS`; None if there is none) and signals."""
    profiles = profiles.ordered()
    everybody = census.of(profiles)
    desk = SignedUp.of(key_of(profiles.ids), profiles["organization"], profiles["addresses"], accounts)
    held = counted(holdings(profiles, desk.taken(key_of(profiles.ids))))
    kind, _, degree = things(held)
    sought = Sought.of(signals, accounts, desk.key)
    sought = sought.heard(np.array([len(rows) for rows in sought.sent_by(profiles)], np.int64))
    background = Background.of(everybody, spreads(kind, degree), desk, sought, signed_up=accounts is not None)
    return part(profiles, held, background, np.ones(len(profiles), bool))


def part(profiles: Profiles, held: Holdings, background: Background, drawn: Bool) -> Population:
    """Some accounts.

    Args:
        profiles: in the order of their ids.
        held: what they hold, with degrees in the whole log.
        background: what is known of the whole log.
        drawn: which of them are a fair sample of everybody.
    """
    key = key_of(profiles.ids)
    desk = background.desk.taken(key)
    return Population(
        accounts=background.accounts,
        drawn=drawn,
        profiles=profiles,
        contents=Contents.of(profiles["words"], background.usual),
        keys=incidence(held, background.degrees, len(profiles)),
        party=desk.party,
        tells=(foreign(profiles) != EMPTY32).any(1),
        rhythm=background.rhythm,
        signed_up=background.signed_up,
        education=desk.education,
        known=background.sought.known(profiles, key),
    )


def sent_by_several(profiles: Profiles) -> npt.NDArray[np.uint32]:
    """The shingles that `SEVERAL` accounts or more sent, ascending."""
    held = holdings(profiles, SignedUp.nobody(len(profiles)))
    shingles, accounts = np.unique(held.thing[held.kind == TEXT], return_counts=True)
    return shingles[accounts >= SEVERAL].astype(np.uint32)
