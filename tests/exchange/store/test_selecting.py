"""What is found is what the policy and TAXII's filters say, whatever the rights, markings, versions and filters."""

# ruff: noqa: PLR0917 — a fixture is an argument

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.exchange.access import may_read
from stillwatch.exchange.model import Collection, Level, Member, Principal, Query, Right
from stillwatch.indicators import timestamps

PUBLISHERS = ("ana", "ben")
IDS = ("indicator--0", "indicator--1", "note--0")  # few, so that versions of one object meet
BASE = timestamps.parse("2026-11-02T09:00:00Z")
FEW = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def found(principal, collection, records, query):
    """The records that a query must find, its limit aside: the definition."""
    mine = [each for each in records if may_read(principal, collection, each)]
    if query.spec_versions:
        mine = [each for each in mine if each.spec_version in query.spec_versions]
    else:
        newest = {each.id: max(other.spec_version for other in mine if other.id == each.id) for each in mine}
        mine = [each for each in mine if each.spec_version == newest[each.id]]
    versions = {each.id: [other.version for other in mine if other.id == each.id] for each in mine}
    chosen = (query.versions,) if isinstance(query.versions, str) else query.versions

    def asked(each):
        return (
            "all" in chosen
            or timestamps.parse(each.version) in chosen
            or ("last" in chosen and each.version == max(versions[each.id]))
            or ("first" in chosen and each.version == min(versions[each.id]))
        )

    after = max(query.added_after or 0, query.after or 0)
    return [
        each
        for each in mine
        if asked(each)
        and each.date_added > after
        and (not query.ids or each.id in query.ids)
        and (not query.types or each.type in query.types)
    ]


places = st.integers(0, 2)
rights = st.builds(
    Right, read=st.sampled_from((True, True, True, False)), write=st.booleans(), level=st.sampled_from(Level)
)
people = st.tuples(
    st.sampled_from((*PUBLISHERS, "cleo", "dora")),
    st.fixed_dictionaries({0: rights}, optional={1: rights, 2: rights}) | st.dictionaries(places, rights, max_size=3),
)
objects = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(IDS),
            "version": st.integers(0, 4),
            "spec_version": st.sampled_from(("2.1", "2.1", "2.1", "2.0")),
            "level": st.sampled_from(Level),
            "publisher": st.sampled_from(("ana", "ana", "ana", "ben")),
            "origin": st.sampled_from((0, 0, 0, 1, 2)),
        }
    ),
    min_size=3,
    max_size=25,
    unique_by=lambda each: (each["id"], each["version"], each["spec_version"]),
)
exact = st.integers(0, 4).map(lambda number: BASE + number)
queries = st.fixed_dictionaries(
    {
        "ids": st.just(()) | st.lists(st.sampled_from((*IDS, "note--gone")), max_size=3).map(tuple),
        "types": st.just(()) | st.lists(st.sampled_from(("indicator", "note", "tool")), max_size=3).map(tuple),
        "spec_versions": st.sampled_from(((), (), ("2.0",), ("2.1",), ("2.0", "2.1"), ("9.9",))),
        "versions": st.sampled_from(("last", "last", "first", "all"))
        | st.lists(exact | st.sampled_from(("last", "first")), min_size=1, max_size=3).map(tuple),
    }
)
kinds = st.sampled_from(("objects", "retractions"))
marks = st.none() | st.integers(-1, 25)


def filled(store, new_record, given, kind):
    """Three new collections; the first has records, whose right to read comes from all three if it has retractions."""
    names = [str(uuid.uuid4()) for _ in range(3)]
    for name in names:
        store.add_collection(Collection(name, "forum", "A collection", kind=kind))
    new = [
        new_record(
            **each
            | {"collection": names[0], "version": timestamps.text(BASE + each["version"])}
            | {"origin": names[each["origin"] if kind == "retractions" else 0]}
        )
        for each in given
    ]
    return names, store.add("forum", None, lambda _: (new, []))


def place_of(mark, added):
    """A moment before, between or after the records."""
    return None if mark is None else (added[min(mark, len(added) - 1)].date_added if added and mark >= 0 else 1)


@FEW
@given(
    given_objects=objects,
    person=people,
    asked=st.lists(st.tuples(queries, marks, marks), min_size=3, max_size=3),
    kind=kinds,
)
def test_every_way_to_read_finds_what_the_predicate_says(store, new_record, given_objects, person, asked, kind):
    names, added = filled(store, new_record, given_objects, kind)
    name, given_rights = person
    who = Principal(Member(name, "", "oauth"), {names[number]: right for number, right in given_rights.items()})
    place = store.collection("forum", names[0])
    for filters, mark, cursor in asked:
        query = Query(**filters, added_after=place_of(mark, added), after=place_of(cursor, added), limit=100)
        expected = found(who, names[0], added, query)
        assert list(store.read(who, place, query).records) == expected
        assert store.count(who, place, query) == len(expected)
        signed = store.signatures(who, place, query)
        assert [(each.id, each.version, each.date_added) for each in signed.signatures] == [
            (each.id, each.version, each.date_added) for each in expected
        ]
        assert paged(store, who, place, query, limit=2) == expected
    for name in IDS:
        everything = Query(ids=(name,), versions="all", spec_versions=("2.0", "2.1"))
        expected = found(who, names[0], added, everything)
        assert store.exists(who, place, name) == bool(expected)
        versions, more = store.versions(who, place, name, everything)
        assert not more
        assert list(versions) == [(each.version, each.date_added) for each in expected]


def paged(store, who, place, query, limit):
    records, after = [], query.after
    while True:
        page = store.read(who, place, Query(**(vars(query) | {"after": after, "limit": limit})))
        assert len(page.records) <= limit
        records += page.records
        if not page.more:
            return records
        assert page.records
        after = page.records[-1].date_added


@FEW
@given(given_objects=objects, deleted=st.lists(st.integers(0, 24), max_size=6), person=people, kind=kinds)
def test_after_deletions_too(store, new_record, given_objects, deleted, person, kind):
    names, added = filled(store, new_record, given_objects, kind)
    place = store.collection("forum", names[0])
    for name in PUBLISHERS:
        store.grant(name, dict.fromkeys(names, Right(read=True, write=True, level=Level.RED)))
    for number in deleted[: len(added)]:
        gone = added.pop(number % len(added))
        who, version = store.principal(gone.publisher), timestamps.parse(gone.version)
        spec = (gone.spec_version,)
        assert store.delete("forum", who, place, gone.id, (version,), spec_versions=spec, build=lambda *_: []) == 1
    who = Principal(Member(person[0], "", ""), {names[number]: right for number, right in person[1].items()})
    for versions in ("last", "first", "all"):
        query = Query(versions=versions)
        assert list(store.read(who, place, query).records) == found(who, names[0], added, query)


def steps(store, call):
    """How many steps SQLite takes for a call, and what it gives."""
    count = 0

    def step():
        nonlocal count
        count += 1

    with store.database.engine.connect() as connection:  # the pool gives the same one to the call
        raw = connection.connection.driver_connection
    raw.set_progress_handler(step, 1)
    found = call()
    raw.set_progress_handler(None, 0)
    return count, found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("hidden", "query"),
    [
        ({"level": Level.RED}, Query(limit=2)),
        ({"level": Level.RED}, Query(limit=2, versions="all")),
        ({"level": Level.RED}, Query(limit=2, versions="first")),
        ({"level": Level.RED}, Query(limit=2, types=("indicator",))),
        ({"level": Level.RED}, Query(limit=2, added_after=1)),
        ({"id": "note--1"}, Query(limit=2, types=("indicator",))),
        ({"id": "note--1"}, Query(limit=2, types=("indicator", "tool"))),
        ({"id": "indicator--1"}, Query(limit=2)),  # its older versions
        ({"id": "indicator--1"}, Query(limit=2, ids=("indicator--2",))),
    ],
)
def test_a_page_costs_the_same_whatever_there_is_besides_it(store, place, principal_of, new_record, hidden, query):
    def more(count, start):
        versions = (timestamps.text(BASE + start + number) for number in range(count))
        store.add("forum", "ana", lambda _: ([new_record(**hidden, version=each) for each in versions], []))

    ben = principal_of("ben")
    more(50, 0)
    store.add("forum", "ana", lambda _: ([new_record(id="indicator--2"), new_record(id="indicator--3")], []))
    few, before = steps(store, lambda: store.read(ben, place, query))
    more(2000, 50)
    many, after = steps(store, lambda: store.read(ben, place, query))
    assert few > 0
    assert len(before.records) == len(after.records) > 0
    assert many < 1.5 * few


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_adding_and_deleting_cost_the_same_however_much_there_is(store, place, principal_of, new_record):
    ana = principal_of("ana")

    def add(count):
        """New objects, and a second version of each."""
        new = [new_record() for _ in range(count)]
        new += [new_record(id=each.id, version="2027-01-01T00:00:00Z") for each in new]

        def build(transaction):
            assert transaction.known(place.id, [each.id for each in new]) == {}
            return new, []

        return store.add("forum", "ana", build)

    def delete(added):
        return sum(store.delete("forum", ana, place, each.id, build=lambda *_: []) for each in added[:20])

    add(20)
    few, added = steps(store, lambda: add(20))
    few_gone, _ = steps(store, lambda: delete(added))
    add(3000)
    many, added = steps(store, lambda: add(20))
    many_gone, gone = steps(store, lambda: delete(added))
    assert gone == 40
    assert 0 < many < 1.5 * few
    assert 0 < many_gone < 1.5 * few_gone
