from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ExchangeError, TrustError
from stillwatch.exchange.client.paging import Answer, UndigestibleError, walk
from stillwatch.indicators.timestamps import parse


@dataclass
class Shelf:
    """A TAXII server as a function: dates of objects in their order, and its habits."""

    dates: list[int]
    most: int = 50  # objects it gives at once
    gives_next: bool = True
    loses: frozenset[int] = frozenset()  # at which request of those with a `next` it fails, the page spent
    poison: frozenset[int] = frozenset()  # objects that make a page no JSON
    asked: list[dict] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)

    def __call__(self, query):
        self.asked.append(dict(query))
        assert len(self.asked) < 5000, "an endless walk"
        after = parse(query["added_after"]) if "added_after" in query else -1
        start = next((i for i, date in enumerate(self.dates) if date > after), len(self.dates))
        if "next" in query:
            if query["next"] not in self.cursors or len(self.asked) in self.loses:
                self.cursors.pop(query["next"], None)
                raise ExchangeError("what next?")
            start = self.cursors.pop(query["next"])
        page = range(start, min(start + min(int(query["limit"]), self.most), len(self.dates)))
        last = self.dates[page[-1]] if page else None
        if self.poison.intersection(page):
            raise UndigestibleError("no JSON", last=last)
        more, token = page.stop < len(self.dates), f"n{len(self.asked)}"
        if more and self.gives_next:
            self.cursors[token] = page.stop
        objects = tuple({"id": i} for i in page)
        return Answer(objects, more, token if more and self.gives_next else None, last)


def collected(pages, dates):
    """The objects that came, while what is covered never goes back and never promises what has not come."""
    got, before = [], None
    for page in pages:
        got += [obj["id"] for obj in page.objects]
        if page.covered is not None:
            assert before is None or page.covered >= before
            before = page.covered
            assert {i for i, date in enumerate(dates) if date <= page.covered} <= set(got)
    return got


DATES = st.lists(st.integers(0, 60), max_size=60).map(sorted).map(lambda dates: [1_000_000 + d for d in dates])
SETS = st.frozensets(st.integers(1, 40), max_size=10)


@given(dates=st.integers(0, 60), limit=st.integers(1, 20), gives_next=st.booleans(), loses=SETS)
def test_dates_of_their_own_are_walked_without_loss_or_repetition(dates, limit, gives_next, loses):
    own = list(range(1000, 1000 + dates))
    got = collected(walk(Shelf(own, gives_next=gives_next, loses=loses), after=None, limit=limit), own)
    assert got == list(range(dates))


@given(dates=DATES, limit=st.integers(1, 20), most=st.integers(5, 30), overlap=st.integers(1, 5))
def test_shared_dates_lose_nothing_where_next_is_given(dates, limit, most, overlap):
    got = collected(walk(Shelf(dates, most=most), after=None, overlap=overlap, limit=limit), dates)
    assert got == list(range(len(dates)))


@given(dates=DATES, limit=st.integers(1, 20), overlap=st.integers(1, 5))
def test_shared_dates_lose_nothing_where_no_next_is_given(dates, limit, overlap):
    got = collected(walk(Shelf(dates, gives_next=False, most=100), after=None, overlap=overlap, limit=limit), dates)
    assert set(got) == set(range(len(dates)))


@given(dates=DATES, limit=st.integers(1, 20), stop=st.integers(0, 20))
def test_a_walk_that_was_cut_off_is_gone_on_with_from_what_is_covered(dates, limit, stop):
    got, covered = set(), None
    for page, _ in zip(walk(Shelf(dates), after=None, overlap=1, limit=limit), range(stop), strict=False):
        got |= {obj["id"] for obj in page.objects}
        covered = page.covered
    for page in walk(Shelf(dates), after=covered, overlap=1, limit=limit):
        got |= {obj["id"] for obj in page.objects}
    assert got == set(range(len(dates)))


@given(
    poison=st.frozensets(st.integers(0, 39), max_size=4),
    gives_next=st.booleans(),
    overlap=st.sampled_from([0, 1, 7, 5000]),
    limit=st.integers(1, 50),
    loses=SETS,
)
def test_an_unreadable_object_is_left_out_and_no_other(poison, gives_next, overlap, limit, loses):
    dates = list(range(1000, 1400, 10))
    shelf = Shelf(dates, poison=poison, gives_next=gives_next, loses=loses)
    pages = list(walk(shelf, after=None, overlap=overlap, limit=limit))
    assert {obj["id"] for page in pages for obj in page.objects} == set(range(40)) - poison
    assert sum(page.left_out is not None for page in pages) == len(poison)
    assert len(shelf.asked) < 500


def test_an_unreadable_page_without_a_date_cannot_be_stepped_over():
    def ask(_query):
        raise UndigestibleError("no JSON", last=None)

    with pytest.raises(UndigestibleError):
        list(walk(ask, after=None))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(({"id": 1},), True, "again", 5),
        Answer(({"id": 1},), True, None, 5),
        Answer((), True, "again", None),
        Answer(({"id": 1},), True, None, None),
    ],
)
def test_a_server_that_repeats_itself_is_left(answer):
    asked = []

    def ask(query):
        asked.append(query)
        return answer

    with pytest.raises(ExchangeError):
        list(walk(ask, after=None, overlap=1))
    assert len(asked) < 1100


def test_more_objects_of_one_date_than_are_given_at_once_are_an_error_and_no_loop():
    pages = walk(Shelf([7] * 60, gives_next=False, most=10), after=None, overlap=1, limit=10)
    with pytest.raises(ExchangeError, match=r"one date|repeats"):
        collected(pages, [])


def test_a_server_that_always_fails_is_left():
    shelf = Shelf(list(range(100)), loses=frozenset(range(1000)))
    got = collected(walk(shelf, after=None, limit=10), shelf.dates)
    assert got == list(range(100))  # every `next` was lost, and each time it went on from the last date
    shelf = Shelf([5] * 100, loses=frozenset(range(1000)))
    with pytest.raises(ExchangeError, match="what next"):
        list(walk(shelf, after=None, overlap=1, limit=10))


def test_who_is_shut_out_does_not_knock_again():
    asked = []

    def ask(query):
        asked.append(query)
        if "next" in query:
            raise TrustError("no longer")
        return Answer(({"id": 1},), True, "more", 5)

    with pytest.raises(TrustError):
        list(walk(ask, after=None))
    assert len(asked) == 2
