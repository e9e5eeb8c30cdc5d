"""Very many accounts, part by part: what is found is what is found of everybody at once."""

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns import census, gathering, judging, shards
from stillwatch.campaigns.judging import judge
from stillwatch.campaigns.scope import Scope
from stillwatch.campaigns.signals import Signal, Told
from stillwatch.campaigns.signed_up import key_of
from stillwatch.config import ScanConfig
from stillwatch.engines.local import LocalEngine
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import profile

WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."


pytestmark = pytest.mark.usefixtures("parts")


@pytest.fixture
def parts(monkeypatch):
    """Everything that is large is small: a few hundred accounts are very many."""
    monkeypatch.setattr(judging, "WHOLE", 500)
    monkeypatch.setattr(shards, "SHARD", 256)
    monkeypatch.setattr(shards, "CELL", 128)
    monkeypatch.setattr(census, "SAMPLE", 1000)


@pytest.fixture(scope="module")
def log(batch_of, accounts_of, crowd):
    """A crowd, a campaign on one list, and one with a wrapper round everything; five cards in either."""
    rows = crowd(1200) + crowd(40, name="a", subject=7, requests=12) + crowd(40, name="b", wrap=WRAP, requests=12)
    desk = [{"account_id": f"s{i:04}", "payment_fingerprint": f"s{i}", "email_domain": f"s{i}"} for i in range(1200)]
    desk += [
        {"account_id": f"{name}{i:04}", "payment_fingerprint": f"{name}{i % 5}", "email_domain": f"{name}{i}"}
        for name in "ab"
        for i in range(40)
    ]
    return profile(batch_of(rows)), accounts_of(desk)


def judged(log, block=100, **options):
    profiles, accounts = log
    with LocalEngine(threads=1) as engine:
        people = engine.table(wire.batches(profiles, block), wire.SCHEMA)
        return judge(people, accounts, ScanConfig(), engine, **options)


def members(found):
    ids = found.population.profiles.ids.to_pylist()
    return sorted(sorted(ids[row] for row in s.membership.rows) for s in found.suspicions)


def test_the_parts_find_what_the_whole_finds(log, monkeypatch):
    some = judged(log)
    assert len(some.population) < 1280, "not everybody is brought to one place"
    monkeypatch.setattr(judging, "WHOLE", 10_000)
    everybody = judged(log)
    assert members(some) == members(everybody)
    assert [len(m) for m in members(some)] == [40, 40]


def test_neither_the_order_nor_the_cut_of_the_accounts_changes_a_bit(log):
    profiles, accounts = log
    rows = np.random.default_rng(1).permutation(len(profiles))
    one, other = judged(log, 100), judged((profiles.taken(rows), accounts), 333)
    assert members(one) == members(other)
    assert [s.score for s in one.suspicions] == [s.score for s in other.suspicions]
    assert one.notes == other.notes


def test_of_clusters_that_were_known_only_what_they_became_is_looked_at(log):
    known = [[f"a{i:04}" for i in range(20)]]
    found = judged(log, scope=lambda _: Scope.of_known(known))
    assert members(found) == [[f"a{i:04}" for i in range(40)]], "it grows by those near it, wherever they lie"


def test_the_views_are_asked_of_those_of_whom_it_is_wanted(log):
    of_a = np.sort(key_of(pa.array([f"a{i:04}" for i in range(30)])))
    found = judged(log, scope=lambda _: Scope(among=of_a))
    assert members(found) == [[f"a{i:04}" for i in range(40)]], "others join what these suggest"
    strangers = np.sort(key_of(pa.array([f"s{i:04}" for i in range(300)])))
    assert members(judged(log, scope=lambda _: Scope(among=strangers))) == []


def test_another_providers_word_is_heard_of_everybody(log):
    asked = []
    means = {"payment_fingerprint": frozenset({"b0", "b1", "b2", "b3", "b4"})}

    def importer(shingles):
        asked.append(shingles)
        return Told((Signal("campaign--b", ("indicator--b",), desk=means),), ("They say so.",))

    found = judged(log, importer=importer)
    assert len(asked) == 1
    assert np.array_equal(asked[0], np.unique(asked[0]))
    assert "They say so." in found.notes
    (b,) = [s for s in found.suspicions if len(s.membership.rows) == 40 and "alliance" in s.score.families()]
    assert found.population.profiles.ids[int(b.membership.rows[0])].as_py().startswith("b")


def test_rarity_is_judged_against_the_whole_log(log, monkeypatch):
    some = judged(log)
    monkeypatch.setattr(judging, "WHOLE", 10_000)
    everybody = judged(log)
    for name, keys in some.population.keys.items():
        whole = everybody.population.keys[name]
        degree = dict(zip(whole.things.tolist(), whole.degree.tolist(), strict=True))
        most = everybody.census.accounts // gathering.HUB_SHARE
        assert all(degree[t] == d for t, d in zip(keys.things.tolist(), keys.degree.tolist(), strict=True))
        values, counts = whole.degrees
        assert keys.degrees[0].tolist() == values[values <= most].tolist()
        assert keys.degrees[1].tolist() == counts[values <= most].tolist()


def test_a_log_of_strangers_is_a_log_of_strangers(batch_of, accounts_of, crowd):
    assert members(judged((profile(batch_of(crowd(900))), accounts_of([])))) == []
