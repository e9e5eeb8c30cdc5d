import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.watch.notify import memory
from stillwatch.watch.notify.news import News, story

DAY = 86_400.0


@pytest.fixture
def database():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.executescript(memory.SCHEMA)
        opened.execute("PRAGMA foreign_keys = ON")
        yield opened


def test_halves_of_a_campaign_that_was_told_are_not_new(database, sample):
    whole = tuple(f"a{n}" for n in range(10))
    assert len(memory.recall(database, sample.document(sample.campaign(accounts=whole)), (), 0.0).new) == 1
    halves = sample.document(sample.campaign("c-2", accounts=whole[:6]), sample.campaign("c-3", accounts=whole[6:]))
    assert memory.recall(database, halves, (), 1.0) == News()


def test_another_that_shares_a_few_accounts_is_new(database, sample):
    memory.recall(database, sample.document(sample.campaign()), (), 0.0)
    other = sample.campaign("c-2", accounts=("a1", "b1", "b2", "b3"))
    assert memory.recall(database, sample.document(other), (), 1.0).new == (other,)


def test_a_campaign_is_forgotten_when_it_was_not_seen_for_long(database, sample):
    memory.recall(database, sample.document(sample.campaign()), (), 0.0)
    for day in range(1, 200):
        assert memory.recall(database, sample.document(sample.campaign()), (), day * DAY) == News()
    memory.recall(database, sample.document(), (), 300 * DAY)
    assert database.execute("SELECT COUNT(*) FROM story").fetchone() == (0,)
    assert database.execute("SELECT COUNT(*) FROM member").fetchone() == (0,)


def test_a_decision_that_was_signed_and_waits_again_is_told_again(database, sample):
    assert len(memory.recall(database, sample.document(), sample.waiting(2), 0.0).waiting) == 2
    assert memory.recall(database, sample.document(), sample.waiting(2), 1.0).waiting == ()
    memory.recall(database, sample.document(), (), 2.0)
    assert len(memory.recall(database, sample.document(), sample.waiting(2), 3.0).waiting) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(sets=st.lists(st.sets(st.integers(0, 12), min_size=3), max_size=8))
def test_every_account_is_told_as_joined_once_while_the_campaign_grows(sets, sample):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        fresh.executescript(memory.SCHEMA)
        grown, told = set(), []
        for n, more in enumerate(sets):
            grown |= {f"a{i}" for i in more}
            news = memory.recall(
                fresh, sample.document(sample.campaign(f"c-{n}", accounts=sorted(grown))), (), float(n)
            )
            told += [account.account_id for joined in news.joined for account in joined.accounts]
            assert len(news.new) == (n == 0)
        assert sorted(told) == sorted(grown)


def test_a_long_story_is_cut_short(sample):
    paragraphs = story(News(new=tuple(sample.campaign(f"c-{n}") for n in range(14))))
    assert len(paragraphs) == 11
    assert paragraphs[-1] == "And 4 more campaigns."
