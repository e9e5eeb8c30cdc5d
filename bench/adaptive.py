"""Measure an operator who adapts: recall, and what an answered request costs him, round after round.

    python bench/adaptive.py [--rounds 12] [--seeds own 1 2] [--json] [--markdown PAGE]

Every round is a log of its own (scenario `adaptive`: a week of ordinary use, and one operator), scanned by the command
with default settings. The accounts that were named are lost; those that were not are his in the next round, and cost
nothing more. Then he changes one thing (`stillwatch.simulate.adapting`, which has his moves and his prices).

*Answered* are his requests from accounts that were not named, and from the others until the campaign crossed the line:
a watch would have acted then, at the earliest.
"""

import argparse
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from prove import seeds_of
from scanning import scan
from scorer import Score, Truth, clusters_of, judge
from tables import Table, add_options, publish

from stillwatch.simulate import load, write
from stillwatch.simulate.adapting import Bill, adapted, bill_of, round_of
from stillwatch.simulate.scenario import Campaign

SCENARIO = "adaptive"


@dataclass(frozen=True)
class Round:
    """One wave, scanned.

    Attributes:
        changed: what he had changed before it.
        method: how he worked.
        answered: of his requests.
        families: bits by family of the evidence that named his accounts.
    """

    seed: int | None
    number: int
    changed: str
    method: Campaign
    score: Score
    answered: int
    families: Mapping[str, float]
    bill: Bill

    @property
    def each(self) -> float | None:
        """USD for an answered request."""
        return self.bill.total / self.answered if self.answered else None

    def figures(self) -> dict[str, Any]:
        """As JSON has it."""
        plain = {name: getattr(self, name) for name in ("seed", "number", "changed", "answered", "families", "each")}
        return plain | {"method": asdict(self.method), "bill": asdict(self.bill), "score": self.score.figures()}


def play(opening: Campaign, seed: int | None, rounds: int) -> Iterator[Round]:
    """The rounds of one operator, until there is nothing that he would change."""
    scenario = load(SCENARIO)
    method, kept, changed = opening, 0, ""
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as made:
            write(round_of(scenario, method, number), made, seed=seed)
            score, answered, families = _scanned(Path(made), scenario.providers[0])
        bill = bill_of(method, kept=kept, answered=answered, days=scenario.days)
        yield Round(seed, number + 1, changed, method, score, answered, families, bill)
        kept = method.accounts - score.flagged
        changed, method = adapted(method, families)
        if not changed:
            return


def _scanned(made: Path, provider: str) -> tuple[Score, int, dict[str, float]]:
    """How the scan did, what was answered before it could have been stopped, and what told."""
    findings = scan(made / provider).findings
    truth = Truth.read(made / "truth", provider)
    families: Counter[str] = Counter()
    stopped: dict[str, datetime] = {}
    for campaign, cluster in zip(findings["campaigns"], clusters_of(findings), strict=True):
        if cluster & truth.planted.keys():
            stopped |= dict.fromkeys(cluster, datetime.fromisoformat(campaign["crossed_at"]))
            families.update({e["family"]: e["bits"] for e in campaign["evidence"] if e["bits"] > 0})
    return judge(truth, clusters_of(findings)), _answered(made, provider, stopped), dict(families)


def _answered(made: Path, provider: str, stopped: Mapping[str, datetime]) -> int:
    """Planted requests from accounts that were not stopped, or before they were."""
    labels = pq.read_table(made / "truth" / "requests.parquet", columns=["request_id", "account_id", "campaign"])
    times = pq.read_table(made / provider / "requests.parquet", columns=["request_id", "time"])
    own = labels.filter(pc.is_valid(labels["campaign"])).join(times, "request_id", join_type="inner")
    ends = pa.table({"account_id": pa.array(stopped, pa.string()), "end": pa.array(stopped.values(), own["time"].type)})
    both = own.join(ends, "account_id")
    return pc.sum(pc.fill_null(pc.less(both["time"], both["end"]), True)).as_py() or 0


def tables(played: Sequence[Round]) -> list[Table]:
    """Each round of all seeds together, and each one."""
    columns = ("operator", "seed", "round", "he changed", "accounts", "asked", "recall", "caught", "burnt", "answered",
               "USD", "USD each", "named by", "benign named")  # fmt: skip
    return [_priced(played), _together(played), Table("Each round:", columns, [_row(each) for each in played])]


def _row(each: Round) -> tuple[object, ...]:
    f, method = each.score.figures(), each.method
    loudest = sorted(each.families, key=lambda family: -each.families[family])
    told = (f["recall"], f["caught"], each.score.flagged, each.answered, each.bill.total, each.each)
    named = ", ".join(loudest) or None
    return (
        method.name,
        _seeded(each),
        each.number,
        each.changed or "-",
        method.accounts,
        method.requests,
        *told,
        named,
        f["false_accounts"],
    )


def _priced(played: Sequence[Round]) -> Table:
    """What it takes each operator until nobody is named, and what he pays then."""
    columns = ("operator", "seed", "rounds seen", "burnt", "answered", "USD", "then: USD each", "if nobody looked",
               "requests an account and day", "at first")  # fmt: skip
    games: dict[tuple[str, str], list[Round]] = {}
    for each in played:
        games.setdefault((each.method.name, _seeded(each)), []).append(each)
    rows = [(*key, *_price(game)) for key, game in games.items()]
    return Table("What it takes until nobody is named, and the price of an answer then:", columns, rows)


def _price(game: Sequence[Round]) -> tuple[object, ...]:
    """Beside what he pays in the end stands what as many answers would cost if he had never had to change."""
    seen, first, last, days = [each for each in game if each.families], game[0], game[-1], load(SCENARIO).days
    spent = (sum(each.answered for each in seen), sum(each.bill.total for each in seen))
    unhindered = bill_of(first.method, kept=first.method.accounts, answered=last.answered, days=days)
    prices = (last.each, unhindered.total / last.answered) if last.answered and not last.families else (None, None)
    rates = [each.answered / each.method.accounts / days for each in (last, first)]
    return (len(seen), sum(each.score.flagged for each in seen), *spent, *prices, *rates)


def _seeded(each: Round) -> str:
    return "own" if each.seed is None else str(each.seed)


def _together(played: Sequence[Round]) -> Table:
    """Medians over the seeds."""
    games: dict[tuple[str, int], list[Round]] = {}
    for each in played:
        games.setdefault((each.method.name, each.number), []).append(each)
    columns = ("operator", "round", "recall", "least", "most", "burnt", "asked", "answered", "USD", "USD each",
               "benign named ≤")  # fmt: skip
    rows = [(*key, *_middle(these)) for key, these in games.items()]
    return Table("Recall against the operator's cost, medians of the seeds:", columns, rows)


def _middle(these: Sequence[Round]) -> tuple[object, ...]:
    recall = [each.score.flagged / each.score.planted_accounts for each in these]
    told = [(float(r.score.flagged), float(r.method.requests), float(r.answered), r.bill.total) for r in these]
    middle = [statistics.median(values) for values in zip(*told, strict=True)]
    spent = sum(each.bill.total for each in these) / (sum(each.answered for each in these) or 1)
    benign = max(each.score.false_accounts.total() for each in these)
    return (statistics.median(recall), min(recall), max(recall), *middle, spent, benign)


def main() -> None:
    """Play, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--seeds", nargs="+", default=["own", "1", "2"], metavar="SEED")
    add_options(options)
    given = options.parse_args()
    played: list[Round] = []
    for opening, seed in product(load(SCENARIO).campaigns, seeds_of(given.seeds)):
        played += play(opening, seed, given.rounds)
        print(f"{opening.name}, seed {seed}: {len(played)} rounds so far", file=sys.stderr)
    publish(given, "adaptive", tables(played), [each.figures() for each in played])


if __name__ == "__main__":
    main()
