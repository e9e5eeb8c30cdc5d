import json
import uuid
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.examination import AHEAD, MOST_REFUSALS, Refused, examine
from stillwatch.exchange.model import Collection, Level, Member, Principal, Right, Root
from stillwatch.indicators import extensions, feedback, markings, outgoing, patterns, timestamps
from stillwatch.indicators.published import PUBLISHED
from stillwatch.indicators.said import Said
from stillwatch.signing import SigningKey, canonical, key_id, sign, to_base64

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
ROOT = Root("forum", "The forum")
PLACE = Collection(str(uuid.uuid4()), "forum", "Indicators")
NOW = timestamps.parse("2026-11-02T12:00:00Z")


def principal(key=KEY):
    member = Member("ana", f"identity--{uuid.uuid4()}", "oauth", public_key=key and key.public)
    return Principal(member, {PLACE.id: Right(read=True, write=True)})


ANA = principal()


def indicator(**changes):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid4()}",
        "created": "2026-11-02T09:00:00.000Z",
        "modified": "2026-11-02T09:00:00.000Z",
        "pattern": "[ipv4-addr:value = '198.51.100.7']",
        "pattern_type": "stix",
        "valid_from": "2026-11-02T09:00:00Z",
        "object_marking_refs": markings.refs(markings.TLP[Level.GREEN]),
    } | changes


def signature(value, key=KEY, **changes):
    said = {
        "id": value["id"],
        "version": value["modified"],
        "key_id": key.key_id,
        "signature": to_base64(sign(key, value)),
    }
    return said | changes


def posted(objects, signatures=None, root=ROOT, who=ANA):
    return examine(who, root, PLACE, objects, signatures, now=NOW).objects


def refused(objects, signatures=None, root=ROOT, who=ANA):
    with pytest.raises(Refused) as caught:
        posted(objects, signatures, root, who)
    return caught.value


def whys(*args, **options):
    return [each.why for each in refused(*args, **options).refusals]


def test_an_object_is_taken_as_it_is_and_served_in_its_canonical_form():
    value = indicator(x_unknown={"b": 1.5, "a": "ä"}, confidence=70)
    (found,) = posted([value])
    assert json.loads(found.body) == value
    assert found.body == canonical(value)
    assert (found.id, found.type, found.level, found.revoked) == (value["id"], "indicator", Level.GREEN, False)
    assert found.version == timestamps.parse(value["modified"])


@pytest.mark.parametrize(
    ("value", "spec_version"),
    [
        ({"type": "ipv4-addr", "id": f"ipv4-addr--{uuid.uuid4()}", "value": "198.51.100.7"}, "2.1"),
        ({"type": "x-thing", "id": f"x-thing--{uuid.uuid4()}"}, "2.1"),
        ({key: each for key, each in indicator().items() if key != "spec_version"}, "2.0"),
        (indicator(spec_version="2.0"), "2.0"),
    ],
)
def test_every_object_says_its_spec_version(value, spec_version):
    (found,) = posted([value])
    assert found.spec_version == json.loads(found.body)["spec_version"] == spec_version


def test_what_is_malformed_is_listed_with_its_place_and_nothing_of_it():
    objects = [
        indicator(),
        indicator(name=5),
        "SECRET",
        indicator(created="SECRET"),
        {"type": "SECRET", "id": "SECRET"},
    ]
    error = refused(objects)
    assert [each.index for each in error.refusals] == [1, 2, 3, 4]
    assert [each.id for each in error.refusals] == [objects[1]["id"], None, objects[3]["id"], None]
    assert "SECRET" not in str(error) + repr(error.refusals)
    assert "created" in error.refusals[2].why


def test_a_long_list_of_refusals_is_cut():
    error = refused([None] * 500)
    assert (len(error.refusals), error.more) == (MOST_REFUSALS, 500 - MOST_REFUSALS)


def test_what_has_no_canonical_form_is_refused():
    assert whys([indicator(x_large=1e17)]) == ["It has no canonical form (RFC 8785). Write whole numbers within ±(2^53 - 1), and text as UTF-8."]  # fmt: skip  # noqa: E501


def test_a_version_from_the_future_is_refused():
    def at(time):
        return indicator(modified=timestamps.text(time))

    assert len(posted([at(NOW + AHEAD)])) == 1
    assert whys([at(NOW + AHEAD + 1)]) == ["modified: in the future. Set the clock."]
    (why,) = whys([indicator(created=timestamps.text(NOW + 2 * AHEAD), modified=timestamps.text(NOW + 2 * AHEAD))])
    assert "in the future" in why


def test_a_signature_is_checked_and_kept():
    value = indicator()
    (found,) = posted([value], [signature(value)])
    assert found.signature == sign(KEY, value)
    assert found.key_id == key_id(KEY.public)
    (found,) = posted([value])
    assert (found.signature, found.key_id) == (None, None)
    (found,) = posted([value], [signature(value, version="2026-11-02T09:00:00.000000Z")])
    assert found.signature


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"signature": to_base64(bytes(64))}, "does not hold"),
        ({"signature": to_base64(b"")}, "base 64"),
        ({"signature": None}, "base 64"),
        ({"key_id": OTHER.key_id}, "another key than the member registered"),
        ({"key_id": 5}, "A signature is {id, version, key_id, signature}"),
        ({"version": "yesterday"}, "is a timestamp"),
        ({"version": "2026-11-02T09:00:00.001Z"}, "of no object here"),
        ({"id": f"indicator--{uuid.uuid4()}"}, "of no object here"),
    ],
)
def test_a_false_signature_spoils_the_request(changes, why):
    value = indicator()
    (said,) = whys([indicator(), value], [signature(value, **changes)])
    assert why in said


def test_a_signature_of_another_object_does_not_hold():
    one, other = indicator(), indicator()
    assert "does not hold" in whys([one, other], [signature(one) | {"id": other["id"]}])[0]
    assert "does not hold" in whys([one | {"confidence": 3}], [signature(one)])[0]


def test_a_signature_needs_a_key_that_is_registered():
    value = indicator()
    assert "registered no key" in whys([value], [signature(value)], who=principal(None))[0]
    assert "another key" in whys([value], [signature(value)], who=principal(OTHER))[0]
    assert "does not hold" in whys([value], [signature(value) | {"key_id": OTHER.key_id}], who=principal(OTHER))[0]


def test_a_signature_is_of_what_is_served():
    bare = {
        "type": "ipv4-addr",
        "id": f"ipv4-addr--{uuid.uuid4()}",
        "value": "198.51.100.7",
        "modified": "2026-11-02T09:00:00Z",
    }
    full = bare | {"spec_version": "2.1"}
    assert posted([bare], [signature(full)])[0].signature
    assert "its spec_version included" in whys([bare], [signature(bare)])[0]


@pytest.mark.parametrize("signatures", [5, {}, [5], [None], "x", [[]]])
def test_what_is_no_list_of_signatures(signatures):
    assert whys([indicator()], signatures) == ["A signature is {id, version, key_id, signature}."]


def test_two_signatures_of_one_object():
    value = indicator()
    assert whys([value], [signature(value), signature(value)]) == ["There are two signatures of one object."]


def test_an_object_of_ours_passes_the_allow_list_or_is_refused():
    priced = indicator(extensions={extensions.FEEDBACK: {"extension_type": "property-extension"}}, x_price=5)
    assert "x_price: not on the allow-list" in whys([priced])[0]
    assert posted([indicator(x_price=5)])
    assert "x_price: not on the allow-list" in whys([indicator(x_price=5)], root=Root("forum", "F", allow_list=True))[0]


def narrow(**changes):
    """One card that a handful of accounts share."""
    pattern = patterns.AccountNetwork(
        key_epoch="2026Q4", edges={"payment": ("ab" * 16,)}, min_overlap=2, size_bucket="1-9"
    )
    draft = Said(
        key=str(uuid.uuid4()),
        confidence=75,
        accounts="1-9",
        requests="1e3-1e4",
        first_seen=date(2026, 10, 1),
        last_seen=date(2026, 10, 20),
        families=("sign_up",),
        techniques=(),
        key_epoch="2026Q4",
        shared=pattern.edges,
    )
    objects = outgoing.objects(draft, contributor=ANA.member.identity, now=datetime(2026, 11, 2, 9, tzinfo=UTC))
    (found,) = (each for each in objects if each["type"] == "indicator")
    assert found["pattern"] == patterns.write(pattern)
    return found | changes


def test_what_could_point_at_one_account_is_refused_and_can_be_taken_back():
    assert whys([narrow()]) == ["pattern: one shared means of a handful of accounts is nearly a name."]
    assert posted([narrow(revoked=True)])


def test_only_the_exchange_says_what_is_retracted():
    note = feedback.retraction(indicator(), operator=ANA.member.identity, now=datetime(2026, 11, 2, 9, tzinfo=UTC))
    for root in (ROOT, Root("forum", "F", allow_list=True)):
        why = "extensions: what is retracted, only the exchange says. Revoke your own object."
        assert whys([note], root=root) == [why]
    hidden = indicator(extensions={extensions.RETRACTION: {"extension_type": "property-extension"}})
    assert "extensions" in whys([hidden])[0]


def test_what_comes_with_the_software_is_published_as_it_is():
    for each in PUBLISHED.values():
        assert len(posted([dict(each)])) == 1
    forged = dict(next(each for each in PUBLISHED.values() if each["type"] == "attack-pattern")) | {
        "name": "Nothing bad"
    }
    assert whys([forged]) == ["id: of a published object, but the object is another."]


def test_a_marking_of_the_same_request_counts_but_cannot_widen():
    def definition(label):
        extension = {markings.TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": label}}
        whole = {"type": "marking-definition", "spec_version": "2.1", "created": "2026-01-01T00:00:00Z"}
        return whole | {"id": f"marking-definition--{uuid.uuid4()}", "name": "own", "extensions": extension}

    for label, level in (("red", Level.RED), ("clear", Level.AMBER)):
        own = definition(label)
        found = posted([own, indicator(object_marking_refs=[own["id"]])])
        assert found[1].level == level


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from([*indicator(), "revoked", "extensions", "granular_markings", "created_by_ref", "labels"])


@given(st.lists(JSON, max_size=3), JSON)
def test_no_json_breaks_it(objects, signatures):
    with suppress(Refused):
        assert len(posted(objects, signatures)) == len(objects)


@given(st.dictionaries(FIELDS, JSON, max_size=3), st.dictionaries(FIELDS, JSON, max_size=3))
def test_no_property_breaks_it(changes, of_signature):
    value = indicator()
    with suppress(Refused):
        found = posted([value | changes], [signature(value, **of_signature)])
        assert json.loads(found[0].body) == value | changes
