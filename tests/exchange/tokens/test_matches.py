import json
from datetime import UTC, datetime

import pytest

from stillwatch.exchange.tokens.matches import Match, matches, sought
from stillwatch.indicators import patterns

NOW = datetime(2026, 11, 2, tzinfo=UTC)
A, B, C, D = (letter * 32 for letter in "abcd")


def indicator(pattern, **changes):
    made = {
        "type": "indicator",
        "id": "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d",
        "pattern_type": "model-api-sig",
        "pattern": pattern if isinstance(pattern, str) else patterns.write(pattern),
        "valid_until": "2026-12-01T00:00:00Z",
    }
    return made | changes


def network(epoch="2026Q4", **edges):
    shared = {name.replace("_", "-"): tuple(tokens) for name, tokens in edges.items()}
    return patterns.AccountNetwork(key_epoch=epoch, edges=shared, min_overlap=2, size_bucket="10-99")


TEMPLATE = patterns.PromptTemplate(
    key_epoch="2026Q3",
    alg="fracminhash",
    shingle="bytes-24",
    norm="fold-1",
    keep=16,
    tokens=(A, B, C, D),
    min_containment=0.5,
)
WORDS = patterns.Vocabulary(key_epoch="2026Q4", tokens=(A, B, C, D), min_containment=0.5)


def test_tokens_are_sought_by_class_and_epoch():
    objects = [indicator(network(payment=[A, B], mail_domain=[C])), indicator(TEMPLATE), indicator(WORDS)]
    ids = frozenset({objects[0]["id"]})
    assert sought(objects, "payment", NOW) == {"2026Q4": {A: ids, B: ids}}
    assert sought(objects, "mail-domain", NOW) == {"2026Q4": {C: ids}}
    assert sought(objects, "shingle", NOW) == {"2026Q3": dict.fromkeys((A, B, C, D), ids)}
    assert sought(objects, "word", NOW) == {"2026Q4": dict.fromkeys((A, B, C, D), ids)}
    assert sought(objects, "account", NOW) == {}
    assert sought(objects, "address", NOW) == {}


def rewritten(changes):
    return json.dumps(json.loads(patterns.write(network(payment=[A]))) | changes, separators=(",", ":"), sort_keys=True)


@pytest.mark.parametrize(
    "other",
    [
        indicator(network(payment=[A]), revoked=True),
        indicator(network(payment=[A]), valid_until="2026-11-01T23:59:59Z"),
        indicator(network(payment=[A]), valid_until="soon"),
        indicator(network(payment=[A]), valid_until=7),
        indicator(network(payment=[A]), type="note"),
        indicator(network(payment=[A]), pattern_type="stix"),
        indicator("[ipv4-addr:value = '203.0.113.7']"),
        indicator("{"),
        indicator(network(payment=[A])) | {"pattern": None},
        indicator(rewritten({"token_prf": "oprf-p384-sha384"})),
        indicator(rewritten({"unknown": 1})),
        {},
    ],
)
def test_what_is_not_in_force_or_not_ours_is_left_out(other):
    assert sought([other], "payment", NOW) == {}


def test_an_indicator_without_an_end_is_in_force():
    endless = indicator(network(payment=[A]))
    del endless["valid_until"]
    assert sought([endless], "payment", NOW)


def test_matches_come_with_the_most_values_first():
    wanted = {A: frozenset({"one", "two"}), B: frozenset({"two"}), C: frozenset({"three"})}
    own = {A: "pm_1", B: "pm_2", D: "pm_3"}
    assert matches(wanted, own) == [Match("two", ("pm_1", "pm_2")), Match("one", ("pm_1",))]
