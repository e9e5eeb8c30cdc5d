"""Appeals: somebody objects to a measure, and a person who did not decide it answers.

    appeal = open_appeal(ledger, "d-3f9a0c1b2d4e", text, contact, now)
    answer(ledger, appeal.id, "Your key was used by ...", by="bob", now=now)       # the measure stays
    reverse(ledger, appeal.id, "You are right: ...", by="bob", now=now)            # it ends, and does not come back

What people wrote is kept beside the chain, which has a seal of it alone: `erase` takes the words away, and the chain
holds. Each function is one transaction of the ledger.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from stillwatch.errors import InputError, TrustError
from stillwatch.response.ledger import laws, reading
from stillwatch.response.ledger.chain import Entry
from stillwatch.response.ledger.entries import Answered, Appealed, Decided, Erased, Exempted, findable
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.ledger.picture import families
from stillwatch.response.ledger.tables import entry
from stillwatch.response.ledger.tables import words as words_table
from stillwatch.response.ledger.writing import Writing
from stillwatch.response.model import Decision

#: How long an answer may take.
DUE = timedelta(days=14)
#: How long nothing touches an account whose appeal was granted, on the evidence that was not enough.
EXEMPT = timedelta(days=90)

MOST_TEXT = 20_000  # characters
MOST_CONTACT = 500

Status = Literal["open", "upheld", "reversed"]
_KINDS = (Appealed.kind, Answered.kind, Erased.kind)
_NO_WORDS: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class Appeal:
    """An appeal and what became of it.

    Attributes:
        id: "a-" and 12 hexadecimal digits.
        decision: what it is about.
        value: whose: the account, organization or key.
        opened, due: when it came, and by when it is to be answered.
        status: open; upheld, the measure stays; reversed, it was lifted.
        answered, by: when and by whom.
        text, contact, reply: what people wrote; None where it is erased, or not yet written.
    """

    id: str
    decision: str
    value: str
    opened: datetime
    due: datetime
    status: Status = "open"
    answered: datetime | None = None
    by: str | None = None
    text: str | None = None
    contact: str | None = None
    reply: str | None = None

    def overdue(self, now: datetime) -> bool:
        """Whether nobody answered in time."""
        return self.status == "open" and now > self.due


def open_appeal(  # noqa: PLR0913 — what an appeal says
    ledger: Ledger,
    decision_id: str,
    text: str,
    contact: str,
    now: datetime,
    *,
    account: str = "",
    due: timedelta = DUE,
) -> Appeal:
    """Somebody objects to a decision.

    Args:
        ledger: where it is written down.
        decision_id: what he was told.
        text: his words.
        contact: where he is answered.
        now: the time.
        account: whose it is; needed where the decision is about whoever is recognised as a campaign's.
        due: how long an answer may take.

    Raises:
        InputError: there is no such decision, it says not whose the appeal is, it is too long, or one is open already.
    """
    if not text.strip() or len(text) > MOST_TEXT or len(contact) > MOST_CONTACT:
        raise InputError(f"An appeal has 1 to {MOST_TEXT:,} characters, and a contact up to {MOST_CONTACT}.")
    value = _value(ledger.decision(decision_id), account)
    with ledger.writing(now) as writing:
        for each in _told(reading.found(writing.connection, entry.c.whose == findable(value))):
            if each.status == "open" and each.decision == decision_id:
                raise InputError("An appeal of this decision is open already.", where=each.id)
        id_ = f"a-{secrets.token_hex(6)}"
        seal = writing.keep(_json(text=text, contact=contact))
        writing.add([Appealed(id_, value, decision_id, now + due, seal)])
    return Appeal(id_, decision_id, value, now, now + due, text=text, contact=contact)


def answer(ledger: Ledger, appeal_id: str, text: str, by: str, now: datetime) -> Appeal:
    """A person answers, and the measure stays.

    Raises:
        InputError: there is no such appeal, or it is answered.
        TrustError: this person decided the measure.
    """
    with ledger.writing(now) as writing:
        found = _answerable(writing, appeal_id, text, by)
        writing.add([Answered(found.id, found.value, "upheld", by, writing.keep(_json(text=text)))])
    return appeal(ledger, appeal_id)


def reverse(  # noqa: PLR0913 — as for `open_appeal`
    ledger: Ledger,
    appeal_id: str,
    text: str,
    by: str,
    now: datetime,
    *,
    campaign_wrong: bool = False,
    exempt: timedelta = EXEMPT,
) -> tuple[Appeal, tuple[Decision, ...]]:
    """A person grants an appeal: all that stands or waits against the account ends, and does not come back by itself.

    Args:
        ledger: where it is written down.
        appeal_id: the appeal.
        text: what the person answers.
        by: the person.
        now: the time.
        campaign_wrong: the whole campaign was a mistake: what stands and waits against all of its accounts ends.
        exempt: how long the account is exempt; evidence of a family that did not speak before asks a person sooner.

    Returns:
        The appeal, and the decisions that ended.

    Raises:
        InputError: there is no such appeal, or it is answered.
        TrustError: this person decided the measure.
    """
    about = ledger.decision(appeal(ledger, appeal_id).decision)
    with ledger.writing(now) as writing:
        found = _answerable(writing, appeal_id, text, by)
        picture = writing.picture()
        ended = tuple(
            each
            for each in (picture.standing | picture.waiting).values()
            if (each.scope != "campaign" and each.value == found.value) or (campaign_wrong and _together(each, about))
        )
        against = [about, *(each for each in ended if each.value == found.value)]
        spoke = tuple(sorted(frozenset().union(*map(families, against))))
        reply = Answered(found.id, found.value, "reversed", by, writing.keep(_json(text=text)))
        freed = Exempted(found.value, now + exempt, spoke, about.id, by)
        writing.add([reply, *laws.ending(ended, by, f"{found.id} was granted"), freed])
    return appeal(ledger, appeal_id), ended


def end_campaign(ledger: Ledger, appeal_id: str, by: str, now: datetime) -> tuple[Decision, ...]:
    """Ends what stands or waits against the whole campaign, where that it was a mistake is known after the answer.

    Args:
        ledger: where it is written down.
        appeal_id: the appeal that was granted.
        by: the person who granted it.
        now: the time.

    Returns:
        The decisions that ended.

    Raises:
        InputError: there is no such appeal, or it was not granted.
    """
    granted = appeal(ledger, appeal_id)
    if granted.status != "reversed":
        raise InputError("This appeal was not granted.", where=appeal_id)
    about = ledger.decision(granted.decision)
    with ledger.writing(now) as writing:
        picture = writing.picture()
        ended = tuple(each for each in (picture.standing | picture.waiting).values() if _together(each, about))
        writing.add(laws.ending(ended, by, f"{appeal_id} was granted"))
    return ended


def erase(ledger: Ledger, appeal_id: str, by: str, now: datetime) -> None:
    """Erases what was written in an appeal and its answer; that there was one, and how it ended, stays.

    Raises:
        InputError: there is no such appeal.
    """
    with ledger.writing(now) as writing:
        entries = reading.found(writing.connection, entry.c.about == appeal_id)
        found = _one(_told(entries), appeal_id)
        writing.erase([each.number for each in entries])
        writing.add([Erased(found.id, found.value, by)])
    ledger.database.scrub(words_table.name)


def appeals(ledger: Ledger) -> tuple[Appeal, ...]:
    """All appeals, oldest first."""
    with ledger.database.reading(snapshot=True) as connection:
        entries = reading.found(connection, entry.c.kind.in_(_KINDS))
        return _told(entries, reading.words_of(connection, [each.number for each in entries]))


def appeals_of(ledger: Ledger, value: str) -> tuple[Appeal, ...]:
    """The appeals of one account, organization or key, oldest first, without what people wrote."""
    with ledger.database.reading() as connection:
        entries = reading.found(connection, entry.c.whose == findable(value))
        return _told(each for each in entries if each.kind in _KINDS)


def appeal(ledger: Ledger, appeal_id: str) -> Appeal:
    """One appeal.

    Raises:
        InputError: there is no such appeal.
    """
    with ledger.database.reading(snapshot=True) as connection:
        entries = reading.found(connection, entry.c.about == appeal_id)
        return _one(_told(entries, reading.words_of(connection, [each.number for each in entries])), appeal_id)


def _told(entries: Iterable[Entry], words: Mapping[int, str] = _NO_WORDS) -> tuple[Appeal, ...]:
    """What entries come to, appeal by appeal."""
    found: dict[str, Appeal] = {}
    for each in entries:
        written = json.loads(words.get(each.number, "{}"))
        match each.body:
            case Appealed() as body:
                text, contact = written.get("text"), written.get("contact")
                new = Appeal(body.appeal, body.decision, body.value, each.at, body.due, text=text, contact=contact)
                found[body.appeal] = new
            case Answered() as body:
                old, reply = found[body.appeal], written.get("text")
                found[body.appeal] = replace(old, status=body.outcome, answered=each.at, by=body.by, reply=reply)
    return tuple(found.values())


def _json(**words: str) -> str:
    return json.dumps(words)  # ASCII: whatever somebody wrote, a database takes it


def _one(appeals: Sequence[Appeal], appeal_id: str) -> Appeal:
    if not appeals:
        hint = "`stillwatch appeal list` lists them."
        raise InputError("The ledger knows no appeal of this id.", where=appeal_id, hint=hint)
    return appeals[0]


def _value(decision: Decision, account: str) -> str:
    """Whose the appeal is."""
    if decision.scope == "campaign":
        if not account:
            hint = "Name the account that was told of it."
            raise InputError("The decision is about whoever is recognised.", where=decision.id, hint=hint)
        return account
    if account not in {"", decision.value}:
        raise InputError("The decision is about somebody else.", where=decision.id)
    return decision.value


def _together(one: Decision, other: Decision) -> bool:
    """Whether both are against one campaign."""
    return bool(other.campaign) and one.campaign == other.campaign


def _answerable(writing: Writing, appeal_id: str, text: str, by: str) -> Appeal:
    """The appeal, if it is open and this person did not decide what it is about."""
    found = _one(_told(reading.found(writing.connection, entry.c.about == appeal_id)), appeal_id)
    if found.status != "open":
        raise InputError(f"This appeal was answered by {found.by} already: {found.status}.", where=appeal_id)
    if not text.strip() or len(text) > MOST_TEXT:
        raise InputError(f"An answer has 1 to {MOST_TEXT:,} characters: somebody waits for the reason.")
    against = writing.picture(whose=[found.value]).standing.keys() | {found.decision}
    decided = reading.found(writing.connection, entry.c.about.in_(against) & (entry.c.kind == Decided.kind))
    if by in {body.by for each in decided if isinstance(body := each.body, Decided)}:
        hint = "Ask another one of response.people; `stillwatch decisions lift` ends a measure without an appeal."
        raise TrustError(f"{by} decided this, and nobody answers an appeal of his own decision.", hint=hint)
    return found
