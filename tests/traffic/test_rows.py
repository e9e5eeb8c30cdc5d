import contextlib
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.traffic import rows
from stillwatch.traffic.rows import RowError

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        float(NOON),
        NOON * 1000,
        NOON * 10**6,
        NOON * 10**9,
        str(NOON * 10**9),
        f"{NOON}.0",
        "2026-03-01T12:00:00Z",
        "2026-03-01 12:00:00.000000",
        "2026-03-01 12:00:00 UTC",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01T12:00:00.000000999Z",
        datetime(2026, 3, 1, 12),  # noqa: DTZ001 - without a zone on purpose
    ],
)
def test_one_instant_in_many_spellings(value: object):
    assert rows.instant(value) == NOON * 10**6


@pytest.mark.parametrize(
    "value", [0, -1, 1e308, math.nan, math.inf, 10**30, "1999-01-01", "2100-01-01", "12", 20260301]
)
def test_a_time_out_of_range(value: object):
    with pytest.raises(RowError, match="time out of range"):
        rows.instant(value)


@pytest.mark.parametrize("value", ["yesterday", True, [], {}, "2026-13-01", b"2026"])
def test_no_time_at_all(value: object):
    with pytest.raises(RowError, match="wrong type: time"):
        rows.instant(value)


def test_a_unit_settles_what_a_number_means():
    assert rows.instant(NOON * 1000.5, unit="ms") == NOON * 1000500
    with pytest.raises(RowError, match="out of range"):
        rows.instant(NOON, unit="ms")


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (rows.text, 1.5),
        (rows.text, True),
        (rows.text, ["x"]),
        (rows.whole, "12"),
        (rows.whole, 1.5),
        (rows.whole, True),
        (rows.whole, 1 << 63),
        (rows.real, "0.5"),
        (rows.real, False),
        (rows.real, 10**400),
        (rows.messages, "hello"),
        (rows.messages, {"role": "user"}),
        (rows.messages, [1]),
        (rows.messages, [{"role": 1}]),
        (rows.messages, [{"content": 1}]),
    ],
)
def test_wrong_types_name_the_column_and_nothing_else(check, value: object):
    with pytest.raises(RowError) as error:
        check(value, "some_column")
    assert error.value.reason == "wrong type: some_column"


def test_near_enough_types():
    assert rows.whole(12.0, "c") == 12
    assert rows.text(17, "c") == "17"
    assert rows.real(math.nan, "c") is None
    with pytest.raises(RowError, match="invalid UTF-8"):
        rows.text("\ud800", "c")


def test_the_text_of_a_message_in_parts():
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "content": "two"},
    ]
    assert rows.messages([{"role": "user", "content": parts}, None, {"role": "tool", "parts": []}]) == [
        {"role": "user", "content": "one\ntwo"},
        {"role": None, "content": None},
        {"role": "tool", "content": None},
    ]


def test_system_messages_are_told_apart():
    conversation = rows.messages([{"role": role, "content": role} for role in ("system", "user", "developer")])
    assert rows.without_system(conversation) == ("system\n\ndeveloper", [{"role": "user", "content": "user"}])


def test_dig_walks_objects_lists_texts_and_dotted_keys():
    record = {"a": {"b": [{"c": 1}]}, "x.y": 2, "t": '{"u": [3]}', "broken": "{"}
    assert [rows.dig(record, path) for path in ("a.b.0.c", "x.y", "t.u.0", "broken.z", "a.b.7", "a.b.-1", "no")] == [
        *(1, 2, 3),
        *(None, None, None, None),
    ]


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_nothing_but_a_row_error_comes_of_any_value(value: object):
    for check in (rows.text, rows.whole, rows.real, rows.instant, rows.messages):
        with contextlib.suppress(RowError):
            check(value, "c")
