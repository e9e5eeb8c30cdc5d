import json
import uuid

import pytest
from sqlalchemy import text

from stillwatch.errors import StillwatchError, TrustError
from stillwatch.exchange import intake
from stillwatch.exchange.log import checkpoints, enrolment, tiles
from stillwatch.exchange.log.checkpoints import Checkpoint
from stillwatch.exchange.log.contents import check_objects
from stillwatch.exchange.log.directory import Directory
from stillwatch.exchange.log.sources import Stored
from stillwatch.exchange.log.verification import verify
from stillwatch.exchange.model import Right
from stillwatch.indicators import markings
from stillwatch.merkle import leaf_hashes
from stillwatch.signing import SigningKey

KEY, ANA = SigningKey.generate(), SigningKey.generate()
ORIGIN = "exchange.example/forum"
TIME = 1_790_000_000
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def quiet(_stage, _fraction):
    pass


class Forum:
    """A store with a log of its own, as a server would keep it."""

    def __init__(self, store, place):
        self.store, self.place = store, place
        store.set_public_key("ana", ANA.public)
        enrolment.enter(store, "forum", KEY)

    def publish(self, count):
        objects = [
            {
                "type": "ipv4-addr",
                "spec_version": "2.1",
                "id": f"ipv4-addr--{uuid.uuid4()}",
                "value": "198.51.100.7",
            }
            for _ in range(count)
        ]
        self.send(objects)

    def send(self, objects, name="ana"):
        who = self.store.principal(name)
        posted = intake.examine(who, self.store.root("forum"), self.place, objects, now=TIME * 1_000_000)
        self.store.add("forum", name, lambda each: intake.take_in(each, posted, KEY).parts)

    def head(self, key=KEY):
        size = self.store.log_size("forum")
        return checkpoints.signed(Checkpoint(ORIGIN, size, tiles.root_hash(self.store.tiles("forum"), size)), key)

    def keep(self, *, cosigned=True):
        note = self.head()
        identity = self.store.member("ana").identity
        head = Checkpoint.parse("\n".join([*note.splitlines()[:3], ""]))
        line = checkpoints.cosigned(head, ANA, name=identity, time=TIME)
        kept = {identity: f"{note}{line}\n"} if cosigned else {}
        self.store.put_document("forum", "log", {"checkpoint": note, "cosignatures": kept})
        return note

    def verify(self, **options):
        return verify(Stored(self.store, "forum"), progress=quiet, **options)

    def objects(self):
        directory = Directory.read(self.store.get_document("forum", "keys"), KEY.public)
        return check_objects(self.store, "forum", directory, quiet)


@pytest.fixture
def forum(store, place):
    return Forum(store, place)


def test_an_honest_log_holds(forum):
    forum.publish(5)
    early = forum.keep()
    forum.publish(600)
    found = forum.verify(saved=early, exchange_public=KEY.public)
    assert (found.size, found.grown_from, found.checkpoint.size, found.keys) == (607, 7, 7, 2)
    assert found.root == tiles.root_hash(forum.store.tiles("forum"), 607)
    assert found.witnesses == {forum.store.member("ana").identity: (7, TIME)}
    assert found.key_ids == (KEY.key_id,)
    assert forum.objects().logged == 605


def test_a_log_that_nobody_has_used_holds(store):
    found = verify(Stored(store, "forum"), progress=quiet)
    assert (found.size, found.checkpoint, found.key_ids) == (0, None, ())


@pytest.mark.parametrize("size", [254, 255, 256, 257, 512])
def test_sizes_at_the_edge_of_tiles(forum, size):
    forum.publish(size - 2)
    early = forum.keep()
    forum.publish(1)
    assert forum.verify(saved=early).size == size + 1
    late = forum.head()
    assert forum.verify(saved=late).grown_from == size + 1


def test_a_log_set_back_from_a_backup_is_noticed(forum):
    forum.publish(5)
    forum.keep(cosigned=False)
    kept = forum.store.database
    with kept.writing() as connection:
        entries = connection.execute(text("SELECT * FROM log_entry ORDER BY leaf")).mappings().all()
        tile = connection.execute(text("SELECT content FROM tile WHERE level = 0")).scalar()
    forum.publish(5)
    later = forum.head()
    with kept.writing() as connection:
        connection.execute(text("DELETE FROM log_entry WHERE leaf >= :size"), {"size": len(entries)})
        connection.execute(text("UPDATE tile SET content = :tile WHERE level = 0"), {"tile": tile})
        connection.execute(text("UPDATE root SET log_size = :size"), {"size": len(entries)})
    assert forum.verify().size == 7
    with pytest.raises(TrustError, match="7 lines where 12 were signed"):
        forum.verify(saved=later)
    forum.publish(5)  # another history
    with pytest.raises(TrustError, match="not those of the checkpoint"):
        forum.verify(saved=later)


def test_a_log_made_anew_by_whoever_has_no_key_is_noticed(forum):
    """All tiles and the size are consistent with the changed lines; the signed head is not."""
    forum.publish(5)
    forum.keep(cosigned=False)
    with forum.store.database.writing() as connection:
        line = connection.execute(text("SELECT entry FROM log_entry WHERE leaf = 4")).scalar()
        changed = bytes(line).replace(b'"time":"20', b'"time":"19')
        connection.execute(text("UPDATE log_entry SET entry = :entry WHERE leaf = 4"), {"entry": changed})
        connection.execute(text("DELETE FROM tile"))
    tiles.append(_Writing(forum.store), 0, leaf_hashes(forum.store.log_entries("forum", 0, 99)))
    with pytest.raises(TrustError, match=r"not those of the checkpoint \(signed by the exchange\)"):
        forum.verify()


class _Writing:
    def __init__(self, store):
        self.store = store

    def read(self, level, index):
        return self.store.tiles("forum").read(level, index)

    def write(self, level, index, tile):
        with self.store.database.writing() as connection:
            values = {"level": level, "number": index, "content": tile}
            connection.execute(text("INSERT INTO tile VALUES ('forum', :level, :number, :content)"), values)


def test_a_fork_shown_to_two_witnesses_is_noticed(forum):
    """The exchange signs another head for ana, and she cosigns it; whoever verifies sees both."""
    forum.publish(5)
    identity = forum.store.member("ana").identity
    forked = Checkpoint(ORIGIN, 7, b"\7" * 32)
    line = checkpoints.cosigned(forked, ANA, name=identity, time=TIME)
    heads = {"checkpoint": forum.head(), "cosignatures": {identity: f"{checkpoints.signed(forked, KEY)}{line}\n"}}
    forum.store.put_document("forum", "log", heads)
    with pytest.raises(TrustError, match="not those of the checkpoint"):
        forum.verify()


def test_heads_that_nobody_or_a_stranger_signed(forum):
    forum.publish(5)
    stranger = SigningKey.generate()
    with pytest.raises(TrustError, match="not signed by a key of the exchange"):
        forum.verify(saved=forum.head(stranger))
    with pytest.raises(TrustError, match="of another exchange"):
        forum.verify(exchange_public=stranger.public)
    other = checkpoints.signed(Checkpoint("exchange.example/other", 0, b"\0" * 32), KEY)
    forum.keep()
    with pytest.raises(TrustError, match="of several logs"):
        forum.verify(saved=other)
    with pytest.raises(TrustError):
        forum.verify(saved="no note")


def test_the_key_of_the_exchange_may_turn(forum):
    forum.publish(3)
    early, following = forum.head(), SigningKey.generate()
    enrolment.turn(forum.store, "forum", KEY, following)
    assert forum.verify(saved=early, exchange_public=KEY.public).key_ids == (KEY.key_id, following.key_id)
    assert forum.verify(saved=forum.head(following)).grown_from == 6
    with pytest.raises(TrustError, match="not signed over"):
        enrolment.enter(forum.store, "forum", SigningKey.generate())
    with pytest.raises(TrustError):
        enrolment.turn(forum.store, "forum", KEY, SigningKey.generate())


def test_a_key_shown_to_one_member_alone_is_noticed(forum):
    document = forum.store.get_document("forum", "keys")
    other = enrolment.enrolled(
        document,
        enrolment.Statement("identity--eve", SigningKey.generate().public, TIME),
        {},
        exchange_key=KEY,
        now=TIME,
    )[0]
    forum.store.put_document("forum", "keys", other)
    with pytest.raises(TrustError, match="stands not in the log"):
        forum.verify()


def _flipped(forum, table, column, where):
    """Flips the bytes of one value, one after the other."""
    with forum.store.database.reading() as connection:
        original = bytes(connection.execute(text(f"SELECT {column} FROM {table} WHERE {where}")).scalar())  # noqa: S608
    put = text(f"UPDATE {table} SET {column} = :value WHERE {where}")  # noqa: S608
    for place in range(len(original)):
        changed = original[:place] + bytes([original[place] ^ 0x01]) + original[place + 1 :]
        with forum.store.database.writing() as connection:
            connection.execute(put, {"value": changed})
        yield place
    with forum.store.database.writing() as connection:
        connection.execute(put, {"value": original})


def _unnoticed(forum, table, column, where, check):
    missed = []
    for place in _flipped(forum, table, column, where):
        try:
            check()
        except StillwatchError:
            continue
        except (ValueError, UnicodeDecodeError):  # no JSON any more
            continue
        missed.append(place)
    return missed


@SQLITE
@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("tile", "content", "level = 0"),
        ("log_entry", "entry", "leaf = 0"),
        ("log_entry", "entry", "leaf = 3"),
        pytest.param("document", "body", "name = 'log'", marks=pytest.mark.slow),
        pytest.param("document", "body", "name = 'keys'", marks=pytest.mark.slow),
    ],
)
def test_every_flipped_byte_of_the_log_is_noticed(forum, table, column, where):
    forum.publish(2)
    forum.keep()
    forum.verify()
    assert _unnoticed(forum, table, column, where, forum.verify) == []


@SQLITE
@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("object", "body", "leaf = 2"),
        pytest.param("object", "receipt", "leaf = 2", marks=pytest.mark.slow),
        ("log_entry", "salt", "leaf = 2"),
        ("log_entry", "entry", "leaf = 2"),
    ],
)
def test_every_flipped_byte_of_an_object_is_noticed(forum, table, column, where):
    forum.publish(1)
    forum.objects()
    assert _unnoticed(forum, table, column, where, forum.objects) == []


def test_an_object_that_was_put_in_or_moved_is_noticed(forum, new_record):
    forum.publish(2)
    forum.store.grant("ana", {forum.place.id: Right(read=True, write=True)})
    forum.store.add("forum", "ana", lambda _: ([new_record(body=json.dumps({"id": "x"}).encode())], []))
    held = forum.objects()
    assert (held.logged, held.unlogged) == (2, 1)
    with forum.store.database.writing() as connection:
        connection.execute(text("UPDATE object SET leaf = 3 WHERE leaf = 2"))
    with pytest.raises(TrustError, match="is not what was logged"):
        forum.objects()


def stix(**changes):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid4()}",
        "created": "2026-03-02T09:00:00.000Z",
        "modified": "2026-03-02T09:00:00.000Z",
        "pattern": "[ipv4-addr:value = '198.51.100.7']",
        "pattern_type": "stix",
        "valid_from": "2026-03-02T09:00:00Z",
    } | changes


@pytest.fixture
def lively(forum):
    """A forum with objects of two members, a marking of their own, a revocation, and a deletion."""
    forum.store.grant("ben", {forum.place.id: Right(read=True, write=True)})
    own = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": "2026-03-02T09:00:00.000Z",
        "name": "own",
        "extensions": {markings.TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "red"}},
    }
    kept, gone = stix(), stix()
    forum.send([own, stix(object_marking_refs=[own["id"]]), kept, gone])
    forum.send([stix()], "ben")
    forum.send([kept | {"modified": "2026-03-03T09:00:00.000Z", "revoked": True}])
    build = lambda transaction, records: intake.withdraw(transaction, records, KEY)  # noqa: E731 — one line of a test
    assert forum.store.delete("forum", forum.store.principal("ana"), forum.place, gone["id"], build=build) == 1
    return forum


def changed(store, statement, **values):
    with store.database.writing() as connection:
        assert connection.execute(text(statement), values).rowcount


def test_what_was_revoked_deleted_and_marked_is_as_it_was_logged(lively):
    held = lively.objects()
    assert (held.logged, held.unlogged, held.deleted) == (7, 0, 1)
    lively.verify()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("level = 0", "type = 'indicator' AND publisher = 'ana'"),
        ("level = 0", "type = 'note'"),
        ("level = 1", "publisher = 'ben'"),
        ("publisher = 'ben'", "type = 'indicator' AND publisher = 'ana'"),
        ("publisher = ''", "publisher = 'ben'"),
        ("origin = :other", "publisher = 'ben'"),
        ("origin = :other", "type = 'note'"),
        ("type = 'note'", "publisher = 'ben'"),
        ("version = version + 1", "publisher = 'ben'"),
        ("spec_version = '2.0'", "publisher = 'ben'"),
        ("receipt = NULL", "publisher = 'ben'"),
    ],
)
def test_a_column_that_decides_who_reads_is_held_against_the_object(lively, change, where):
    other = lively.store.collection("forum", "retractions").id if "ben" in where else "another"
    values = {"other": other} if ":other" in change else {}
    changed(lively.store, f"UPDATE object SET {change} WHERE {where}", **values)  # noqa: S608 — ours
    with pytest.raises(TrustError, match=r"is not what was logged|neither there nor deleted"):
        lively.objects()


def test_an_object_that_disappeared_is_noticed(lively):
    changed(lively.store, "DELETE FROM object WHERE publisher = 'ben'")
    with pytest.raises(TrustError, match="The object that line 6 of the log tells of is neither there nor deleted"):
        lively.objects()


def test_a_deletion_that_nobody_made_is_noticed(lively):
    row = "collection, date_added, id, version, level, publisher, revoked, leaf"
    changed(lively.store, f"INSERT INTO deletion SELECT {row} FROM object WHERE publisher = 'ben'")  # noqa: S608 — ours
    changed(lively.store, "DELETE FROM object WHERE publisher = 'ben'")
    with pytest.raises(TrustError, match="tells of 1 deletions, and 2 are kept"):
        lively.objects()
