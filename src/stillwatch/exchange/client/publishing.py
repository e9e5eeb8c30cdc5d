"""Two persons and a post: from a draft to objects at the exchange, and back by withdrawal.

    drafted = draft(state.outbox, document, plans, by="alice", people=people, now=now)
    publish(session, state, drafted, plans, by="bob", ...)   # another person; tokens are made, everything is signed
    send(session, state)                                     # what is approved, once or again: the same bytes
    withdraw(state, "c-3f9a", why="...", by="alice", ...)    # a new version of each object, revoked

A draft holds what two persons saw. It is refused where what would leave is no longer that: the findings, the accounts
table or the rules are others, a campaign was withdrawn since, or the objects, made anew, would show something else.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stillwatch.errors import ConfigError, ExchangeError, InputError
from stillwatch.exchange.client.extension import Extension, speaker, token_client
from stillwatch.exchange.client.outbox import Draft, Outbox, Said
from stillwatch.exchange.client.people import People
from stillwatch.exchange.client.session import Session, Voice
from stillwatch.exchange.client.share import Past, Plan, Rules, Tokens, asked, built, shown
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.taxii import Collection
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.indicators import feedback, incoming, versions
from stillwatch.indicators.published import PUBLISHED
from stillwatch.indicators.said import TokenClass
from stillwatch.signing import SigningKey, canonical, sign, to_base64

SIGNATURES = "x_stillwatch_signatures"


@dataclass(frozen=True)
class Sent:
    """What became of a draft."""

    draft: str
    objects: int
    status: str  # TAXII's id of it


def past(state: State) -> Past:
    """What we said before, as far as it decides what is said next."""
    return Past(state.secret("accounts of what we said"), state.outbox.accounts(), state.outbox.withdrawn())


def draft(  # noqa: PLR0913 — what is seen, made from what, by whom, when
    outbox: Outbox, document: Mapping[str, Any], plans: Iterable[Plan], *, by: str, people: People, now: datetime
) -> Draft:
    """Remembers what a person wants to share.

    Args:
        outbox: where it is kept.
        document: the dry run.
        plans: those of its campaigns.
        by: who drafts.
        people: who may.
        now: when.

    Raises:
        TrustError: this person may not.
        InputError: there is nothing in it.
    """
    people.check_publisher(by)
    if not document["campaigns"]:
        raise InputError("Nothing of the findings may leave.", hint="`stillwatch share` shows why.")
    content = {**document, "accounts": {each.said_as: sorted(each.accounts) for each in plans}}
    made = Draft(f"d-{secrets.token_hex(4)}", "drafted", by, now.isoformat(timespec="seconds"), content)
    outbox.put(made)
    return made


def approve(  # noqa: PLR0913 — the draft, the person, and all that it is compared with
    outbox: Outbox,
    drafted: Draft,
    *,
    by: str,
    people: People,
    plans: Sequence[Plan],
    tokens: Sequence[Tokens],
    rules: Rules,
    voice: Voice,
    now: datetime,
) -> None:
    """Fixes what leaves: tokens in the place of values, markings, signatures.

    Args:
        outbox: where the draft is.
        drafted: it.
        by: who approves.
        people: who may.
        plans: made anew from the same findings, in the draft's order.
        tokens: for each plan.
        rules: those of now.
        voice: who speaks.
        now: when.

    Raises:
        TrustError: this person may not.
        InputError: what would leave is not what the draft shows.
    """
    people.check_approver(by, drafted.drafted_by)
    before = {each.object["id"]: dict(each.object) for each in outbox.said()}
    epoch, objects, said = str(Epoch.at(now)), [], []
    for planned, given, promised in zip(plans, tokens, drafted.content["campaigns"], strict=True):
        if planned.said_as != promised["said_as"]:
            raise changed("what we said of it before")
        made = built(planned, given, contributor=voice.identity, epoch=epoch, now=now, level=rules.level, before=before)
        rest = iter(promised["leaves"])  # in the same order
        if not all(each in rest for each in json.loads(json.dumps(shown(made)))):
            raise changed("what would leave of it")
        objects += made
        said += [_said(each, planned.said_as) for each in made if each["id"] not in PUBLISHED]
    text = envelope(objects, voice)
    outbox.approve(drafted, by=by, at=now.isoformat(timespec="seconds"), envelope=text, objects=said)


def check(outbox: Outbox, drafted: Draft, *, by: str, people: People, rules: Rules) -> None:
    """Checks, before anybody is asked for anything, that a draft may be approved.

    Raises:
        TrustError: this person may not.
        InputError: it or a campaign of it was withdrawn, or is decided by other rules now.
    """
    people.check_approver(by, drafted.drafted_by)
    if drafted.stage == "dropped":
        raise InputError("It was withdrawn before it was sent.", where=drafted.id)
    if rules.digest != drafted.content["rules"]:
        raise changed("the rules of what may leave")
    gone = [each["id"] for each in drafted.content["campaigns"] if each["said_as"] in outbox.withdrawn()]
    if gone and drafted.stage == "drafted":
        hint = "Draft it anew, without what was withdrawn."
        raise InputError("Since it was drafted, a campaign of it was withdrawn.", where=gone[0], hint=hint)


def publish(  # noqa: PLR0913 — where, from what, the draft, who, by which rules, and when
    session: Session,
    state: State,
    drafted: Draft,
    plans: Sequence[Plan],
    *,
    by: str,
    people: People,
    rules: Rules,
    now: datetime,
) -> list[Sent]:
    """Approves a draft and sends it, with whatever else is approved.

    Args:
        session: where.
        state: ours.
        drafted: what another person drafted.
        plans: made anew from the same findings, in the draft's order.
        by: who approves.
        people: who may.
        rules: those of now.
        now: when.

    Raises:
        TrustError: this person may not.
        ConfigError: it is not known who we are there, or our key is not set.
        InputError: what would leave is not what the draft shows.
        ExchangeError: the exchange cannot be reached, refuses, or makes no tokens.
        PrivacyError: the quota of tokens does not suffice.
    """
    extension = Extension.of(session, state)
    voice = speaking(session, extension)
    tokens = [_tokens(session, state, extension, planned, now) for planned in plans]
    approve(state.outbox, drafted, by=by, people=people, plans=plans, tokens=tokens, rules=rules, voice=voice, now=now)
    return send(session, state)


def speaking(session: Session, extension: Extension | None) -> Voice:
    """Who we are, where we must be somebody.

    Raises:
        ConfigError: it is not known, or a stillwatch exchange would get what is not signed.
    """
    voice = speaker(session.config, extension)
    if extension and (voice is None or voice.key is None):
        hint = "`openssl genpkey -algorithm ed25519 -out exchange.pem` makes one; the operator enrols its public half."
        raise ConfigError("What is published here is signed, and no key is set.", where="exchange.key_file", hint=hint)
    if voice is None:
        hint = "Write the STIX identity under which others are to see us."
        raise ConfigError("It is not known who we are here.", where="exchange.identity", hint=hint)
    return voice


def _tokens(
    session: Session, state: State, extension: Extension | None, planned: Plan, now: datetime
) -> dict[TokenClass, list[str]]:
    if not planned.values:
        return {}
    client = token_client(session, state, extension)
    return asked(planned, lambda klass, values: client.tokens(klass, str(Epoch.at(now)), values))


def changed(what: str) -> InputError:
    """The error of a draft that no longer is what it was."""
    return InputError(f"Since it was drafted, {what} changed.", hint="Draft it anew, and have that approved.")


def send(session: Session, state: State) -> list[Sent]:
    """Posts what is approved, the oldest first; what was posted before without our knowing is posted again.

    Raises:
        ExchangeError: the exchange cannot be reached or refuses; what is left is sent the next time.
    """
    waiting = state.outbox.at("approved")
    collection = session.to_write() if waiting else None
    return [_sent(session, state, collection, each) for each in waiting if collection]


def _sent(session: Session, state: State, collection: Collection, waiting: Draft) -> Sent:
    status = session.taxii.add(session.root, collection, (waiting.envelope or "").encode())
    if not status.complete:
        hint = "It is asked for again the next time."
        raise ExchangeError("The exchange has not judged all of it yet.", where=waiting.id, hint=hint)
    # some servers (medallion) call it a failure to post what they have
    if refused := [each for each in status.failures if not session.taxii.has(collection, each.id)]:
        raise ExchangeError(f"The exchange refuses {refused[0].id}: {refused[0].message}.", where=waiting.id)
    with state.transaction():
        state.outbox.forget(status.said_before)
        state.outbox.move(waiting.id, "sent")
    return Sent(waiting.id, len(json.loads(waiting.envelope or "{}").get("objects", [])), status.id)


def withdraw(  # noqa: PLR0913 — what, why, who, and when
    state: State, name: str, *, why: str, by: str, people: People, voice: Voice, now: datetime
) -> Draft:
    """Revokes an object of ours, or all that we said of a campaign: one person is enough to take something back.

    Args:
        state: ours.
        name: an object's id, or a campaign's as findings have it; or as much of its beginning as tells it apart.
        why: a line that others will read.
        by: who withdraws.
        people: who may.
        voice: who speaks.
        now: when.

    Returns:
        What is to be sent.

    Raises:
        InputError: we have said nothing of that name, or more than one thing.
        PrivacyError: the reason is too long, or says what may not be said.
        TrustError: this person may not.
    """
    people.check_publisher(by)
    name = _named(state.outbox, name)
    ours = [each for each in state.outbox.said() if name in {each.object["id"], each.campaign}]
    standing = [each for each in ours if "modified" in each.object and not each.object.get("revoked")]
    needed = {each.object["id"] for each in state.outbox.said() if name not in {each.object["id"], each.campaign}}
    gone = [each for each in standing if each.object["type"] != "identity" and each.object["id"] not in needed]
    if not gone:
        raise InputError("There is nothing of that name to withdraw.", where=name, hint="It is withdrawn already.")
    objects = [versions.retracted(each.object, now=now) for each in gone]
    reason = feedback.note(gone[0].object, teller=voice.identity, content=why, now=now)
    content = {"withdraws": [each["id"] for each in objects], "why": why}
    moment = now.isoformat(timespec="seconds")
    made = Draft(f"w-{secrets.token_hex(4)}", "drafted", by, moment, content)
    with state.transaction():
        state.outbox.put(made)
        state.outbox.forget(needed, campaign=name)
        said = [_said(each, old.campaign) for each, old in zip(objects, gone, strict=True)]
        text = envelope([*objects, reason], voice)
        state.outbox.approve(made, by=by, at=moment, envelope=text, objects=said)
    return made


def _named(outbox: Outbox, beginning: str) -> str:
    """What we said that begins so.

    Raises:
        InputError: there is none, or more than one.
    """
    names: dict[str, str] = {
        name: name for each in outbox.said() for name in (each.campaign, each.object["id"]) if name
    }
    known = outbox.names() | names
    matches = {known.get(beginning) or said_as for name, said_as in known.items() if name.startswith(beginning)}
    if len(matches) == 1:
        return matches.pop()
    if matches:
        hint = f"Choose one of: {', '.join(sorted(matches)[:5])}."
        raise InputError("More than one campaign or object of ours begins so.", where=beginning, hint=hint)
    hint = "Name an object's id, or a campaign's as findings have it."
    raise InputError("There is nothing of that name to withdraw.", where=beginning, hint=hint)


def drop(  # noqa: PLR0913 — what, why, who, and when
    outbox: Outbox, name: str, *, by: str, why: str, people: People, now: datetime
) -> Draft:
    """Takes back a draft that was not sent, or refuses it: who drafts may, and who approves.

    Args:
        outbox: where it is.
        name: its id, or as much of the beginning as tells it apart.
        by: who refuses it.
        why: for us alone; may be empty.
        people: who may.
        now: when.

    Raises:
        TrustError: this person may not.
        InputError: there is no such draft, or it was sent or dropped already.
    """
    people.check_refuser(by)
    found = outbox.find(name)
    if not outbox.drop(found, by=by, at=now.isoformat(timespec="seconds"), why=why):
        if outbox.find(found.id).stage == "dropped":
            raise InputError("It was withdrawn before it was sent.", where=found.id)
        raise InputError("It was sent.", where=found.id, hint="Withdraw its campaigns or objects instead.")
    return outbox.find(found.id)


def envelope(objects: Iterable[Mapping[str, Any]], voice: Voice) -> str:
    """A TAXII envelope (RFC 8785), each object once, with our signatures of our own objects beside them."""
    once = {(each["id"], each.get("modified")): each for each in objects}
    content: dict[str, Any] = {"objects": [dict(each) for each in once.values()]}
    own = [each for each in once.values() if each["id"] not in PUBLISHED]
    if voice.key:
        content[SIGNATURES] = [_signature(each, voice.key) for each in own]
    return canonical(content).decode()


def _signature(obj: Mapping[str, Any], key: SigningKey) -> dict[str, str]:
    version, _ = incoming.version(obj)
    signature = to_base64(sign(key, obj))
    return {"id": obj["id"], "version": version, "key_id": key.key_id, "signature": signature}


def _said(obj: Mapping[str, Any], campaign: str) -> Said:
    _, version = incoming.version(obj)
    return Said(obj, version, campaign)


def answer(state: State, objects: Sequence[Mapping[str, Any]], *, voice: Voice, now: datetime) -> Draft:
    """Puts sightings and opinions into the outbox: a person's verdict has approved them."""
    moment = now.isoformat(timespec="seconds")
    content = {"answers": [each["id"] for each in objects]}
    made = Draft(f"a-{secrets.token_hex(4)}", "drafted", "review", moment, content)
    said = [_said(each, "") for each in objects]
    with state.transaction():
        state.outbox.put(made)
        state.outbox.approve(made, by="review", at=moment, envelope=envelope(objects, voice), objects=said)
    return made
