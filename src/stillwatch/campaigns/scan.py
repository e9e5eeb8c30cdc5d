"""From a log to campaigns: the whole scan, as one function.

    source = open_requests(["logs/"], rejects=rejects, key=key, columns=COLUMNS)
    findings = scan(source, accounts, settings=ScanConfig())

Two readings. The first folds every request into its account's profile, whatever the order; from the profiles come the
clusters and their scores. The second looks at the suspicious accounts alone: their hours, their shared words, and when
they could first have been seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns import crossing
from stillwatch.campaigns.evidence.text import own_words
from stillwatch.campaigns.findings import Campaign, Findings, Inputs
from stillwatch.campaigns.footage import Footage
from stillwatch.campaigns.judging import Judged, Progress, judge
from stillwatch.campaigns.readings import Log, Readings
from stillwatch.campaigns.selection import Suspicion
from stillwatch.campaigns.shared_text import shared_text
from stillwatch.campaigns.signals import Importer
from stillwatch.campaigns.telling import Shown, moment, strongest_first, told
from stillwatch.config import ScanConfig
from stillwatch.engines.contract import Table
from stillwatch.engines.local import LocalEngine
from stillwatch.errors import InputError
from stillwatch.profiles import accounts as profiled
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.schema import LazyBatch
from stillwatch.traffic.source import RequestSource

#: The columns of a request that a scan looks at.
COLUMNS = (*profiled.COLUMNS, "request_model", "operation_duration")


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
    with LocalEngine(threads=settings.threads) as engine:

        def requests(stage: str, of: pa.StringArray | None) -> Table:
            return engine.lazily(lambda: _read(source, of, until, partial(tell, stage)), source.schema)

        log = Log(requests, engine)
        return scan_log(log, source, accounts, settings=settings, until=until, importer=importer, progress=tell)


class Counted(Protocol):
    """What is known of the logs beside their requests."""

    @property
    def files(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def rejects(self) -> Rejects:
        """The rows that could not be read so far."""


def scan_log(  # noqa: PLR0913 — as `scan`
    log: Readings,
    source: Counted,
    accounts: pa.Table | None,
    *,
    settings: ScanConfig,
    until: datetime | None = None,
    importer: Importer | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Find the campaigns in a log on whatever engine, and tell what of it was read.

    Args:
        log: what is read, twice: the requests before `until`.
        source: the same, as it counts.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None: then sign-up is no evidence.
        settings: where the line is.
        until: for the error where there is no request.
        importer: asked what other providers say of campaigns; None where nothing is imported.
        progress: told the stage and how far it is, 0 to 1.

    Raises:
        InputError: there is no request to look at.
    """
    try:
        found = scan_readings(log, accounts, settings=settings, importer=importer, progress=progress)
    except EmptyLogError:
        raise _nothing(source, until) from None
    inputs = replace(found.inputs, files=len(source.files), rejected=source.rejects.count)
    return replace(found, inputs=inputs)


def scan_readings(
    log: Readings,
    accounts: pa.Table | None,
    *,
    settings: ScanConfig,
    importer: Importer | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Find the campaigns in a log, wherever it lies.

    Args:
        log: what is read, twice.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None: then sign-up is no evidence.
        settings: where the line is.
        importer: asked what other providers say of campaigns; None where nothing is imported.
        progress: told the stage and how far it is, 0 to 1.

    Raises:
        EmptyLogError: there is no request to look at.
    """
    tell = progress or (lambda _stage, _share: None)
    people, traffic = log.people()
    if not traffic.hours:
        raise EmptyLogError("There is no request to look at.")
    judged = judge(people, accounts, settings, log.engine, importer=importer, tell=tell, scope=log.scope)
    campaigns = _shown(judged, accounts, settings, log)
    inputs = Inputs(
        files=0,
        requests=judged.census.requests,
        accounts=judged.census.accounts,
        rejected=0,
        sign_up=accounts is not None,
        notes=judged.notes,
        usage_input_tokens=judged.tokens[0],
        usage_output_tokens=judged.tokens[1],
    )
    start, end = judged.window
    return Findings(moment(start), moment(end), campaigns, inputs, traffic.told())


class EmptyLogError(InputError):
    """There is no request to look at."""


def _read(
    source: RequestSource, of: pa.StringArray | None, until: datetime | None, tell: Callable[[float], None]
) -> Iterator[LazyBatch]:
    """The requests of some accounts (None: everybody) before a moment (None: all)."""
    for batch in source.batches(of):
        total = source.bytes_total
        tell(min(1.0, source.bytes_read / total) if total else 0.0)
        yield batch if until is None else partial(_before, until, batch)


def _before(until: datetime, batch: LazyBatch) -> pa.RecordBatch:
    requests = batch()
    return requests.filter(pc.less(requests["time"], pa.scalar(until, requests.schema.field("time").type)))


def _nothing(source: Counted, until: datetime | None) -> InputError:
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in source.rejects.counts_by_reason.items())
    before = f" before {until:%Y-%m-%dT%H:%M:%SZ}" if until else ""
    return InputError(
        f"There is no request{before} to look at" + (f"; rows were left out ({reasons})." if reasons else "."),
        where=", ".join(source.files[:3]),
        hint="Check the log's format (--format, --mapping)" + (" and --until." if until else "."),
    )


def _shown(judged: Judged, accounts: pa.Table | None, settings: ScanConfig, log: Readings) -> tuple[Campaign, ...]:
    """The second reading: clusters become campaigns."""
    suspicions, everybody = judged.suspicions, judged.population
    if not suspicions:
        return ()
    ids, (start, end) = everybody.profiles.ids, judged.window
    members = [s.membership.rows for s in suspicions]
    number = {account: i for i, rows in enumerate(members) for account in ids.take(pa.array(rows)).to_pylist()}
    footage = log.again(Footage(number, [_own_shingles(s) for s in suspicions], crossing.moments(start, end)))
    crossed = crossing.crossings(everybody, accounts, members, footage, settings)
    moments = [end if cut is None else int(footage.cuts[cut]) for cut in crossed]
    made = [told(s, _seen(footage, i, moments[i]), settings) for i, s in enumerate(suspicions)]
    return tuple(sorted(made, key=strongest_first))


def _seen(footage: Footage, number: int, crossed_at: int) -> Shown:
    times = np.concatenate(footage.times[number])
    text = shared_text([text for _, text in footage.samples[number]])
    return Shown(
        crossed_at,
        int((times < crossed_at).sum()),
        footage.loads[number].told(),
        (text,) if text else (),
        footage.takings[number].told(),
    )


def _own_shingles(suspicion: Suspicion) -> npt.NDArray[np.uint32]:
    keys = suspicion.cluster.population.keys["text"]
    return keys.things[own_words(suspicion.cluster)].astype(np.uint32)
