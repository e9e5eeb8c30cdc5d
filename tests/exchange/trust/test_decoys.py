"""A decoy looks like the indicator that it is modelled on, and like nothing that exists."""

import re
from datetime import UTC, datetime

import pytest

from stillwatch.errors import ExchangeError
from stillwatch.exchange.trust import decoys
from stillwatch.indicators import ids, incoming, patterns

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
TOKENS = tuple(sorted(f"{n:08x}" * 4 for n in range(25)))
TEXT = {"key_epoch": "2026Q4", "tokens": TOKENS, "min_containment": 0.6}
PATTERNS = [
    patterns.PromptTemplate(shingle="word-5", norm="nfkc-lower-slotmask-1", keep=4, **TEXT),
    patterns.Vocabulary(**TEXT),
    patterns.AccountNetwork(
        key_epoch="2026Q4",
        edges={"payment": TOKENS[:3], "address": TOKENS[:8]},
        min_overlap=3,
        size_bucket="100-999",
        set_id="set--1a560f3f-faa5-4684-847f-ffe3b8b15f2d",
    ),
]


def real(pattern):
    text = patterns.write(pattern)
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": ids.indicator(patterns.PATTERN_TYPE, text),
        "created_by_ref": "identity--a712755f-6cac-44d5-99d5-269512e74f7b",
        "created": "2026-11-02T09:00:00.000Z",
        "modified": "2026-11-02T09:00:00.000Z",
        "indicator_types": ["anomalous-activity"],
        "pattern": text,
        "pattern_type": patterns.PATTERN_TYPE,
        "pattern_version": "1.0",
        "valid_from": "2026-11-02T09:00:00.000Z",
        "valid_until": "2027-01-31T00:00:00.000Z",
        "confidence": 75,
        "x_unknown": {"kept": True},
    }


def blurred(value):
    """A value with every token, UUID and time replaced by its form."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", str(value))
    text = re.sub(r"\b[0-9a-f]{32}\b", "TOKEN", text)
    return re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z", "TIME", text)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_has_the_form_of_the_real_one_in_every_property(pattern):
    original = real(pattern)
    decoy, *rest = decoys.make(original, [], NOW)
    assert rest == []
    assert list(decoy) == list(original)
    assert blurred(decoy) == blurred(original)
    assert incoming.check(decoy) == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_token_of_it_is_known(pattern):
    decoy, *_ = decoys.make(real(pattern), [], NOW)
    again, *_ = decoys.make(real(pattern), [], NOW)
    assert not set(re.findall("[0-9a-f]{32}", decoy["pattern"])) & set(TOKENS)
    assert decoy["id"] == ids.indicator(decoy["pattern_type"], decoy["pattern"]) != again["id"]


def test_times_keep_their_distance():
    decoy, *_ = decoys.make(real(PATTERNS[0]), [], NOW)
    assert decoy["created"] == decoy["modified"] == decoy["valid_from"] == "2026-11-20T08:30:00.000Z"
    assert decoy["valid_until"] == "2027-02-17T23:30:00.000Z"


def test_it_is_related_to_what_the_real_one_is_related_to():
    original = real(PATTERNS[0])
    campaign = "campaign--0b80a255-53a1-4945-a932-58ef7777682c"
    tie = {
        "type": "relationship",
        "id": ids.relationship(original["id"], "indicates", campaign),
        "created": "2026-11-02T09:00:00.000Z",
        "relationship_type": "indicates",
        "source_ref": original["id"],
        "target_ref": campaign,
    }
    decoy, hung = decoys.make(original, [tie], NOW)
    assert hung["id"] == ids.relationship(decoy["id"], "indicates", campaign)
    assert (hung["source_ref"], hung["target_ref"]) == (decoy["id"], campaign)


def test_what_may_exist_makes_no_decoy():
    features = {"peak_concurrency_per_account": {"min": 20.0}, "interarrival_cv": {"max": 0.15}}
    for obj in (
        real(patterns.Cadence(features=features, window="P1D", all_of=True)),
        {"pattern_type": "stix", "pattern": "[ipv4-addr:value = '198.51.100.1']"},
    ):
        with pytest.raises(ExchangeError):
            decoys.make(obj, [], NOW)
