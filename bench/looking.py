"""What it costs, and what it delays, to look at who did something new instead of at everybody, day by day.

    python bench/looking.py [--days 30] [--scenario attacks ...] [--json] [--markdown PAGE]

Scenarios are stretched over a month. Each evening all that was asked so far is judged, once looking at everybody and
once for each growth (`profiles.growth`). A campaign counts as named from the first evening on which three of its
accounts are in one cluster.
"""

import argparse
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tables import Table, add_options, publish

from stillwatch.campaigns.judging import judge
from stillwatch.campaigns.scan import COLUMNS
from stillwatch.campaigns.stirring import Looking
from stillwatch.config import ScanConfig
from stillwatch.engines.local import LocalEngine
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, merge, profile, zero
from stillwatch.profiles.store.looked import Looked
from stillwatch.simulate import write
from stillwatch.simulate.scenario import parse
from stillwatch.traffic import Key, Rejects, open_requests, read_accounts

GROWTHS = (0.0, 0.05, 0.1, 0.2)  # 0: everybody, each day
DAY = 86_400 * 10**6
FEWEST = 3  # accounts in one cluster that are a campaign's


@dataclass
class Way:
    """One way to look, through the month.

    Attributes:
        named: of each planted campaign the first day on which it was.
        innocent: accounts that were named and belong to none, of all days.
        processor: seconds of judging.
    """

    growth: float
    named: dict[str, int] = field(default_factory=dict)
    innocent: int = 0
    processor: float = 0.0
    before: Looked | None = None

    def look(self, day: int, so_far: Profiles, accounts: pa.Table, planted: dict[str, str]) -> None:
        """One evening."""
        looking = Looking(self.before, "", self.growth, whole_days=7)
        started = time.process_time()
        with LocalEngine(threads=1) as engine:
            people = engine.table(wire.batches(so_far), wire.SCHEMA)
            found = judge(people, accounts, ScanConfig(threads=1), engine, scope=looking.scope)
        self.processor += time.process_time() - started
        ids = found.population.profiles.ids
        clusters = [ids.take(pa.array(s.membership.rows)).to_pylist() for s in found.suspicions]
        self.before = looking.after(clusters)
        for members in clusters:
            whose = [planted.get(account) for account in members]
            self.innocent += whose.count(None)
            for campaign in {each for each in whose if each and whose.count(each) >= FEWEST}:
                self.named.setdefault(campaign, day)


def stretched(name: str, days: int, folder: Path) -> None:
    """Simulate a scenario over so many days."""
    scenario = tomllib.loads((files("stillwatch.simulate") / "scenarios" / f"{name}.toml").read_text("utf-8"))
    longer = days / scenario["days"]
    for campaign in scenario["campaign"]:
        campaign |= {each: int(longer * campaign[each]) for each in ("rotate_day",) if each in campaign}
    write(parse(scenario | {"name": name, "days": days}), folder)


def by_day(folder: Path, key: Key) -> Iterator[Profiles]:
    """What was asked until the evening of each day."""
    source = open_requests([str(folder / "requests.parquet")], rejects=Rejects(), key=key, columns=COLUMNS)
    days: dict[int, Profiles] = {}
    for batch in source.batches():
        requests = batch()
        day = requests["time"].cast(pa.int64()).to_numpy() // DAY
        for each in np.unique(day).tolist():
            days.setdefault(each, zero()).absorb(profile(requests.filter(pa.array(day == each))))
    so_far = zero()
    for each in sorted(days):
        so_far = merge(so_far, days[each])
        yield so_far


def measured(name: str, days: int) -> list[tuple[object, ...]]:
    """A row for each way to look."""
    key, ways = Key.ephemeral(), [Way(growth) for growth in GROWTHS]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        stretched(name, days, folder)
        accounts = read_accounts(folder / "alpha" / "accounts.parquet", key=key, rejects=Rejects())
        truth = pq.read_table(folder / "truth" / "accounts.parquet", columns=["account_id", "campaign"])
        planted = {account: campaign for account, campaign in zip(*truth.to_pydict().values(), strict=True) if campaign}
        for day, so_far in enumerate(by_day(folder / "alpha", key)):
            for way in ways:
                way.look(day, so_far, accounts, planted)
    everybody = ways[0].named
    return [
        (
            name,
            way.growth,
            len(way.named),
            sum(way.named.get(each, days) < day for each, day in everybody.items()),
            sum(way.named.get(each, days) > day for each, day in everybody.items()),
            sum(each not in way.named for each in everybody),
            way.innocent,
            way.processor,
        )
        for way in ways
    ]


def main() -> None:
    """Simulate, judge day by day, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="*", default=["attacks", "evasive"], metavar="NAME")
    options.add_argument("--days", type=int, default=30)
    add_options(options)
    given = options.parse_args()
    rows = [row for name in given.scenario for row in measured(name, given.days)]
    columns = ("scenario", "growth (0: everybody)", "campaigns named", "earlier", "later or never", "of them never",
               "innocent accounts", "judging, processor s")  # fmt: skip
    title = f"Judged every evening for {given.days} days, against looking at everybody:"
    publish(given, "looking", [Table(title, columns, rows)], [dict(zip(columns, row, strict=True)) for row in rows])


if __name__ == "__main__":
    main()
