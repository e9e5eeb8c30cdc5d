import uuid

from sqlalchemy import text

from stillwatch.exchange.model import Collection, Known, Level, LogEntry, Query, Right
from stillwatch.exchange.store import audience
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.store.tables import VERSION_TABLE
from stillwatch.indicators import timestamps


def delete(store, principal, place, object_id, versions="all"):
    return store.delete("forum", principal, place, object_id, versions, build=lambda *_: [])


def test_what_is_deleted_is_known_still_and_read_by_nobody(store, place, principal_of, new_record):
    first = new_record(level=Level.GREEN)
    last = new_record(id=first.id, version="2026-12-01T00:00:00Z", revoked=True, level=Level.RED)
    lines = [LogEntry(b"line", bytes(16), each.id, each.version) for each in (first, last)]
    store.add("forum", "ana", lambda _: ([first, last], lines))
    one = Known(timestamps.parse(first.version), "ana", Level.GREEN, revoked=False)
    other = Known(timestamps.parse(last.version), "ana", Level.RED, revoked=True, deleted=True)
    assert delete(store, principal_of("ana"), place, first.id, "last") == 1
    assert store.known(place.id, [first.id]) == {first.id: [one, other]}
    assert delete(store, principal_of("ana"), place, first.id) == 1
    gone = Known(one.version, "ana", Level.GREEN, revoked=False, deleted=True)
    assert store.known(place.id, [first.id]) == {first.id: [gone, other]}
    assert not store.exists(principal_of("ana"), place, first.id)
    assert store.read(principal_of("ana"), place, Query(versions="all")).records == ()
    assert delete(store, principal_of("ana"), place, first.id) == 0
    with store.database.reading() as connection:
        assert connection.scalars(text("SELECT leaf FROM deletion ORDER BY leaf")).all() == [0, 1]


def test_whoever_said_it_first_is_so_after_he_deleted_it(store, place, principal_of, new_record):
    elsewhere = Collection(str(uuid.uuid4()), "forum", "Elsewhere")
    store.add_collection(elsewhere)
    store.grant("ben", {elsewhere.id: Right(read=True, write=True)})
    first = new_record()
    store.add("forum", "ana", lambda _: ([first], []))
    store.add("forum", "ben", lambda _: ([new_record(id=first.id, collection=elsewhere.id, publisher="ben")], []))

    def firsts():
        with store.database.reading() as connection:
            return audience.first_publishers(connection, "forum", [first.id, "note--gone"])

    assert firsts() == {first.id: "ana"}
    delete(store, principal_of("ana"), place, first.id)
    assert firsts() == {first.id: "ana"}
    delete(store, principal_of("ben"), elsewhere, first.id)
    assert firsts() == {first.id: "ana"}


def test_it_stands_in_a_dump(store, place, principal_of, new_record, tmp_path):
    first = new_record(level=Level.RED, revoked=True)
    store.add("forum", "ana", lambda _: ([first], [LogEntry(b"line", bytes(16), first.id, first.version)]))
    delete(store, principal_of("ana"), place, first.id)
    other = Store.open(str(tmp_path / "other.sqlite"), create=True)
    with (tmp_path / "dump").open("wb+") as stream:
        assert store.dump(stream)["deletion"] == 1
        stream.seek(0)
        assert other.load(stream)["deletion"] == 1
        stream.seek(0)
        assert "deletion" not in other.load(stream)
    assert other.known(place.id, [first.id]) == store.known(place.id, [first.id])
    other.close()


def test_a_store_of_before_is_brought_up_to_date(store, database_url, place, principal_of, new_record):
    first = new_record()
    store.add("forum", "ana", lambda _: ([first], []))
    with store.database.writing() as connection:
        connection.execute(text("DROP TABLE deletion"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))  # noqa: S608 — ours
    again = Store.open(database_url, create=True)
    assert delete(again, principal_of("ana"), place, first.id) == 1
    assert again.known(place.id, [first.id])[first.id][0].deleted
    again.close()
