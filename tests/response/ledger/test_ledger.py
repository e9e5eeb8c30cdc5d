import secrets
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.errors import ConfigError, ExchangeError, InputError, TrustError
from stillwatch.response.ledger import reading
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Limits, Rung

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def ids(decisions):
    return [each.id for each in decisions]


def test_what_is_decided_stands_as_it_was_said(ledger, decision, now):
    told = [
        decision("acct-1", limits=Limits(256, 100, 10_000)),
        decision("c-1", scope="campaign", template=(1, 2**32 - 1), action=Rung.BUDGET),
        decision("ключ", scope="api_key", simulated=True, origin="both"),
        decision("org", scope="organization", action=Rung.HOLD, by="bob"),
    ]
    assert ids(ledger.decide(told, by="alice", now=now).decided) == ids(told)
    assert ledger.standing(now) == tuple(told)
    assert ledger.decision(told[1].id) == told[1]


def test_another_process_sees_it(ledger, open_ledger, decision, now):
    ledger.decide([decision()], by="alice", now=now)
    assert open_ledger(create=False).standing(now) == ledger.standing(now) != ()


def test_a_measure_ends_by_itself(ledger, decision, now):
    measure = decision(until=now + DAY)
    ledger.decide([measure], by="alice", now=now)
    assert ids(ledger.standing(now + DAY - timedelta(microseconds=1))) == [measure.id]
    assert ledger.standing(now + DAY) == ()
    assert ledger.standing(now) == (measure,), "a clock that goes back shows what stood then"
    assert ledger.decision(measure.id) == measure, "it is still known"


def test_trying_again_writes_nothing(ledger, decision, now):
    told = [decision("acct-1"), decision("acct-2")]
    ledger.decide([*told, told[0]], by="alice", now=now)
    head = ledger.head()
    assert ledger.decide(told, by="alice", now=now).decided == []
    ledger.propose(told, now)
    assert ledger.head() == head


def test_what_was_lifted_does_not_come_back_with_a_retry(ledger, decision, now):
    measure = decision()
    ledger.decide([measure], by="alice", now=now)
    ledger.lift([measure.id], "bob", "a mistake", now)
    ledger.decide([measure], by="alice", now=now)
    assert ledger.standing(now) == ()


def test_the_newer_takes_the_place_of_the_older_for_good(ledger, decision, now):
    older = decision(action=Rung.VERIFY, until=now + 30 * DAY)
    newer = decision(action=Rung.WARN, until=now + DAY)
    ledger.decide([older], by="alice", now=now)
    ledger.decide([newer], by="alice", now=now)
    assert ids(ledger.standing(now)) == [newer.id]
    assert ledger.standing(now + DAY) == (), "the older does not rise again"
    ledger.lift([newer.id], "alice", "enough", now)
    assert ledger.standing(now) == ()


def test_the_older_stands_until_the_newer_begins(ledger, decision, now):
    older, newer = decision(until=now + 3 * DAY), decision(since=now + DAY, until=now + 9 * DAY)
    ledger.decide([older], by="alice", now=now)
    ledger.decide([newer], by="alice", now=now)
    assert [(each.id, each.until) for each in ledger.standing(now)] == [
        (older.id, newer.since),
        (newer.id, newer.until),
    ]
    assert ids(ledger.standing(now + DAY)) == [newer.id]


def test_two_campaigns_and_a_simulation_stand_side_by_side(ledger, decision, now):
    told = [decision(), decision(campaign="c-2"), decision(simulated=True)]
    ledger.decide(told, by="alice", now=now)
    assert ids(ledger.standing(now)) == ids(told)


def test_many_values_at_once_are_the_same_as_few(ledger, decision, now):
    first = [decision(f"acct-{n}") for n in range(1500)]
    second = [decision(f"acct-{n}") for n in range(1500)]
    ledger.decide(first, by="alice", now=now)
    ledger.decide(second, by="alice", now=now)
    assert ids(ledger.standing(now)) == ids(second)


def test_what_is_proposed_waits_for_a_signature(ledger, decision, now):
    hold = decision(action=Rung.HOLD)
    assert ids(ledger.propose([hold], now).waiting) == [hold.id]
    assert (ledger.standing(now), ids(ledger.waiting(now))) == ((), [hold.id])
    [signed] = ledger.sign([hold.id], "bob", now)
    assert signed.by == "bob"
    assert (ledger.standing(now), ledger.waiting(now)) == ((signed,), ())


def test_a_proposal_is_made_once_until_half_of_its_time_is_over(ledger, decision, now):
    first, again, later = decision(), decision(), decision(since=now + 4 * DAY, until=now + 11 * DAY)
    ledger.propose([first], now)
    assert ids(ledger.propose([again], now + 3 * DAY).dropped) == [again.id]
    assert ids(ledger.propose([later], now + 4 * DAY).waiting) == [later.id]
    assert ids(ledger.waiting(now + 4 * DAY)) == [later.id]


def test_a_stronger_proposal_takes_the_place_of_the_weaker(ledger, decision, now):
    weak, strong = decision(), decision(action=Rung.HOLD)
    ledger.propose([weak], now)
    ledger.propose([strong], now)
    assert ids(ledger.waiting(now)) == [strong.id]


def test_a_refused_proposal_cannot_be_signed(ledger, decision, now):
    hold = decision(action=Rung.HOLD)
    ledger.propose([hold], now)
    assert ids(ledger.lift([hold.id], "bob", "not convinced", now)) == [hold.id]
    with pytest.raises(InputError, match="does not wait"):
        ledger.sign([hold.id], "bob", now)


def test_one_that_does_not_wait_keeps_all_from_being_signed(ledger, decision, now):
    hold = decision(action=Rung.HOLD)
    ledger.propose([hold], now)
    head = ledger.head()
    with pytest.raises(InputError, match=r"d-nonesuch: .* --waiting"):
        ledger.sign([hold.id, "d-nonesuch"], "bob", now)
    assert ledger.head() == head


def test_what_is_lifted_ends_for_clocks_that_are_behind(ledger, decision, now):
    measure = decision()
    ledger.decide([measure], by="alice", now=now)
    ledger.lift([measure.id], "bob", "a mistake", now + DAY)
    assert ledger.standing(now) == ()


def test_lifting_twice_is_lifting_once(ledger, decision, now):
    measure = decision()
    ledger.decide([measure], by="alice", now=now)
    assert ids(ledger.lift([measure.id, measure.id], "bob", "a mistake", now)) == [measure.id]
    assert ledger.lift([measure.id], "bob", "a mistake", now) == ()
    with pytest.raises(InputError, match="no decision"):
        ledger.lift(["d-nonesuch"], "bob", "a mistake", now)


@pytest.mark.parametrize(("says", "unlawful"), [("signature", {"action": Rung.HOLD}), ("must end", {"until": NOW})])
def test_what_breaks_a_law_keeps_all_from_being_written(ledger, decision, now, says, unlawful):
    head = ledger.head()
    with pytest.raises(TrustError, match=says):
        ledger.decide([decision(), decision("acct-2", **unlawful)], by="alice", now=now)
    assert ledger.head() == head


def test_a_hold_may_be_simulated_without_a_signature(ledger, decision, now):
    assert ledger.decide([decision(action=Rung.HOLD, simulated=True)], by="alice", now=now).decided


def test_the_switch(ledger, open_ledger, now):
    assert ledger.enabled
    ledger.switch(False, "alice", "an incident", now)
    assert not ledger.enabled
    assert not open_ledger().enabled
    ledger.switch(True, "bob", "over", now)
    assert ledger.enabled


def test_the_history_of_an_account_and_of_a_decision(ledger, decision, now):
    measure = decision()
    ledger.decide([measure, decision("acct-2")], by="alice", now=now)
    ledger.lift([measure.id], "bob", "a mistake", now + DAY)
    for name in ("acct-1", measure.id):
        told = [(each.kind, each.at) for each in ledger.history(name)]
        assert told == [("decided", now), ("lifted", now + DAY)]
    assert [each.kind for each in ledger.entries()] == ["founded", "decided", "decided", "lifted"]
    assert [each.kind for each in ledger.entries(after=3)] == ["lifted"]


def test_any_name_that_a_log_may_hold(ledger, decision, now):
    names = [
        "",
        "a\x00b",
        "a\ufffdb",
        "'; DROP TABLE ledger_entry; --",
        "\u202e",
        "🦆" * 1000,
        secrets.token_hex(50_000),
        '"\\\n',
    ]
    told = [decision(name, campaign=f"c-{n}") for n, name in enumerate(names)]
    ledger.decide(told, by="alice", now=now)
    assert ledger.standing(now) == tuple(told)
    assert ledger.history("a\x00b")
    ledger.lift(ids(told), "alice", "all of it", now)
    assert ledger.standing(now) == ()
    ledger.verify()


def test_what_is_no_unicode_is_refused_and_nothing_written(ledger, decision, now):
    with pytest.raises(InputError, match="no Unicode"):
        ledger.decide([decision(), decision("\ud800")], by="alice", now=now)
    assert ledger.standing(now) == ()


def test_a_clock_that_jumps_breaks_nothing(ledger, decision, now):
    for moment in (now, now + 4000 * DAY, now - 4000 * DAY):
        ledger.decide([decision(f"acct-{moment:%Y}")], by="alice", now=moment)
    ledger.verify()
    assert len(ledger.standing(now)) == 3


def test_no_ledger_is_made_where_none_is_wanted(open_ledger, tmp_path):
    with pytest.raises(ConfigError, match="no ledger here"):
        open_ledger(create=False)
    assert not list(tmp_path.iterdir()), "nothing was made"
    open_ledger()
    open_ledger(create=False)


def test_a_ledger_in_another_programs_database(ledger, database_url):
    with ledger.database.writing() as connection:
        for table in ("ledger_entry", "ledger_head", "ledger_words"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("CREATE TABLE theirs (a INTEGER)")
    with pytest.raises(ConfigError, match="another program's"):
        Ledger.open(database_url)


@pytest.mark.parametrize(("version", "hint"), [(0, "name another database"), (2, "Use the stillwatch that made it")])
def test_a_ledger_of_another_form_is_not_written_to(database_url, monkeypatch, version, hint):
    monkeypatch.setattr("stillwatch.response.ledger.writing.VERSION", version)
    Ledger.open(database_url).close()
    with pytest.raises(ConfigError, match=f"of version {version}") as raised:
        Ledger.open(database_url)
    assert hint in raised.value.hint


@pytest.mark.parametrize("address", ["mysql://a/b", "", ":memory:"])
def test_what_is_no_address(address):
    with pytest.raises(ConfigError):
        Ledger.open(address)


def test_what_is_no_database_is_told_in_one_line(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(ExchangeError, match="not a database"):
        Ledger.open(str(tmp_path / "ledger.sqlite"))


def pages(ledger, now, most, **which):
    """All pages, one after the other."""
    found, before = [], None
    while True:
        page, before = ledger.page(now, before=before, most=most, **which)
        assert len(page) <= most
        found += page
        if before is None:
            return found


@pytest.mark.parametrize("most", [1, 2, 3, 50])
def test_what_stands_and_waits_is_read_page_by_page_newest_first(ledger, decision, now, most):
    told = [decision(f"acct-{n}") for n in range(5)]
    ledger.decide(told, by="alice", now=now)
    waiting = [decision(f"acct-{n}", action=Rung.HOLD) for n in range(3)]
    ledger.propose(waiting, now)
    ledger.lift([told[2].id], "bob", "a mistake", now)
    ledger.sign([waiting[1].id], "bob", now)
    signed = ledger.decision(waiting[1].id)
    assert pages(ledger, now, most) == [signed, told[4], told[3], told[0]], "the signed one took another's place"
    assert pages(ledger, now, most, waiting=True) == [waiting[2], waiting[0]]
    assert pages(ledger, now + 8 * DAY, most) == []


def test_pages_go_on_past_what_has_ended(ledger, decision, now, monkeypatch):
    monkeypatch.setattr(reading, "NAMED", 2)
    monkeypatch.setattr(reading, "_PAGES", 2)
    told = [decision(f"acct-{n}") for n in range(7)]
    ledger.decide(told, by="alice", now=now)
    ledger.lift(ids(told[1:]), "bob", "a mistake", now)
    first, before = ledger.page(now, most=3)
    assert first == []
    assert ledger.page(now, before=before, most=3) == ([told[0]], None)


def test_what_stands_against_many_accounts(ledger, decision, now, monkeypatch):
    monkeypatch.setattr(reading, "NAMED", 2)
    told = [decision(f"acct-{n}") for n in range(6)]
    ledger.decide(told[:5], by="alice", now=now)
    ledger.propose(told[5:], now)
    picture = ledger.against([f"acct-{n}" for n in (0, 1, 2, 5, 7)], now)
    assert sorted(picture.standing) == ids(told[:3])
    assert list(picture.waiting) == ids(told[5:])
