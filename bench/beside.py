"""What lies beside a console's store, as much as a large member has: the ledger with its appeals, the exchange's state.

    ledger(folder / "ledger.sqlite", [("c-1", "acct-1"), …])    # a measure against each; of some an appeal
    exchange(folder / "exchange.sqlite", campaigns)             # what others said, and a draft of each of these

Both are written by what the program itself writes them with.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.exchange.client import publishing, share
from stillwatch.exchange.client.mirror import Delivery, Imported, SetAside, Source
from stillwatch.exchange.client.people import People
from stillwatch.exchange.client.session import Voice
from stillwatch.exchange.client.state import State
from stillwatch.indicators import timestamps
from stillwatch.indicators.extensions import FEEDBACK, SIGNATURE
from stillwatch.indicators.markings import Level
from stillwatch.reports.document import Campaign
from stillwatch.response import appeals
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung
from stillwatch.web.store.reading import pieces

DAY = timedelta(days=1)
TOGETHER = 10_000  # decisions of one transaction
LIFTED, WAITING = 10, 20  # of so many decisions, one was lifted, or waits for a signature
APPEALS, OPEN = 1_000, 2  # of so many appeals, one waits for an answer
MEMBERS, SIGHTINGS = 40, 2_000
OURS = "identity--ffffffff-0000-4000-8000-000000000000"
ROOT = Source("https://taxii.example/root/collections/1/", "https://taxii.example/root/", "findings")


def ledger(path: Path, against: Sequence[tuple[str, str]]) -> None:
    """Decisions against accounts of campaigns, and appeals.

    Args:
        path: of a new ledger.
        against: campaign and account.
    """
    now = datetime.now(UTC) - DAY
    made = [_decision(number, *each, now) for number, each in enumerate(against)]
    with Ledger.open(str(path)) as opened:
        for some in pieces(made, TOGETHER):
            opened.propose([each for n, each in enumerate(some) if n % WAITING == 1], now)
            opened.decide([each for n, each in enumerate(some) if n % WAITING != 1], by="ana", now=now)
        opened.lift([each.id for each in made[LIFTED // 2 :: LIFTED]], "ben", "it was a class", now)
        _appeals(opened, made[:: max(1, len(made) // APPEALS)][:APPEALS], now)


def _decision(number: int, campaign: str, account: str, now: datetime) -> Decision:
    since, evidence = now - timedelta(minutes=number % 1440), (f"{campaign}:text:rare shared text",)
    until = now + (8 + number % 7) * DAY
    return Decision(f"d-{number:012x}", "account", account, Rung.CAP, since, until, "coordinated_extraction", evidence,
                    "own", simulated=False, campaign=campaign)  # fmt: skip


def _appeals(opened: Ledger, about: Iterable[Decision], now: datetime) -> None:
    for number, each in enumerate(about):
        made = appeals.open_appeal(opened, each.id, "I never asked this. " * 20, "me@example.org", now)
        if number % OPEN:
            appeals.answer(opened, made.id, "Your key was used by others. " * 10, by="cleo", now=now)


def exchange(path: Path, campaigns: Sequence[Campaign], indicators: int) -> None:
    """What the exchange brought, and what we said of campaigns, one draft each.

    Args:
        path: of a new state.
        campaigns: ours.
        indicators: how many of others are in force.
    """
    now = datetime.now(UTC)
    with State.open(path) as state:
        _said(state, campaigns, now)
        told = [{"id": member(n), "standing": "admitted", "weights": {"prompt-template": 0.9}} for n in range(MEMBERS)]
        state.remember(f"contributors {ROOT.root}", json.dumps({"contributors": told, "indicators": {}}))
        names = (Imported({"type": "identity", "id": member(n), "name": f"Member {n}"}, 1, member(n), "signed")
                 for n in range(MEMBERS))  # fmt: skip
        brought = (*names, *(_indicator(n, now) for n in range(indicators)))
        ours = [each.object["id"] for each in state.outbox.said() if each.object["type"] == "indicator"]
        about = [*ours, *map(indicator, range(SIGHTINGS))]
        seen = tuple(_sighting(n, about[n % len(about)], now) for n in range(SIGHTINGS))
        aside = tuple(SetAside(f"indicator--bad-{n}", n, "pattern: missing") for n in range(100))
        state.mirror.take(ROOT, Delivery((*brought, *seen), aside, covered=timestamps.of(now - DAY / 24)))


def _said(state: State, campaigns: Iterable[Campaign], now: datetime) -> None:
    rules, people = share.Rules(Level.AMBER, tokens=False), People(frozenset({"ana"}), frozenset({"ben"}))
    for number, each in enumerate(campaigns):
        plans = [share.plan(each, None, rules, share.Past(b"key"))]
        inputs = {"findings": {"path": "findings.json", "sha256": ""}, "accounts": None}
        shown = share.document(plans, rules=rules, contributor=OURS, now=now, inputs=inputs, before={})
        made = publishing.draft(state.outbox, shown, plans, by="ana", people=people, now=now)
        if number % 10:
            publishing.approve(state.outbox, made, by="ben", people=people, plans=plans, tokens=[{}], rules=rules,
                               voice=Voice(OURS, None), now=now)  # fmt: skip
            state.outbox.move(made.id, "sent")


def indicator(number: int) -> str:
    """The id of another member's indicator."""
    return f"indicator--{number:08x}-0000-4000-8000-000000000000"


def member(number: int) -> str:
    """The id of another member."""
    return f"identity--{number % MEMBERS:08x}-0000-4000-8000-000000000000"


def _indicator(number: int, now: datetime) -> Imported:
    tokens = {"shingle": [f"{number:016x}{n:016x}" for n in range(40)]}
    body = {
        "type": "indicator", "id": indicator(number), "name": f"DC-2026-{number % 10_000:04}",
        "created_by_ref": member(number), "pattern_type": "model-api-sig", "pattern": json.dumps({"tokens": tokens}),
        "valid_from": _moment(now - number % 60 * DAY), "valid_until": _moment(now + 90 * DAY),
        "extensions": {SIGNATURE: {"signature_kind": "prompt-template", "evidence": {"accounts_bucket": "100-1000"}}},
    }  # fmt: skip
    return Imported(body, timestamps.of(now) - number, member(number), "signed")


def _sighting(number: int, of: str, now: datetime) -> Imported:
    told = {"extension_type": "property-extension", "outcome": "true-positive", "accounts_bucket": "10-100"}
    id_ = f"sighting--{number:08x}-0000-4000-8000-000000000000"
    body = {"type": "sighting", "id": id_, "sighting_of_ref": of, "extensions": {FEEDBACK: told}}
    return Imported(body, timestamps.of(now) - number, member(number), "signed")


def _moment(when: datetime) -> str:
    return timestamps.written(when)
