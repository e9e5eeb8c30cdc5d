"""What is found is what the policy and TAXII's filters say, whatever the rights, markings, versions and filters."""

import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.exchange.access import may_read
from stillwatch.exchange.model import Collection, Level, Member, Principal, Query, Right
from stillwatch.indicators import timestamps

PUBLISHERS = ("ana", "ben", "cleo")
IDS = tuple(f"{kind}--{number}" for kind in ("indicator", "note", "campaign") for number in range(2))
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
rights = st.builds(Right, read=st.sampled_from((True, True, False)), write=st.booleans(), level=st.sampled_from(Level))
people = st.builds(
    lambda name, given: (name, given), st.sampled_from(PUBLISHERS), st.dictionaries(places, rights, max_size=3)
)
objects = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(IDS),
            "version": st.integers(0, 4),
            "spec_version": st.sampled_from(("2.0", "2.1", "2.1")),
            "level": st.sampled_from(Level),
            "publisher": st.sampled_from(PUBLISHERS),
            "origin": places,
        }
    ),
    max_size=25,
    unique_by=lambda each: (each["id"], each["version"], each["spec_version"]),
)
exact = st.integers(0, 4).map(lambda number: BASE + number)
queries = st.fixed_dictionaries(
    {
        "ids": st.lists(st.sampled_from((*IDS, "note--gone")), max_size=3).map(tuple),
        "types": st.lists(st.sampled_from(("indicator", "note", "tool")), max_size=3).map(tuple),
        "spec_versions": st.sampled_from(((), (), ("2.0",), ("2.1",), ("2.0", "2.1"), ("9.9",))),
        "versions": st.sampled_from(("last", "first", "all"))
        | st.lists(exact | st.sampled_from(("last", "first")), min_size=1, max_size=3).map(tuple),
    }
)
marks = st.none() | st.integers(-1, 25)


def filled(store, new_record, given):
    """Three new collections, the first of them with records whose right to read comes from all three."""
    names = [str(uuid.uuid4()) for _ in range(3)]
    for name in names:
        store.add_collection(Collection(name, "forum", "A collection"))
    new = [
        new_record(
            collection=names[0], **(each | {"origin": names[each["origin"]]}), version=timestamps.text(BASE + version)
        )
        for each in given
        for version in [each.pop("version")]
    ]
    return names, store.add("forum", None, lambda _: (new, []))


def place_of(mark, added):
    """A moment before, between or after the records."""
    return None if mark is None else (added[min(mark, len(added) - 1)].date_added if added and mark >= 0 else 1)


@FEW
@given(given_objects=objects, person=people, asked=st.lists(st.tuples(queries, marks, marks), min_size=3, max_size=3))
def test_every_way_to_read_finds_what_the_predicate_says(store, new_record, given_objects, person, asked):
    names, added = filled(store, new_record, given_objects)
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
@given(given_objects=objects, deleted=st.lists(st.tuples(st.sampled_from(IDS), exact), max_size=5), person=people)
def test_after_deletions_too(store, new_record, given_objects, deleted, person):
    names, added = filled(store, new_record, given_objects)
    place = store.collection("forum", names[0])
    everything = {name: Right(read=True, write=True, level=Level.RED) for name in names}
    store.grant("ana", everything)
    ana = store.principal("ana")
    for name, version in deleted:
        mine = [
            each
            for each in added
            if each.publisher == "ana" and (each.id, timestamps.parse(each.version)) == (name, version)
        ]
        assert store.delete("forum", ana, place, name, (version,), build=lambda *_: []) == len(mine)
        added = [each for each in added if each not in mine]
    who = Principal(Member(person[0], "", ""), {names[number]: right for number, right in person[1].items()})
    for versions in ("last", "first", "all"):
        query = Query(versions=versions)
        assert list(store.read(who, place, query).records) == found(who, names[0], added, query)
