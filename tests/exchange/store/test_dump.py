"""Backup and restore, and the move from another server."""

import io
import json
import tracemalloc
from dataclasses import replace

import pytest

from stillwatch.errors import InputError
from stillwatch.exchange.log import tiles as tree
from stillwatch.exchange.model import Level, LogEntry, Member, Principal, Query, Right, Root
from stillwatch.exchange.store.store import Store

NOTE = b'{"type": "note",%b "id": "note--%d", "x": 1.0, "y": "\xc3\xa9"}'
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"


def dumped(store, **options):
    stream = io.BytesIO()
    store.dump(stream, **options)
    stream.seek(0)
    return stream


def lines_of(store, **options):
    return [json.loads(line) for line in dumped(store, **options)]


def stream_of(lines):
    return io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def without_time(lines):
    return [line for line in lines if line["kind"] != "exchange"]


@pytest.fixture
def full(store, place, principal_of, new_record):
    """A store with something of everything."""
    store.rotate("ana", secret_hash="$argon2id$ana")  # noqa: S106 — the form of one
    store.set_public_key("ana", bytes(range(32)))
    store.add_root(Root("other", "Another", "with words", 1000, allow_list=True))
    store.grant("ben", {COLLECTION: Right(read=True, write=True, level=Level.RED)})
    store.put_document("forum", "keys", {"a": [1]})
    store.put_document("forum", "seeds", {"hidden": 1}, secret=True)
    retractions = store.collection("forum", "retractions").id
    for number in range(5):
        new = [
            new_record(id=f"indicator--{number % 3}", version=f"2026-11-0{number + 1}T09:00:00.000Z"),
            new_record(collection=retractions, origin=COLLECTION, level=Level.RED, signature=b"s", receipt=b"r"),
            new_record(id=f"note--{number}", body=NOTE % (b"\n", number), revoked=True),
        ]
        log = [LogEntry(f"line {number} é".encode(), bytes(16), each.id, each.version) for each in new[:2]]
        store.add("forum", "ana", lambda _, new=new, log=log: (new, log))
    gone = store.add("forum", "ana", lambda _: ([new_record()], []))[0]
    store.delete("forum", principal_of("ana"), place, gone.id, build=lambda *_: [])
    store.suspend("ben")
    return store


@pytest.fixture
def empty(tmp_path):
    """Another store."""
    other = Store.open(str(tmp_path / "other.sqlite"), create=True)
    yield other
    other.close()


def test_a_restored_store_is_the_one_that_was_backed_up(full, empty, place, clock):
    before = lines_of(full, secrets=True)
    counts = empty.load(dumped(full, secrets=True))
    assert (counts["object"], counts["moved"]) == (15, 0)
    assert without_time(lines_of(empty, secrets=True)) == without_time(before)
    ana = full.principal("ana")
    for query in (Query(), Query(versions="all"), Query(versions="first")):
        written = [replace(each, body=each.body.replace(b"\n", b" ")) for each in full.read(ana, place, query).records]
        assert list(empty.read(ana, place, query).records) == written
        assert empty.signatures(ana, place, query) == full.signatures(ana, place, query)
    assert empty.members() == full.members()
    assert empty.principal("ben") is None
    sizes = {each.log_size("forum") for each in (full, empty)}
    assert sizes == {10}
    assert len({tree.root_hash(each.tiles("forum"), 10) for each in (full, empty)}) == 1
    clock.now = 0  # dates go on after the last that was ever given, deleted or not
    full_next, empty_next = (
        next(line for line in lines_of(each) if line.get("id") == COLLECTION)["last_added"] for each in (full, empty)
    )
    assert full_next == empty_next


def test_secrets_are_in_a_dump_only_if_asked_for(full, empty):
    text = json.dumps(lines_of(full))
    assert "argon2id" not in text
    assert "hidden" not in text
    secret = json.dumps(lines_of(full, secrets=True))
    assert "argon2id" in secret
    assert "hidden" in secret
    empty.load(dumped(full))
    assert empty.secret_hash("ana") is None
    assert empty.get_document("forum", "keys") == {"a": [1]}


def test_bodies_are_kept_byte_for_byte_but_for_line_breaks(full, empty, place):
    empty.load(dumped(full))
    ana = full.principal("ana")
    pairs = zip(full.read(ana, place, Query()).records, empty.read(ana, place, Query()).records, strict=True)
    for before, after in pairs:
        assert json.loads(before.body) == json.loads(after.body)
    assert NOTE % (b" ", 1) in dumped(full).getvalue()


def test_loading_twice_changes_nothing(full):
    before = lines_of(full, secrets=True)
    counts = full.load(stream_of(before))
    assert counts == {"exchange": 1, "kept": len(before) - 1, "entry": 0, "object": 0, "moved": 0}
    assert without_time(lines_of(full, secrets=True)) == without_time(before)


def test_a_later_dump_adds_what_is_new(full, empty, place, new_record):
    empty.load(dumped(full))
    log = [LogEntry(b"new", bytes(16))]
    added = full.add("forum", "ana", lambda _: ([new_record()], log))
    counts = empty.load(dumped(full))
    assert (counts["object"], counts["entry"], counts["moved"]) == (1, 1, 0)
    assert empty.read(full.principal("ana"), place, Query()).records[-1] == added[0]


BASE = [
    {"kind": "root", "name": "moved", "title": "From elsewhere"},
    {"kind": "collection", "id": COLLECTION, "root": "moved", "title": "Indicators"},
]


def foreign(number, date_added, **more):
    name = f"indicator--{number:08d}-0000-4000-8000-000000000000"
    value = {"type": "indicator", "id": name, "created": "2020-01-01T00:00:00Z", "modified": "2021-01-01T00:00:00.5Z"}
    return {"kind": "object", "collection": COLLECTION, "date_added": date_added, "object": value | more}


@pytest.fixture
def bare(open_store):
    """A store without anything."""
    return open_store(create=True)


def test_another_servers_objects_come_with_roots_collections_and_dates_only(bare):
    red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
    moved = [
        *BASE,
        foreign(1, "2022-01-01T00:00:00Z"),
        foreign(2, "2022-01-01T00:00:00Z", spec_version="2.1", object_marking_refs=[red]),
        foreign(3, "2022-01-01T00:00:00.000000Z", revoked=True),
        foreign(3, "2022-01-01T00:00:00.000001Z", modified="2022-01-01T00:00:00Z"),
        foreign(4, "2022-01-02T00:00:00Z"),
    ]
    del moved[-1]["object"]["modified"], moved[-1]["object"]["created"]
    counts = bare.load(stream_of(moved))
    assert counts == {"root": 1, "collection": 1, "object": 5, "moved": 3, "kept": 0}
    place = bare.collection("moved", COLLECTION)
    reader = Right(read=True, write=False, level=Level.RED)
    page = bare.read(principal("eve", {COLLECTION: reader}), place, Query(versions="all", spec_versions=("2.0", "2.1")))
    start = 1_640_995_200_000_000
    assert [each.date_added - start for each in page.records] == [0, 1, 2, 3, 86_400_000_000]
    assert [each.level for each in page.records][:2] == [Level.AMBER, Level.RED]
    assert [each.version for each in page.records][2:] == [
        "2021-01-01T00:00:00.500000Z",
        "2022-01-01T00:00:00.000000Z",
        "1970-01-01T00:00:00.000000Z",
    ]
    assert [json.loads(each.body)["spec_version"] for each in page.records] == ["2.0", "2.1", "2.0", "2.0", "2.1"]
    assert [each.kind for each in bare.collections("moved")] == ["objects", "retractions"]
    assert bare.load(stream_of(moved))["object"] == 0


def test_what_a_member_published_elsewhere_is_its_own(store):
    identity = store.member("ana").identity
    one = foreign(1, "2022-01-01T00:00:00Z", created_by_ref=identity)
    two = foreign(2, "2022-01-01T00:00:00Z", created_by_ref="identity--unknown")
    store.load(stream_of([one, two]))
    found = store.known(COLLECTION, [one["object"]["id"], two["object"]["id"]])
    assert [each.publisher for group in found.values() for each in group] == ["ana", ""]


def test_what_comes_late_stands_behind_what_was_read_already(store, place, principal_of, new_record):
    added = store.add("forum", "ana", lambda _: ([new_record()], []))[0]
    counts = store.load(stream_of([foreign(1, "2000-01-01T00:00:00Z")]))
    assert counts["moved"] == 1
    tail = store.read(principal_of("ben"), place, Query(added_after=added.date_added, spec_versions=("2.0",)))
    assert [each.date_added for each in tail.records] == [added.date_added + 1]


@pytest.mark.parametrize(
    ("bad", "place", "says"),
    [
        ("{", "line 4", "no line of a dump"),
        ('{"kind":"tool"}', "line 4", "no line of a dump"),
        ('{"kind":"exchange","format":2}', "line 4", "format 2"),
        ('{"kind":"root","name":"taxii2","title":"t"}', "line 4", "cannot have this name"),
        ('{"kind":"root","name":5,"title":"t"}', "line 4", "Expected `str`"),
        ('{"kind":"collection","id":"x","root":"moved","title":"t"}', "line 4", "UUID"),
        (json.dumps(BASE[1] | {"root": "forum", "id": COLLECTION[::-1]}), "line 4", "UUID"),
        (json.dumps(foreign(1, "yesterday")), "line 4", "not a timestamp"),
        (json.dumps(foreign(1, "2022-01-01T00:00:00Z", modified="x")), "line 4", "not a timestamp"),
        (json.dumps(foreign(1, "2022-01-01T00:00:00Z", id=5)), "line 4", "an id and a type"),
        (json.dumps(foreign(1, "2022-01-01T00:00:00Z") | {"object": []}), "line 4", "an id and a type"),
        (json.dumps(foreign(1, "2022-01-01T00:00:00Z") | {"collection": "gone"}), "line 4", "no such collection"),
        (json.dumps(foreign(1, "2022-01-01T00:00:00Z") | {"origin": "gone"}), "line 4", "that it stands in"),
        ('{"kind":"entry","root":"moved","number":7,"entry":"e","salt":""}', "line 4", "goes on with entry 0"),
        ('{"kind":"entry","root":"gone","number":0,"entry":"e","salt":""}', "line 4", "no root"),
        ('{"kind":"member","name":"a:b","identity":"i","auth":"oauth"}', "line 4", "cannot have this name"),
        ("\udcff", "line 4", "no line of a dump"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_nothing_is_loaded(store, bad, place, says):
    before = without_time(lines_of(store))
    good = [*BASE[:1], BASE[1] | {"id": COLLECTION.replace("9", "8", 1)}, {"kind": "exchange"}]
    text = stream_of(good).getvalue() + bad.encode("utf-8", "surrogateescape") + b"\n"
    with pytest.raises(InputError, match=says) as caught:
        store.load(io.BytesIO(text))
    assert caught.value.where == place
    assert without_time(lines_of(store)) == before


def test_another_log_is_refused(full):
    dump = lines_of(full)
    entry = next(line for line in dump if line["kind"] == "entry")
    entry["entry"] = "rewritten"
    with pytest.raises(InputError, match="another log"):
        full.load(stream_of(dump))


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_memory_stays_flat(bare):
    class Lines(io.RawIOBase):
        """Lines that are made when they are read."""

        def __init__(self, count):
            self.made = iter([*BASE, *(None for _ in range(count))])
            self.number = 0

        def __iter__(self):
            return self

        def __next__(self):
            line = next(self.made)
            self.number += 1
            made = line or foreign(self.number, "2022-01-01T00:00:00Z", description="x" * 2000)
            return json.dumps(made).encode() + b"\n"

    tracemalloc.start()
    bare.load(Lines(20_000))
    with open("/dev/null", "wb") as nowhere:  # noqa: PTH123 — a device
        bare.dump(nowhere)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25_000_000  # of 40 MB of objects


def principal(name, rights):
    return Principal(Member(name, "", "oauth"), rights)
