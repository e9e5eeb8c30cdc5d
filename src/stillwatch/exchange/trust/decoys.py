"""The operator's own campaigns, which match nothing: whoever confirms one of their indicators did not look, or lies.

    decoy = decoys.like(published, now)                  # what a member published of a campaign, as a model
    objects = outgoing.objects(decoy, contributor=pseudonym, now=now, marking=level)
    register.change(store, root, lambda known: known.with_decoys(*decoys.indicators(objects)))
    # only then published, in the same way as a member's: a decoy that nobody knows of is a false campaign

A token is 128 bits of a keyed function's output (RFC 9497), and cannot be told from random bits without evaluating the
function at the value that it stands for, and there is none. All else is made by the same code as a real campaign, in
the dimensions of one, and is stored, signed, logged and served in the same way.
"""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from stillwatch.errors import ExchangeError
from stillwatch.indicators import atlas, extensions, patterns
from stillwatch.indicators.said import Said

_TECHNIQUES: Mapping[str, str] = {pattern["id"]: number for number, pattern in atlas.TECHNIQUES.items()}


def like(published: Iterable[Mapping[str, Any]], now: datetime) -> Said:
    """A campaign that does not exist, in the dimensions of one that does.

    Args:
        published: the objects of a campaign as its member published them: the campaign, its indicators, its
            relationships.
        now: when the decoy will be published; its days keep their distance from that.

    Raises:
        ExchangeError: no campaign is among the objects, or none of its indicators has tokens.
    """
    objects = list(published)
    campaign = next((each for each in objects if each["type"] == "campaign"), None)
    models = [_blank(each) for each in objects if each.get("pattern_type") == patterns.PATTERN_TYPE]
    if campaign is None or not any(models):
        raise ExchangeError("A decoy follows a campaign whose indicators have tokens; this is none.")
    later = now.date() - _day(campaign["created"])
    techniques = {_TECHNIQUES.get(each.get("target_ref", "")) for each in objects if each["type"] == "relationship"}
    whole = Said(
        key=str(uuid.uuid4()),
        confidence=campaign["confidence"],
        first_seen=_day(campaign["first_seen"]) + later,
        last_seen=_day(campaign["last_seen"]) + later,
        techniques=tuple(sorted(number for number in techniques if number)),
        **_observed(objects),
    )
    for model in models:
        whole = replace(whole, **model)
    return whole


def indicators(objects: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ids of the indicators among objects."""
    return tuple(each["id"] for each in objects if each["type"] == "indicator")


def _observed(objects: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the campaign was found on, in orders of magnitude."""
    found = next(each["extensions"][extensions.SIGNATURE] for each in objects if each["type"] == "indicator")
    evidence = found["evidence"]
    return {
        "accounts": evidence["accounts_bucket"],
        "requests": evidence["requests_bucket"],
        "families": tuple(evidence["families"]),
    }


def _blank(indicator: Mapping[str, Any]) -> dict[str, Any]:
    """What a `Said` holds of a signature, with tokens of nothing."""
    match patterns.parse(indicator["pattern"]):
        case patterns.PromptTemplate(tokens=tokens, key_epoch=epoch):
            return {"template": _tokens(len(tokens)), "key_epoch": epoch}
        case patterns.Vocabulary(tokens=tokens, key_epoch=epoch):
            return {"vocabulary": _tokens(len(tokens)), "key_epoch": epoch}
        case patterns.AccountNetwork(edges=edges, key_epoch=epoch, set_id=named):
            shared = {klass: _tokens(len(tokens)) for klass, tokens in edges.items()}
            return {"shared": shared, "key_epoch": epoch, "set_id": f"set--{uuid.uuid4()}" if named else None}
        case _:
            return {}  # a cadence has no tokens, and what it describes may well exist


def _tokens(count: int) -> tuple[str, ...]:
    return tuple(sorted(secrets.token_hex(16) for _ in range(count)))


def _day(time: str) -> date:
    return datetime.fromisoformat(time).date()
