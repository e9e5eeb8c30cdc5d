"""The words of a search."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stillwatch.errors import InputError
from stillwatch.web.search import FIELDS, Query, Sort, Term, parse


def test_everything_at_once():
    query = parse(
        "severity:high family:text sort:-tokens status:open assignee:ana since:2026-11-01 accounts:>=100 tokens:>1e6 "
        'bits:>20 id:c-3f has:appeal "free words" more'
    )
    assert Term("since", datetime(2026, 11, 1, tzinfo=UTC), ">=") in query.terms
    assert Term("tokens", 1e6, ">") in query.terms
    assert query.words == ("free words", "more")
    assert query.sort == Sort("tokens", descending=True)
    assert query.text == (
        "severity:high status:open has:appeal bits:>20 accounts:>=100 tokens:>1000000 since:>=2026-11-01 family:text "
        'assignee:ana id:c-3f "free words" more sort:-tokens'
    )


@pytest.mark.parametrize(
    ("typed", "where", "hint"),
    [
        ("sevrity:high", "sevrity:", "Did you mean severity?"),
        ("severity:hihg", "severity:", "Did you mean high?"),
        ("sort:token", "sort:", "Did you mean tokens?"),
        ("tokens:many", "tokens:many", "tokens:>1e6"),
        ("since:yesterday", "since:yesterday", "since:2026-11-01"),
        ("bits:", "bits:", "bits:>20"),
        ("has:>appeal", "has:>", "has:appeal"),
        ('"open', "open", "None"),
        ("bits:nan", "bits:nan", "bits:>20"),
        ("bits:inf", "bits:inf", "bits:>20"),
        ("since:9999-12-31T23:59-12:00", "since:9999-12-31T23:59-12:00", "since:2026-11-01"),
    ],
)
def test_what_means_nothing_is_named_with_the_nearest(typed, where, hint):
    with pytest.raises(InputError) as caught:
        parse(typed)
    assert caught.value.where == where
    assert hint in str(caught.value.hint)


def test_a_search_has_an_end():
    with pytest.raises(InputError, match="500 characters"):
        parse("x" * 501)
    with pytest.raises(InputError, match="30 conditions"):
        parse("x " * 31)


def test_a_box_is_ticked_and_unticked():
    ticked = parse("status:open").having("severity", "high")
    assert ticked.text == "severity:high status:open"
    assert ticked.having("severity", "high") == parse("status:open")


def test_a_column_sorts_and_turns():
    once = parse("text").sorted_by("tokens")
    assert (once.text, once.sorted_by("tokens").text) == ("text sort:-tokens", "text sort:tokens")
    assert Query().sorted_by("bits").sorted_by("bits").text == ""


def test_units_and_commas_are_read():
    assert [term.value for term in parse("tokens:>1.5M requests:12,000 bits:<-3").terms] == [1.5e6, 12000.0, -3.0]


def test_hostile_words_are_cut_and_made_visible():
    with pytest.raises(InputError) as caught:
        parse(f"sta\u202etus{'x' * 300}:1")
    assert "\u202e" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(
    some.text(max_size=60)
    | some.lists(some.sampled_from([*FIELDS, ":", '"', " ", ">", "1", "-", "x", "é", "\0"])).map("".join)
)
def test_whatever_is_typed_is_a_search_or_an_error_and_its_text_means_the_same(typed):
    try:
        query = parse(typed)
    except InputError:
        return
    again = parse(query.text)
    assert again.text == query.text
    assert set(again.terms) == set(query.terms)
    assert (again.words, again.sort) == (query.words, query.sort)
