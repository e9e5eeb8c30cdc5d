"""A scan that goes on where the last one ended: logs are added to stored profiles, and all of these are judged.

    with opened(folder, belongs) as store:
        findings = scan_stored(source, accounts, store, settings=ScanConfig(), **kept)  # of `[profiles]`

What profiles do not hold cannot be told of the past: texts, and answers by model and kind. See docs/incremental.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from threading import Condition

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import __version__
from stillwatch.campaigns.census import Census
from stillwatch.campaigns.findings import Findings
from stillwatch.campaigns.footage import Exposure, Footage
from stillwatch.campaigns.judging import Progress
from stillwatch.campaigns.load import HOUR, Load, values
from stillwatch.campaigns.scan import EmptyLogError, scan_readings
from stillwatch.campaigns.scope import Scope
from stillwatch.campaigns.signals import Importer
from stillwatch.campaigns.stirring import Looking
from stillwatch.campaigns.takings import Takings
from stillwatch.config import ScanConfig
from stillwatch.engines import local
from stillwatch.engines.contract import Table
from stillwatch.engines.local import LocalEngine
from stillwatch.errors import InputError
from stillwatch.profiles import wire
from stillwatch.profiles.store import looked
from stillwatch.profiles.store.hourly import Part, hourly, hours_of
from stillwatch.profiles.store.manifest import GRAINS
from stillwatch.profiles.store.merging import combined
from stillwatch.profiles.store.parts import ADDED, grouped
from stillwatch.profiles.store.seen import Seen, hashes
from stillwatch.profiles.store.store import Store, hour_of, moment_of
from stillwatch.profiles.store.taking import Taking, taking
from stillwatch.traffic.fingerprints import fingerprint
from stillwatch.traffic.schema import LazyBatch
from stillwatch.traffic.source import RequestSource

I64 = npt.NDArray[np.int64]


def scan_stored(  # noqa: PLR0913 — as `scan`, and what was stored
    source: RequestSource,
    accounts: pa.Table | None,
    store: Store,
    *,
    settings: ScanConfig,
    lateness_hours: int,
    growth: float,
    whole_days: int,
    until: datetime | None = None,
    importer: Importer | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Add logs to stored profiles, and find the campaigns in all of it.

    Args:
        source: the requests; what was counted before is not counted again.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None: then sign-up is no evidence.
        store: opened for adding.
        settings: where the line is.
        lateness_hours: how late a request may come, against the last scan.
        growth: share by which an account's requests must have grown for it to be looked at anew (`stirring`); 0: any.
        whole_days: after so many days of the log everybody is looked at.
        until: look only at whole hours (of merged days, whole days) before this moment; all is stored all the same.
        importer: asked what other providers say of campaigns; None where nothing is imported.
        progress: told the stage and how far it is, 0 to 1.

    Raises:
        InputError: there is no request to look at, or the store is damaged.
        StoreError: what is new cannot be stored; what was stored before stands.
    """
    tell = progress or (lambda _stage, _share: None)
    before = None if until is None else hour_of(until)
    with LocalEngine(threads=settings.threads) as engine:
        way = _way(settings, accounts, importer)
        looking = Looking(looked.load(store.folder), way, growth if before is None else 0.0, whole_days)
        past = Past(store, source, engine, lateness_hours, before, tell, looking)
        past.take()
        try:
            found = scan_readings(past, accounts, settings=settings, importer=importer, progress=tell)
        except EmptyLogError:
            says = "There is no request to look at, neither in these logs nor stored."
            raise InputError(says, where=", ".join(source.files[:3])) from None
    past.remember(found)
    notes = (*found.inputs.notes, *past.notes())
    inputs = replace(found.inputs, files=len(source.files), rejected=source.rejects.count, notes=notes)
    campaigns = tuple(replace(each, taken=each.taken or None) for each in found.campaigns)  # unknown, not none
    return replace(found, campaigns=campaigns, inputs=inputs)


@dataclass
class Past:
    """What was stored with what these logs add to it: the readings of a scan.

    Attributes:
        store: opened for adding.
        source: the logs.
        engine: where profiles are judged.
        lateness_hours: how late a request may come.
        before: the hour at which the past ends; None for all that is stored.
        tell: told how far a reading is.
        looking: who is looked at.
    """

    store: Store
    source: RequestSource
    engine: LocalEngine
    lateness_hours: int
    before: int | None
    tell: Progress
    looking: Looking
    _new: list[RequestSource] = field(default_factory=list)
    _taken: Taking | None = None
    _floor: int = 0

    def take(self) -> None:
        """Add to the store what is new in the logs, once."""
        self._floor = self.store.manifest.floor or 0
        with taking(self.store, lateness_hours=self.lateness_hours) as new:
            self._taken = new
            for log in self.source.each():
                name = fingerprint(log.files[0])
                if name is None or not new.known(name):
                    self._new.append(log)
                    self._take(log, new)
                    new.finished(name)

    def _take(self, log: RequestSource, new: Taking) -> None:
        turns = _Turns()
        batches = (partial(_new, batch, n, turns, new) for n, batch in enumerate(self._told("reading", log)))
        for part in local.mapped(batches, _part, threads=self.engine.threads):
            new.add(part)

    def people(self) -> tuple[Table, Load]:
        """Everybody's profiles, an account once, and everybody's load."""
        small = (batch for block in self.store.people(self.before) for batch in wire.batches(block))
        batches = (batch for some in grouped(small, wire.BLOCK) for batch in some.combine_chunks().to_batches())
        return self.engine.table(batches, wire.SCHEMA), _load(self.store.sums(before=self.before))

    def scope(self, everybody: Census) -> Scope:
        """Those who did something new since they were looked at."""
        return self.looking.scope(everybody)

    def remember(self, found: Findings) -> None:
        """For the next scan, what this one looked at."""
        if self.before is None:
            now = self.looking.after([[each.account_id for each in campaign.accounts] for campaign in found.campaigns])
            with self.store.writing():
                looked.save(self.store.folder, now)

    def again(self, footage: Footage) -> Footage:
        """What the members did: their hours and slices as stored, their texts from these logs.

        Slices are cut at full hours. Answers by model and kind are told of a campaign of which everything was read now.
        """
        seen = Footage(footage.campaign_of, footage.words, np.unique(footage.cuts // HOUR * HOUR))
        for batch in self.store.of(seen.members, self.before):
            _place(seen, batch)
        self._count(seen)
        read = self._listen(seen)
        for number, load in enumerate(seen.loads):
            if read[number] != sum(sums[0] for sums in load.hours.values()):
                seen.takings[number] = Takings()
        return seen

    def _count(self, footage: Footage) -> None:
        """The load of each campaign, by hour, and when it asked, to the hour."""
        members = footage.members
        sums = self.store.sums(members.to_pylist(), self.before)
        campaign = np.array([footage.campaign_of[account] for account in members.to_pylist()])
        of = campaign[pc.index_in(sums["account_id"], members).to_numpy()]
        for number in np.unique(of).tolist():
            own = sums.filter(pa.array(of == number))
            footage.loads[number] = _load(own)
            footage.times[number] = [np.repeat(own["hour"].to_numpy().astype(np.int64) * HOUR, own["requests"])]

    def _listen(self, footage: Footage) -> I64:
        """Texts, and answers by model and kind; gives how many requests of each campaign were read."""
        read, seen = np.zeros(len(footage.loads), np.int64), Seen(lambda _day: iter(()))
        for log in self._new:
            turns, asked = _Turns(), enumerate(self._told("looking again", log, footage.members))
            batches = (partial(self._counted, batch, n, turns, seen) for n, batch in asked)
            for exposure in local.mapped(batches, footage.develop, threads=self.engine.threads):
                np.add.at(read, exposure.campaign, 1)
                footage.absorb(_spoken(exposure))
        return read

    def notes(self) -> Iterator[str]:
        """What the reader should know."""
        new, past = self._taken, self.store.manifest
        if new is None:
            return
        if skipped := len(self.source.files) - len(self._new):
            yield f"{skipped:,} of {len(self.source.files):,} logs were read by an earlier scan, and not again."
        if new.repeated:
            yield f"{new.repeated:,} requests had been counted before, and were not counted again."
        if new.late:
            yield (
                f"{new.late:,} requests came too late (profiles.lateness_days), or are of days that were forgotten: "
                "they were left out."
            )
        since = f"{moment_of(min(part.start for part in past.parts)):%Y-%m-%d}"
        grain = max((part.grain for part in past.parts), key=GRAINS.index)
        if (some := self.looking.asked.among) is not None:
            yield (
                f"Looked at were the campaigns found before and {len(some):,} accounts that are new or asked "
                f"{self.looking.growth:.0%} more than when they were looked at last; everybody is looked at every "
                f"{self.looking.whole_days} days (profiles.growth, profiles.whole_days)."
            )
        yield (
            f"These findings rest on stored profiles since {since}: when a campaign passed the line is known to the "
            f"{grain}; shared texts are of the logs that were read now, and answers by model are told only of "
            "campaigns of which all was read now."
        )

    def _counted(self, batch: LazyBatch, number: int, turns: "_Turns", seen: Seen) -> pa.RecordBatch:
        """What of the members' requests counts."""
        with turns.done(number):
            requests = batch()
            keys, hours = hashes(requests), hours_of(requests)
            turns.wait(number)
            new = seen.admit(keys, hours) & (hours >= self._floor)
        return requests.filter(pa.array(new if self.before is None else new & (hours < self.before)))

    def _told(self, stage: str, log: RequestSource, of: pa.StringArray | None = None) -> Iterator[LazyBatch]:
        for batch in log.batches(of):
            self.tell(stage, min(1.0, log.bytes_read / log.bytes_total) if log.bytes_total else 0.0)
            yield batch


def _way(settings: ScanConfig, accounts: pa.Table | None, importer: Importer | None) -> str:
    """What decides how is looked, but for what is there."""
    decides = settings.model_dump_json(exclude={"threads"}), __version__, accounts is None, importer is None
    return blake2b(repr(decides).encode(), digest_size=16).hexdigest()


def _new(batch: LazyBatch, number: int, turns: "_Turns", new: Taking) -> pa.RecordBatch:
    """What of a batch was not counted before."""
    with turns.done(number):
        requests = batch()
        keys, hours = hashes(requests), hours_of(requests)
        turns.wait(number)
        admitted = new.admit(keys, hours)
    return requests if admitted.all() else requests.filter(pa.array(admitted))


def _part(batch: pa.RecordBatch) -> Part:
    return hourly(batch, np.stack(list(values(batch)), axis=1))


def _place(footage: Footage, batch: pa.RecordBatch) -> None:
    """Put rows of profiles into the slices in which they were complete."""
    last = wire.profiles_of(batch)["last"]
    part = np.searchsorted(footage.cuts, last, side="right")
    for each in np.unique(part).tolist():
        some = pa.Table.from_batches([batch.filter(pa.array(part == each))])
        footage.slices[each].absorb(combined(some))


def _spoken(exposure: Exposure) -> Exposure:
    """Without what the store knows better."""
    return replace(exposure, campaign=exposure.campaign[:0], time=exposure.time[:0], slices=[], loads={})


def _load(sums: pa.Table) -> Load:
    together = sums.group_by("hour").aggregate([(name, "sum") for name in ADDED])
    rows = zip(*(together[f"{name}_sum"].to_pylist() for name in ADDED), strict=True)
    return Load(dict(zip(together["hour"].to_pylist(), rows, strict=True)))


class _Turns:
    """Batches are decoded beside each other, and compared with what was counted in their order."""

    def __init__(self) -> None:
        self._changed, self._next, self._done = Condition(), 0, set[int]()

    def wait(self, number: int) -> None:
        """Until all before are done."""
        with self._changed:
            self._changed.wait_for(lambda: self._next == number)

    @contextmanager
    def done(self, number: int) -> Iterator[None]:
        """Afterwards this one is done, even if it failed."""
        try:
            yield
        finally:
            with self._changed:
                self._done.add(number)
                while self._next in self._done:
                    self._done.remove(self._next)
                    self._next += 1
                self._changed.notify_all()
