"""Measure detection: scan labelled logs with default settings, and hold the findings against what was planted.

    python bench/prove.py [--quick] [--scenario demo mixed] [--seeds own 1 2]

Every scan is a run of the command `stillwatch scan`. The scenarios are those that are shipped, and those of the folder
that STILLWATCH_PROVING_GROUND names; `scorer` has the definitions.
"""

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labelled import OWN, Log, scenarios
from scanning import Scanned, scan
from scorer import Score, Truth, clusters_of, judge
from tables import Table, add_options, publish, written

SEEDS = (None, 1, 2, 3, 4, 5)
HIGH = ("high", "critical")


@dataclass(frozen=True)
class Result:
    """One log, scanned and scored."""

    log: Log
    scanned: Scanned
    score: Score

    def figures(self) -> dict[str, object]:
        """As JSON has it."""
        campaigns = {name: {**vars(c), "found": c.found} for name, c in self.score.campaigns}
        took = {"seconds": self.scanned.ran.seconds, "peak_bytes": self.scanned.ran.peak}
        where = {"scenario": self.log.scenario, "provider": self.log.provider, "seed": self.log.seed}
        return where | self.score.figures() | {"high": self.high, "campaigns": campaigns} | took

    @property
    def high(self) -> int:
        """Campaigns reported at high or above."""
        return sum(c["severity"] in HIGH for c in self.scanned.findings["campaigns"])


def prove(log: Log) -> Result:
    """Scan a log and score it."""
    scanned = scan(log.folder)
    return Result(log, scanned, judge(Truth.read(log.truth, log.provider), clusters_of(scanned.findings)))


def by_log(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The seeds of each log."""
    logs = defaultdict(list)
    for result in results:
        logs[result.log.name].append(result)
    return logs


def table(results: Sequence[Result]) -> Table:
    """A row for each scan."""
    columns = (
        "log",
        "seed",
        "found",
        "of",
        "false",
        "high",
        "caught",
        "false/10k",
        "worst kind",
        "B³ prec.",
        "B³ rec.",
        "s",
        "MB",
    )
    return Table("Detection, each log scanned with default settings:", columns, [_row(r) for r in results])


def _row(result: Result) -> tuple[object, ...]:
    f, ran = result.score.figures(), result.scanned.ran
    worst = f"{f['worst_kind']} {f['worst_kind_share']:.1%}" if f["worst_kind"] else None
    found = (f["found"], f["planted"], f["false_campaigns"], result.high, f["caught"], f["false_per_10k"], worst)
    return (result.log.name, result.log.seeded, *found, f["b3_precision"], f["b3_recall"], ran.seconds, ran.peak / 1e6)


def worst(results: Sequence[Result]) -> Table:
    """A row for each log: the worst of its seeds."""
    least, most = ("caught", "B³ prec.", "B³ rec."), ("false", "high", "false/10k", "one kind")
    columns = ("log", "seeds", "found ≥", "of", *(f"{c} ≥" for c in least), *(f"{c} ≤" for c in most))
    rows = []
    for name, group in by_log(results).items():
        each = [r.score.figures() for r in group]
        smallest = {
            k: min((f[k] for f in each if f[k] is not None), default=None) for k in each[0] if k != "worst_kind"
        }
        largest = {k: max((f[k] for f in each if f[k] is not None), default=None) for k in smallest}
        kind = f"{largest['worst_kind_share'] or 0:.1%}"
        found = (
            smallest["found"],
            smallest["planted"],
            *(smallest[k] for k in ("caught", "b3_precision", "b3_recall")),
        )
        high = max(r.high for r in group)
        rows.append((name, len(group), *found, largest["false_campaigns"], high, largest["false_per_10k"], kind))
    return Table("The worst of the seeds:", columns, rows)


def campaigns(results: Sequence[Result]) -> Table:
    """A row for each planted campaign: in how many seeds it was found, and what of it was seen."""
    rows = []
    for name, group in by_log(results).items():
        seen = defaultdict(list)
        for campaign, c in (pair for r in group for pair in r.score.campaigns if pair[1].requests):
            seen[campaign].append(c)
        for campaign, runs in seen.items():
            shares = [c.seen / c.requests for c in runs], [c.flagged / c.accounts for c in runs]
            rows.append((name, campaign, sum(c.found for c in runs), len(runs), *map(statistics.median, shares)))
    columns = ("log", "campaign", "found", "of", "seen, median", "accounts flagged, median")
    return Table("Each planted campaign:", columns, rows)


def seeds_of(words: Iterable[str]) -> list[int | None]:
    """Seeds as given on the command line; `own` is the scenario's."""
    return [None if word == "own" else int(word) for word in words]


def main() -> None:
    """Scan, score, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="+", default=(), metavar="NAME", help="these alone")
    options.add_argument("--seeds", nargs="+", metavar="N", help="these alone; `own` is the scenario's own")
    options.add_argument("--quick", action="store_true", help="a minute or two: shipped scenarios, two seeds")
    add_options(options)
    given = options.parse_args()
    names = given.scenario or (OWN if given.quick else ())
    seeds = seeds_of(given.seeds) if given.seeds else SEEDS[: 2 if given.quick else None]
    results = []
    for log in (log for scenario in scenarios(names) for seed in seeds for log in scenario.logs(seed)):
        results.append(prove(log))
        print(*map(written, _row(results[-1])), sep="\t", file=sys.stderr)
    told = [table(results), worst(results), campaigns(results)]
    publish(given, "prove", told, [r.figures() for r in results])


if __name__ == "__main__":
    main()
