"""What members spare each other: providers scan alone, share what they found over a real exchange, and scan again.

    python bench/alliance.py [--scenario spread alliance] [--seeds own 1 2] [--json] [--markdown PAGE]

Everything runs as its users run it: an exchange with its token service, a member for each provider, `scan`, `share` by
two persons, `sync`, and `scan` again with what was imported. Scenarios with one provider are passed over.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labelled import Log, scenarios
from scorer import Score, Truth, clusters_of, judge
from tables import Table, add_options, publish

from stillwatch.cli.demo_exchange import forum

SEEDS = (None, 1, 2, 3, 4)
SCENARIOS = ("alliance", "spread")
SEEN = 20  # accounts of a campaign at a provider from which on it must be found there


@dataclass(frozen=True)
class Provider:
    """One provider's log, scored before and after."""

    log: Log
    alone: Score
    together: Score


def measure(logs: Sequence[Log]) -> list[Provider]:
    """Scan alone, share, sync, scan again."""
    with (
        tempfile.TemporaryDirectory() as name,
        forum(Path(name), {log.provider: log.folder for log in logs}) as members,
    ):
        alone = [member.scan("alone.json", "--no-exchange") for member in members]
        for member, findings in zip(members, alone, strict=True):
            member.share(findings)
        for member in members:
            member.sync()
        together = [member.scan("together.json") for member in members]
        pairs = zip(logs, alone, together, strict=True)
        return [Provider(log, score(log, before), score(log, after)) for log, before, after in pairs]


def score(log: Log, findings: Path) -> Score:
    """Findings against the truth."""
    return judge(Truth.read(log.truth, log.provider), clusters_of(json.loads(findings.read_bytes())))


def by_provider(providers: Sequence[Provider]) -> Table:
    """A row for each provider and seed."""
    columns = ("log", "seed", f"campaigns of {SEEN} accounts found alone", "together", "of", "smaller found alone",
               "together", "of", "caught alone", "together", "false accounts alone", "together",
               "false campaigns")  # fmt: skip
    rows = [
        (
            *(p.log.name, p.log.seeded),
            *_found(p, large=True),
            *_found(p, large=False),
            *(s.figures()["caught"] for s in (p.alone, p.together)),
            *(s.false_accounts.total() for s in (p.alone, p.together)),
            p.alone.false_campaigns + p.together.false_campaigns,
        )
        for p in providers
    ]
    return Table("Each provider, alone and with what the others said:", columns, rows)


def _found(p: Provider, *, large: bool) -> tuple[int, int, int]:
    of = {name for name, campaign in p.alone.campaigns if (campaign.accounts >= SEEN) == large}
    alone, together = (sum(c.found for name, c in s.campaigns if name in of) for s in (p.alone, p.together))
    return alone, together, len(of)


def altogether(providers: Sequence[Provider]) -> Table:
    """A row for each scenario and seed, over its providers."""
    rows = []
    for scenario, seed in dict.fromkeys((p.log.scenario, p.log.seeded) for p in providers):
        own = [p for p in providers if (p.log.scenario, p.log.seeded) == (scenario, seed)]
        alone, together = (sum((getattr(p, when) for p in own), Score()) for when in ("alone", "together"))
        before, after = (100 * s.caught / s.planted_requests for s in (alone, together))
        false = (alone.false_accounts.total(), together.false_accounts.total())
        rows.append((scenario, seed, before, after, after - before, *false))
    columns = ("scenario", "seed", "caught alone, %", "together, % (>= 97, or 15 points more)", "points more",
               "false accounts alone", "together (no more)")  # fmt: skip
    return Table("Planted requests caught over all providers:", columns, rows)


def figures(p: Provider) -> dict[str, object]:
    """As JSON has it."""
    where = {"scenario": p.log.scenario, "provider": p.log.provider, "seed": p.log.seed}
    return where | {"alone": p.alone.figures(), "together": p.together.figures()}


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="+", metavar="NAME", help="which; by default those of several providers")
    options.add_argument("--seeds", nargs="+", metavar="N", help="own is the scenario's own")
    add_options(options)
    given = options.parse_args()
    seeds = [None if seed == "own" else int(seed) for seed in given.seeds] if given.seeds else SEEDS
    there = {scenario.name: scenario for scenario in scenarios()}
    wanted = given.scenario or [name for name in SCENARIOS if name in there]
    providers: list[Provider] = []
    for scenario in (there[name] for name in wanted):
        for seed in seeds:
            print(f"{scenario.name}, seed {'own' if seed is None else seed} ...", file=sys.stderr)
            logs = scenario.logs(seed)
            providers += measure(logs) if len(logs) > 1 else []
    publish(given, "alliance", [altogether(providers), by_provider(providers)], [figures(p) for p in providers])


if __name__ == "__main__":
    main()
