import uuid

import pytest

from stillwatch.errors import ConfigError
from stillwatch.exchange.log import tiles as tree
from stillwatch.exchange.model import Collection, Known, Level, LogEntry, Member, Query, Right, Root
from stillwatch.exchange.store.notes import DAY
from stillwatch.indicators import timestamps
from stillwatch.merkle import leaf_hash, root_of


def test_what_is_added_is_read(store, place, principal_of, new_record):
    new = [new_record() for _ in range(3)]
    added = store.add("forum", "ana", lambda _: (new, []))
    page = store.read(principal_of("ben"), place, Query())
    assert page.records == tuple(added)
    assert not page.more
    assert [each.body for each in page.records] == [each.body for each in new]


def test_roots_and_collections_stand_in_the_order_in_which_they_came(store):
    for name in ("b", "a"):
        store.add_root(Root(name, name))
        store.add_collection(Collection(str(uuid.uuid4()), "forum", name, name))
    assert [each.name for each in store.roots()] == ["forum", "b", "a"]
    assert [each.alias for each in store.collections("forum")] == ["retractions", "indicators", "b", "a"]
    assert [each.kind for each in store.collections("b")] == ["retractions"]
    assert store.collections("gone") == ()
    assert store.root("gone") is None


def test_a_collection_is_found_in_its_root_only(store, place):
    store.add_root(Root("other", "Another"))
    assert store.collection("forum", place.id) == store.collection("forum", "indicators") == place
    assert store.collection("other", place.id) is None
    store.add_collection(Collection(str(uuid.uuid4()), "other", "The same alias", "indicators"))
    assert store.collection("other", "indicators").id != place.id


def test_a_member_is_found_by_what_is_its_own(store):
    new = Member("cleo", "identity--c", "mtls", fingerprint="ab" * 32, public_key=bytes(32))
    store.add_member(new, None, {})
    assert (
        store.member("cleo") == store.member_by_fingerprint("ab" * 32) == store.member_by_identity("identity--c") == new
    )
    assert store.principal("cleo").rights == {}
    for other in (
        Member("cleo", "identity--d", "oauth"),
        Member("dora", "identity--c", "oauth"),
        Member("dora", "identity--d", "mtls", fingerprint="ab" * 32),
    ):
        with pytest.raises(ConfigError):
            store.add_member(other, None, {})
    with pytest.raises(ConfigError):
        store.add_member(Member("dora", "identity--d", "oauth"), None, {"gone": Right(read=True, write=True)})
    assert store.member("dora") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.suspend("ana"),
        lambda store: store.resume("ana"),
        lambda store: store.rotate("ana", secret_hash="x"),  # noqa: S106 — no password
        lambda store: store.rotate("ana", fingerprint="cd" * 32),
        lambda store: store.admit("ana"),
        lambda store: store.set_public_key("ana", None),
        lambda store: store.grant("ana", {}),
    ],
)
def test_every_change_of_a_members_access_is_a_new_revision(store, change):
    before = store.member("ana").revision
    change(store)
    assert store.member("ana").revision == before + 1
    assert store.member("ben").revision == 0


def test_whoever_may_do_something_in_a_root_reads_its_retractions(store, place):
    retractions = store.collection("forum", "retractions").id
    assert store.principal("ben").rights[retractions] == Right(read=True, write=False)
    store.grant("ben", {retractions: Right(read=False, write=False), place.id: Right(read=True, write=False)})
    assert retractions not in store.principal("ben").rights


def test_a_grant_changes_the_collections_that_it_names(store, place):
    store.grant("ana", {place.id: Right(read=True, write=False, level=Level.RED)})
    assert store.rights("ana")[place.id] == Right(read=True, write=False, level=Level.RED)
    store.grant("ana", {place.id: Right(read=False, write=False)})
    assert place.id not in store.rights("ana")


def test_known_tells_of_every_version_whoever_may_read_it(store, place, new_record):
    first = new_record(level=Level.RED)
    second = new_record(id=first.id, version="2026-12-01T00:00:00Z", revoked=True, level=Level.RED)
    store.add("forum", "ana", lambda _: ([second, first, new_record()], []))
    assert store.known(place.id, [first.id, "note--gone", "note--\0", "note--\udc00"]) == {
        first.id: [
            Known(timestamps.parse(first.version), "ana", Level.RED, revoked=False),
            Known(timestamps.parse(second.version), "ana", Level.RED, revoked=True),
        ]
    }


def test_a_builder_sees_what_is_there_and_nobody_elses_unfinished_work(store, place, new_record):
    one = new_record()
    seen = []

    def build(transaction):
        seen.append(transaction.known(place.id, [one.id]))
        assert transaction.root.name == "forum"
        assert transaction.principal.member.name == "ana"
        assert transaction.collection("indicators") == place
        return [one] if not seen[-1] else [], []

    store.add("forum", "ana", build)
    assert store.add("forum", "ana", build) == []
    assert [len(each) for each in seen] == [0, 1]


def test_signatures_receipts_and_salts_belong_to_their_version(store, place, principal_of, new_record):
    records = [new_record(signature=b"s", key_id="k", receipt=b"r", receipt_key_id="x"), new_record()]
    lines = [LogEntry(b"none", b"n" * 16)] + [
        LogEntry(each.id.encode(), bytes([number]) * 16, each.id, each.version) for number, each in enumerate(records)
    ]
    store.add("forum", "ana", lambda _: (records, lines))
    first, second = store.signatures(principal_of("ben"), place, Query()).signatures
    assert (first.signature, first.key_id, first.receipt, first.receipt_key_id) == (b"s", "k", b"r", "x")
    assert (first.log_index, first.salt) == (1, bytes(16))
    assert (second.signature, second.log_index, second.salt) == (None, 2, b"\x01" * 16)
    version = timestamps.parse(second.version)
    assert store.salt("forum", place.id, second.id, version) == b"\x01" * 16
    assert store.salt("forum", place.id, second.id, version + 1) is None
    paged = store.signatures(principal_of("ben"), place, Query(limit=1))
    assert (paged.signatures, paged.more) == ((first,), True)


def test_the_log_is_the_tree_of_its_entries(store):
    everything = []
    for count in (1, 255, 1, 300, 2):
        entries = [LogEntry(f"{len(everything) + number}".encode(), bytes(16)) for number in range(count)]
        everything += [each.entry for each in entries]
        store.add("forum", None, lambda _, entries=entries: ([], entries))
        assert store.log_size("forum") == len(everything)
        root = root_of([leaf_hash(each) for each in everything])
        assert tree.root_hash(store.tiles("forum"), len(everything)) == root
    assert store.log_entries("forum", 250, 260) == everything[250:260]
    assert store.log_entries("forum", 550, 10_000) == everything[550:]
    assert store.tiles("forum").read(0, 99) == b""


def test_logs_of_two_roots_are_two(store):
    store.add_root(Root("other", "Another"))
    store.add("other", None, lambda _: ([], [LogEntry(b"one", bytes(16))]))
    assert (store.log_size("forum"), store.log_size("other")) == (0, 1)


def test_a_member_deletes_its_own_versions_and_logs_it(store, place, principal_of, new_record):
    ana = principal_of("ana")
    one = new_record()
    versions = [new_record(id=one.id, version=f"2026-11-0{day}T00:00:00Z") for day in (1, 2, 3, 4)]
    store.add("forum", "ana", lambda _: (versions, []))
    gone = []

    def build(_transaction, records):
        gone.extend(each.version for each in records)
        return [LogEntry(b"deleted", bytes(16), each.id, each.version) for each in records]

    def left():
        return [version[9] for version, _ in store.versions(ana, place, one.id, Query())[0]]

    assert store.delete("forum", principal_of("ben"), place, one.id, build=build) == 0
    assert store.delete("forum", ana, place, "indicator--gone", build=build) == 0
    assert store.delete("forum", ana, place, one.id, "first", build=build) == 1
    assert left() == ["2", "3", "4"]
    assert store.delete("forum", ana, place, one.id, "last", build=build) == 1
    assert left() == ["2", "3"]
    assert [each.version[9] for each in store.read(ana, place, Query()).records] == ["3"]
    assert store.delete("forum", ana, place, one.id, (timestamps.parse("2026-11-03T00:00:00Z"),), build=build) == 1
    assert [each.version[9] for each in store.read(ana, place, Query()).records] == ["2"]
    assert store.delete("forum", ana, place, one.id, spec_versions=("2.0",), build=build) == 0
    assert store.delete("forum", ana, place, one.id, build=build) == 1
    assert store.delete("forum", ana, place, one.id, build=build) == 0
    assert not store.exists(ana, place, one.id)
    assert [version[9] for version in gone] == ["1", "4", "3", "2"]
    assert store.log_size("forum") == 4


def test_ids_that_no_database_holds_are_not_found(store, place, principal_of):
    for name in ("note--\0", "note--\ud800", "", "'; --"):
        assert not store.exists(principal_of("ana"), place, name)
        assert store.read(principal_of("ana"), place, Query(ids=(name,))).records == ()
        assert store.versions(principal_of("ana"), place, name, Query()) == ((), False)


def test_a_status_is_its_members_own_for_a_day(store, clock):
    store.put_status("forum", "ana", "s-1", b"{}")
    assert store.status("forum", "ana", "s-1") == b"{}"
    assert store.status("forum", "ben", "s-1") is None
    assert store.status("other", "ana", "s-1") is None
    clock.now += DAY - 10 * clock.step
    assert store.status("forum", "ana", "s-1") == b"{}"
    clock.now += 20 * clock.step
    assert store.status("forum", "ana", "s-1") is None


def test_a_quota_is_never_overdrawn_and_begins_anew_each_day(store, clock):
    assert [store.quota("ana", "tokens", 4, 10) for _ in range(3)] == [True, True, False]
    assert store.quota_used("ana", "tokens") == 8
    assert store.quota("ana", "tokens", 2, 10)
    assert not store.quota("ana", "tokens", 1, 10)
    assert store.quota("ana", "objects", 10, 10)
    assert not store.quota("ben", "tokens", 11, 10)
    assert store.quota("ben", "tokens", 10, 10)
    clock.now += DAY
    assert store.quota_used("ana", "tokens") == 0
    assert store.quota("ana", "tokens", 10, 10)


def test_documents(store):
    assert store.get_document("forum", "keys") is None
    store.put_document("forum", "keys", {"a": [1, None, "é"]})
    store.put_document("", "keys", 5)
    store.put_document("forum", "keys", {"b": 2})
    assert store.get_document("forum", "keys") == {"b": 2}
    assert store.get_document("", "keys") == 5
    assert store.change_document("forum", "keys", lambda old: old | {"c": 3}) == {"b": 2, "c": 3}
    assert store.change_document("forum", "new", lambda old: [old]) == [None]
    assert store.get_document("forum", "keys") == {"b": 2, "c": 3}
