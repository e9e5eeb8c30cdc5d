"""What follows from what people did."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stillwatch.web.store.events import (
    KINDS,
    Acted,
    Assigned,
    Closed,
    Event,
    Merged,
    Noted,
    Opened,
    Reviewed,
    Split,
    SplitFrom,
    Undone,
    Viewed,
    fold,
    read,
    written,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TEXT = some.text(max_size=20)
BODIES = some.one_of(
    some.builds(Noted, TEXT),
    some.builds(Assigned, some.none() | TEXT),
    some.builds(
        Reviewed, some.sampled_from(["confirmed", "rejected", "unsure"]), TEXT, TEXT, some.none(), some.booleans()
    ),
    some.builds(Closed, TEXT),
    some.builds(Opened, TEXT),
    some.builds(Merged, TEXT, TEXT),
    some.builds(SplitFrom, TEXT, TEXT),
    some.builds(Split, some.lists(TEXT, max_size=3).map(tuple), TEXT, TEXT),
    some.builds(Viewed, TEXT, TEXT, TEXT),
    some.builds(Acted, TEXT),
)


def history(*bodies):
    return [Event(n, "c-1", "ana", NOW + timedelta(hours=n), body) for n, body in enumerate(bodies, 1)]


def test_of_nothing_a_case_is_open_and_nobodys():
    state = fold([])
    assert (state.status, state.assignee, state.revision) == ("open", None, 0)


def test_the_last_word_counts():
    state = fold(history(Assigned("ana"), Reviewed("rejected", "a class", "c-1"), Assigned("bob")))
    assert (state.status, state.assignee, state.revision) == ("rejected", "bob", 3)


def test_a_verdict_that_a_second_person_is_to_confirm_changes_nothing_yet():
    first, second = Reviewed("confirmed", "x", "c-1", stands=False), Reviewed("confirmed", "y", "c-1")
    assert (fold(history(first)).status, fold(history(first)).waiting.body) == ("open", first)
    assert (fold(history(first, second)).status, fold(history(first, second)).waiting) == ("confirmed", None)


def test_a_verdict_that_is_undone_leaves_the_one_before():
    state = fold(history(Reviewed("rejected", "x", "c-1"), Reviewed("confirmed", "y", "c-1"), Undone(2, "wrong case")))
    assert (state.status, state.verdict.number) == ("rejected", 1)


def test_looking_does_not_make_a_form_stale():
    assert fold(history(Viewed("shared text", "appeal"), Acted("signed d-1"))).revision == 0


@given(some.lists(BODIES, max_size=8), some.data())
def test_undoing_is_as_if_it_had_not_been(bodies, data):
    events = history(*bodies)
    undone = data.draw(some.sets(some.sampled_from(range(1, len(bodies) + 1)))) if bodies else set()
    after = fold([*events, *history(*(Undone(n, "") for n in undone))])
    without = fold([each for each in events if each.number not in undone])
    assert (after.status, after.assignee, after.into, after.notes) == (
        without.status,
        without.assignee,
        without.into,
        without.notes,
    )


@given(BODIES)
def test_what_is_written_is_read_again(body):
    assert read(body.kind, written(body)) == body
    assert "\0" not in written(body)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_happened(kind):
    assert isinstance(KINDS[kind].says, property)
    assert KINDS[kind].__doc__
