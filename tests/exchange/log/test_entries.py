import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import TrustError
from stillwatch.exchange.log import entries
from stillwatch.exchange.log.entries import Opening, Receipt, bundle, committed, object_hash, snapshot, unbundled
from stillwatch.signing import SigningKey, canonical

NOW = 1_790_000_123_456_789  # 2026-09-21T14:15:23.456789Z
KEY = SigningKey.generate()
OBJECT = {"type": "indicator", "id": "indicator--1", "name": "T-118"}
ANA = "identity--ana"


def opening(value=OBJECT, publisher=ANA, collection="the-findings", action="add"):
    return Opening(action, object_hash(canonical(value)), publisher, collection, "group")


def test_a_line_says_that_something_happened_in_a_minute_and_no_more():
    line = committed(opening(), now=NOW, id="indicator--1", version="v")
    said = json.loads(line.entry)
    assert set(said) == {"action", "commitment", "time"}
    assert said["time"] == "2026-09-21T14:15:00Z"
    assert line.entry == canonical(said)
    assert entries.read(line.entry) == said
    for secret in ("T-118", "indicator--1", ANA, "the-findings", "group", opening().object):
        assert secret not in line.entry.decode()


def test_the_same_object_makes_another_line_each_time():
    lines = [committed(opening(), now=NOW) for _ in range(50)]
    assert len({line.entry for line in lines}) == len({line.salt for line in lines}) == 50
    assert all(len(line.salt) == 16 for line in lines)


def test_a_guess_is_confirmed_only_with_the_salt():
    line = committed(opening(), now=NOW)
    said = json.loads(line.entry)["commitment"]
    assert opening().commitment(line.salt) == said
    assert opening().commitment(bytes(16)) != said
    others = [
        opening(OBJECT | {"name": "T-119"}),
        opening(publisher="x"),
        opening(collection="c2"),
        opening(action="delete"),
    ]
    assert said not in {each.commitment(line.salt) for each in others}


def test_a_receipt_is_of_one_object_collection_publisher_and_exchange():
    line = committed(opening(), now=NOW)
    given = json.loads(Receipt.of(line, opening(), KEY).body)
    assert Receipt.of(line, opening(), KEY).body == canonical(given)
    receipt = Receipt.parse(given)
    assert (receipt.entry, receipt.publisher) == (line.entry, ANA)
    receipt.check(OBJECT, collection="the-findings", salt=line.salt, public=KEY.public)
    wrong = [
        (given, OBJECT | {"name": "T-119"}, "the-findings", line.salt, KEY.public),
        (given, OBJECT, "c2", line.salt, KEY.public),
        (given, OBJECT, "the-findings", bytes(16), KEY.public),
        (given, OBJECT, "the-findings", line.salt, SigningKey.generate().public),
        (given | {"publisher": "identity--ben"}, OBJECT, "the-findings", line.salt, KEY.public),
        (given | {"group": "another"}, OBJECT, "the-findings", line.salt, KEY.public),
        (
            given | {"entry": given["entry"] | {"time": "2027-01-01T00:00:00Z"}},
            OBJECT,
            "the-findings",
            line.salt,
            KEY.public,
        ),
        (given | {"entry": given["entry"] | {"action": "delete"}}, OBJECT, "the-findings", line.salt, KEY.public),
        (given | {"entry": {}}, OBJECT, "the-findings", line.salt, KEY.public),
    ]
    for said, value, collection, salt, public in wrong:
        with pytest.raises(TrustError):
            Receipt.parse(said).check(value, collection=collection, salt=salt, public=public)


def test_a_withdrawal_is_no_receipt_of_a_publication():
    withdrawn = opening(action="delete")
    line = committed(withdrawn, now=NOW)
    with pytest.raises(TrustError, match="another object"):
        Receipt.of(line, withdrawn, KEY).check(OBJECT, collection="the-findings", salt=line.salt, public=KEY.public)


@pytest.mark.parametrize("value", [None, [], {}, {"entry": 1}, {"entry": {}, "publisher": 1}])
def test_what_is_no_receipt(value):
    with pytest.raises(TrustError, match="no receipt"):
        Receipt.parse(value)


def test_a_snapshot_names_a_group_and_nobody_in_it():
    name = snapshot(["identity--ben", ANA], KEY)
    assert name == snapshot([ANA, "identity--ben"], KEY)
    assert name != snapshot([ANA], KEY)
    assert name != snapshot([ANA, "identity--ben"], SigningKey.generate())


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles(parts):
    raw = bundle(parts)
    assert unbundled(raw) == parts
    for end in range(len(raw)):
        try:
            shorter = unbundled(raw[:end])
        except TrustError:
            continue
        assert shorter == parts[: len(shorter)]


def test_a_bundle_has_bounds():
    assert unbundled(bundle([b"x" * 65535])) == [b"x" * 65535]
    with pytest.raises(TrustError, match="at most 65535"):
        bundle([b"x" * 65536])


@pytest.mark.parametrize("entry", [b"", b"{}", b"[]", b"\xff", b'{"action":"add"}', b"[" * 100_000])
def test_what_is_no_line(entry):
    with pytest.raises(TrustError):
        entries.read(entry)
