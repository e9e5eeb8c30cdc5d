"""The second reading: what only the accounts under suspicion did, in the order of time.

Profiles forget the order; whoever is to be shown a campaign wants its hours, its words and the moment from which it could
have been seen. So the log is read once more, for these accounts alone.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.shared_text import SAMPLES
from stillwatch.profiles.accounts import Profiles, profile, zero
from stillwatch.profiles.fold import hash_texts
from stillwatch.signatures.kernel import buffers, sign

I64 = npt.NDArray[np.int64]

HOUR = 3_600_000_000  # µs


@dataclass
class Footage:
    """What the members of campaigns did.

    Attributes:
        campaign_of: account id -> number of its campaign.
        words: for each campaign the shingles that are its own.
        cuts: moments (µs since 1970, ascending) that cut the log into slices.
        slices: the members' profiles, slice by slice: before the first cut, up to the second, and so on.
        hours: for each campaign its requests by hour (hours since 1970).
        times: for each campaign the moments of its requests (µs since 1970).
        samples: for each campaign (draw, text) of requests with its own words, the smallest draws.
    """

    campaign_of: dict[str, int]
    words: list[npt.NDArray[np.uint32]]
    cuts: I64
    slices: list[Profiles] = field(init=False)
    hours: list[Counter[int]] = field(init=False)
    times: list[list[I64]] = field(init=False)
    samples: list[list[tuple[int, str]]] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.words)
        self.slices = [zero() for _ in range(len(self.cuts) + 1)]
        self.hours = [Counter() for _ in range(n)]
        self.times = [[] for _ in range(n)]
        self.samples = [[] for _ in range(n)]
        self._members = pa.array(sorted(self.campaign_of), pa.string())
        self._numbers = np.array([self.campaign_of[a] for a in sorted(self.campaign_of)], np.int64)

    def develop(self, batch: pa.RecordBatch) -> "Exposure":
        """The members' part of a batch; touches nothing here, so that batches can be developed beside each other."""
        row = pc.index_in(batch.column("account_id"), self._members)
        batch, row = batch.filter(row.is_valid()), row.drop_null()
        campaign = self._numbers[row.to_numpy()]
        time = batch.column("time").cast(pa.int64()).to_numpy()
        part = np.searchsorted(self.cuts, time, side="right")
        slices = [(int(p), profile(batch.filter(pa.array(part == p)))) for p in np.unique(part)]
        return Exposure(campaign, time, slices, self._sampled(batch, campaign))

    def absorb(self, exposure: "Exposure") -> None:
        """Add what one batch showed."""
        for part, profiles in exposure.slices:
            self.slices[part].absorb(profiles)
        for number in np.unique(exposure.campaign):
            time = exposure.time[exposure.campaign == number]
            self.times[number].append(time)
            self.hours[number].update(dict(zip(*map(np.ndarray.tolist, np.unique(time // HOUR, return_counts=True)), strict=True)))
        for number, draw, text in exposure.samples:
            self.samples[number].append((draw, text))
        for number in range(len(self.samples)):
            self.samples[number] = sorted(self.samples[number])[:SAMPLES]

    def _sampled(self, batch: pa.RecordBatch, campaign: I64) -> list[tuple[int, int, str]]:
        """A few requests of each campaign that hold its own words: (campaign, draw, text)."""
        draws = hash_texts(*buffers(batch.column("request_id")), 1 << 30)
        chosen: list[int] = []
        for number in np.unique(campaign):
            rows = np.flatnonzero(campaign == number)
            chosen += rows[np.argsort(draws[rows])][: 4 * SAMPLES].tolist()
        texts = _whole_texts(batch, chosen)
        signatures = sign(pa.array(texts, pa.string()))
        starts = np.concatenate([[0], signatures.shingle_ends[:-1]]).astype(np.int64)
        out = []
        for row, text, start, end in zip(chosen, texts, starts, signatures.shingle_ends, strict=True):
            if np.isin(signatures.shingles[start:end], self.words[campaign[row]]).any():
                out.append((int(campaign[row]), int(draws[row]), text))
        return out


@dataclass(frozen=True)
class Exposure:
    """What one batch shows of the members."""

    campaign: I64
    time: I64
    slices: list[tuple[int, Profiles]]
    samples: list[tuple[int, int, str]]


def _whole_texts(batch: pa.RecordBatch, rows: Iterable[int]) -> list[str]:
    """The system text and the last message by the user of these requests."""
    some = batch.take(pa.array(list(rows), pa.int64()))
    out = []
    for system, messages in zip(some.column("system_instructions").to_pylist(), some.column("input_messages").to_pylist(), strict=True):
        asked = [m["content"] or "" for m in messages or [] if m["role"] == "user"] or [(m["content"] or "") for m in (messages or [])[-1:]]
        out.append("\n".join([*([system] if system else []), *asked[-1:]]))
    return out
