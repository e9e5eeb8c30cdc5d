"""What the operator plants is told as any member's word, and known for what it is to the operator alone."""

import json
import secrets
import uuid
from datetime import UTC, datetime

import pytest

from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange import intake
from stillwatch.exchange.model import Level, Member, Query, Right
from stillwatch.exchange.store.store import microseconds
from stillwatch.exchange.trust import register
from stillwatch.exchange.trust.planting import Voice, plant
from stillwatch.indicators import outgoing, versions
from stillwatch.indicators.markings import level
from stillwatch.indicators.said import Said
from stillwatch.signing import SigningKey, verify

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY, OWN = SigningKey.generate(), SigningKey.generate()


@pytest.fixture
def publish(store, place):
    """ana's; keeper reads them and writes, too."""
    keeper = Member("keeper", f"identity--{uuid.uuid4()}", "oauth", public_key=OWN.public, quarantined=False)
    store.add_member(keeper, None, {place.id: Right(read=True, write=True)})

    def send(objects):
        posted = intake.examine(store.principal("ana"), store.root("forum"), place, objects, now=microseconds())
        store.add("forum", "ana", lambda each: intake.take_in(each, posted, KEY).parts)
        return objects

    return send


@pytest.fixture
def campaign(store, publish):
    def make(marking=Level.AMBER, **changes):
        whole = Said(
            key=str(uuid.uuid4()),
            confidence=75,
            first_seen=datetime.now(UTC).date(),
            last_seen=datetime.now(UTC).date(),
            accounts="10-99",
            requests="1e4-1e5",
            families=("text",),
            techniques=("AML.T0024.002",),
            **({"key_epoch": "2026Q4", "template": tuple(sorted(secrets.token_hex(16) for _ in range(25)))} | changes),
        )
        ana = store.member("ana").identity
        return publish(outgoing.objects(whole, contributor=ana, now=datetime.now(UTC), marking=marking))

    return make


def of(objects, type_):
    return next(each["id"] for each in objects if each["type"] == type_)


def objects(store, place, who="ben"):
    found = store.read(store.principal(who), place, Query(versions="all")).records
    return {each.id: json.loads(each.body) for each in found}


def test_a_decoy_is_published_as_the_members_own_and_remembered(store, place, campaign):
    real = campaign()
    planted = plant(store, KEY, place, Voice("keeper", OWN), None)
    seen, (ana, keeper) = objects(store, place), (store.member(name).identity for name in ("ana", "keeper"))
    assert planted.like == of(real, "campaign")
    assert seen[planted.campaign]["created_by_ref"] == keeper
    assert level(seen[planted.campaign]) == Level.AMBER
    assert register.register(store, "forum").decoys == planted.indicators
    assert {seen[each]["type"] for each in planted.indicators} == {"indicator"}
    for each in store.signatures(store.principal("ben"), place, Query(ids=(planted.campaign,))).signatures:
        verify(OWN.public, seen[each.id], each.signature)
        assert each.receipt
    kinds = [
        sorted(each["type"] for each in seen.values() if each.get("created_by_ref") == who) for who in (ana, keeper)
    ]
    assert kinds[0] == kinds[1]


def test_it_follows_the_campaign_that_is_named_and_never_a_decoy(store, place, campaign):
    first, second = campaign(), campaign()
    assert plant(store, KEY, place, Voice("keeper", OWN), of(first, "campaign")).like == of(first, "campaign")
    planted = plant(store, KEY, place, Voice("keeper", OWN), None)
    assert planted.like == of(second, "campaign")
    with pytest.raises(ExchangeError, match="no campaign here"):
        plant(store, KEY, place, Voice("keeper", OWN), planted.campaign)


def test_where_there_is_nothing_to_follow(store, place, campaign, publish):
    def plain(**changes):
        return {"type": "campaign", "spec_version": "2.1", "id": f"campaign--{uuid.uuid4()}", "name": "x"} | changes

    times = {"created": "2026-03-02T09:00:00.000Z", "modified": "2026-03-02T09:00:00.000Z"}
    publish([plain(**times)])
    campaign(template=(), key_epoch=None)
    campaign(marking=Level.RED)
    publish([versions.retracted(each, now=datetime.now(UTC)) for each in campaign() if each["type"] == "campaign"])
    before = store.log_size("forum")
    with pytest.raises(ExchangeError, match="no campaign here"):
        plant(store, KEY, place, Voice("keeper", OWN), None)
    assert register.register(store, "forum").decoys == ()
    assert store.log_size("forum") == before


@pytest.mark.parametrize("voice", [Voice("nobody", None), Voice("keeper", None), Voice("keeper", KEY)])
def test_only_a_member_with_its_own_key_speaks(store, place, campaign, voice):
    campaign()
    with pytest.raises(ConfigError):
        plant(store, KEY, place, voice, None)
    assert register.register(store, "forum").decoys == ()


def test_who_may_not_write_plants_nothing(store, place, campaign):
    campaign()
    with pytest.raises(TrustError):
        plant(store, KEY, place, Voice("ben", None), None)
    assert register.register(store, "forum").decoys != ()  # remembered before: nothing is published unknown
