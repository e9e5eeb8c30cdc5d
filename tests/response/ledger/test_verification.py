"""Whatever somebody who can write to the database does to it is found."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from stillwatch.errors import ExchangeError, InputError, TrustError
from stillwatch.response.appeals import erase, open_appeal
from stillwatch.response.ledger.chain import BEGINNING, Entry, checked, linked
from stillwatch.response.ledger.entries import Founded, Switched

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
UNGUARD = {
    "sqlite": ("DROP TRIGGER ledger_no_UPDATE", "DROP TRIGGER ledger_no_DELETE"),
    "postgresql": ("DROP TRIGGER ledger_added_to ON ledger_entry",),
}


def chain_of(count, by="alice"):
    said = [Founded("5f1d", 1), *(Switched(bool(n % 2), by, str(n)) for n in range(count - 1))]
    return list(linked(said, (0, BEGINNING), NOW))


@pytest.fixture
def tamper(ledger, decision, now):
    """Fills a ledger, takes its guards away and runs a statement on it, as an administrator might."""
    ledger.decide([decision(f"acct-{n}") for n in range(5)], by="alice", now=now)
    ledger.lift(["d-000000000001"], "bob", "a mistake", now)
    ledger.verify()

    def run(*statements):
        with ledger.database.writing() as connection:
            for statement in (*UNGUARD[connection.dialect.name], *statements):
                connection.execute(text(statement))

    return run


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE ledger_entry SET text = replace(text, 'cap', 'warn') WHERE number = 3", "Entry 3 .* altered"),
        ("UPDATE ledger_entry SET time = time + 1 WHERE number = 4", "Entry 4 .* altered"),
        ("UPDATE ledger_entry SET kind = 'proposed' WHERE number = 2", "Entry 2 .* altered"),
        ("UPDATE ledger_entry SET until = 0 WHERE number = 2", "Entry 2 .* not found by what it says"),
        ("UPDATE ledger_entry SET whose = 'acct-9' WHERE number = 2", "Entry 2 .* not found by what it says"),
        ("UPDATE ledger_entry SET about = 'd-1' WHERE number = 7", "Entry 7 .* not found by what it says"),
        ("UPDATE ledger_entry SET previous = hash WHERE number = 5", "Entry 5 .* does not follow"),
        ("UPDATE ledger_entry SET hash = previous WHERE number = 5", "Entry 5 .* altered"),
        ("DELETE FROM ledger_entry WHERE number = 1", "Entry 1 .* missing"),
        ("DELETE FROM ledger_entry WHERE number = 3", "Entry 3 .* missing"),
        ("DELETE FROM ledger_entry WHERE number = 7", "Entry 7 .* missing"),
        ("DELETE FROM ledger_entry", "Entry 1 .* missing"),
        ("UPDATE ledger_head SET number = number - 1", "missing"),
        ("DELETE FROM ledger_head", "missing"),
    ],
)
def test_a_change_is_found_and_the_first_entry_named(ledger, tamper, statement, says):
    tamper(statement)
    with pytest.raises(TrustError, match=says):
        ledger.verify()


def test_two_entries_that_change_places_are_found(ledger, tamper):
    move = "UPDATE ledger_entry SET number = {} WHERE number = {}"
    tamper(move.format(99, 3), move.format(3, 4), move.format(4, 99))
    with pytest.raises(TrustError, match=r"Entry 3 .* does not follow"):
        ledger.verify()


def test_an_entry_that_cannot_be_read_is_told_where_it_is_used(ledger, tamper, now):
    tamper("UPDATE ledger_entry SET text = '{}' WHERE number = 2")
    with pytest.raises(TrustError, match=r"Entry 2 .* cannot be read"):
        ledger.standing(now)


@pytest.mark.parametrize("statement", ["UPDATE ledger_entry SET kind = kind", "DELETE FROM ledger_entry"])
def test_the_database_itself_refuses(ledger, statement):
    with pytest.raises(ExchangeError, match="only ever added to"), ledger.database.writing() as connection:
        connection.execute(text(statement))


class TestCheckpoints:
    def test_one_that_was_kept_holds_while_the_ledger_grows(self, ledger, now):
        kept = ledger.checkpoint()
        ledger.switch(False, "alice", "a test", now)
        assert ledger.verify(kept) == ledger.head()

    def test_a_whole_other_chain_is_found(self, ledger, tamper, now):
        kept = ledger.checkpoint()
        tamper("DELETE FROM ledger_entry WHERE number > 5", "UPDATE ledger_head SET number = 5")
        hash_ = "(SELECT hash FROM ledger_entry WHERE number = 5)"
        with ledger.database.writing() as connection:
            connection.execute(text(f"UPDATE ledger_head SET hash = {hash_}"))  # noqa: S608
        ledger.verify()
        with pytest.raises(TrustError, match="tells of entry 7; the ledger ends with 5"):
            ledger.verify(kept)
        ledger.switch(True, "mallory", "nothing to see", now)
        ledger.switch(True, "mallory", "nothing to see", now)
        ledger.verify()
        with pytest.raises(TrustError, match="Entry 7 is not the one"):
            ledger.verify(kept)

    def test_another_ledgers_is_no_proof(self, ledger):
        kept = ledger.checkpoint().replace("ledger ", "ledger 0")
        with pytest.raises(TrustError, match="another ledger's"):
            ledger.verify(kept)

    @pytest.mark.parametrize(
        "kept", ["", "stillwatch ledger a\n1\n", "x\n1\n" + "0" * 64, "stillwatch ledger a\n²\n00"]
    )
    def test_what_is_none(self, ledger, kept):
        with pytest.raises(InputError, match="no checkpoint"):
            ledger.verify(kept)


class TestWords:
    @pytest.fixture
    def appeal(self, ledger, decision, now):
        measure = decision()
        ledger.decide([measure], by="alice", now=now)
        return open_appeal(ledger, measure.id, "That was my class.", "ann@example.com", now)

    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("UPDATE ledger_words SET text = '{}'", "words of entry 3 were altered"),
            ("DELETE FROM ledger_words", "words of entry 3 are gone"),
        ],
    )
    def test_a_change_is_found(self, ledger, appeal, statement, says):
        assert appeal.status == "open"
        with ledger.database.writing() as connection:
            connection.execute(text(statement))
        with pytest.raises(TrustError, match=says):
            ledger.verify()

    def test_erased_words_do_not_come_back_unnoticed(self, ledger, appeal, now):
        with ledger.database.reading() as connection:
            [row] = connection.execute(text("SELECT * FROM ledger_words")).mappings().all()
        erase(ledger, appeal.id, "bob", now)
        ledger.verify()
        with ledger.database.writing() as connection:
            connection.execute(text("INSERT INTO ledger_words VALUES (:entry, :salt, :text)"), dict(row))
        with pytest.raises(TrustError, match="were erased, and are there"):
            ledger.verify()


def broken_somehow(chain, draw):
    """A chain that is not this one: an entry altered, removed, doubled or moved."""
    place = draw(st.integers(0, len(chain) - 1))
    entry, other = chain[place], draw(st.sampled_from(chain))
    values = vars(entry)
    altered = {
        "number": st.integers(-1, len(chain) + 1),
        "time": st.integers(-(2**60), 2**60),
        "kind": st.sampled_from(["switched", "founded", "decided"]),
        "text": st.text() | st.just(other.text),
        "previous": st.just(other.previous) | st.binary(max_size=40),
        "hash": st.just(other.hash) | st.binary(max_size=40),
        "about": st.text(),
        "whose": st.text(),
        "until": st.none() | st.integers(),
    }
    name = draw(st.sampled_from([*altered, "removed", "doubled", "moved"]))
    if name in altered:
        return [*chain[:place], Entry(**(values | {name: draw(altered[name])})), *chain[place + 1 :]]
    rest = [*chain[:place], *chain[place + 1 :]]
    to = draw(st.integers(0, len(rest)))
    return rest if name == "removed" else [*(chain if name == "doubled" else rest)[:to], entry, *rest[to:]]


@given(st.data(), st.integers(1, 6))
def test_no_change_of_a_chain_passes(data, count):
    chain = chain_of(count)
    changed = broken_somehow(chain, data.draw)
    if changed == chain[: len(changed)]:  # the last ones are missing: the head tells, not the chain
        assert list(checked(changed)) == changed
    else:
        with pytest.raises(TrustError):
            list(checked(changed))


def test_a_chain_that_was_written_holds():
    chain = chain_of(10)
    assert list(checked(chain)) == chain
    assert chain[-1].at == NOW
    assert chain[3].at - chain[2].at == timedelta(0)
    assert chain_of(10, "bob")[-1].hash != chain[-1].hash
