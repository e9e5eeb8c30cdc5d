"""People, their names, passwords and roles, in SQLite and PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.database import Database
from stillwatch.errors import InputError
from stillwatch.web.access import passwords, tables
from stillwatch.web.access.people import People
from stillwatch.web.access.sessions import Sessions
from stillwatch.web.asking import TooMany
from stillwatch.web.model import Person, Role

NOW = datetime(2026, 10, 1, tzinfo=UTC)
WORDS = "correct horse battery"


@pytest.fixture
def people(database_url):
    database = Database.at(database_url)
    tables.make(database)
    tables.make(database)
    yield People(database)
    database.engine.dispose()


def test_people_are_found_by_name_whatever_its_case_and_checked_by_password(people):
    people.add("Ana", Role.ANALYST, password=WORDS)
    people.add("bob@example.com", Role.OPERATOR)
    assert people.named("ana") == people.checked("ANA", WORDS) == Person("Ana", Role.ANALYST)
    assert people.checked("ana", WORDS + " ") is None
    assert people.checked("bob@example.com", "") is None
    assert [(each.name, each.password) for each in people.everybody()] == [("Ana", True), ("bob@example.com", False)]


@pytest.mark.parametrize("name", ["", "two words", "a\u200bb", "\u0430na", "x" * 201, "tab\t"])
def test_a_name_that_looks_like_another_is_none(people, name):
    with pytest.raises(InputError, match="no name of a person"):
        people.add(name, Role.VIEWER)


def test_a_name_is_taken_once(people):
    people.add("ana", Role.VIEWER)
    with pytest.raises(InputError, match="somebody of this name"):
        people.add("ANA", Role.OPERATOR)


def test_a_short_password_is_refused_and_nobody_added(people):
    with pytest.raises(InputError, match="15 to 512"):
        people.add("ana", Role.VIEWER, password="short")  # noqa: S106
    assert people.named("ana") is None


@pytest.mark.parametrize("change", ["set_role", "set_password", "remove"])
def test_whoever_is_not_there_cannot_be_changed(people, change):
    more = {"set_role": (Role.VIEWER,), "set_password": (WORDS,), "remove": ()}[change]
    with pytest.raises(InputError, match="nobody of this name"):
        getattr(people, change)("carl", *more)


def test_only_a_hash_is_kept(people):
    people.add("ana", Role.VIEWER, password=WORDS)
    with people.database.reading() as connection:
        row = connection.execute(tables.person.select()).one()
    assert row.password.startswith("$argon2id$")
    assert WORDS not in str(row)


def test_sessions_end_with_their_person_and_are_forgotten_in_time(people):
    sessions = Sessions(people.database, timedelta(hours=1), timedelta(hours=12))
    ana = people.add("ana", Role.VIEWER)
    token = sessions.begun(ana, "password", NOW)
    assert sessions.found(token, NOW).person == ana
    assert sessions.found(token[:-1], NOW) is None
    people.remove("ana")
    assert sessions.found(token, NOW) is None
    bob = people.add("bob", Role.VIEWER)
    for days in range(5):
        sessions.begun(bob, "password", NOW + timedelta(days=days))
    with people.database.reading() as connection:
        kept = connection.execute(tables.session.select()).all()
    assert len(kept) == 1
    assert token.encode() not in kept[0].digest


def test_a_session_is_found_at_once_while_somebody_else_writes_for_long(people):
    sessions = Sessions(people.database, timedelta(hours=1), timedelta(hours=12))
    token = sessions.begun(people.add("ana", Role.VIEWER), "password", NOW)
    with people.database.writing() as connection:
        connection.execute(tables.session.update().values(source="proxy"))
        began = threading.Thread(target=sessions.found, args=(token, NOW + timedelta(minutes=30)))
        if people.database.file:  # in PostgreSQL the row itself is held here, which nobody does for long
            began.start()
            began.join(10)  # waiting for the other would take 30 seconds
            assert not began.is_alive()
    assert sessions.found(token, NOW + timedelta(minutes=59)) is not None
    assert sessions.found(token, NOW + timedelta(minutes=118)) is not None


def test_no_more_passwords_are_checked_at_once_than_there_is_room_for():
    held = [passwords._WAITING.acquire() for _ in range(8)]  # noqa: SLF001 — as eight others do
    try:
        with pytest.raises(TooMany):
            passwords.matches(None, WORDS)
    finally:
        for _ in held:
            passwords._WAITING.release()  # noqa: SLF001
    assert passwords.matches(passwords.hashed(WORDS), WORDS)
