import dataclasses
from datetime import timedelta

import pytest

from stillwatch.exchange.client.mirror import Delivery, Imported, Source
from stillwatch.exchange.client.outbox import Draft, Said
from stillwatch.exchange.client.state import State
from stillwatch.response import appeals
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung
from stillwatch.web import counting, search
from stillwatch.web.store import cases, queue
from stillwatch.web.store.events import Reviewed

POOL, TEAM = "c-3f9a1b72", "c-91c4e0aa"
ROOT = Source("https://taxii.example/root/collections/1/", "https://taxii.example/root/", "all")
INDICATOR = "indicator--00000000-0000-4000-8000-000000000002"


@pytest.fixture
def ledger(console):
    with Ledger.open(console.settings.config.response.ledger) as opened:
        yield opened


def measure(console, number, campaign, **changes):
    now = console.clock()
    times = {"since": now, "until": now + timedelta(days=7)}
    whole = {"scope": "account", "value": f"acct-{number}", "action": Rung.CAP, "reason": "unspecified"}
    rest = {"evidence": (), "origin": "own", "simulated": False, "campaign": campaign}
    return Decision(**{"id": f"d-{number:012x}", **whole, **times, **rest, **changes})


def found(console, text):
    return [row.id for row in queue.page(console.store, search.parse(text)).rows]


def test_what_is_in_the_ledger_is_counted_by_case(console, ledger):
    now = console.clock()
    ledger.decide([measure(console, 1, POOL), measure(console, 2, POOL), measure(console, 3, TEAM)], by="w", now=now)
    ledger.propose([measure(console, 4, POOL, action=Rung.VERIFY)], now)
    appeals.open_appeal(ledger, f"d-{3:012x}", "it was me", "me@example.org", now)
    counting.count(console)
    assert (cases.row(console.store, POOL).decisions, cases.row(console.store, TEAM).decisions) == (3, 1)
    assert found(console, "has:appeal") == [TEAM]
    assert set(found(console, "has:decision")) == {POOL, TEAM}


def test_an_answered_appeal_no_longer_waits(console, ledger):
    now = console.clock()
    ledger.decide([measure(console, 3, TEAM)], by="watch", now=now)
    appeal = appeals.open_appeal(ledger, f"d-{3:012x}", "it was me", "me@example.org", now)
    counting.count(console)
    appeals.answer(ledger, appeal.id, "it stays", by="ben", now=now)
    counting.count(console)
    assert found(console, "has:appeal") == []


def test_sightings_of_what_we_shared_are_counted(console):
    said = Said({"type": "indicator", "id": INDICATOR}, 1, POOL)
    draft = Draft("draft-1", "drafted", "ana", "2026-10-01T00:00:00Z", {})
    bodies = ({"type": "sighting", "id": f"sighting--{n}", "sighting_of_ref": INDICATOR} for n in range(2))
    with State.open(console.settings.config.exchange.state) as state:
        state.outbox.put(draft)
        state.outbox.approve(draft, by="ben", at="2026-10-01T00:00:00Z", envelope="{}", objects=[said])
        state.mirror.take(ROOT, Delivery(tuple(Imported(body, 1, None, "signed") for body in bodies)))
    counting.count(console)
    assert cases.row(console.store, POOL).sightings == 2
    assert found(console, "has:sighting") == [POOL]


def test_nothing_to_count_is_nothing_wrong(console, caplog):
    counting.count(console)
    assert found(console, "has:decision") == []
    assert not caplog.records


def test_what_cannot_be_read_keeps_its_count(console, ledger, caplog):
    ledger.decide([measure(console, 1, POOL)], by="watch", now=console.clock())
    counting.count(console)
    state = console.settings.config.exchange.state
    state.write_text("no database")
    state.chmod(0o600)
    counting.count(console)
    assert cases.row(console.store, POOL).decisions == 1
    assert [record.getMessage().split(" are not counted")[0] for record in caplog.records] == ["sightings"]


def test_a_verdict_that_has_ended_opens_the_case(console):
    now = console.clock()
    review = Reviewed("rejected", "a class", POOL, until=now - timedelta(minutes=1))
    console.store.record(POOL, review, who="ana", now=now - timedelta(days=1))
    counting.count(console)
    assert cases.row(console.store, POOL).status == "open"


def test_it_counts_beside_the_console(console, ledger):
    ledger.decide([measure(console, 1, POOL)], by="watch", now=console.clock())
    with counting.running(console):
        pass
    assert cases.row(console.store, POOL).decisions == 1


def test_a_ledger_is_counted_again_when_it_changes_and_when_something_ends(console, ledger):
    clock = [console.clock()]
    later = dataclasses.replace(console, clock=lambda: clock[0])
    counts = counting.Counting(later)
    soon = clock[0] + timedelta(hours=1)
    ledger.decide([measure(console, 1, POOL, until=soon), measure(console, 2, POOL)], by="w", now=clock[0])
    counts.count()
    assert cases.row(console.store, POOL).decisions == 2
    ledger.lift([f"d-{2:012x}"], "ben", "a class", clock[0])
    counts.count()
    assert cases.row(console.store, POOL).decisions == 1
    clock[0] = soon
    counts.count()
    assert cases.row(console.store, POOL).decisions == 0


def test_a_ledger_that_is_the_same_is_not_read_again(console, ledger):
    ledger.decide([measure(console, 1, POOL)], by="w", now=console.clock())
    counted = counting.Counting(console)
    counted.count()
    known = counted._decided  # noqa: SLF001
    counted.count()
    assert counted._decided is known  # noqa: SLF001
