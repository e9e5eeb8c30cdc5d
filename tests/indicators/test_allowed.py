"""The antitrust rules as code: what is not on the list cannot be said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.indicators import (
    allowed,
    extensions,
    incoming,
    lexicon,
    markings,
    outgoing,
    patterns,
    versions,
    vocabulary,
)
from stillwatch.indicators.extensions import SIGNATURE
from stillwatch.indicators.markings import Level
from stillwatch.indicators.said import said

from .conftest import ME, NOW, Marks, campaign, whole
from .test_incoming import json_values

OURS = [
    *outgoing.objects(whole(said(campaign(), Marks())), contributor=ME, now=NOW),
    *outgoing.activity(whole(said(campaign(), Marks())), contributor=ME, now=NOW),
]


def of_kind(objects, kind):
    return next(each for each in objects if f'"kind":"{kind}"' in each.get("pattern", ""))


def with_signature(indicator, part, **change):
    signature = json.loads(json.dumps(indicator["extensions"][SIGNATURE]))
    signature[part] |= change
    return indicator | {"extensions": {SIGNATURE: signature}}


@pytest.mark.parametrize(
    ("type_", "change", "problem"),
    [
        ("campaign", {"price": 3}, "price: not on the allow-list"),
        ("campaign", {"x_customer": "Acme"}, "x_customer: not on the allow-list"),
        ("campaign", {"capacity": "10k H100"}, "capacity: not on the allow-list"),
        ("campaign", {"x_roadmap": "Q3"}, "x_roadmap: not on the allow-list"),
        ("campaign", {"description": "Acme"}, "description: not on the allow-list"),
        ("campaign", {"aliases": ["Acme"]}, "aliases: not on the allow-list"),
        ("campaign", {"external_references": [{"source_name": "a"}]}, "external_references: not on the allow-list"),
        ("campaign", {"name": "Acme Corp"}, "name: holds what may not be said"),
        ("campaign", {"objective": "Save $3 a million tokens"}, "objective: holds what may not be said"),
        ("campaign", {"first_seen": "2026-09-14T03:17:41Z"}, "first_seen: holds what may not be said"),
        ("campaign", {"labels": ["acme"]}, "labels: holds what may not be said"),
        ("intrusion-set", {"name": "Acme"}, "name: holds what may not be said"),
        ("intrusion-set", {"goals": ["undercut our price"]}, "goals: holds what may not be said"),
        ("identity", {"name": "Acme"}, "name: holds what may not be said"),
        ("identity", {"sectors": ["technology"]}, "sectors: not on the allow-list"),
        ("indicator", {"description": "Ban these."}, "description: holds what may not be said"),
        ("indicator", {"extensions": {"x": {}}}, "extensions: holds what may not be said"),
        ("indicator", {"valid_until": "2030-01-01T00:00:00Z"}, "valid_until: more than"),
        ("relationship", {"relationship_type": "mitigates"}, "relationship_type: holds"),
        ("course-of-action", {"description": "Ban this customer."}, "id: of an object that comes with the software"),
        ("attack-pattern", {"name": "Acme"}, "id: of an object that comes with the software"),
        ("marking-definition", {"name": "Acme"}, "id: of an object that comes with the software"),
        ("grouping", {"name": "Acme"}, "name: holds"),
    ],
)
def test_what_is_not_on_the_list_is_refused(objects, type_, change, problem):
    good = [each for each in objects if each["type"] == type_][-1]
    assert allowed.check(good) == []
    assert allowed.check(good | change)[0].startswith(problem)


@pytest.mark.parametrize(
    "type_", ["course-of-action", "threat-actor", "incident", "report-card", "user-account", "tool"]
)
def test_types_that_are_not_said(type_):
    other = {"type": type_, "id": f"{type_}--3c3ae353-fb14-428e-90b4-01a6c1cc0aff", "name": "Ban this customer"}
    assert allowed.check(other) == ["type: none that is said here"]


@pytest.mark.parametrize("kind", ["prompt-template", "vocabulary"])
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("privacy", {"least_accounts": 2}),
        ("privacy", {"review": "one-person"}),
        ("evidence", {"accounts_bucket": "1-9"}),
    ],
)
def test_words_want_a_crowd_and_two_people(objects, kind, part, change):
    assert allowed.check(with_signature(of_kind(objects, kind), part, **change))


def test_shared_means_need_no_crowd(objects):
    network = of_kind(objects, "account-network")
    assert allowed.check(with_signature(network, "evidence", accounts_bucket="1-9")) == []


def test_a_signature_without_its_extension_is_refused(indicator):
    bare = {name: value for name, value in indicator.items() if name != "extensions"}
    assert allowed.check(bare) == ["extensions: a signature without its extension"]
    assert allowed.check({n: v for n, v in indicator.items() if n != "valid_until"}) == [
        "valid_until, confidence: both are needed"
    ]


def test_a_kind_that_is_not_the_pattern_s_is_refused(objects):
    network, template = of_kind(objects, "account-network"), of_kind(objects, "prompt-template")
    posing = template | {"extensions": network["extensions"]}
    assert "signature_kind: of another kind than the pattern" in allowed.check(posing)


def test_no_signature_can_name_an_account():
    with pytest.raises(ValueError, match="pattern"):
        patterns.parse(
            '{"edges":{"account":["00000000000000000000000000000001"]},"key_epoch":"2026Q4","kind":"account-network",'
            '"min_overlap":2,"size_bucket":"1-9","token_prf":"voprf-ristretto255-sha512","v":1}'
        )


def test_a_dead_pattern_is_for_what_is_withdrawn(indicator):
    dead = versions.dead(versions.retracted(indicator, now=NOW), now=NOW)
    assert allowed.check(dead) == []
    assert allowed.check(dead | {"revoked": False}) == ["pattern: matches nothing, though it is not withdrawn"]


@pytest.mark.parametrize(
    ("pattern", "good"),
    [
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", True),
        ("[ipv4-addr:value = '198.51.100.7'] OR [ipv6-addr:value = '2001:db8::1']", True),
        ("[user-account:user_id = 'ana']", False),
        ("[ipv4-addr:value MATCHES '(a+)+$']", False),
        ("[email-addr:value = 'ana@mail.example']", False),
    ],
)
def test_ordinary_patterns_are_addresses_of_proxies(pattern, good):
    plain = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--3c3ae353-fb14-428e-90b4-01a6c1cc0aff",
        "created_by_ref": ME,
        "created": "2026-11-02T09:00:00.000Z",
        "modified": "2026-11-02T09:00:00.000Z",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2026-11-02T09:00:00Z",
        "valid_until": "2026-12-02T00:00:00Z",
        "confidence": 50,
        "object_marking_refs": markings.refs(markings.TLP[Level.GREEN]),
    }
    assert incoming.check(plain) == []
    assert (allowed.check(plain) == []) is good
    if good:
        assert allowed.check(plain | {"object_marking_refs": markings.refs(markings.TLP[Level.CLEAR])})
        assert allowed.check(plain | {"valid_until": "2027-02-02T00:00:00Z"})


def test_the_list_holds_for_what_is_ours_wherever_it_stands(indicator):
    assert allowed.applies(indicator)
    assert allowed.applies({"type": "x-a", "extensions": {extensions.FEEDBACK: {}}})
    assert not allowed.applies({"type": "indicator", "pattern_type": "stix", "extensions": {"x": {}}})
    assert not allowed.applies({"type": "indicator", "pattern_type": "model-api-sig", "extensions": []})


@given(st.sampled_from(OURS), st.dictionaries(st.sampled_from(sorted({k for each in OURS for k in each})), json_values))
def test_whatever_is_changed_in_an_object_there_is_an_answer(obj, change):
    changed = obj | change
    if incoming.check(changed) == []:
        assert all(problem.isascii() for problem in allowed.check(changed))
        allowed.applies(changed)


@given(st.sampled_from(OURS), st.sets(st.sampled_from(sorted({name for each in OURS for name in each}))))
def test_whatever_is_missing_in_an_object_there_is_an_answer(obj, missing):
    rest = {name: value for name, value in obj.items() if name not in missing}
    if incoming.check(rest) == []:
        allowed.check(rest)
        allowed.applies(rest)


@given(st.data())
def test_a_property_more_is_a_refusal(data):
    type_ = data.draw(st.sampled_from(sorted(vocabulary.PROPERTIES)))
    name = data.draw(st.from_regex("[a-z_]{3,20}", fullmatch=True))
    known = vocabulary.PROPERTIES[type_].keys() | vocabulary.COMMON.keys()
    obj = {"type": type_, "id": f"{type_}--3c3ae353-fb14-428e-90b4-01a6c1cc0aff", name: data.draw(st.text())}
    if name not in known and type_ != "indicator":
        assert allowed.check(obj) == [f"{name}: not on the allow-list"]


def test_no_property_could_hold_a_price_a_customer_capacity_or_a_plan():
    names = {name for each in vocabulary.PROPERTIES.values() for name in each} | set(vocabulary.COMMON)
    for extension in (extensions.Signature, extensions.Feedback, extensions.Retraction, extensions.Activity):
        names |= set(json.dumps(extension.model_json_schema()).replace('"', " ").split())
    assert not {"price", "cost", "customer", "customers", "capacity", "roadmap", "revenue", "count", "volume"} & names
    free = {"content", "explanation"}  # read by the lexicon
    free |= {"pattern", "valid_from", "valid_until", "published"}  # read by incoming
    for type_, rules in vocabulary.PROPERTIES.items():
        for name, rule in rules.items():
            takes_words = rule("Acme signed for three years")
            assert not takes_words or name in free, (type_, name)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("They pay half the list price.", "a price"),
        ("It costs 3 USD", "a price"),
        ("About €5", "a price"),
        ("This customer is large", "a customer"),
        ("Acme Corp is behind it", "a customer"),
        ("We lack GPUs", "capacity"),
        ("before our next model", "a plan"),
        ("we should all ban them", "an order"),
        ("Please SUSPEND these", "an order"),
        ("ｂａｎ them", "an order"),  # noqa: RUF001 — full-width letters
        ("from that country", "where somebody is from"),
        ("ana@mail.example", "a mail address"),
        ("seen at 198.51.100.7", "an address"),
        ("see https://x.example", "an address"),
        ("account acct_9f2c4b1a7d5e", "an identifier"),
        ("number 12345678", "an identifier"),
    ],
)
def test_the_lexicon_finds(text, what):
    assert lexicon.hit(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "Also matches nightly evaluation jobs; 3 of 9 reviewed were benign.",
        "Same wrapper as DC-2026-0042, seen since spring.",
        "This object was withdrawn by its publisher.",
        "The urban banner is blocky.",
    ],
)
def test_the_lexicon_lets_pass(text):
    assert lexicon.hit(text) is None
