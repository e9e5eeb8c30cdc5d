"""A decoy, put among what members published: remembered first, then published as its member's own.

    planted = plant(store, exchange_key, collection, voice, like=None)     # voice: Voice("keeper", member_key)

To the others it is what any member says: the same checks, the same receipt, the same lines in the log. So it needs a
member to speak, and the key of that member where it signs; one whose every campaign is a decoy is soon known for it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stillwatch.errors import ConfigError, ExchangeError
from stillwatch.exchange import intake
from stillwatch.exchange.model import Collection, Principal, Query
from stillwatch.exchange.store.store import Store, microseconds
from stillwatch.exchange.trust import decoys, register
from stillwatch.exchange.trust.audit import records
from stillwatch.indicators import extensions, incoming, markings, outgoing
from stillwatch.indicators.published import PUBLISHED
from stillwatch.signing import SigningKey, sign, to_base64

Object = Mapping[str, Any]
_TYPES = ("campaign", "indicator", "relationship")
_NEEDED = frozenset({"confidence", "first_seen", "last_seen"})  # of a campaign, which other software may leave out


@dataclass(frozen=True)
class Voice:
    """The member that speaks."""

    member: str  # its name
    key: SigningKey | None  # its own, where it has registered one


@dataclass(frozen=True)
class Planted:
    """What was published."""

    campaign: str
    indicators: tuple[str, ...]
    like: str  # the campaign that it follows
    objects: int


def plant(store: Store, exchange_key: SigningKey, collection: Collection, voice: Voice, like: str | None) -> Planted:
    """Makes a decoy, remembers it and publishes it.

    Args:
        store: the exchange's.
        exchange_key: for receipts.
        collection: where.
        voice: who speaks.
        like: the id of the campaign that it follows; the newest that has tokens by default.

    Raises:
        ConfigError: there is no such member, or its key is another than it registered.
        ExchangeError: there is no campaign that a decoy could follow.
        TrustError: the member may not write there, or the exchange's own checks refuse the decoy.
    """
    principal, moment = _speaker(store, voice), datetime.now(UTC)
    known = register.register(store, collection.root)
    campaign, model = _model(_published(store, principal, collection), like, frozenset(known.decoys))
    objects = outgoing.objects(
        decoys.like(model, moment),
        contributor=principal.member.identity,
        now=moment,
        marking=markings.level(campaign),
    )
    hidden = decoys.indicators(objects)
    register.change(store, collection.root, lambda each: each.with_decoys(*hidden))
    _publish(store, exchange_key, collection, principal, objects, voice.key)
    made = next(each["id"] for each in objects if each["type"] == "campaign")
    return Planted(made, hidden, campaign["id"], len(objects))


def _speaker(store: Store, voice: Voice) -> Principal:
    principal = store.principal(voice.member)
    if principal is None:
        hint = "`stillwatch exchange member list` shows them."
        raise ConfigError("There is no such member, or it is suspended.", where=voice.member, hint=hint)
    if principal.member.public_key != (voice.key.public if voice.key else None):
        hint = "A decoy is signed as all that this member says: with the key that it registered, or with none."
        raise ConfigError("This is not the key that the member registered.", where=voice.member, hint=hint)
    return principal


def _published(store: Store, reader: Principal, collection: Collection) -> dict[str, Object]:
    """The newest version of each object that the member may read and that stands, the newest last."""
    found = (json.loads(each.body) for each in records(store, reader, collection, Query(types=_TYPES)))
    return {each["id"]: each for each in found if not each.get("revoked")}


def _model(published: Mapping[str, Object], like: str | None, hidden: frozenset[str]) -> tuple[Object, list[Object]]:
    """A campaign that members published, and what belongs to it.

    Raises:
        ExchangeError: there is none that a decoy could follow.
    """
    for campaign in reversed([each for each in published.values() if each["type"] == "campaign"]):
        if like in {None, campaign["id"]} and campaign.keys() >= _NEEDED:
            parts = list(_parts(campaign["id"], published))
            if any("pattern" in each for each in parts) and not hidden & {each["id"] for each in parts}:
                return campaign, [campaign, *parts]
    hint = "It follows one of ours whose indicators have tokens, and which is no decoy itself."
    raise ExchangeError("There is no campaign here that a decoy could follow.", where=like, hint=hint)


def _parts(campaign: str, published: Mapping[str, Object]) -> Iterator[Object]:
    """The relationships of a campaign, and its indicators with tokens."""
    for link in published.values():
        if campaign in {link.get("source_ref"), link.get("target_ref")}:
            yield link
            source = published.get(link["source_ref"], {})
            if extensions.SIGNATURE in source.get("extensions", {}) and json.loads(source["pattern"]).get("key_epoch"):
                yield source


def _publish(  # noqa: PLR0913, PLR0917 — where, who, what, and two keys
    store: Store,
    exchange_key: SigningKey,
    collection: Collection,
    principal: Principal,
    objects: Sequence[Object],
    key: SigningKey | None,
) -> None:
    root = store.root(collection.root)
    if root is None:
        raise ConfigError("There is no root of this name.", where=collection.root)
    own = [each for each in objects if each["id"] not in PUBLISHED] if key else []
    signatures = [_signature(each, key) for each in own if key]
    posted = intake.examine(principal, root, collection, objects, signatures, now=microseconds())
    store.add(root.name, principal.member.name, lambda each: intake.take_in(each, posted, exchange_key).parts)


def _signature(obj: Object, key: SigningKey) -> dict[str, str]:
    version, _ = incoming.version(obj)
    return {"id": obj["id"], "version": version, "key_id": key.key_id, "signature": to_base64(sign(key, obj))}
