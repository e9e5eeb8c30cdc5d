"""What the operator knows is kept, and kept apart."""

import pytest
from pydantic import ValidationError

from stillwatch.exchange.model import Member, Root
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.register import Register, change, register, roster

ONE, TWO, THREE, FOUR = (f"identity--1a560f3f-faa5-4684-847f-00000000000{n}" for n in range(4))
DECOY = "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d"


@pytest.fixture
def store(tmp_path):
    opened = Store.open(str(tmp_path / "forum.sqlite"), create=True)
    opened.add_root(Root("forum", "The forum"))
    yield opened
    opened.close()


def test_whoever_is_under_a_roof_brings_those_under_it():
    known = Register().with_affiliates(ONE, TWO).with_affiliates(THREE, FOUR).with_affiliates(TWO, THREE)
    assert known.affiliates == ((ONE, TWO, THREE, FOUR),)
    assert known.without_affiliates(ONE, FOUR).affiliates == ((TWO, THREE),)
    assert known.without_affiliates(ONE, FOUR, TWO).affiliates == ()


def test_nobody_is_under_two_roofs():
    with pytest.raises(ValidationError):
        Register(affiliates=((ONE, TWO), (TWO, THREE)))


def test_it_is_kept_beside_what_was_known(store):
    change(store, "forum", lambda known: known.with_decoys(DECOY))
    change(store, "forum", lambda known: known.with_pardon(ONE, 77).with_affiliates(ONE, TWO))
    assert register(store, "forum") == Register(decoys=(DECOY,), affiliates=((ONE, TWO),), pardons={ONE: 77})


def test_the_roster_knows_who_is_admitted_and_suspended(store):
    for name, identity, quarantined in (("a", ONE, False), ("b", TWO, True), ("c", THREE, False)):
        store.add_member(Member(name, identity, "oauth", quarantined=quarantined), None, {})
    store.suspend("c")
    found = roster(store, "forum")
    assert (found.admitted, found.suspended) == ({ONE, THREE}, {THREE})
