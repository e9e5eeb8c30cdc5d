"""A labelled log, streamed in the order of time with a policy on: what is still served, and who is touched.

    python bench/response.py [--scenario mixed quiet] [--seeds own 1] [--policy strict] [--minutes 10] [--json]

Everything is what `stillwatch watch` and a gateway do, save that the clock is the log's: requests are judged one by one
(`response.decide`, templates, prompts that were denied), all accounts every few hours, the campaigns that were raised
every few minutes (`watch.judgement`), measures are decided, recorded in a ledger and take effect (`watch.acting`). A
request that is denied is folded like any other, as a gateway's tap does; operators go on as if nothing had happened.

- *Raised*: when a judgement first reports a cluster of which most accounts are a campaign's.
- *Let through*: the planted requests more than a minute after that which were answered (a cap does not count as an
  answer withheld), as a share of all that came then.
- *Touched*: benign requests that were answered with anything but the model's whole answer.
- *Custom*: requests of genuine customers that came through an operator's accounts, and were touched.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from labelled import Log, scenarios
from tables import Table, add_options, publish

from stillwatch.campaigns.scan import COLUMNS
from stillwatch.config import ScanConfig
from stillwatch.gateway.recognise import owner_of
from stillwatch.gateway.state import Turns, fingerprint
from stillwatch.profiles.accounts import profile, zero
from stillwatch.response.decide import Asked, Verdict, decide
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Rung, Sighting
from stillwatch.response.policy import policy as policies
from stillwatch.response.publishing import snapshot
from stillwatch.response.snapshot import Snapshot
from stillwatch.traffic import Key, Rejects, open_requests, read_accounts
from stillwatch.watch.acting import Acting
from stillwatch.watch.judgement import Raised, judged

GRACE = 60.0  # seconds after a campaign was raised
MOST = 0.5  # of a cluster's accounts
SLICE = 2000  # requests that are taken out of Arrow at a time


@dataclass(frozen=True)
class Request:
    """One request, as a gateway sees it; and what it is."""

    time: float
    account: str
    organization: str
    system: str
    asked: str
    before: str
    campaign: str | None
    kind: str


@dataclass
class Gateway:
    """One gateway: what is in force, what it counted, whom it recognised."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    turns: Turns = field(default_factory=Turns)
    counts: Counter[str] = field(default_factory=Counter)
    sightings: list[Sighting] = field(default_factory=list)

    def judge(self, request: Request) -> Verdict:
        """As `gateway.guarding` does."""
        prints = fingerprint(request.asked), fingerprint(request.before)
        campaign, kind = self.turns.recognise(request.account, *prints, request.time)
        if not campaign and (campaign := owner_of(request.system, request.asked, self.snapshot)):
            kind = "template"
        asked = Asked(request.account, request.organization, campaign=campaign, kind=kind)
        verdict = decide(asked, self.snapshot, {}, request.time)
        if verdict.custom:
            self.counts[f"{verdict.custom}.{verdict.campaign}"] += 1
        if verdict.sighting:
            self.sightings.append(Sighting(request.account, verdict.campaign, verdict.sighting, request.time))
        if verdict.status and verdict.campaign:
            self.turns.deny(request.account, verdict.campaign, prints, request.time)
        return verdict

    def reported(self) -> tuple[list[Sighting], Counter[str]]:
        """What a tap hands on; begun anew."""
        found = self.sightings, self.counts
        self.sightings, self.counts = [], Counter()
        return found


@dataclass
class Tally:
    """What became of the requests of one log."""

    raised: dict[str, float] = field(default_factory=dict)
    planted: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    let_through: Counter[str] = field(default_factory=Counter)
    benign: int = 0
    touched: Counter[str] = field(default_factory=Counter)
    custom: list[bool] = field(default_factory=list)
    second: list[bool] = field(default_factory=list)  # of two-pools' second pool: whether it was answered

    def add(self, request: Request, verdict: Verdict, *, operators: bool, second: bool) -> None:
        """One request; `operators`: the account is an operator's."""
        touched = bool(verdict.status) or (verdict.action > Rung.OBSERVE and not verdict.simulated)
        if request.campaign is None and operators:
            self.custom.append(touched)
        elif request.campaign is None:
            self.benign += 1
            self.touched[request.kind] += touched
        else:
            self.planted[request.campaign] += 1
            if request.time > self.raised.get(request.campaign, float("inf")) + GRACE:
                self.after[request.campaign] += 1
                self.let_through[request.campaign] += not verdict.status
            if second:
                self.second.append(not verdict.status)


class Stream:
    """One log and one policy, from the first request to the last."""

    def __init__(self, log: Log, policy: str, minutes: float, hours: float, folder: Path) -> None:
        key, rejects = Key.ephemeral(), Rejects()
        source = open_requests([str(log.folder / "requests.parquet")], rejects=rejects, key=key, columns=COLUMNS)
        self.requests = pa.Table.from_batches([decode() for decode in source.batches()]).sort_by("time")
        self.accounts = read_accounts(log.folder / "accounts.parquet", key=key, rejects=rejects)
        labels = pq.read_table(log.truth / "requests.parquet", columns=["request_id", "campaign", "kind"])
        rows = pc.index_in(self.requests["request_id"].combine_chunks(), labels["request_id"].combine_chunks())
        self.labels = labels.take(rows)
        truth = pq.read_table(log.truth / "accounts.parquet", filters=[("provider", "==", log.provider)]).to_pylist()
        self.owner = {row["account_id"]: row["campaign"] for row in truth}
        self.policy = policies.load(policies.packaged(policy))
        self.ledger = Ledger.open(str(folder / "ledger.sqlite"))
        self.gateway, self.tally, self.profiles = Gateway(), Tally(), zero()
        self.acting = Acting(self.policy, self.ledger, self._publish, by="bench")

        self.raised: tuple[Raised, ...] = ()
        self.every, self.anew = minutes * 60, hours * 3600

    def run(self) -> Tally:
        """Stream it."""
        folded, due, whole = 0, 0.0, 0.0
        second = self._second_pool()
        for number, request in enumerate(self._each()):
            due, whole = due or request.time + self.every, whole or request.time + self.anew
            if request.time >= due:
                self._fold(folded, number)
                anew = request.time >= whole
                self._judge(due, anew=anew)
                folded, due = number, request.time + self.every
                whole = request.time + self.anew if anew else whole
            verdict = self.gateway.judge(request)
            operators = self.owner.get(request.account) is not None
            self.tally.add(request, verdict, operators=operators, second=request.account in second)
        return self.tally

    def _fold(self, start: int, end: int) -> None:
        for batch in self.requests.slice(start, end - start).combine_chunks().to_batches():
            self.profiles.absorb(profile(batch))

    def _judge(self, at: float, *, anew: bool) -> None:
        now = datetime.fromtimestamp(at, UTC)
        self.acting.heard(*_flat(self.gateway.reported()), now)
        if not anew and not self.raised:
            return
        found = judged(self.profiles, self.accounts, ScanConfig(), self.raised, anew=anew)
        self.raised = found.raised
        self.acting.judged(found, self.accounts, now)
        for campaign in found.document.campaigns:
            owners = Counter(self.owner.get(member.account_id) for member in campaign.accounts)
            name, members = owners.most_common(1)[0]
            if name and members >= MOST * len(campaign.accounts):
                self.tally.raised.setdefault(name, at)

    def _publish(self, now: datetime) -> None:
        self.gateway.snapshot = snapshot(self.ledger, self.policy.gate(now), now)

    def _each(self) -> Iterator[Request]:
        names = ["time", "account_id", "organization_id", "system_instructions", "input_messages"]
        for start in range(0, self.requests.num_rows, SLICE):
            some = self.requests.slice(start, SLICE).select(names).to_pylist()
            labels = self.labels.slice(start, SLICE).to_pylist()
            for row, label in zip(some, labels, strict=True):
                asked = [m["content"] or "" for m in row["input_messages"] or () if m["role"] == "user"]
                last = asked[-1:] or [m["content"] or "" for m in (row["input_messages"] or ())[-1:]] or [""]
                yield Request(
                    row["time"].timestamp(),
                    row["account_id"],
                    row["organization_id"] or "",
                    row["system_instructions"] or "",
                    last[0],
                    asked[-2] if len(asked) > 1 else "",
                    label["campaign"],
                    label["kind"],
                )

    def _second_pool(self) -> frozenset[str]:
        """The accounts of two-pools that first ask after the first pool has been banned, on day six."""
        own = pa.array([a for a, name in self.owner.items() if name == "two-pools"], pa.string())
        asked = self.requests.filter(pc.is_in(self.requests["account_id"], own))
        first = asked.group_by("account_id").aggregate([("time", "min")])
        if not first.num_rows:
            return frozenset()
        begin = pc.min(self.requests["time"]).as_py()
        return frozenset(
            row["account_id"] for row in first.to_pylist() if (row["time_min"] - begin).total_seconds() > 6 * 86_400
        )


def _flat(reported: tuple[list[Sighting], Counter[str]]) -> tuple[list[Sighting], list[tuple[str, int]]]:
    return reported[0], list(reported[1].items())


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def tables(tallies: Sequence[tuple[Log, Tally]]) -> list[Table]:
    """Each log, and each campaign of it."""
    rows, campaigns = [], []
    for log, t in tallies:
        before = sum(t.planted.values()) - sum(t.after.values())
        rows.append(
            (
                log.name,
                log.seeded,
                len(t.raised),
                len(t.planted),
                _share(before, sum(t.planted.values())),
                _share(sum(t.let_through.values()), sum(t.after.values())),
                sum(t.touched.values()),
                t.benign,
                _share(1e5 * sum(t.touched.values()), t.benign),
                _share(sum(t.custom), len(t.custom)),
                _share(sum(t.second), len(t.second)),
            )
        )
        begin = min(t.raised.values(), default=0.0)
        for name in sorted(t.planted):
            at = t.raised.get(name)
            campaigns.append(
                (
                    log.name,
                    log.seeded,
                    name,
                    t.planted[name],
                    None if at is None else (at - begin) / 3600,
                    t.planted[name] - t.after[name],
                    t.after[name],
                    t.let_through[name],
                )
            )
    first = (
        "log",
        "seed",
        "raised",
        "of",
        "served before",
        "let through after",
        "touched",
        "benign",
        "touched/100k",
        "custom touched",
        "second pool served",
    )
    columns = ("log", "seed", "campaign", "requests", "raised, h after the first", "before", "after", "let through")
    return [Table("Streamed with the policy on:", first, rows), Table("Each campaign:", columns, campaigns)]


def main() -> None:
    """Stream, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="+", default=["mixed", "quiet"], metavar="NAME", help="these alone")
    options.add_argument("--seeds", nargs="+", default=["own"], metavar="N", help="own, or numbers")
    options.add_argument("--policy", default="strict", help="a policy that comes with stillwatch")
    options.add_argument("--minutes", type=float, default=10, help="between judgements of what was raised")
    options.add_argument("--hours", type=float, default=2, help="between judgements of all accounts")
    add_options(options)
    given = options.parse_args()
    tallies = []
    for scenario in scenarios(given.scenario):
        for seed in given.seeds:
            for log in scenario.logs(None if seed == "own" else int(seed)):
                with tempfile.TemporaryDirectory() as folder:
                    stream = Stream(log, given.policy, given.minutes, given.hours, Path(folder))
                    tallies.append((log, stream.run()))
                print(f"{log.name}, seed {log.seeded}: done", file=sys.stderr)
    kinds = defaultdict(dict)
    for log, tally in tallies:
        kinds[f"{log.name}/{log.seeded}"] = {k: n for k, n in tally.touched.items() if n}
    publish(given, "response", tables(tallies), [{"log": log.name, "seed": log.seeded} | vars(t) for log, t in tallies])
    print({name: found for name, found in kinds.items() if found} or "nobody benign was touched", file=sys.stderr)


if __name__ == "__main__":
    main()
