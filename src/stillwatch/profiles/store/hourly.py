"""Profiles and sums by account *and hour*: what is gathered before it is written.

    gathered = Hourly()
    gathered.absorb(hourly(batch, added))      # `hourly` is pure: batches may be made beside each other
    for day, profiles, sums in gathered.days(): ...

A row is named by its account and its hour together; so the fold is the one of `profiles.accounts`, and law 1 its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.profiles.accounts import Profiles, profile, zero
from stillwatch.profiles.store.parts import ADDED, EVERYBODY, ROWS, SUMMED

I64 = npt.NDArray[np.int64]

HOUR = 3_600_000_000  # µs
DAY = 24  # hours
_DIGITS = 10  # of the hour in a row's name, the same for all hours
_OFFSET = 1 << 32  # so that no hour is negative


@dataclass(frozen=True)
class Part:
    """One batch.

    Attributes:
        profiles: of accounts by hour.
        sums: (rows, len(ADDED)), of the same.
    """

    profiles: Profiles
    sums: I64


def hours_of(batch: pa.RecordBatch) -> I64:
    """The hour of each request, since 1970."""
    return batch.column("time").cast(pa.int64()).to_numpy() // HOUR


def hourly(batch: pa.RecordBatch, added: I64) -> Part:
    """One batch of requests (schema `traffic.schema.REQUESTS`), by account and hour.

    Args:
        batch: the columns of `profiles.accounts.COLUMNS`.
        added: what each request adds to the sums, (requests, len(ADDED)).
    """
    account = batch.column("account_id").dictionary_encode()
    code = account.indices.to_numpy().astype(np.int64) << 34 | hours_of(batch) + _OFFSET
    pairs, which = np.unique(code, return_inverse=True)
    named = pc.binary_join_element_wise(
        account.dictionary.take(pa.array(pairs >> 34)), _digits(pairs & ((1 << 34) - 1)), ""
    )
    column = pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int32)), named)
    at = batch.schema.get_field_index("account_id")
    profiles = profile(batch.set_column(at, "account_id", column))
    sums = np.zeros((len(pairs), len(ADDED)), np.int64)
    for each in range(len(ADDED)):
        np.add.at(sums[:, each], which, added[:, each])
    return Part(profiles, sums)


def _digits(numbers: I64) -> pa.StringArray:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), _DIGITS, "0")


class Hourly:
    """Profiles and sums of many accounts and hours; grows in place."""

    def __init__(self) -> None:
        self._profiles, self._sums = zero(), np.zeros((0, len(ADDED)), np.int64)

    def __len__(self) -> int:
        return len(self._profiles)

    def absorb(self, part: Part) -> None:
        """Add one batch."""
        slot = self._profiles.slots(part.profiles.ids)
        self._profiles.add(slot, part.profiles)
        if (missing := len(self._profiles) - len(self._sums)) > 0:
            self._sums = np.pad(self._sums, ((0, missing + len(self._sums) // 4), (0, 0)))
        self._sums[slot] += part.sums

    def days(self) -> Iterator[tuple[int, Iterator[Profiles], pa.Table]]:
        """Each day (since 1970) with its profiles in the order of accounts and hours, in blocks, and its sums."""
        if not len(self):
            return
        ids = self._profiles.ids
        accounts = pc.binary_slice(ids.cast(pa.binary()), 0, -_DIGITS).cast(pa.string())
        hours = pc.utf8_slice_codeunits(ids, -_DIGITS).cast(pa.int64()).to_numpy() - _OFFSET
        coded = accounts.dictionary_encode()
        rank = pc.rank(coded.dictionary).to_numpy()[coded.indices.to_numpy()]
        days = hours // DAY
        order = np.lexsort((hours, rank, days))
        for day in np.unique(days).tolist():
            rows = order[np.searchsorted(days[order], day) : np.searchsorted(days[order], day, side="right")]
            yield (
                day,
                self._blocks(accounts, rows),
                _summed(accounts.take(pa.array(rows)), hours[rows], self._sums[rows]),
            )

    def _blocks(self, accounts: pa.StringArray, rows: I64) -> Iterator[Profiles]:
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            state = {name: values[some] for name, values in self._profiles.state.items()}
            yield Profiles.of(accounts.take(pa.array(some)), state)


def _summed(accounts: pa.StringArray, hours: I64, sums: I64) -> pa.Table:
    """Sums of accounts, and everybody's, by hour, before them."""
    columns = [accounts, pa.array(hours.astype(np.int32)), *(pa.array(column) for column in sums.T)]
    own = pa.Table.from_arrays(columns, schema=SUMMED)
    added = own.group_by("hour").aggregate([(name, "sum") for name in ADDED]).sort_by("hour")
    names = pa.repeat(pa.scalar(EVERYBODY), len(added))
    whole = [names, added["hour"], *(added[f"{name}_sum"] for name in ADDED)]
    return pa.concat_tables([pa.Table.from_arrays(whole, schema=SUMMED), own])
