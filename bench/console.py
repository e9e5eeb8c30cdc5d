"""How long the console's pages take at 100,000 campaigns and 1,000,000 accounts.

    python bench/console.py [--campaigns 100000] [--accounts 1000000] [--db URL] [--json] [--markdown PAGE]

Scan after scan is made and taken in, 5,000 campaigns each; the last one again, and again with a tenth of it changed.
Then every question that pages ask is asked many times, and a server of its own is asked for whole pages: one at a time,
and by 50 analysts at once, who write a note with one request in ten.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import beside
from analysts import Work, crowd, exports, page_times, serving, signed_in
from tables import Table, add_options, publish

from stillwatch.exchange.client.state import State
from stillwatch.reports.document import (
    Account,
    Campaign,
    Evidence,
    FindingsDocument,
    Hour,
    Inputs,
    Link,
    Lookalike,
    TextPart,
    Window,
)
from stillwatch.response import appeals
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.publishing import publish as publish_measures
from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.snapshot import Gate
from stillwatch.web import search
from stillwatch.web.store import accounts, cases, intake, queue
from stillwatch.web.store.events import Assigned, Merged, Noted, Reviewed, Split
from stillwatch.web.store.store import Store

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=28)
NOW = END + timedelta(hours=1)
FAMILIES = ("text", "sign_up", "time", "content", "protocol", "client", "network", "alliance")
RARITY = (10, 6, 5, 4, 2, 1, 1, 0.05)
WORDS = tuple(f"{a}{b}" for a in ("re", "un", "pre", "over", "sub", "inter") for b in "abcdefghijklmnopqrstuvwxyz")
SCAN = 5_000  # campaigns of one scan
FITS = 50  # of so many campaigns, one fits an indicator of another member
REPEATS = 20
HOURS = tuple(Hour(time=START + timedelta(hours=n), requests=1 + n * n % 499) for n in range(100))
TRAFFIC = tuple(
    Hour(time=START + timedelta(hours=n), requests=10**6 + 10_000 * (n % 24), with_status=10**6,
         throttled=100 * (n % 7), with_duration=10**6, busy_seconds=2e6)
    for n in range(28 * 24)
)  # fmt: skip


def document(first: int, sizes: Sequence[int], *, drift: float = 0.0) -> FindingsDocument:
    """Findings of campaigns of these sizes, numbered from the first on."""
    draw = random.Random(first)  # noqa: S311 — no secret
    made = tuple(campaign(n, size, draw, moved=draw.random() < drift) for n, size in enumerate(sizes, first))
    inputs = Inputs(files=1, requests=10**9, accounts=10 * sum(sizes), rejected=0, sign_up=True, notes=())
    return FindingsDocument(
        version="1",
        generator="bench",
        window=Window(start=START, end=END),
        campaigns=made,
        inputs=inputs,
        traffic=TRAFFIC,
    )


def sizes_of(campaigns: int, total: int) -> list[int]:
    """How many accounts each campaign has: one has 20,000, one 5,000, the others few."""
    sizes = [min(20_000, total // 20), min(5_000, total // 40)]
    rest = (total - sum(sizes)) / (campaigns - 2)
    return sizes + [max(3, round(rest * (0.4 + 1.2 * (n % 100) / 99))) for n in range(campaigns - 2)]


def campaign(number: int, size: int, draw: random.Random, *, moved: bool) -> Campaign:
    """One campaign; a moved one has another id, fewer accounts and more requests."""
    families = tuple(dict.fromkeys(draw.choices(FAMILIES, RARITY, k=3)))
    bits = [round(draw.uniform(4, 12), 3) for _ in families]
    first = START + timedelta(minutes=draw.randrange(25 * 1440))
    last = first + timedelta(minutes=draw.randrange(60, 3 * 1440))
    requests = [draw.randrange(1, 900) for _ in range(size - moved)]
    members = tuple(
        Account(account_id=f"acct-{number}-{n}", bits=round(20 - 18 * n / size, 3), requests=count,
                first_seen=first, last_seen=last)
        for n, count in enumerate(requests)
    )  # fmt: skip
    names = [each.account_id for each in members]
    words = " ".join(draw.choices(WORDS, k=30))
    return Campaign(
        id=f"c-{number:08x}{'b' if moved else 'a'}",
        bits=round(-12 + sum(bits), 3),
        prior=-12.0,
        severity=draw.choices(("low", "medium", "high", "critical"), (4, 3, 2, 1))[0],
        families=families,
        first_seen=first,
        crossed_at=first + (last - first) / 2,
        last_seen=last,
        requests=sum(requests),
        requests_before_crossing=sum(requests) // 2,
        usage_input_tokens=sum(requests) * 900,
        usage_output_tokens=sum(requests) * 700,
        accounts=members,
        evidence=tuple(
            Evidence(family=family, name=f"shared {family}", bits=each, observed=0.9, expected=0.01,
                     technique="AML.T0024.002", says=f"Nine in ten of the accounts share {family}.")
            for family, each in zip(families, bits, strict=True)
        ),
        lookalikes_considered=(Lookalike(name="classroom", fits=False, says="They ask by night, too."),),
        timeline=HOURS,
        links=tuple(
            Link(family="sign_up", name="payment", accounts=tuple(names[at : at + 20]))
            for at in range(0, len(names), 20)
        ),
        shared_text=((TextPart(text=words, slot=False), TextPart(text="…", slot=True)),),
        indicators=(beside.indicator(number // FITS),) if number % FITS == 0 else (),
    )  # fmt: skip


def timed(act: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def work(store: Store) -> None:
    """What people did: every hundredth case is somebody's, judged, noted; a few are merged and split."""
    found = [each.id for each in queue.page(store, search.parse(""), most=1000).rows]
    for number, case in enumerate(found[:300]):
        store.record(case, Assigned(("ana", "bob", "cleo")[number % 3]), who="ana", now=NOW)
        store.record(case, Noted(f"Looked at it, number {number}, xylophone."), who="ana", now=NOW)
        store.record(case, Reviewed(("confirmed", "rejected")[number % 2], "seen", case), who="bob", now=NOW)
    store.record(found[500], Merged(found[501], "one operator"), who="ana", now=NOW)
    some = accounts.page(store, found[0], most=2).rows
    store.record(found[0], Split(tuple(each.account_id for each in some), "two operators"), who="ana", now=NOW)


SEARCHES = (
    "", "severity:critical", "severity:high family:text status:open", "family:alliance", "status:confirmed",
    "assignee:ana", "assignee:none sort:-tokens", "sort:since", "sort:-last severity:low", "tokens:>1e6 sort:accounts",
    "accounts:>=1000", "bits:>20 sort:-requests", "since:2026-11-20 until:2026-11-21", "id:c-000", "id:c-0000ffffa",
    "account:acct-77-1", "has:note", "has:appeal", "is:gone", "text", "rea unb", "xylophone",
    "prea preb prec pred pree",
    "nothing-has-this",
)  # fmt: skip


def questions(store: Store, middle: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What pages ask."""
    for text in SEARCHES:
        query = search.parse(text)
        yield f"queue: {text or 'all'}", lambda query=query: queue.page(store, query)
    deep = search.parse("sort:requests")
    after = queue.page(store, deep, most=1000).next
    for _ in range(20):
        after = queue.page(store, deep, after, most=1000).next
    yield "queue: the 400th page", lambda: queue.page(store, deep, after)
    for name, number in (("20,000 accounts", 0), ("5,000 accounts", 1), ("10 accounts", middle)):
        case = cases.row(store, f"c-{number:08x}a").id
        yield f"case of {name}", lambda case=case: cases.case(store, case)
        for order in ("bits", "requests", "last"):
            yield (
                f"accounts by {order}, of {name}",
                lambda case=case, order=order: accounts.page(store, case, sort=order),
            )
    yield "an account", lambda: accounts.account(store, "acct-0-77")


def measured(store: Store, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Milliseconds of every question: the first time, the median and the longest."""
    found = {}
    for name, ask in questions(store, given.campaigns // 2):
        first, *times = (1000 * timed(ask) for _ in range(given.repeats + 1))
        found[name] = {"first, ms": first, "median, ms": statistics.median(times), "longest, ms": max(times)}
    return found


def filled(store: Store, given: argparse.Namespace) -> dict[str, float]:
    """Seconds that taking in takes."""
    sizes = sizes_of(given.campaigns, given.accounts)
    times = []
    for at in range(0, len(sizes), SCAN):
        scan = document(at, sizes[at : at + SCAN])
        times.append(timed(lambda scan=scan: intake.take(store, scan, NOW)))
    moved = document(at, sizes[at : at + SCAN], drift=0.1)
    figures = {
        "the first scan, s": times[0],
        "the last scan, s": times[-1],
        "the last scan again, s": timed(lambda: intake.take(store, scan, NOW)),
        "the last scan, a tenth of it changed, s": timed(lambda: intake.take(store, moved, NOW)),
    }
    work(store)
    return figures


PAGES = {
    "queue: what is open": "/cases",
    "queue: everything": "/cases?q=",
    "queue: a rare family": "/cases?q=family:alliance",
    "queue: words": "/cases?q=prea+preb",
    "queue: the 400th page": "/cases?q=sort:requests&after={after}",
    "queue, as JSON": "/cases.json",
    "case of 20,000 accounts": "/cases/c-00000000a",
    "case of 20,000 accounts, as JSON": "/cases/c-00000000a.json",
    "case of 5,000 accounts": "/cases/c-00000001a",
    "case of 10 accounts": "/cases/c-{middle:08x}a",
    "case of 10 accounts, as JSON": "/cases/c-{middle:08x}a.json",
    "accounts by requests, of 20,000": "/cases/c-00000000a?sort=-requests",
    "graph of 20,000 accounts": "/cases/c-00000000a/graph",
    "graph of 20,000 accounts, as JSON": "/cases/c-00000000a/graph.json",
    "graph of 5,000 accounts": "/cases/c-00000001a/graph",
    "graph of 5,000 accounts, as JSON": "/cases/c-00000001a/graph.json",
    "graph of 10 accounts": "/cases/c-{middle:08x}a/graph",
    "accounts to split, of 20,000": "/cases/c-00000000a/split",
    "what can be taken back": "/cases/c-00000000a/back",
    "account among 20,000": "/accounts?id=acct-0-77",
    "account among 20,000, as JSON": "/accounts.json?id=acct-0-77",
    "account among 10": "/accounts?id=acct-{middle}-1",
    "measures that wait": "/measures",
    "measures that stand": "/measures?show=standing",
    "measures of 20,000 accounts": "/cases/c-00000000a/measures",
    "measures of 20,000 accounts, as JSON": "/cases/c-00000000a/measures.json",
    "measures of 10 accounts": "/cases/c-{middle:08x}a/measures",
    "a measure": "/measures/d-00000000004d",
    "appeals": "/appeals",
    "appeals, as JSON": "/appeals.json",
    "an appeal": "/appeals/{appeal}",
    "exchange": "/exchange",
    "exchange, as JSON": "/exchange.json",
    "exchange: the last page": "/exchange?after=9950",
    "what would go out": "/exchange/outgoing",
    "what would go out, as JSON": "/exchange/outgoing.json",
    "one draft": "/exchange/outgoing/{draft}",
    "health": "/health",
    "health, as JSON": "/health.json",
    "strain": "/strain",
    "strain, as JSON": "/strain.json",
}
EXPORTS = {
    "queue": "/cases.csv?q=",
    "accounts of a case of 20,000": "/cases/c-00000000a.csv",
    "graph of 20,000 accounts": "/cases/c-00000000a/graph.csv",
    "measures of 20,000 accounts": "/cases/c-00000000a/measures.csv",
    "appeals": "/appeals.csv",
    "indicators": "/exchange.csv",
    "what would go out": "/exchange/outgoing.csv",
    "account": "/accounts.csv?id=acct-0-77",
    "health": "/health.csv",
    "strain": "/strain.csv",
}


def surrounded(folder: Path, given: argparse.Namespace) -> None:
    """The ledger and the exchange's state of the same campaigns, and a relay that was told of it."""
    sizes = enumerate(sizes_of(given.campaigns, given.accounts))
    accounts_of = ((f"c-{n:08x}a", f"acct-{n}-{each}") for n, size in sizes for each in range(size))
    beside.ledger(folder / "ledger.sqlite", list(islice(accounts_of, given.decisions)))
    said = document(0, sizes_of(given.campaigns, given.accounts)[: given.drafts]).campaigns
    beside.exchange(folder / "exchange.sqlite", said, given.indicators)
    with Ledger.open(str(folder / "ledger.sqlite")) as ledger:
        publish_measures(ledger, Gate(), FolderRelay(folder / "relay"), datetime.now(UTC))


def places(store: Store, folder: Path, given: argparse.Namespace) -> dict[str, object]:
    """What stands in the addresses of pages."""
    query, after = search.parse("sort:requests"), None
    for _ in range(20):
        after = queue.page(store, query, after, most=1000).next
    with Ledger.open(str(folder / "ledger.sqlite")) as ledger, State.open(folder / "exchange.sqlite") as state:
        appeal, draft = appeals.appeals(ledger)[0].id, state.outbox.at("drafted")[0].id
    return {"after": after, "middle": given.campaigns // 2, "appeal": appeal, "draft": draft}


def met(store: Store, given: argparse.Namespace, folder: Path) -> tuple[list[Table], dict[str, object]]:
    """Whole pages: one at a time, and by many at once."""
    here = places(store, folder, given)
    pages = {name: path.format(**here) for name, path in PAGES.items()}
    people = signed_in(store, [f"analyst-{n:02}" for n in range(given.analysts)])
    found = queue.page(store, search.parse("sort:since"), most=1000).rows
    noted = [each.id for each in found[:100]]
    paths = [*pages.values(), *(f"/cases/{each.id}" for each in found), *(f"/cases?q={text}" for text in SEARCHES)]
    with serving(folder, store.database.name) as served:
        load = f"the machine's load was {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        alone = page_times(served, people["analyst-00"], pages, given.repeats)
        sent = exports(served.url, people["analyst-00"], EXPORTS)
        together = {
            f"{given.analysts}, {what}": crowd(served.url, people, Work(paths, noted, given.seconds, pause))
            for what, pause in (("a page every 5 s each", 5.0), ("without a pause", 0.0))
        }
    figures = {name: each.figures(given.seconds) for name, each in together.items()}
    problems = {name: each.problems[:10] for name, each in together.items() if each.problems}
    tables = [
        Table(f"Whole pages, one at a time; {load}.", ("page", *next(iter(alone.values()))), rows(alone)),
        Table(
            "All rows of a page, sent as CSV while they are read.",
            ("rows", *next(iter(sent.values()))),
            rows(sent),
        ),
        Table("Many analysts at once.", ("analysts", *next(iter(figures.values()))), rows(figures)),
    ]
    return tables, {"pages": alone, "exports": sent, "analysts": figures, "problems": problems}


def rows(figures: Mapping[str, Mapping[str, object]]) -> list[tuple[object, ...]]:
    """As a table has them."""
    return [(name, *each.values()) for name, each in figures.items()]


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--campaigns", type=int, default=100_000, metavar="N")
    options.add_argument("--accounts", type=int, default=1_000_000, metavar="N")
    options.add_argument("--repeats", type=int, default=REPEATS, metavar="N")
    options.add_argument("--analysts", type=int, default=50, metavar="N")
    options.add_argument("--seconds", type=float, default=30.0, metavar="S", help="for which they work")
    options.add_argument("--decisions", type=int, default=100_000, metavar="N", help="in the ledger")
    options.add_argument("--indicators", type=int, default=10_000, metavar="N", help="of other members, in force")
    options.add_argument("--drafts", type=int, default=200, metavar="N", help="of what we say")
    options.add_argument("--db", metavar="URL", help="an empty database; else a SQLite file that is made for it")
    options.add_argument("--folder", type=Path, metavar="FOLDER", help="for all files; else one that is deleted")
    options.add_argument("--filled", action="store_true", help="database and folder were filled by this before")
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as deleted:
        folder = given.folder or Path(deleted)
        with Store.open(given.db or str(folder / "console.sqlite")) as store:
            tables, figures = everything(store, given, folder)
    publish(given, "console", tables, figures)


def everything(store: Store, given: argparse.Namespace, folder: Path) -> tuple[list[Table], dict[str, object]]:
    """All of it."""
    taking = {} if given.filled else filled(store, given)
    if not given.filled:
        surrounded(folder, given)
    if store.database.file:
        taking["MB on disk"] = store.database.file.stat().st_size / 1e6
    asked = measured(store, given)
    pages, figures = met(store, given, folder)
    tables = [
        Table("Filling the store.", ("what", "amount"), list(taking.items())),
        Table("Questions that pages ask.", ("question", *next(iter(asked.values()))), rows(asked)),
        *pages,
    ]
    return tables, {"filling": taking, "asking": asked, **figures}


if __name__ == "__main__":
    main()
