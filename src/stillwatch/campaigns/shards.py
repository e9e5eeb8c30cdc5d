"""A part of very many accounts, judged by itself: the kernels that run where the accounts lie.

A shard is some accounts, what they hold, and a sample that stands for everybody else. Accounts are dealt to shards by
what they ask for (`Cells`), or by what links them (groups that somebody proposes).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns import linking
from stillwatch.campaigns.contents import Contents
from stillwatch.campaigns.holdings import Holdings, holdings, joined
from stillwatch.campaigns.neighbours import centres, nearest_centre
from stillwatch.campaigns.population import Background, Population, part
from stillwatch.campaigns.scope import Scope
from stillwatch.campaigns.selection import select
from stillwatch.campaigns.signed_up import SignedUp, key_of
from stillwatch.config import ScanConfig
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, together

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]

CELL = 8192  # accounts that one representative stands for, before
SPREAD = 2  # times as many are taken, for cells are uneven
SHARD = 4 * CELL  # accounts judged together
MOST = 200  # proposals settled in a shard: as many an account as in a log that is judged at once

HELD = pa.schema([("shard", pa.int32()), ("who", pa.int64()), ("kind", pa.int8()), ("thing", pa.int64()),
                  ("counts", pa.int8())])  # fmt: skip
PLACED = wire.SCHEMA.append(pa.field("shard", pa.int32()))
GROUPED = PLACED.append(pa.field("group", pa.int32()))
FOUND = pa.schema([("who", pa.list_(pa.int64()))])


@dataclass(frozen=True)
class Cells:
    """Shards by contents: cells around representatives, small ones together, large ones dealt out.

    Attributes:
        usual: what is usual, against which contents are told.
        centres: the representatives (bins, cells).
        first: of each cell the first of its shards.
        parts: and how many it has.
    """

    usual: npt.NDArray[np.float64]
    centres: F32
    first: I32
    parts: I64

    @classmethod
    def around(cls, sample: Profiles, usual: npt.NDArray[np.float64], accounts: int) -> "Cells":
        """Cells for so many accounts, of which some are a fair sample; each a shard of its own as yet."""
        contents = Contents.of(sample["words"], usual)
        found = centres(contents, np.arange(len(sample)), min(len(sample), SPREAD * -(-accounts // CELL)))
        n = found.shape[1]
        return cls(usual, found, np.arange(n, dtype=np.int32), np.ones(n, np.int64))

    def dealt(self, sizes: I64) -> "Cells":
        """With shards of about SHARD accounts, where these are the sizes of the cells."""
        parts = np.maximum(1, -(-sizes // SHARD))
        alone = parts > 1
        after = np.cumsum(np.where(alone, 0, sizes)) // SHARD  # small cells in a row fill one shard after the other
        first = np.where(alone, after.max(initial=0) + 1 + np.cumsum(parts * alone) - parts * alone, after)
        return Cells(self.usual, self.centres, first.astype(np.int32), parts)

    def of(self, batch: pa.RecordBatch) -> I64:
        """The cell of each account."""
        contents = Contents.of(wire.profiles_of(batch)["words"], self.usual)
        return nearest_centre(contents, np.arange(len(contents)), self.centres)

    def sizes(self, batch: pa.RecordBatch) -> I64:
        """How many accounts of a batch each cell has."""
        return np.bincount(self.of(batch), minlength=self.centres.shape[1])

    def placed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The accounts of a batch with their shards (PLACED)."""
        cell, key = self.of(batch), key_of(batch.column("account_id")).view(np.uint64)
        shard = self.first[cell] + (key % self.parts[cell].astype(np.uint64)).astype(np.int32)
        return pa.RecordBatch.from_arrays([*batch.columns, pa.array(shard)], schema=PLACED)


@dataclass(frozen=True)
class Holding:
    """The kernel that tells what accounts hold."""

    desk: SignedUp

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """HELD of PLACED."""
        profiles = wire.profiles_of(batch)
        key, shard = key_of(profiles.ids), batch.column("shard").to_numpy()
        held = holdings(profiles, self.desk.taken(key))
        columns = [shard[held.row], key[held.row], held.kind, held.thing, held.counts.astype(np.int8)]
        return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=HELD)


@dataclass(frozen=True)
class Grouping:
    """The kernel that deals accounts to the shards of their groups; who is in several comes several times.

    Attributes:
        who: the accounts, ascending.
        group: of each its group.
        shard: and the group's shard.
    """

    who: I64
    group: I32
    shard: I32

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """GROUPED of the accounts that are in any group."""
        key = key_of(batch.column("account_id"))
        start, end = (np.searchsorted(self.who, key, side=side) for side in ("left", "right"))
        times = end - start
        rows = np.repeat(np.arange(len(key)), times)
        at = np.repeat(start, times) + np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        some = batch.select(wire.SCHEMA.names).take(pa.array(rows))
        return pa.RecordBatch.from_arrays(
            [*some.columns, pa.array(self.shard[at]), pa.array(self.group[at])], schema=GROUPED
        )


@dataclass(frozen=True)
class Judging:
    """The kernels that judge one shard: accounts and what they hold in, the clusters that pass the line out (FOUND).

    Attributes:
        background: what is known of everybody.
        settings: where the line is.
        sample: accounts that stand for everybody.
        sampled: what they hold; `row` is the account's key.
        scope: of whom views are asked.
    """

    background: Background
    settings: ScanConfig
    sample: Profiles
    sampled: Holdings
    scope: Scope = field(default_factory=Scope)

    def of_cell(self, people: pa.Table, linked: pa.Table) -> pa.RecordBatch:
        """Accounts of which every view is asked."""
        population, key = self.population(wire.profiles_of(people), held_by(linked))
        own = self.scope.rows(key)
        own = own[np.isin(key[own], key_of(people["account_id"].combine_chunks()))]
        return self._found(population, key, linking.propose(population, self.settings.hub_accounts, own))

    def of_groups(self, people: pa.Table, linked: pa.Table) -> pa.RecordBatch:
        """Accounts in given groups."""
        group, who = people["group"].to_numpy(), key_of(people["account_id"].combine_chunks())
        first = np.unique(who, return_index=True)[1]
        held = held_by(linked)
        population, key = self.population(wire.profiles_of(people.take(pa.array(first))), held)
        rows = places(key, who)
        return self._found(population, key, [np.sort(rows[group == number]) for number in np.unique(group)])

    def population(self, profiles: Profiles, held: Holdings) -> tuple[Population, I64]:
        """These accounts and the sample, and the keys of its rows; `held.row` is the account's key."""
        own, drawn = key_of(profiles.ids), key_of(self.sample.ids)
        others = np.flatnonzero(~np.isin(drawn, own))
        both = together([profiles, self.sample.taken(others)]).ordered()
        key = key_of(both.ids)
        every = joined([held, self.sampled[np.isin(self.sampled.row, drawn[others])]])
        return part(both, every.of_rows(places(key, every.row)), self.background, np.isin(key, drawn)), key

    def _found(self, population: Population, key: I64, proposals: list[I64]) -> pa.RecordBatch:
        suspicions = select(population, self.settings, proposals=proposals, most=MOST)
        members = pa.array([key[s.membership.rows] for s in suspicions], FOUND.field("who").type)
        return pa.RecordBatch.from_arrays([members], schema=FOUND)


def held_by(linked: pa.Table) -> Holdings:
    """Columns who, kind, thing and degree, as holdings; `row` is the account's key."""
    who, kind, thing, degree = (linked[name].to_numpy() for name in ("who", "kind", "thing", "degree"))
    return Holdings(who, kind, thing, np.ones(len(who), bool), degree)


def places(key: I64, wanted: I64) -> I64:
    """Where each of the wanted keys stands, all of which are there."""
    order = np.argsort(key)
    return order[np.searchsorted(key, wanted, sorter=order)]
