"""The two readings that a scan is made of, on whatever engine the log lies.

log = Log(requests, engine)
people, load = log.people()                # the first: everybody's profiles, and the load by hour
log.again(footage)                         # the second: what only the accounts under suspicion did
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.census import Census
from stillwatch.campaigns.footage import Footage
from stillwatch.campaigns.load import Load, load
from stillwatch.campaigns.scope import Scope
from stillwatch.engines.contract import Engine, Table
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, profile, zero

NOBODY = ""  # no account's id: the row beside the profiles that carries what is counted of the log as a whole
GATHERED = wire.SCHEMA.append(pa.field("aside", pa.binary()))


class Readings(Protocol):
    """Where a scan gets what it looks at."""

    @property
    def engine(self) -> Engine:
        """Where the profiles lie."""

    def people(self) -> tuple[Table, Load]:
        """Everybody's profiles (`profiles.wire.SCHEMA`), and everybody's load."""

    def scope(self, everybody: Census) -> Scope:
        """Who of everybody is looked at."""

    def again(self, footage: Footage) -> Footage:
        """What the members did."""


@dataclass(frozen=True)
class Log:
    """Requests, read twice.

    Attributes:
        requests: told the stage, and of which accounts (None: everybody), a table of the columns of a scan.
        engine: where they are.
    """

    requests: Callable[[str, pa.StringArray | None], Table]
    engine: Engine

    def people(self) -> tuple[Table, Load]:
        """Everybody's profiles, and everybody's load; each request counts once, also where a part is read again."""
        gathered = self.requests("reading", None).gather("account_id", profiled, Heaped, GATHERED)
        return gathered.map(_people, wire.SCHEMA), gathered.fold(_load, Load)

    def scope(self, everybody: Census) -> Scope:  # noqa: ARG002 — whoever they are
        """All of them."""
        return Scope()

    def again(self, footage: Footage) -> Footage:
        """What the members did."""
        return self.requests("looking again", footage.members).fold(footage.develop, footage.itself)


def profiled(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The profiles of a batch of requests, and its load aside (GATHERED)."""
    return _gathered(profile(batch), load(batch))


class Heaped:
    """The heap of profiles, with the load aside."""

    def __init__(self) -> None:
        self._profiles, self._load = zero(), Load()

    def absorb(self, batch: pa.RecordBatch) -> None:
        """Add profiles and load (GATHERED)."""
        self._load.absorb(_load(batch))
        self._profiles.absorb(wire.profiles_of(_people(batch)))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """One row an account, and one of nobody if there is a load."""
        for batch in wire.batches(self._profiles):
            yield pa.RecordBatch.from_arrays([*batch.columns, pa.nulls(len(batch), pa.binary())], schema=GATHERED)
        if self._load.hours:
            yield _gathered(zero(), self._load)


def _gathered(profiles: Profiles, put: Load) -> pa.RecordBatch:
    nobody = profiles.slots(pa.array([NOBODY]))[0]
    aside = np.full(len(profiles), None, object)
    aside[nobody] = msgspec.msgpack.encode(put.hours)
    (batch,) = wire.batches(profiles, len(profiles))
    return pa.RecordBatch.from_arrays([*batch.columns, pa.array(aside, pa.binary())], schema=GATHERED)


def _people(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of accounts, as they are where there are no others."""
    if batch.column("aside").null_count < len(batch):
        batch = batch.filter(pc.not_equal(batch.column("account_id"), NOBODY))
    return batch.select(wire.SCHEMA.names)


def _load(batch: pa.RecordBatch) -> Load:
    total = Load()
    for aside in batch.column("aside").drop_null().to_pylist():
        total.absorb(Load(msgspec.msgpack.decode(aside, type=dict[int, tuple[int, ...]])))
    return total
