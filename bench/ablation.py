"""What each family of evidence is worth: scan with one left out, and with few left in.

    python bench/ablation.py [--few] [--scenario demo mixed] [--json] [--markdown PAGE]

A family that is left out (`scan.leave_out`) is not *weighed*: it adds no bits and cannot be one of the two independent
groups without which nothing is reported. What it shares may still propose a cluster and let an account into it. One
family alone reports nothing, by that rule; `--few` shows what is asked (content and text) with each one of the others.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import get_args

from labelled import Log, scenarios
from scanning import scan
from scorer import Score, Truth, clusters_of, judge
from tables import Table, add_options, publish, written

from stillwatch.config import Family

FAMILIES: tuple[str, ...] = get_args(Family)
ASKED = ("content", "text")
SCENARIOS = ("demo", "attacks", "evasive", "innocent", "mixed")


def variants(*, few: bool) -> dict[str, tuple[str, ...]]:
    """The families that are left out, by what the row is called."""
    made = {"all": (), **{f"without {family}": (family,) for family in FAMILIES}}
    made["without content, text"] = ASKED
    if few:
        others = [f for f in FAMILIES if f not in ASKED]
        made |= {f"asked and {f} alone": tuple(o for o in others if o != f) for f in others}
        made["asked alone"] = tuple(others)
    return made


def score(log: Log, leave_out: Iterable[str]) -> Score:
    """A scan's score, with families left out."""
    settings = {"STILLWATCH_SCAN__LEAVE_OUT": ",".join(leave_out)}
    return judge(Truth.read(log.truth, log.provider), clusters_of(scan(log.folder, settings=settings).findings))


def row(name: str, logs: Sequence[Log], scores: Sequence[Score]) -> tuple[object, ...]:
    """One variant: campaigns found in each scenario, and the rest over all of them."""
    found = {log.scenario: 0 for log in logs}
    for log, one in zip(logs, scores, strict=True):
        found[log.scenario] += one.found
    f = sum(scores, Score()).figures()
    rest = ("found", "planted", "false_campaigns", "caught", "false_per_10k", "b3_precision", "b3_recall")
    return (name, *found.values(), *(f[key] for key in rest))


def main() -> None:
    """Scan with each variant, score, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="+", metavar="NAME", help="these alone")
    options.add_argument("--few", action="store_true", help="also what is asked with each one of the other families")
    add_options(options)
    given = options.parse_args()
    there = [s for s in scenarios(given.scenario or ()) if given.scenario or s.name in SCENARIOS]
    logs = [log for scenario in there for log in scenario.logs(None)]
    rows = []
    for name, leave_out in variants(few=given.few).items():
        rows.append(row(name, logs, [score(log, leave_out) for log in logs]))
        print(*map(written, rows[-1]), sep="\t", file=sys.stderr)
    columns = (
        "evidence",
        *(s.name for s in there),
        "found",
        "of",
        "false",
        "caught",
        "false/10k",
        "B³ prec.",
        "B³ rec.",
    )
    table = Table(
        "Campaigns found by scenario, and the rest over all, with families of evidence left out:", columns, rows
    )
    publish(given, "ablation", [table], [dict(zip(columns, r, strict=True)) for r in rows])


if __name__ == "__main__":
    main()
