"""From a log to campaigns: the whole scan, as one function.

    source = open_requests(["logs/"], rejects=rejects, key=key, columns=COLUMNS)
    findings = scan(source, accounts, settings=ScanConfig())

Two readings. The first folds every request into its account's profile, whatever the order; from the profiles come the
clusters and their scores. The second looks at the suspicious accounts alone: their hours, their shared words, and when
they could first have been seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns import crossing, lookalikes, population
from stillwatch.campaigns.evidence import elsewhere
from stillwatch.campaigns.evidence.text import own_words
from stillwatch.campaigns.findings import Campaign, Findings, Inputs, Link, Member, Signature
from stillwatch.campaigns.footage import HOUR, Footage
from stillwatch.campaigns.score import severity
from stillwatch.campaigns.selection import Suspicion, select
from stillwatch.campaigns.shared_text import shared_text
from stillwatch.campaigns.signals import Importer, Told
from stillwatch.config import ScanConfig
from stillwatch.engines import local
from stillwatch.errors import InputError
from stillwatch.profiles.accounts import COLUMNS, Profiles, profile, zero
from stillwatch.traffic.schema import LazyBatch
from stillwatch.traffic.source import RequestSource

T = TypeVar("T")
Progress = Callable[[str, float], None]

SHOWN_LINKS = 60  # shared things told of a campaign, the widest first
MANY = 25  # accounts that must have sent a shingle before it counts as nobody's own: the group's floor for templates
TEMPLATE = 64  # shingles of a signature: two of them recognise it

__all__ = ["COLUMNS", "scan"]


def scan(  # noqa: PLR0913 — what is read, how it is judged, and who is told
    source: RequestSource,
    accounts: pa.Table | None,
    *,
    settings: ScanConfig,
    until: datetime | None = None,
    importer: Importer | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Find the campaigns in a log.

    Args:
        source: the requests; it is read twice.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None: then sign-up is no evidence.
        settings: where the line is.
        until: look only at requests before this moment.
        importer: asked what other providers say of campaigns; None where nothing is imported.
        progress: told the stage and how far it is, 0 to 1.

    Raises:
        InputError: there is no request to look at.
    """
    tell = progress or (lambda _stage, _share: None)
    log = _Log(source, until, settings.threads, tell)
    profiles = _profiles(log)
    told = _told(profiles, importer, tell)
    everybody = population.build(profiles, accounts, told.signals)
    suspicions = select(everybody, settings, lambda share: tell("weighing", share))
    campaigns = _shown(everybody, accounts, suspicions, settings, log)
    inputs = Inputs(
        files=len(source.files),
        requests=int(everybody.profiles["requests"].sum(dtype=np.int64)),
        accounts=len(everybody),
        rejected=source.rejects.count,
        sign_up=accounts is not None,
        notes=(*_notes(everybody, accounts), *told.notes),
    )
    start, end = _window(everybody)
    return Findings(_moment(start), _moment(end), campaigns, inputs)


@dataclass(frozen=True)
class _Log:
    """The requests before a moment (None: all), and who is told how far a reading is."""

    source: RequestSource
    until: datetime | None
    threads: int
    tell: Progress

    def fold(self, stage: str, kernel: Callable[[pa.RecordBatch], T], absorb: Callable[[T], None]) -> None:
        """One reading: what the kernel makes of each batch is absorbed."""
        local.fold(self._batches(stage), kernel, absorb, threads=self.threads)

    def _batches(self, stage: str) -> Iterator[LazyBatch]:
        for batch in self.source.batches():
            total = self.source.bytes_total
            self.tell(stage, min(1.0, self.source.bytes_read / total) if total else 0.0)
            yield batch if self.until is None else partial(_before, self.until, batch)


def _before(until: datetime, batch: LazyBatch) -> pa.RecordBatch:
    requests = batch()
    return requests.filter(pc.less(requests["time"], pa.scalar(until, requests.schema.field("time").type)))


def _profiles(log: _Log) -> Profiles:
    profiles, rejects = zero(), log.source.rejects
    log.fold("reading", profile, profiles.absorb)
    if not len(profiles):
        reasons = ", ".join(f"{reason}: {count:,}" for reason, count in rejects.counts_by_reason.items())
        before = f" before {log.until:%Y-%m-%dT%H:%M:%SZ}" if log.until else ""
        raise InputError(
            f"There is no request{before} to look at" + (f"; rows were left out ({reasons})." if reasons else "."),
            where=", ".join(log.source.files[:3]),
            hint="Check the log's format (--format, --mapping)" + (" and --until." if log.until else "."),
        )
    return profiles


def _told(profiles: Profiles, importer: Importer | None, tell: Progress) -> Told:
    if importer is None:
        return Told()
    tell("asking the exchange", 0.0)
    return importer(population.sent_by_several(profiles))


def _window(everybody: population.Population) -> tuple[int, int]:
    return int(everybody.profiles["first"].min()), int(everybody.profiles["last"].max())


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _shown(
    everybody: population.Population,
    accounts: pa.Table | None,
    suspicions: list[Suspicion],
    settings: ScanConfig,
    log: _Log,
) -> tuple[Campaign, ...]:
    """The second reading: clusters become campaigns."""
    if not suspicions:
        return ()
    ids, (start, end) = everybody.profiles.ids, _window(everybody)
    members = [s.membership.rows for s in suspicions]
    number = {account: i for i, rows in enumerate(members) for account in ids.take(pa.array(rows)).to_pylist()}
    footage = Footage(number, [_own_shingles(s) for s in suspicions], crossing.moments(start, end))
    log.fold("looking again", footage.develop, footage.absorb)
    crossed = crossing.crossings(everybody, accounts, members, footage, settings)
    moments = [end if cut is None else int(footage.cuts[cut]) for cut in crossed]
    made = [_campaign(s, footage, i, moments[i], settings) for i, s in enumerate(suspicions)]
    return tuple(sorted(made, key=lambda c: (-c.bits, -len(c.accounts), c.id)))


def _own_shingles(suspicion: Suspicion) -> npt.NDArray[np.uint32]:
    keys = suspicion.cluster.population.keys["text"]
    return keys.things[own_words(suspicion.cluster)].astype(np.uint32)


def _campaign(s: Suspicion, footage: Footage, number: int, moment: int, settings: ScanConfig) -> Campaign:
    profiles, rows = s.cluster.population.profiles, s.membership.rows
    times = np.concatenate(footage.times[number])
    accounts = _members(s)
    text = shared_text([text for _, text in footage.samples[number]])
    return Campaign(
        id=_name([m.account_id for m in accounts]),
        bits=s.score.bits,
        prior=s.score.prior,
        severity=severity(s.score, settings),
        families=s.score.families(),
        first_seen=_moment(int(profiles["first"][rows].min())),
        crossed_at=_moment(moment),
        last_seen=_moment(int(profiles["last"][rows].max())),
        requests=len(times),
        requests_before_crossing=int((times < moment).sum()),
        usage_input_tokens=sum(profiles["input_tokens"][rows].tolist()),
        usage_output_tokens=sum(profiles["output_tokens"][rows].tolist()),
        accounts=accounts,
        evidence=s.score.evidence,
        lookalikes_considered=lookalikes.considered(s.cluster, s.score),
        timeline=tuple((_moment(hour * HOUR), count) for hour, count in sorted(footage.hours[number].items())),
        links=_links(s),
        shared_text=(text,) if text else (),
        signature=_signature(s),
        indicators=tuple(
            i for n in elsewhere.fitting(s.cluster) for i in s.cluster.population.known.signals[n].indicators
        ),
    )


def _signature(s: Suspicion) -> Signature:
    keys = s.cluster.population.keys["text"]
    held, own = s.cluster.held(keys), own_words(s.cluster)
    members = dict(zip(held.things.tolist(), held.members.tolist(), strict=True))
    many = sorted((-members[thing], int(keys.things[thing])) for thing in own.tolist() if members[thing] >= MANY)
    return Signature(tuple(shingle for _, shingle in many[:TEMPLATE]))


def _name(account_ids: list[str]) -> str:
    digest = blake2b("\n".join(sorted(account_ids)).encode(), digest_size=5).hexdigest()
    return f"c-{digest}"


def _members(s: Suspicion) -> tuple[Member, ...]:
    profiles, rows = s.cluster.population.profiles, s.membership.rows
    columns = (
        profiles.ids.take(pa.array(rows)).to_pylist(),
        s.membership.bits.tolist(),
        *(profiles[name][rows].tolist() for name in ("requests", "first", "last")),
    )
    made = [Member(a, round(b, 2), n, _moment(f), _moment(t)) for a, b, n, f, t in zip(*columns, strict=True)]
    return tuple(sorted(made, key=lambda m: (-m.bits, m.account_id)))


def _links(s: Suspicion) -> tuple[Link, ...]:
    """What two or more customers of the campaign share, the widest first; popular things left out."""
    out = []
    ids = s.cluster.population.profiles.ids
    for keys in s.cluster.population.keys.values():
        if keys.name == "text":
            continue
        inside = s.cluster.held(keys)
        for thing in inside.things[(inside.parties >= 2) & (inside.members > inside.outside)]:
            held = np.intersect1d(keys.by_thing[:, [thing]].indices, s.membership.rows)
            out.append(Link(keys.family, keys.name, tuple(ids.take(pa.array(held)).to_pylist())))
    return tuple(sorted(out, key=lambda link: (-len(link.accounts), link.name, link.accounts))[:SHOWN_LINKS])


def _notes(everybody: population.Population, accounts: pa.Table | None) -> tuple[str, ...]:
    notes = []
    if accounts is None:
        notes.append(
            "No accounts table was given: what accounts share in payment, mail and sign-up was not weighed "
            "(--accounts FILE)."
        )
    elif missing := int((~np.isin(everybody.profiles.ids, accounts["account_id"])).sum()):
        notes.append(f"{missing:,} of {len(everybody):,} accounts are not in the accounts table.")
    if wide := everybody.known.too_wide:
        notes.append(
            f"What another provider said of {', '.join(wide)} fits more than a tenth of the accounts here: not weighed."
        )
    if not everybody.keys["address"].held.nnz:
        notes.append(
            "No network address is shared by any two accounts, or the log has none: the network was not weighed."
        )
    return tuple(notes)
