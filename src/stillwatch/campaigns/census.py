"""What is usual among everybody: small sums over all profiles, against which a few accounts are judged.

    census = people.fold(counted, Census)      # on any engine; profiles.wire batches

Whole numbers throughout, so that neither the order of the accounts nor the cut into parts changes a digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns.signed_up import key_of
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, together
from stillwatch.profiles.state import EMPTY32, HOURS, UNSET
from stillwatch.signatures.kernel import BINS

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

SAMPLE = 8192  # accounts that stand for everybody
WEIGHT_CAP = 10  # requests of one account that count towards what is usual: nobody's volume sets the norm
FIXED = 20  # binary places of a weight
BLOCK = 8192
_MIX = np.uint64(0x9E3779B97F4A7C15)
_EARLIEST, _LATEST = -(2**63), 2**63 - 1


@dataclass
class Census:
    """Sums over accounts.

    Attributes:
        accounts: how many there are.
        requests: of all of them; likewise their tokens.
        first: their first request, µs since 1970; `last` their last.
        asked: for each bin of words how much of it is asked, in 2^-FIXED requests.
        active: for each hour (`profiles.state.HOURS`) how many accounts asked in it.
        columns: which columns of the log hold anything at all.
        key: every account (`signed_up.key_of`); with it the hash of its organization and its addresses.
        made: of each, how many requests it made.
        sample: the SAMPLE accounts whose keys come first in an order that means nothing.
    """

    accounts: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    first: int = _LATEST
    last: int = _EARLIEST
    asked: I64 = field(default_factory=lambda: np.zeros(BINS, np.int64))
    active: I64 = field(default_factory=lambda: np.zeros(HOURS, np.int64))
    columns: frozenset[str] = frozenset()
    key: list[I64] = field(default_factory=list)
    organization: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    addresses: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    made: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    sample: Profiles = field(default_factory=Profiles)

    def absorb(self, part: "Census") -> None:
        """Add other accounts."""
        self.accounts += part.accounts
        self.requests += part.requests
        self.input_tokens += part.input_tokens
        self.output_tokens += part.output_tokens
        self.first, self.last = min(self.first, part.first), max(self.last, part.last)
        self.asked += part.asked
        self.active += part.active
        self.columns |= part.columns
        for mine, theirs in (
            (self.key, part.key),
            (self.organization, part.organization),
            (self.addresses, part.addresses),
            (self.made, part.made),
        ):
            mine.extend(theirs)  # type: ignore[arg-type]
        self.sample = _drawn([self.sample, part.sample])

    join = absorb

    @property
    def keys(self) -> I64:
        """Every account, once."""
        return np.concatenate([np.zeros(0, np.int64), *self.key])

    @property
    def requests_of(self) -> npt.NDArray[np.uint64]:
        """Of each of `keys` how many requests it made."""
        return np.concatenate([np.zeros(0, np.uint64), *self.made])

    @property
    def claims(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Of each of `keys` the organization (n,) and the addresses (n, several) that its requests came with."""
        return np.concatenate(self.organization), np.concatenate(self.addresses)

    @property
    def usual(self) -> F64:
        """The share of each bin in what is asked; sums to 1."""
        asked = self.asked * 2.0**-FIXED + 1e-3
        return asked / asked.sum()

    @property
    def rhythm(self) -> F64:
        """How everybody's activity spreads over the hours; sums to 1."""
        counts = self.active + 0.01
        return counts / counts.sum()


@dataclass
class Counts:
    """So many numbers, each a sum over everybody."""

    n: int
    counts: I64 = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.n, np.int64)

    def absorb(self, part: I64) -> None:
        """Add some accounts'."""
        self.counts += part

    def join(self, other: "Counts") -> None:
        """Add others'."""
        self.counts += other.counts


def counted(batch: pa.RecordBatch) -> Census:
    """The census of some accounts (`profiles.wire.SCHEMA`)."""
    return of(wire.profiles_of(batch))


def of(profiles: Profiles) -> Census:
    """The census of these accounts."""
    n = len(profiles)
    if not n:
        return Census()
    return Census(
        accounts=n,
        requests=int(profiles["requests"].sum(dtype=np.int64)),
        input_tokens=sum(profiles["input_tokens"].tolist()),
        output_tokens=sum(profiles["output_tokens"].tolist()),
        first=int(profiles["first"].min()),
        last=int(profiles["last"].max()),
        asked=_asked(profiles),
        active=_active(profiles["hours"]),
        columns=frozenset(name for name, there in _there(profiles).items() if there),
        key=[key_of(profiles.ids)],
        organization=[profiles["organization"].copy()],
        addresses=[profiles["addresses"].copy()],
        made=[profiles["requests"].astype(np.uint64)],
        sample=_drawn([profiles]),
    )


def _asked(profiles: Profiles) -> I64:
    requests = np.maximum(profiles["requests"].astype(np.int64), 1)[:, None]
    out = np.zeros(BINS, np.int64)
    for start in range(0, len(requests), BLOCK):
        words, each = profiles["words"][start : start + BLOCK].astype(np.int64), requests[start : start + BLOCK]
        out += (words * ((np.minimum(each, WEIGHT_CAP) << FIXED) // each)).sum(0)
    return out


def _active(hours: npt.NDArray[np.uint8]) -> I64:
    out = np.zeros(HOURS, np.int64)
    for start in range(0, len(hours), BLOCK):
        out += np.unpackbits(hours[start : start + BLOCK], axis=1, bitorder="little").sum(0, dtype=np.int64)
    return out


def _there(profiles: Profiles) -> Mapping[str, bool]:
    """Which columns of the log these profiles show."""
    styles = profiles["styles"]
    return {
        "input_messages": bool(profiles["words"].any()),
        "request_temperature": bool(((styles != EMPTY32) & (styles != UNSET)).any()),
        "usage_output_tokens": bool(profiles["input_tokens"].any() or profiles["output_tokens"].any()),
    }


def _drawn(parts: list[Profiles]) -> Profiles:
    """The SAMPLE of these accounts, in the order of their ids."""
    both = together(parts)
    draw = key_of(both.ids).view(np.uint64) * _MIX >> np.uint64(8)
    return both.taken(np.argsort(draw, kind="stable")[:SAMPLE]).ordered()
