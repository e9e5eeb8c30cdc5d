"""One question of one month: who counts, what is suppressed, what is spent, and that it is answered once."""

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, PrivacyError
from stillwatch.exchange.model import Collection, Level, Member, NewRecord, Right, Root
from stillwatch.exchange.statistics.ledger import BUDGET, EPSILON, QUARTER_EPSILON, Ledger
from stillwatch.exchange.statistics.periods import Month, Quarter
from stillwatch.exchange.statistics.report import DOCUMENT, Question, answer, ask, ledger, tally
from stillwatch.exchange.statistics.topics import TOPICS
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.register import change

MONTH = Month(2026, 10)
NOW = Month(2026, 12).start
INDICATORS = TOPICS["indicators"]
QUESTION = Question(INDICATORS, MONTH)


def exact(counts, _scale):
    return list(counts)


def tallies(*counts):
    return {f"member-{n}": Counter({k: v for k, v in one.items() if v}) for n, one in enumerate(counts)}


def test_an_object_counts_once_and_what_has_no_cell_not_at_all():
    indicator = {"type": "indicator", "id": "indicator--1", "pattern_type": "stix"}
    published = [("a", indicator), ("a", indicator), ("b", indicator), ("a", {"type": "malware", "id": "malware--1"})]
    assert tally(INDICATORS, published) == {"a": {"stix": 1}, "b": {"stix": 1}}


def test_below_three_members_there_is_no_report():
    with pytest.raises(PrivacyError, match="members"):
        answer(QUESTION, tallies({"stix": 16}, {"stix": 16}), exact)


def test_below_three_members_a_cell_is_suppressed():
    found = answer(QUESTION, tallies({"stix": 9, "cadence": 2}, {"stix": 9, "cadence": 2}, {"stix": 9}), exact)
    assert (found.cells["stix"], found.cells["cadence"], found.cells["vocabulary"]) == ("10-99", None, None)


COUNTS = st.lists(
    st.dictionaries(st.sampled_from(INDICATORS.cells), st.integers(1, 10**6), min_size=1), min_size=4, max_size=10
)


@given(COUNTS, st.integers(0, 9))
def test_one_member_more_or_less_moves_a_whole_report_by_no_more_than_the_clip(counts, leaver):
    """Sensitivity, measured at what the mechanism is given."""
    given: list[list[int]] = []

    def seen(sums, scale):
        assert scale == INDICATORS.clip / EPSILON
        given.append(list(sums))
        return list(sums)

    everybody = tallies(*counts)
    answer(QUESTION, everybody, seen)
    del everybody[f"member-{leaver % len(counts)}"]
    answer(QUESTION, everybody, seen)
    assert sum(abs(one - other) for one, other in zip(*given, strict=True)) <= INDICATORS.clip


class Forum:
    """A store of four members, whose clock is set by hand."""

    def __init__(self, path):
        self.path, self.now = str(path), MONTH.start
        self.store = Store.open(self.path, create=True, clock=lambda: self.now)
        self.store.add_root(Root("forum", "The forum"))
        self.collection = Collection(str(uuid.uuid4()), "forum", "Campaigns")
        self.store.add_collection(self.collection)
        rights = {self.collection.id: Right(read=True, write=True, level=Level.RED)}
        self.identities = {f"m{n}": f"identity--{uuid.uuid4()}" for n in range(4)}
        for name, identity in self.identities.items():
            self.store.add_member(Member(name, identity, "oauth"), None, rights)

    def publish(self, name, count=1, level=Level.AMBER):
        self.store.add("forum", name, lambda _: ([self._indicator(name, level) for _ in range(count)], []))

    def _indicator(self, name, level):
        obj = {"type": "indicator", "id": f"indicator--{uuid.uuid4()}", "pattern_type": "stix"}
        stated = {"type": "indicator", "spec_version": "2.1", "level": level, "publisher": name}
        body, version = json.dumps(obj).encode(), "2026-10-01T00:00:00.000000Z"
        place = self.collection.id
        return NewRecord(collection=place, id=obj["id"], version=version, origin=place, body=body, **stated)

    def ask(self, topic="indicators", period=MONTH, now=NOW, draw=exact):
        return ask(self.store, "forum", Question(TOPICS[topic], period), now, draw)


@pytest.fixture
def forum(tmp_path):
    made = Forum(tmp_path / "forum.sqlite")
    yield made
    made.store.close()


def test_what_came_in_that_month_is_counted_and_nothing_else(forum):
    for time in (MONTH.start - 5, MONTH.start, MONTH.end - 5, MONTH.end):
        forum.now = time
        for name in ("m0", "m1", "m2"):
            forum.publish(name)
    counted = forum.ask(draw=lambda counts, _: [count * 10**5 for count in counts])
    assert counted.cells["stix"] == "1e5-1e6"  # six of twelve
    before = forum.ask(period=Month(2026, 9), draw=lambda counts, _: [count * 10**5 for count in counts])
    assert before.cells["stix"] == "1e5-1e6"  # three


def test_what_is_between_two_members_is_counted_nowhere(forum):
    for name in ("m0", "m1", "m2"):
        forum.publish(name, level=Level.RED)
    with pytest.raises(PrivacyError):
        forum.ask()


def test_affiliates_are_one_member(forum):
    for name in ("m0", "m1", "m2"):
        forum.publish(name)
    change(forum.store, "forum", lambda known: known.with_affiliates(forum.identities["m0"], forum.identities["m1"]))
    with pytest.raises(PrivacyError):
        forum.ask()


def test_the_same_question_has_the_same_answer_and_costs_once(forum):
    for name in ("m0", "m1", "m2"):
        forum.publish(name, 5)
    first = forum.ask(draw=lambda counts, _: [10**6 for _ in counts])
    again = forum.ask(draw=lambda counts, _: [1 for _ in counts])
    assert first == again
    assert ledger(forum.store, "forum").left("2026Q4") == BUDGET - EPSILON


def test_it_is_remembered_after_a_restart(forum):
    for name in ("m0", "m1", "m2"):
        forum.publish(name)
    first = forum.ask(draw=lambda counts, _: [10**6 for _ in counts])
    forum.store.close()
    forum.store = Store.open(forum.path)
    assert forum.ask() == first


def test_who_asks_at_the_same_time_gets_the_same_answer(forum):
    for name in ("m0", "m1", "m2"):
        forum.publish(name)
    draws = iter(range(1, 100))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(forum.ask, draw=lambda c, _: [10 ** next(draws) for _ in c]) for _ in range(8)]
        assert len({one.result().model_dump_json() for one in asked}) == 1
    assert ledger(forum.store, "forum").left("2026Q4") == BUDGET - EPSILON


def test_suppressed_costs_nothing(forum):
    forum.publish("m0")
    with pytest.raises(PrivacyError):
        forum.ask()
    assert ledger(forum.store, "forum").left("2026Q4") == BUDGET


def test_a_month_that_is_not_over_is_not_told(forum):
    with pytest.raises(ConfigError, match="over"):
        forum.ask(now=MONTH.end - 1)


def test_a_spent_quarter_says_nothing_new_and_repeats_what_was_said(forum):
    for month in (MONTH, Month(2026, 11)):
        forum.now = month.start
        for name in ("m0", "m1", "m2"):
            forum.publish(name)
    said = forum.ask()
    known = Ledger(answers=tuple(said.model_copy(update={"topic": f"topic-{n}"}) for n in range(7)))
    forum.store.change_document("forum", DOCUMENT, lambda _: known.spend(said).model_dump(mode="json"))
    with pytest.raises(PrivacyError, match="budget"):
        forum.ask(period=Month(2026, 11))
    assert forum.ask() == said


def test_a_quarter_counts_its_three_months_with_three_clips_and_is_its_whole_budget(forum):
    for month in (10, 11, 12):
        forum.now = Month(2026, month).start
        for name in ("m0", "m1", "m2"):
            forum.publish(name, 9)
    given = []

    def seen(counts, scale):
        given.append((sum(counts), scale))
        return list(counts)

    after = Month(2027, 1).start
    assert forum.ask(period=Quarter(2026, 4), now=after, draw=seen).cells["stix"] == "10-99"
    assert given == [(3 * 27, 3 * INDICATORS.clip / QUARTER_EPSILON)]
    assert len(TOPICS) * QUARTER_EPSILON == BUDGET
    assert ledger(forum.store, "forum").left("2026Q4") == BUDGET - QUARTER_EPSILON
    with pytest.raises(ConfigError, match="over"):
        forum.ask(period=Quarter(2026, 4), now=after - 1)
