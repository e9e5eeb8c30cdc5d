from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.model import Query
from stillwatch.exchange.server.errors import Problem
from stillwatch.exchange.server.query import KNOWN, read

ID = "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d"
OTHER = "campaign--0b80a255-53a1-4945-a932-58ef7777682c"


def of(text, kind="objects"):
    return read(text.encode(), kind).query(page_size=1000)


def test_nothing_asked_is_the_last_version_of_everything_in_pages():
    assert of("") == Query(limit=1000)


def test_all_of_it():
    text = (
        f"added_after=2026-01-02T03:04:05.678901Z&limit=7&match%5Bid%5D={OTHER},{ID}&match[type]=indicator,campaign"
        "&match[spec_version]=2.1&match[version]=all"
    )
    assert of(text) == Query(
        added_after=1767323045678901,
        ids=(OTHER, ID),
        types=("campaign", "indicator"),
        spec_versions=("2.1",),
        versions="all",
        limit=7,
    )


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("last", "last"),
        ("first", "first"),
        ("last,last", "last"),
        ("first,last", ("first", "last")),
        ("2026-01-02T03:04:05Z", (1767323045000000,)),
        ("2026-01-02T03:04:05.1Z,first", (1767323045100000, "first")),
    ],
)
def test_versions(text, versions):
    assert of(f"match[version]={text}").versions == versions


def test_a_limit_above_the_page_is_cut_to_it():
    assert of("limit=999999").limit == 1000
    assert of(f"limit={2**53 - 1}").limit == 1000
    assert of("limit=1").limit == 1


def test_the_order_of_values_makes_no_other_query():
    one, other = (read(f"match[id]={a},{b}".encode(), "objects") for a, b in ((ID, OTHER), (OTHER, ID)))
    assert one == other


def test_what_is_unknown_is_ignored():
    assert of("match[color]=red&foo=bar&foo=baz&match[x]=") == Query(limit=1000)
    assert of(f"match[id]={quote('*')}&match[type]=a+b", "versions") == Query(limit=1000)


@pytest.mark.parametrize("time", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.000001Z"])
def test_times_with_fewer_digits_are_taken(time):
    assert of(f"added_after={time}").added_after is not None


BAD_TIMES = [
    "", "now", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z",
    "2026-02-30T03:04:05Z", "2026-01-02T25:04:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05+00:00",
    "2026-01-02T03:04:05.Z", "2026-01-02t03:04:05z", "0000-01-02T03:04:05Z", "1767323045", "20260102T030405Z",
    "2026-01-02T03:04:05Z,2026-01-02T03:04:05Z", " 2026-01-02T03:04:05Z", "2026-W01-1T00:00:00Z",
    "٢٠٢٦-01-02T03:04:05Z", "2026-01-02T03:04:05Z\0", "99999-01-01T00:00:00Z",
]  # fmt: skip


@pytest.mark.parametrize("time", BAD_TIMES)
def test_times_in_wrong_forms_are_malformed(time):
    for name in ("added_after",) if "," in time else ("added_after", "match[version]"):
        with pytest.raises(Problem) as refused:
            read(f"{name}={quote(time)}".encode(), "objects")
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"limit={quote(value)}"
            for value in ("0", "-1", "", "1.0", "1e3", "ten", "+5", " 5", "٣", str(2**53), "9" * 5000)
        ),
        "limit=1&limit=1",
        "next=a&next=b",
        "added_after=2026-01-02T03:04:05Z&added_after=2026-01-02T03:04:05Z",
        "match[type]=indicator&match[type]=note",
        *(
            f"match[id]={quote(value)}"
            for value in ("", "*", "indicator", f"{ID},", f"{ID};", f"{ID}\0", "' OR 1=1 --")
        ),
        "match[type]=",
        "match[type]=a,,b",
        "match[type]=a%20b",
        "match[spec_version]=two",
        "match[version]=all,last",
        "match[version]=newest",
        "match[version]=",
        "match[id]=%FF",
        "match[type]=" + ",".join(["a"] * 1001),
        "&".join(f"a{n}=1" for n in range(101)),
    ],
)
def test_what_is_malformed_is_a_400_with_a_reason(text):
    with pytest.raises(Problem) as refused:
        read(text.encode(), "objects")
    assert refused.value.status == 400
    assert refused.value.description
    assert refused.value.code


def test_bytes_beyond_ascii_are_malformed():
    with pytest.raises(Problem):
        read("match[type]=é".encode(), "objects")


@given(st.binary(max_size=300), st.sampled_from(sorted(KNOWN)))
def test_whatever_comes_is_a_query_or_a_400(raw, kind):
    with suppress(Problem):
        read(raw, kind)


@given(st.sampled_from(sorted(KNOWN["objects"])), st.text(max_size=80))
def test_whatever_a_field_holds_is_a_query_or_a_400(name, value):
    with suppress(Problem):
        read(urlencode({name: value}).encode(), "objects").query(page_size=10)
