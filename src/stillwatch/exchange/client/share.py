"""From campaigns to the document that two persons look at: what would leave, field by field, and what is held back.

    plans = [plan(campaign, means, rules) for campaign in campaigns]
    document(plans, ...)                        # the dry run: no network, nothing is asked, nothing leaves
    built(plan, tokens, ...)                    # the objects themselves, once tokens were made

What is shown is made from the very objects that would leave, with stand-ins for the tokens. So it can be compared with
what is about to leave: all of that was shown, or nothing leaves. What was withdrawn does not leave again; the ids of
indicators follow from their tokens, so that the dry run may show one of which only the tokens tell that it was.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from stillwatch import __version__
from stillwatch.errors import PrivacyError
from stillwatch.exchange.client.means import Means
from stillwatch.exchange.tokens.classes import normal
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.indicators import ids, outgoing
from stillwatch.indicators.markings import Level
from stillwatch.indicators.patterns import MOST_TOKENS
from stillwatch.indicators.published import PUBLISHED
from stillwatch.indicators.said import Draft, Found, Held, TokenClass, said

VERSION = "2"
#: Jaccard of the accounts above which a campaign is one that we said before: no two can be that of one.
SAME = 0.5
#: Stands for our pseudonym in a dry run, where it is not known yet.
ANYBODY = "identity--00000000-0000-4000-8000-000000000000"

_KINDS: Mapping[TokenClass, str] = {"payment": "payment", "mail-domain": "mail_domain", "address": "address"}
_NUMBER = re.compile(r"(?<=\bDC-\d{4})-\d{4}$")  # of `outgoing.name`: it follows from who says it
_WHEN_SENT = ("created", "modified", "valid_from", "valid_until", "published")

Tokens = Mapping[TokenClass, Sequence[str]]


class Signature(Protocol):
    """What a scan kept of a campaign's words."""

    @property
    def template(self) -> Sequence[int]: ...  # noqa: D102 — see campaigns.findings


class Campaign(Found, Protocol):
    """A campaign that may be shared, as findings have it."""

    @property
    def signature(self) -> Signature: ...  # noqa: D102
    @property
    def accounts(self) -> Sequence[Any]: ...  # noqa: D102 — with an account_id each


@dataclass(frozen=True)
class Marks:
    """What a campaign can be known by elsewhere; see `indicators.said.Marks`."""

    template: Sequence[int]
    vocabulary: Sequence[int]
    shared: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Past:
    """What we said before: a campaign that grew has another id in the findings, and is the same to the others."""

    key: bytes = b""  # of the digests
    accounts: Mapping[str, frozenset[str]] = field(default_factory=dict)  # keyed digests, by the name it was said under
    withdrawn: Mapping[str, str] = field(default_factory=dict)  # the day, by that name

    def digests(self, accounts: Iterable[str]) -> frozenset[str]:
        """Account ids, so that they can be told to be the same and not what they are."""
        return frozenset(hashlib.blake2b(each.encode(), key=self.key, digest_size=8).hexdigest() for each in accounts)

    def name(self, campaign: str, accounts: frozenset[str]) -> str:
        """Under which name a campaign was said, or is to be said if it was not.

        Args:
            campaign: the finding's id.
            accounts: digests of its accounts.
        """
        return next((name for name, others in self.accounts.items() if _jaccard(accounts, others) > SAME), campaign)


def _jaccard(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / (len(some | others) or 1)


@dataclass(frozen=True)
class Plan:
    """What would leave of one campaign."""

    campaign: str  # the finding's id
    said_as: str  # the id of the finding that it was when it was said first
    accounts: frozenset[str]  # digests, which stay here
    draft: Draft
    values: Mapping[TokenClass, tuple[bytes, ...]]  # to be blinded and made tokens
    held: tuple[Held, ...]


@dataclass(frozen=True)
class Rules:
    """By what it was decided what may leave."""

    level: Level
    tokens: bool = True  # False: nothing that needs tokens is said

    @property
    def digest(self) -> str:
        """Differs where another version or another setting could decide otherwise."""
        text = json.dumps([VERSION, __version__, self.level.label, self.tokens])
        return hashlib.sha256(text.encode()).hexdigest()


def plan(campaign: Campaign, means: Means | None, rules: Rules, past: Past | None = None) -> Plan:
    """Decides what may leave of a campaign.

    Args:
        campaign: out of findings.json.
        means: what accounts share; None without an accounts table.
        rules: the marking, and whether tokens are made.
        past: what we said before.

    Raises:
        PrivacyError: nothing of it is one's own observation, or it was withdrawn.
    """
    past, accounts = past or Past(), [account.account_id for account in campaign.accounts]
    digests = past.digests(accounts)
    said_as = past.name(campaign.id, digests)
    if day := past.withdrawn.get(said_as):
        raise PrivacyError(f"withdrawn on {day}")
    shared = means.of(accounts) if means else None
    draft = said(campaign, Marks(campaign.signature.template, (), shared.values if shared else {}))
    if said_as != campaign.id:
        draft = replace(draft, said=replace(draft.said, key=ids.derived("campaign", said_as).partition("--")[2]))
    held = [*draft.held, *(shared.held if shared else [Held("shared", "no accounts table was given")])]
    if not rules.tokens:
        held += [Held(f"signature ({klass})", "no tokens are made") for klass in draft.values]
        return Plan(campaign.id, said_as, digests, draft, {}, tuple(held))
    values = {klass: _forms(klass, draft.values[klass], means) for klass in draft.values}
    forms = {klass: forms for klass, forms in values.items() if forms}
    return Plan(campaign.id, said_as, digests, draft, forms, tuple(held))


def built(  # noqa: PLR0913 — what, with which tokens, by whom, when, how narrowly, after what
    planned: Plan,
    tokens: Tokens,
    *,
    contributor: str,
    epoch: str,
    now: datetime,
    level: Level,
    before: Mapping[str, dict[str, Any]],
) -> list[dict[str, Any]]:
    """The objects that leave: none that was withdrawn, and the definitions of those extensions alone that are used."""
    whole = planned.draft.with_tokens(epoch, tokens) if tokens else planned.draft.said
    made = outgoing.objects(whole, contributor=contributor, now=now, marking=level, before=before)
    made = [each for each in made if not each.get("revoked")]
    carried = {extension for each in made for extension in each.get("extensions", {})}
    # medallion takes a definition's own `version` for the object's, and then answers nobody any more
    return [each for each in made if each["type"] != "extension-definition" or each["id"] in carried]


def preview(
    planned: Plan, *, contributor: str | None, now: datetime, level: Level, before: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """What would leave, as `shown`, without a token being asked for."""
    stand_ins = {klass: [f"{n:032x}" for n in range(len(forms))] for klass, forms in planned.values.items()}
    epoch = str(Epoch.at(now))
    teller = contributor or ANYBODY
    leaves = shown(built(planned, stand_ins, contributor=teller, epoch=epoch, now=now, level=level, before=before))
    return leaves if contributor else [_nameless(each) for each in leaves]


def shown(objects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Objects as they are shown: ids without what follows from tokens, times of sending as such, tokens counted.

    Of what comes with the software, and is the same whoever publishes it, only the number is told.
    """
    own = [each for each in objects if each["id"] not in PUBLISHED]
    return [{name: _property(name, value) for name, value in each.items()} for each in own]


def document(  # noqa: PLR0913 — what, by which rules, by whom, when, from what, after what
    plans: Iterable[Plan],
    *,
    rules: Rules,
    contributor: str | None,
    now: datetime,
    inputs: Mapping[str, Any],
    before: Mapping[str, dict[str, Any]],
    refused: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """The dry run: what the drafter and the approver look at.

    Args:
        plans: one for each campaign.
        rules: by what they were made.
        contributor: our STIX identity, if it is known.
        now: when.
        inputs: the findings and the accounts table: paths and digests.
        before: our objects that were published before, by id.
        refused: campaigns of which nothing may leave, and why.
    """
    return {
        "version": VERSION,
        "at": now.isoformat(timespec="seconds"),
        "tlp": rules.level.label,
        "rules": rules.digest,
        "tokens": rules.tokens,
        "inputs": dict(inputs),
        "campaigns": [
            {
                "id": each.campaign,
                "said_as": each.said_as,
                "tokens": {klass: len(forms) for klass, forms in each.values.items()},
                "leaves": preview(each, contributor=contributor, now=now, level=rules.level, before=before),
                "held_back": [{"field": held.field, "why": held.why} for held in each.held],
            }
            for each in plans
        ],
        "refused": [{"id": campaign, "why": why} for campaign, why in refused],
    }


def asked(planned: Plan, ask: Callable[[TokenClass, Sequence[bytes]], Sequence[str]]) -> dict[TokenClass, list[str]]:
    """The tokens of a plan's values."""
    return {klass: list(ask(klass, forms)) for klass, forms in planned.values.items()}


def _forms(klass: TokenClass, values: Sequence[int | str], means: Means | None) -> tuple[bytes, ...]:
    """The normal forms of values, each once."""
    if klass in _KINDS and means is not None:
        found = (means.normal(_KINDS[klass], str(value)) for value in values)
    else:
        found = (normal(klass, value) for value in values)
    return tuple(dict.fromkeys(form for form in found if form is not None))[:MOST_TOKENS]


def _nameless(obj: dict[str, Any]) -> dict[str, Any]:
    """An object as shown, without what of its name follows from who says it."""
    if obj["type"] == "identity":
        return obj | {"name": "our pseudonym"}
    return {k: _NUMBER.sub(" (numbered when it is published)", v) if k == "name" else v for k, v in obj.items()}


def _property(name: str, value: Any) -> Any:  # noqa: ANN401 — any JSON value
    if name in _WHEN_SENT:
        return "when it is sent"
    if name == "pattern":
        return _pattern(str(value))
    if name == "id" or name.endswith("_ref"):
        return named(str(value))
    if name.endswith("_refs"):
        return [named(str(each)) for each in value]
    return value


def named(name: str) -> str:
    """An id as its type, or what comes with the software (a marking, a technique) by the name that it has there."""
    known = PUBLISHED.get(name, {})
    external = known.get("external_references", [{}])[0].get("external_id")
    return " ".join(filter(None, [external, known.get("name")])) or name.partition("--")[0]


def _pattern(text: str) -> Any:  # noqa: ANN401 — any JSON value
    """A pattern with its tokens counted."""

    def counted(value: object) -> object:
        if isinstance(value, dict):
            return {key: counted(each) for key, each in value.items()}
        return f"{len(value)} tokens" if isinstance(value, list) else value

    return counted(json.loads(text)) if text.startswith("{") else text
