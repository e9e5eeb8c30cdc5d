import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.server.bodies import DEPTH, parse
from stillwatch.exchange.server.errors import Problem

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_json_is_read_as_it_was_written(value):
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


def nested(levels, opening="[", closing="]"):
    return (opening * levels + closing * levels).encode()


def test_it_may_nest_so_deep_and_no_deeper():
    parse(nested(DEPTH))
    for body in (
        nested(DEPTH + 1),
        nested(100_000),
        b"[" * 1_000_000,
        nested(DEPTH + 1, '{"a":', "}").replace(b":}", b":1}"),
    ):
        with pytest.raises(Problem) as refused:
            parse(body)
        assert refused.value.status == 400


def test_brackets_in_texts_do_not_nest():
    text = "[{" * 1000 + '"\\'
    assert parse(json.dumps([text]).encode()) == [text]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}{}",
        b'{"a":1,"a":2}',
        b'[{"x":{"b":1,"b":1}}]',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[" + b"9" * 5000 + b"]",
        b"[01]",
        b"['a']",
        b"[1,]",
        b'["\\ud800"]',
        b'["\xed\xa0\x80"]',
        b'["\xff"]',
        b'["\x01"]',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-32-le"),
        '{"a":"ä"}'.encode("latin-1"),
        b"\x1f\x8b\x08\x00",
        b"<xml/>",
    ],
)
def test_what_two_readers_might_read_differently_is_refused(body):
    with pytest.raises(Problem) as refused:
        parse(body)
    assert refused.value.status == 400


def test_whole_surrogate_pairs_are_text():
    assert parse(b'["\\ud83d\\ude00"]') == ["\U0001f600"]


@given(st.binary(max_size=200))
def test_whatever_comes_is_json_or_a_400(body):
    with suppress(Problem):
        parse(body)
