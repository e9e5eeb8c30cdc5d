import copy

import pytest

from stillwatch.errors import TrustError
from stillwatch.exchange.log.directory import (
    EXCHANGE,
    Directory,
    Statement,
    commitments,
    enrolled,
    missing,
    own_signatures,
)
from stillwatch.exchange.log.entries import read
from stillwatch.signing import SigningKey

NOW = 1_790_000_000_000_000
KEY, NEXT, ANA, ANA_NEXT, BEN = (SigningKey.generate() for _ in range(5))
ANA_ID, BEN_ID = "identity--ana", "identity--ben"


def add(document, identity, key, previous=None, *, exchange=KEY, owned=True, since=NOW):
    statement = Statement(identity, key.public, since, previous and previous.key_id)
    signatures = own_signatures(statement, key, previous) if owned else {}
    return enrolled(document, statement, signatures, exchange_key=exchange, now=NOW)


@pytest.fixture
def document():
    made, _ = add(None, EXCHANGE, KEY)
    made, _ = add(made, ANA_ID, ANA)
    return made


def test_who_signs_with_which_key_is_known(document):
    directory = Directory.read(document, KEY.public)
    assert directory.key(ANA_ID, ANA.key_id) == ANA.public
    assert directory.exchange_key == KEY.public
    for who, key in ((ANA_ID, BEN.key_id), (BEN_ID, ANA.key_id)):
        with pytest.raises(TrustError, match="has no key"):
            directory.key(who, key)


def test_a_key_is_followed_by_one_that_it_signs(document):
    document, _ = add(document, ANA_ID, ANA_NEXT, ANA, since=NOW + 5)
    directory = Directory.read(document, KEY.public)
    assert list(directory.keys(ANA_ID)) == [ANA.key_id, ANA_NEXT.key_id]
    assert directory.newest(ANA_ID).since == NOW + 5
    assert set(document["keys"][-1]["signatures"]) == {"own", "previous", "exchange"}


def test_an_operator_may_set_a_key_and_it_shows(document):
    document, _ = add(document, BEN_ID, BEN, owned=False)
    assert Directory.read(document, KEY.public).key(BEN_ID, BEN.key_id) == BEN.public
    assert set(document["keys"][-1]["signatures"]) == {"exchange"}


def test_the_exchanges_own_key_changes_only_signed_over(document):
    with pytest.raises(TrustError, match="not signed by: own, previous"):
        enrolled(document, Statement(EXCHANGE, NEXT.public, NOW, KEY.key_id), {}, exchange_key=NEXT, now=NOW)
    turned, _ = add(document, EXCHANGE, NEXT, KEY, exchange=NEXT)
    turned, _ = add(turned, BEN_ID, BEN, exchange=NEXT)
    for trusted in (KEY, NEXT):
        assert Directory.read(turned, trusted.public).exchange_key == NEXT.public
    with pytest.raises(TrustError):
        add(turned, "identity--cat", SigningKey.generate(), exchange=KEY)


def test_a_directory_of_another_exchange_is_none(document):
    with pytest.raises(TrustError, match="of another exchange"):
        Directory.read(document, NEXT.public)
    with pytest.raises(TrustError, match="first key"):
        add(None, ANA_ID, ANA)


@pytest.mark.parametrize(
    ("identity", "key", "previous", "match"),
    [
        (ANA_ID, ANA_NEXT, BEN, "names the key before it"),
        (ANA_ID, ANA_NEXT, None, "names the key before it"),
        (BEN_ID, ANA, None, "no key that somebody had already"),
        (ANA_ID, ANA, ANA, "no key that somebody had already"),
        (BEN_ID, BEN, ANA, "names the key before it"),
    ],
)
def test_keys_follow_each_other(document, identity, key, previous, match):
    with pytest.raises(TrustError, match=match):
        add(document, identity, key, previous)


def test_a_false_signature_is_noticed(document):
    statement = Statement(ANA_ID, ANA_NEXT.public, NOW, ANA.key_id)
    honest = own_signatures(statement, ANA_NEXT, ANA)
    for forged in ({"own": honest["previous"]}, honest | {"previous": honest["own"]}):
        with pytest.raises(TrustError, match="is not by the key"):
            enrolled(document, statement, forged, exchange_key=KEY, now=NOW)


def test_every_change_of_a_statement_is_noticed(document):
    document, _ = add(document, ANA_ID, ANA_NEXT, ANA)
    for place in range(len(document["keys"])):
        for name, value in [
            ("identity", "identity--eve"),
            ("since", "2020-01-01T00:00:00.000000Z"),
            ("previous", "0" * 16),
        ]:
            changed = copy.deepcopy(document)
            changed["keys"][place]["statement"][name] = value
            with pytest.raises(TrustError):
                Directory.read(changed, KEY.public)
        without = copy.deepcopy(document)
        del without["keys"][place]["signatures"]["exchange"]
        with pytest.raises(TrustError):
            Directory.read(without, KEY.public)
    left_out = {
        "keys": [
            each for each in document["keys"] if each["statement"]["key"] != document["keys"][1]["statement"]["key"]
        ]
    }
    with pytest.raises(TrustError):
        Directory.read(left_out, KEY.public)


def test_each_statement_has_its_line(document):
    made, line = add(document, BEN_ID, BEN)
    said = read(line.entry)
    assert said["action"] == "key"
    assert commitments(made)[-1] == said["commitment"]
    assert BEN_ID not in line.entry.decode()


def test_who_is_missing(document):
    assert missing(document, [(ANA_ID, ANA.public), (BEN_ID, BEN.public)]) == [(BEN_ID, BEN.public)]
    assert missing(document, [(ANA_ID, BEN.public)]) == [(ANA_ID, BEN.public)]
    assert missing(None, [(ANA_ID, ANA.public)]) == [(ANA_ID, ANA.public)]


@pytest.mark.parametrize(
    "value", [None, [], {}, {"identity": 1}, {"identity": "a", "key": "AA==", "since": "2026", "previous": None}]
)  # fmt: skip
def test_what_is_no_statement(value):
    with pytest.raises(TrustError):
        Statement.parse(value)


@pytest.mark.parametrize(
    "changes", [{"more": 1}, {"since": "today"}, {"since": "2026-09-21T14:15:23Z"}, {"previous": 5}, {"key": ""}]
)
def test_a_statement_has_one_spelling(changes):
    with pytest.raises(TrustError):
        Statement.parse(Statement(ANA_ID, ANA.public, NOW).value | changes)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": 5}, {"keys": [None]}, {"keys": [{}]}, {"keys": []}])
def test_what_is_no_directory(document):
    with pytest.raises(TrustError):
        Directory.read(document, KEY.public)
