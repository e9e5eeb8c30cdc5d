"""A store on both databases, for whoever tests the exchange.

    def test_something(store, place, principal_of, new_record):
        store.add("forum", "ana", lambda _: ([new_record()], []))
        page = store.read(principal_of("ben"), place, Query())

`store` is empty but for the root `forum` with the collection `indicators` (`place`) and the members `ana`, who reads
and writes it, and `ben`, who reads it; they have no secrets. It comes twice, in SQLite and in PostgreSQL: see
`database_url` in the conftest of all tests. A test that needs one kind only says
`@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
"""

import uuid

import pytest

from stillwatch.exchange.model import Collection, Level, Member, NewRecord, Right, Root
from stillwatch.exchange.store.store import Store

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"


class Clock:
    """A time that the test sets; each look at it moves it on by `step` microseconds."""

    def __init__(self, now=1_790_000_000_000_000, step=1000):
        self.now, self.step = now, step

    def __call__(self):
        self.now += self.step
        return self.now


@pytest.fixture
def clock():
    """The store's clock."""
    return Clock()


@pytest.fixture
def open_store(database_url, clock):
    """Opens the test's store, once more each time: as another process would."""
    opened = []

    def open_it(**options):
        opened.append(Store.open(database_url, **({"clock": clock} | options)))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()


@pytest.fixture
def store(open_store):
    """A store with a root, a collection and two members."""
    opened = open_store(create=True)
    opened.add_root(Root("forum", "The forum"))
    opened.add_collection(Collection(COLLECTION, "forum", "Indicators", "indicators"))
    for name, write in (("ana", True), ("ben", False)):
        member = Member(name, f"identity--{uuid.uuid5(uuid.NAMESPACE_URL, name)}", "oauth")
        opened.add_member(member, None, {COLLECTION: Right(read=True, write=write)})
    return opened


@pytest.fixture
def place(store):
    """The collection `indicators`."""
    return store.collection("forum", "indicators")


@pytest.fixture
def principal_of(store):
    """A member with its rights, by name."""
    return store.principal


@pytest.fixture
def new_record():
    """Records of ana's in `indicators`: each a new object, unless the test says otherwise."""

    def make(**changes):
        name = changes.pop("id", None) or f"indicator--{uuid.uuid4()}"
        whole = {
            "collection": COLLECTION,
            "id": name,
            "version": "2026-11-02T09:00:00.000000Z",
            "type": name.split("--")[0],
            "spec_version": "2.1",
            "level": Level.AMBER,
            "publisher": "ana",
            "origin": changes.get("collection", COLLECTION),
            "body": b'{"type":"indicator","id":"%s"}' % name.encode(),
        }
        return NewRecord(**(whole | changes))

    return make
