"""Drafting what may leave of findings, and approving it: the same for `stillwatch share` and for the console.

    drafted = draft(settings, Asked(findings, accounts, campaigns, tokens=True), "alice", now)
    done = approve(settings, state, "d-3f9a12cd", by="bob", now=now)        # another person: made anew, signed, sent
    done.sent                                                               # empty: the exchange has it already

The rules are those of `exchange.client.publishing`. What is approved is made again from the files that were drafted
from, with what people said of them since; where these have changed nothing leaves.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from stillwatch.config import ExchangeConfig, Settings
from stillwatch.errors import InputError, PrivacyError
from stillwatch.exchange.client import publishing, share
from stillwatch.exchange.client.extension import our_identity
from stillwatch.exchange.client.means import read_means
from stillwatch.exchange.client.outbox import Draft
from stillwatch.exchange.client.people import People
from stillwatch.exchange.client.publishing import Sent
from stillwatch.exchange.client.session import opened
from stillwatch.exchange.client.share import Past, Plan, Rules
from stillwatch.exchange.client.state import State
from stillwatch.indicators.markings import Level
from stillwatch.reports.document import Campaign
from stillwatch.reports.reviews import ReviewStore, reviewed
from stillwatch.traffic.pseudonyms import Key


@dataclass(frozen=True)
class Asked:
    """Of what something would leave.

    Attributes:
        findings: what `scan -o` wrote.
        accounts: the accounts table; None: no shared means.
        campaigns: ids; none: all that nobody rejected.
        tokens: whether what needs tokens is said.
    """

    findings: Path
    accounts: Path | None
    campaigns: tuple[str, ...]
    tokens: bool

    @property
    def digests(self) -> dict[str, Any]:
        """The files as they are, so that a draft is of these and no others.

        Raises:
            InputError: one cannot be read.
        """
        return {"findings": _digest(self.findings), "accounts": _digest(self.accounts) if self.accounts else None}


@dataclass(frozen=True)
class Approved:
    """What became of a draft."""

    draft: Draft
    sent: Sequence[Sent]  # with it whatever else was approved


def draft(settings: Settings, asked: Asked, person: str | None, now: datetime) -> dict[str, Any]:
    """What would leave; kept as a draft where somebody drafts it.

    Raises:
        TrustError: this person may not.
        InputError: a file cannot be read, or nothing of it may leave.
        PrivacyError: something would leave that may not.
        ExchangeError: it has to be asked who we are, and cannot be.
    """
    exchange = settings.config.exchange
    digests, rules = asked.digests, _rules(exchange, tokens=asked.tokens)
    if person:
        people(exchange).check_publisher(person)
    known = exchange.state.exists() or person is not None
    with State.open(exchange.state) if known else nullcontext() as state:
        plans, refused = _plans(settings, asked, rules, publishing.past(state) if state else None)
        document = share.document(
            plans,
            rules=rules,
            contributor=our_identity(exchange, state, ask=person is not None),
            now=now,
            inputs=digests,
            before={each.object["id"]: dict(each.object) for each in state.outbox.said()} if state else {},
            refused=refused,
        )
        if person is None or state is None:
            return document
        made = publishing.draft(state.outbox, document, plans, by=person, people=people(exchange), now=now)
    return {"draft": made.id, "drafted_by": person, **document}


def approve(settings: Settings, state: State, name: str, *, by: str, now: datetime) -> Approved:
    """Publishes a draft; what was published already comes back as it was, and what was not sent is sent.

    Raises:
        TrustError: this person may not, or the exchange is not to be believed.
        InputError: there is no such draft, it needs nobody's approval, was dropped, or has changed since.
        ConfigError: what is needed to speak is not set.
        ExchangeError: the exchange cannot be reached or refuses; what was approved by then stays approved.
        PrivacyError: the quota of tokens does not suffice.
    """
    exchange = settings.config.exchange
    drafted, may = state.outbox.find(name), people(exchange)
    content = drafted.content
    if "campaigns" not in content:
        raise InputError("It needs nobody's approval.", where=drafted.id, hint="`stillwatch sync` sends it.")
    rules = _rules(exchange, tokens=content["tokens"], tlp=content["tlp"])
    publishing.check(state.outbox, drafted, by=by, people=may, rules=rules)
    sent: list[Sent] = []
    if drafted.stage == "drafted":
        plans = _replanned(settings, content, rules, publishing.past(state))
        with opened(exchange) as session:
            sent = publishing.publish(session, state, drafted, plans, by=by, people=may, rules=rules, now=now)
    elif drafted.stage == "approved":
        with opened(exchange) as session:
            sent = publishing.send(session, state)
    return Approved(state.outbox.find(drafted.id), sent)


def people(exchange: ExchangeConfig) -> People:
    """Who of us may say what, by the settings."""
    return People(frozenset(exchange.publishers), frozenset(exchange.approvers))


def _digest(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = "`stillwatch scan LOGS -o findings.json` writes findings."
        raise InputError(f"It cannot be read ({error.strerror}).", where=str(path), hint=hint) from None
    return {"path": str(path.resolve()), "sha256": hashlib.sha256(content).hexdigest()}


def _plans(
    settings: Settings, asked: Asked, rules: Rules, past: Past | None
) -> tuple[list[Plan], list[tuple[str, str]]]:
    """What would leave of each campaign, and of which nothing does."""
    means = read_means(asked.accounts, Key.of(settings)) if asked.accounts else None
    plans, refused = [], []
    for campaign in _campaigns(settings, asked):
        try:
            plans.append(share.plan(campaign, means, rules, past))
        except PrivacyError as error:
            refused.append((campaign.id, str(error)))
    return plans, refused


def _campaigns(settings: Settings, asked: Asked) -> Sequence[Campaign]:
    document = reviewed(asked.findings, ReviewStore(settings.config.reviews.path))
    if not asked.campaigns:
        return document.standing
    named = [document.campaign(name) for name in asked.campaigns]
    if dismissed := [each.id for each in named if each.dismissed]:
        raise InputError(f"A person rejected {dismissed[0]}.", hint="Review it anew before it is shared.")
    return named


def _replanned(settings: Settings, content: Mapping[str, Any], rules: Rules, past: Past) -> list[Plan]:
    """The plans of a draft, made anew.

    Raises:
        InputError: the files are others than they were.
    """
    inputs, ids = content["inputs"], tuple(each["id"] for each in content["campaigns"])
    accounts = Path(inputs["accounts"]["path"]) if inputs["accounts"] else None
    asked = Asked(Path(inputs["findings"]["path"]), accounts, ids, tokens=content["tokens"])
    if asked.digests != inputs:
        raise publishing.changed("the findings or the accounts table")
    return _plans(settings, asked, rules, past)[0]


def _rules(exchange: ExchangeConfig, *, tokens: bool, tlp: str | None = None) -> Rules:
    return Rules(Level[(tlp or exchange.tlp).upper().replace("+", "_")], tokens=tokens)
