"""What members spare each other: providers scan alone, share what they found over a real exchange, and scan again.

    python bench/alliance.py [--scenario spread alliance] [--seeds own 1 2] [--json] [--markdown PAGE]

Everything runs as its users run it: an exchange with its token service, a member for each provider, `scan`, `share` by
two persons, `sync`, and `scan` again with what was imported. Scenarios with one provider are passed over.
"""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labelled import Log, scenarios
from scorer import Score, Truth, clusters_of, judge
from servers import serving, stillwatch
from tables import Table, add_options, publish

SEEDS = (None, 1, 2, 3, 4)
SCENARIOS = ("alliance", "spread")
SEEN = 20  # accounts of a campaign at a provider from which on it must be found there


@dataclass(frozen=True)
class Provider:
    """One provider's log, scored before and after."""

    log: Log
    alone: Score
    together: Score


@dataclass(frozen=True)
class Member:
    """One provider at the exchange."""

    log: Log
    settings: Path

    def run(self, *arguments: str) -> str:
        """A verb, with this member's settings."""
        return stillwatch(*arguments, "--config", str(self.settings))

    def scan(self, to: str, *options: str) -> Path:
        """Scan the log; the findings."""
        findings = self.settings.with_name(to)
        log, accounts = (str(self.log.folder / f"{name}.parquet") for name in ("requests", "accounts"))
        self.run("scan", log, "--accounts", accounts, "-o", str(findings), "--quiet", *options)
        return findings

    def share(self, findings: Path) -> None:
        """One person drafts, another approves."""
        if not json.loads(findings.read_bytes())["campaigns"]:
            return
        accounts = str(self.log.folder / "accounts.parquet")
        drafted = json.loads(self.run("share", str(findings), "--accounts", accounts, "--as", "drafter", "--json"))
        self.run("share", "--approve", drafted["draft"], "--as", "approver", "--quiet")


@contextmanager
def forum(logs: Sequence[Log], folder: Path) -> Iterator[list[Member]]:
    """An exchange with a member for each log."""
    db, key = str(folder / "forum.sqlite"), folder / "forum.pem"
    stillwatch("exchange", "init", "--db", db, "--key", str(key))
    stillwatch("exchange", "root", "add", "forum", "--title", "forum", "--db", db)
    stillwatch("exchange", "collection", "add", "forum", "findings", "--alias", "findings", "--db", db)
    homes = {log.provider: joined(log.provider, folder, db) for log in logs}
    with serving(db, key, folder) as port:
        for name, home in homes.items():
            (home / "stillwatch.toml").write_text(settings(name, home, port))
        yield [Member(log, homes[log.provider] / "stillwatch.toml") for log in logs]


def joined(name: str, folder: Path, db: str) -> Path:
    """A member with its secrets, in a folder of its own."""
    home = folder / name
    home.mkdir()
    key, public = home / "exchange.pem", home / "exchange.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    rights = ("--read", "forum/findings", "--write", "forum/findings", "--auth", "basic", "--admitted")
    made = stillwatch("exchange", "member", "add", name, *rights, "--public-key", str(public), "--db", db, "--json")
    (home / "secret").write_text(json.loads(made)["secret"])
    (home / "pseudonyms").write_bytes(secrets.token_bytes(32))
    for file in (key, home / "secret", home / "pseudonyms"):
        file.chmod(0o600)
    return home


def settings(name: str, home: Path, port: int) -> str:
    """A member's stillwatch.toml."""
    sections: Mapping[str, Mapping[str, object]] = {
        "exchange": {
            "url": f"http://127.0.0.1:{port}/taxii2/",
            "auth": "basic",
            "member": name,
            "secret_file": "secret",
            "key_file": "exchange.pem",
            "state": "state.sqlite",
            "publishers": ["drafter"],
            "approvers": ["approver"],
        },
        "pseudonyms": {"key_file": "pseudonyms"},
        "reviews": {"path": str(home / "reviews.sqlite")},
    }
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def measure(logs: Sequence[Log]) -> list[Provider]:
    """Scan alone, share, sync, scan again."""
    with tempfile.TemporaryDirectory() as name, forum(logs, Path(name)) as members:
        alone = [member.scan("alone.json", "--no-exchange") for member in members]
        for member, findings in zip(members, alone, strict=True):
            member.share(findings)
        for member in members:
            member.run("sync", "--quiet")
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
