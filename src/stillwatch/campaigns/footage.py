"""The second reading: what only the accounts under suspicion did, in the order of time.

Profiles forget the order; whoever is to be shown a campaign wants its hours, its words and the moment from which it
could have been seen. So the log is read once more, for these accounts alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.load import Load, loads
from stillwatch.campaigns.shared_text import SAMPLES
from stillwatch.campaigns.takings import Takings, takings
from stillwatch.profiles.accounts import Profiles, profile, zero
from stillwatch.profiles.fold import hash_texts
from stillwatch.signatures.kernel import buffers, sign

I64 = npt.NDArray[np.int64]

_ANY = 2**64 - 1


@dataclass
class Footage:
    """What the members of campaigns did.

    Attributes:
        campaign_of: account id -> number of its campaign.
        words: for each campaign the shingles that are its own.
        cuts: moments (µs since 1970, ascending) that cut the log into slices.
        members: the ids of all accounts in `campaign_of`.
        slices: the members' profiles, slice by slice: before the first cut, up to the second, and so on.
        loads: for each campaign its load, by hour.
        times: for each campaign the moments of its requests (µs since 1970).
        samples: for each campaign (draw, text) of requests with its own words, the smallest draws.
        takings: for each campaign what it was given, by model and kind.
    """

    campaign_of: dict[str, int]
    words: list[npt.NDArray[np.uint32]]
    cuts: I64
    members: pa.StringArray = field(init=False)
    slices: list[Profiles] = field(init=False)
    loads: list[Load] = field(init=False)
    times: list[list[I64]] = field(init=False)
    samples: list[list[tuple[int, str]]] = field(init=False)
    takings: list[Takings] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.words)
        self.slices = [zero() for _ in range(len(self.cuts) + 1)]
        self.loads = [Load() for _ in range(n)]
        self.times = [[] for _ in range(n)]
        self.samples = [[] for _ in range(n)]
        self.takings = [Takings() for _ in range(n)]
        self.members = pa.array(sorted(self.campaign_of), pa.string())
        self._numbers = np.array([self.campaign_of[a] for a in sorted(self.campaign_of)], np.int64)

    def develop(self, batch: pa.RecordBatch) -> "Exposure":
        """The members' part of a batch; touches nothing here, so that batches can be developed beside each other."""
        row = pc.index_in(batch.column("account_id"), self.members)
        batch, row = batch.filter(row.is_valid()), row.drop_null()
        campaign = self._numbers[row.to_numpy()]
        time = batch.column("time").cast(pa.int64()).to_numpy()
        part = np.searchsorted(self.cuts, time, side="right")
        slices = [(int(p), profile(batch.filter(pa.array(part == p)))) for p in np.unique(part)]
        sampled = self._sampled(batch, campaign)
        return Exposure(campaign, time, slices, loads(batch, campaign), sampled, takings(batch, campaign))

    def absorb(self, exposure: "Exposure") -> None:
        """Add what one batch showed."""
        for part, profiles in exposure.slices:
            self.slices[part].absorb(profiles)
        for number in np.unique(exposure.campaign):
            self.times[number].append(exposure.time[exposure.campaign == number])
        for number, put in exposure.loads.items():
            self.loads[number].absorb(put)
        for number, draw, text in exposure.samples:
            self.samples[number] = sorted([*self.samples[number], (draw, text)])[:SAMPLES]
        for number, given in exposure.takings.items():
            self.takings[number].absorb(given)

    def join(self, other: "Footage") -> None:
        """Add what other batches showed."""
        for ours, profiles in zip(self.slices, other.slices, strict=True):
            ours.absorb(profiles)
        for number in range(len(self.words)):
            self.times[number] += other.times[number]
            self.loads[number].absorb(other.loads[number])
            self.samples[number] = sorted([*self.samples[number], *other.samples[number]])[:SAMPLES]
            self.takings[number].absorb(other.takings[number])

    def itself(self) -> "Footage":
        """Where a reading begins: this; on another machine, its copy."""
        return self

    def _sampled(self, batch: pa.RecordBatch, campaign: I64) -> list[tuple[int, int, str]]:
        """Requests of each campaign that hold its own words, those with the smallest draws: (campaign, draw, text)."""
        draws = hash_texts(*buffers(batch.column("request_id")), 1 << 30)
        out = []
        for number in np.unique(campaign).tolist():
            kept = self.samples[number]
            most = kept[-1][0] if len(kept) == SAMPLES else _ANY  # of what was kept so far: more are of no use
            rows = np.flatnonzero((campaign == number) & (draws <= np.uint64(most)))
            rows = rows[np.argsort(draws[rows], kind="stable")]
            holding = islice(_holding(batch, rows, self.words[number]), SAMPLES)
            out += [(number, int(draws[row]), text) for row, text in holding]
        return out


@dataclass(frozen=True)
class Exposure:
    """What one batch shows of the members."""

    campaign: I64
    time: I64
    slices: list[tuple[int, Profiles]]
    loads: dict[int, Load]
    samples: list[tuple[int, int, str]]
    takings: dict[int, Takings]


def _holding(batch: pa.RecordBatch, rows: I64, words: npt.NDArray[np.uint32]) -> Iterator[tuple[int, str]]:
    """Those of these requests that hold any of the words, with their texts."""
    for start in range(0, len(rows) if len(words) else 0, SAMPLES):
        some = rows[start : start + SAMPLES]
        texts = _whole_texts(batch, some)
        signatures = sign(pa.array(texts, pa.string()))
        held = np.flatnonzero(np.isin(signatures.shingles, words))
        for i in np.unique(np.searchsorted(signatures.shingle_ends, held, side="right")).tolist():
            yield int(some[i]), texts[i]


def _whole_texts(batch: pa.RecordBatch, rows: I64) -> list[str]:
    """The system text and the last message by the user of these requests."""
    some = batch.take(pa.array(rows))
    out = []
    columns = (some.column(name).to_pylist() for name in ("system_instructions", "input_messages"))
    for system, messages in zip(*columns, strict=True):
        asked = [m for m in messages or [] if m["role"] == "user"] or messages or []
        parts = [system, *(m["content"] for m in asked[-1:])]
        out.append("\n".join(part for part in parts if part))
    return out
