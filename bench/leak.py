"""How much of each campaign was served before a scan would have found it.

    python bench/leak.py [--scenario demo mixed] [--parts 10] [--json] [--markdown PAGE]

The log is scanned up to each of a number of moments, evenly over its window, as somebody would have who scanned then;
what it found is held against what had been served by then.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from labelled import Log, scenarios
from scanning import scan
from scorer import Truth, clusters_of, judge, owner
from tables import Table, add_options, publish

SCENARIOS = ("demo", "attacks", "evasive", "mixed")


@dataclass(frozen=True)
class Leak:
    """One campaign.

    Attributes:
        found_at: the part of the window after which it was first found; None: never.
        share: of its requests, those that had been served then; None: never.
        hindsight: the same up to the first `crossed_at` of the clusters of it in the whole log's findings.
    """

    log: Log
    campaign: str
    requests: int
    found_at: float | None
    share: float | None
    hindsight: float | None

    def figures(self) -> dict[str, object]:
        """As JSON has it."""
        return vars(self) | {"log": self.log.name, "seed": self.log.seed}


def leaks(log: Log, parts: int) -> list[Leak]:
    """All campaigns of a log."""
    findings = scan(log.folder).findings
    requests = pq.read_table(log.folder / "requests.parquet", columns=["request_id", "time"])
    labels = pq.read_table(log.truth / "requests.parquet", columns=["request_id", "campaign"])
    times = labels.filter(pc.is_valid(labels["campaign"])).join(requests, "request_id", join_type="inner")
    ends = pc.min_max(requests["time"]).as_py()
    found: dict[str, datetime] = {}
    truth = Truth.read(log.truth, log.provider)
    moments = [ends["min"] + (ends["max"] - ends["min"]) * i / parts for i in range(1, parts)]
    for moment in moments:
        if len(found) < len(truth.campaigns()):
            found |= {name: moment for name in _found(log, requests, moment) if name not in found}
    at_last = judge(truth, clusters_of(findings)).campaigns
    found |= {name: ends["max"] for name, campaign in at_last if campaign.found and name not in found}
    crossed = _crossed(truth, findings)
    made = []
    for name in truth.campaigns():
        own, at = times.filter(pc.equal(times["campaign"], name))["time"], found.get(name)
        part = at and round((at - ends["min"]) / (ends["max"] - ends["min"]), 4)
        made.append(Leak(log, name, len(own), part, _before(own, at), _before(own, crossed.get(name))))
    return made


def _found(log: Log, requests: pa.Table, moment: datetime) -> list[str]:
    served = requests.filter(pc.less(requests["time"], pa.scalar(moment, requests["time"].type)))
    truth = Truth.read(log.truth, log.provider, among=served["request_id"].combine_chunks())
    clusters = clusters_of(scan(log.folder, until=moment.isoformat()).findings)
    return [name for name, campaign in judge(truth, clusters).campaigns if campaign.found]


def _crossed(truth: Truth, findings: Mapping[str, Any]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for campaign, cluster in zip(findings["campaigns"], clusters_of(findings), strict=True):
        if name := owner(truth, cluster):
            moment = datetime.fromisoformat(campaign["crossed_at"])
            first[name] = min(moment, first.get(name, moment))
    return first


def _before(times: pa.ChunkedArray, moment: datetime | None) -> float | None:
    """The share of these times that lies before a moment."""
    return None if moment is None else pc.mean(pc.less(times, pa.scalar(moment, times.type))).as_py()


def tables(leaked: Sequence[Leak]) -> list[Table]:
    """How many campaigns were found early enough, and each campaign."""
    early = []
    for log in dict.fromkeys(leak.log for leak in leaked):
        own = [leak for leak in leaked if leak.log == log]
        shares = ([leak.share for leak in own], [leak.hindsight for leak in own])
        counts = [sum(s is not None and s < most for s in each) for each in shares for most in (0.2, 0.05)]
        early.append((log.name, len(own), *counts))
    rows = [(k.log.name, k.campaign, k.requests, k.found_at, k.share, k.hindsight) for k in leaked]
    first = ("log", "campaigns", "before 20 %", "before 5 %", "`crossed_at` before 20 %", "`crossed_at` before 5 %")
    columns = ("log", "campaign", "requests", "found at", "served before", "served before `crossed_at`")
    return [
        Table("Campaigns found before so much of them was served:", first, early),
        Table(
            "The part of the window after which a scan first finds each, and what was served by then:", columns, rows
        ),
    ]


def main() -> None:
    """Scan up to each moment, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="+", metavar="NAME", help="these alone")
    options.add_argument("--parts", type=int, default=10, help="into how many the window is cut")
    add_options(options)
    given = options.parse_args()
    there = [s for s in scenarios(given.scenario or ()) if given.scenario or s.name in SCENARIOS]
    leaked: list[Leak] = []
    for log in (log for scenario in there for log in scenario.logs(None)):
        leaked += leaks(log, given.parts)
        print(f"{log.name}: {len(leaked)} campaigns so far", file=sys.stderr)
    publish(given, "leak", tables(leaked), [leak.figures() for leak in leaked])


if __name__ == "__main__":
    main()
