"""The load that requests put on a service, by hour: what strain is computed from.

    total = Load()
    for batch in batches:
        total.absorb(load(batch))
    total.told()                               # as findings hold it

A commutative monoid of whole numbers: whatever the order and the cut of a log, the sums are the same to the last digit.
A request counts in the hour in which it began, with all the time that it took; so the busy time of an hour, divided by
its length, is the mean number of requests under way at once, but for those that run over its edges.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.findings import Hour

HOUR = 3_600_000_000  # µs
THROTTLED = 429  # Too Many Requests (RFC 6585)
MOST_TOKENS = 2**40  # of one request: what claims more is broken, and shall not overflow the sum
LONGEST = 24 * HOUR  # that one request may take; likewise

#: The columns of a request that its load is made of.
COLUMNS = ("time", "response_status", "usage_output_tokens", "operation_duration")


@dataclass
class Load:
    """Sums by hour.

    Attributes:
        hours: hours since 1970 -> requests, those with a status, those throttled, output tokens, requests whose
            duration is known, and how long those took together (µs).
    """

    hours: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def absorb(self, other: "Load") -> None:
        """Add what another part of a log holds."""
        for hour, sums in other.hours.items():
            ours = self.hours.get(hour)
            self.hours[hour] = sums if ours is None else tuple(a + b for a, b in zip(ours, sums, strict=True))

    join = absorb

    def told(self) -> tuple[Hour, ...]:
        """As findings hold it: in the order of time, hours without a request left out."""
        return tuple(_hour(hour, sums) for hour, sums in sorted(self.hours.items()))


def _hour(hour: int, sums: tuple[int, ...]) -> Hour:
    requests, with_status, throttled, tokens, with_duration, busy = sums
    begins = datetime.fromtimestamp(hour * HOUR / 1e6, UTC)
    return Hour(begins, requests, with_status, throttled, tokens, with_duration, busy / 1e6)


def load(batch: pa.RecordBatch) -> Load:
    """The load of one batch (schema `traffic.schema.REQUESTS`; the columns of COLUMNS)."""
    hours, which = np.unique(batch.column("time").cast(pa.int64()).to_numpy() // HOUR, return_inverse=True)
    sums = np.zeros((len(hours), 6), np.int64)
    for column, each in enumerate(values(batch)):
        np.add.at(sums[:, column], which, each)
    return Load(dict(zip(hours.tolist(), map(tuple, sums.tolist()), strict=True)))


def loads(batch: pa.RecordBatch, campaign: npt.NDArray[np.int64]) -> dict[int, Load]:
    """The load of each campaign in one batch.

    Args:
        batch: requests of members.
        campaign: the number of each request's campaign.
    """
    some = batch.select(COLUMNS)
    return {number: load(some.filter(pa.array(campaign == number))) for number in np.unique(campaign).tolist()}


def values(batch: pa.RecordBatch) -> Iterator[npt.NDArray[np.int64]]:
    """What each request adds, in the order of the sums."""
    status, taken = batch.column("response_status"), batch.column("operation_duration")
    yield np.ones(len(batch), np.int64)
    yield _whole(status.is_valid())
    yield _whole(pc.fill_null(pc.equal(status, THROTTLED), False))
    yield np.clip(pc.fill_null(batch.column("usage_output_tokens"), 0).to_numpy(), 0, MOST_TOKENS)
    yield _whole(taken.is_valid())
    seconds = pc.fill_null(taken, 0.0).to_numpy()
    yield np.rint(np.clip(seconds, 0, LONGEST / 1e6) * 1e6).astype(np.int64)


def _whole(flags: pa.BooleanArray) -> npt.NDArray[np.int64]:
    return pc.cast(flags, pa.int64()).to_numpy()
