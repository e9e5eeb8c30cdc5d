"""A decoy looks like the campaign that it is modelled on, and like nothing that exists."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from stillwatch.errors import ExchangeError
from stillwatch.exchange.trust import decoys
from stillwatch.indicators import allowed, incoming, outgoing
from stillwatch.indicators.markings import Level
from stillwatch.indicators.said import Said

THEN, NOW = datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 20, 8, 30, 7, tzinfo=UTC)
CONTRIBUTOR = "identity--a712755f-6cac-44d5-99d5-269512e74f7b"
TOKENS = tuple(sorted(f"{n:08x}" * 4 for n in range(25)))
REAL = Said(
    key="1a560f3f-faa5-5684-847f-ffe3b8b15f2d",
    confidence=75,
    first_seen=date(2026, 10, 1),
    last_seen=date(2026, 10, 30),
    accounts="10-99",
    requests="1e4-1e5",
    families=("content", "sign_up"),
    techniques=("AML.T0008.005", "AML.T0024.002"),
    key_epoch="2026Q4",
    template=TOKENS,
    vocabulary=TOKENS[:9],
    shared={"payment": TOKENS[:3], "address": TOKENS[:8]},
    set_id="set--1a560f3f-faa5-4684-847f-ffe3b8b15f2d",
)


def published(whole, now):
    return outgoing.objects(whole, contributor=CONTRIBUTOR, now=now, marking=Level.AMBER_STRICT)


def blurred(objects):
    """Objects with every token, UUID, number of a campaign and time replaced by its form, in an order of their own."""
    text = re.sub(
        r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9])[0-9a-f]{3}(-[0-9a-f]{4})-[0-9a-f]{12}", r"UUIDv\1", json.dumps(objects)
    )
    text = re.sub(r"\b[0-9a-f]{32}\b", "TOKEN", text)
    text = re.sub(r"DC-2026-[0-9]{4}", "DC", text)
    return re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T00:00:00Z|T[0-9:]{8}\.[0-9]{3}Z|\")", r"DAY\1", text).replace(
        NOW.strftime("T%H:%M:%S"), THEN.strftime("T%H:%M:%S")
    )


@pytest.mark.parametrize(
    "real", [REAL, replace(REAL, template=(), set_id=None), replace(REAL, vocabulary=(), shared={}, set_id=None)]
)
def test_every_object_of_it_has_the_form_of_the_real_one(real):
    original = published(real, THEN)
    decoy = published(decoys.like(original, NOW), NOW)
    assert blurred(decoy) == blurred(original)
    assert [problem for each in decoy for problem in (incoming.check(each) or allowed.check(each))] == []


def test_no_token_of_it_is_known_and_no_object_is_the_real_ones():
    original = published(REAL, THEN)
    decoy, again = (published(decoys.like(original, NOW), NOW) for _ in range(2))
    tokens = [set(re.findall('"([0-9a-f]{32})"', each["pattern"])) for each in decoy if each["type"] == "indicator"]
    assert not set().union(*tokens) & set(TOKENS)
    own = [
        {each["id"] for each in objects if each.get("created_by_ref") == CONTRIBUTOR}
        for objects in (decoy, again, original)
    ]
    assert own[0] & own[2] == own[1] & own[2] == own[0] & own[1] == set()


def test_its_days_keep_their_distance():
    decoy = decoys.like(published(REAL, THEN), NOW)
    assert (decoy.first_seen, decoy.last_seen) == (date(2026, 10, 19), date(2026, 11, 17))


def test_its_indicators_are_those_to_remember():
    objects = published(decoys.like(published(REAL, THEN), NOW), NOW)
    assert len(decoys.indicators(objects)) == 3
    assert all(key.startswith("indicator--") for key in decoys.indicators(objects))


def test_what_may_exist_makes_no_decoy():
    without_tokens = replace(REAL, template=(), vocabulary=(), shared={}, key_epoch=None)
    with pytest.raises(ExchangeError):
        decoys.like(published(without_tokens, THEN), NOW)
    with pytest.raises(ExchangeError):
        decoys.like([], NOW)
