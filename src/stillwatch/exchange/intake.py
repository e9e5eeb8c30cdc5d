"""The checks of what a member publishes. A malicious member is the normal case.

    posted = examine(principal, root, collection, objects, signatures, now=now)     # before the lock: the slow half
    store.add(root.name, name, lambda transaction: take_in(transaction, posted, exchange_key).parts)

All objects of a request are taken or none. What is refused is listed, by its place in the request and its id if it has
one, and without anything of its content. What is there already counts as taken: whoever had no answer asks again.

- An object is its first publisher's: nobody else makes versions of it or revokes it. What two members derive alike
  (ids by content, UUIDv5) is kept from the first, and the second is told so.
- Versions only follow; none slides in between or comes from the future. After a revocation there is none.
- Nobody takes the id that another's sighting, opinion or note will have (`squatting`).
- A marking never widens.
- A publisher's signature must hold for the object as it will be served, under the key that the member registered.
- What is revoked or deleted is told in the root's retractions too (`withdrawal`), and a deletion is remembered: what
  follows under the id is by the same member, newer, no wider and not revoked before.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stillwatch.errors import ExchangeError, TrustError
from stillwatch.exchange.desk import Desk
from stillwatch.exchange.examination import Examined, Posted, Refusal, Refused, examine
from stillwatch.exchange.model import Known, LogEntry, NewRecord
from stillwatch.exchange.squatting import squats
from stillwatch.exchange.store.transaction import Transaction
from stillwatch.exchange.withdrawal import lasting, owned, retraction, withdraw
from stillwatch.indicators import timestamps
from stillwatch.signing import SigningKey

__all__ = ["Admission", "OverQuota", "Refusal", "Refused", "Taken", "admit", "examine", "take_in", "withdraw"]

#: Objects that a member may publish a day: a forum of a hundred members stays within what one store takes.
PER_DAY = 200_000
_SEEN = "Another member said this first, and that is kept: say a sighting or an opinion."
_TAKEN_BACK = "Another member said this first and took it back: it is not kept."


class OverQuota(ExchangeError):  # noqa: N818 — what happened to the request
    """The member has published as much today as it may; tomorrow (UTC) it goes on."""


@dataclass(frozen=True)
class Taken:
    """What a member is told of one object."""

    id: str
    version: str
    message: str | None = None


@dataclass(frozen=True)
class Admission:
    """What is stored of a request."""

    records: tuple[NewRecord, ...] = ()
    log: tuple[LogEntry, ...] = ()
    taken: tuple[Taken, ...] = ()  # one for each object of the request, in its order

    @property
    def parts(self) -> tuple[tuple[NewRecord, ...], tuple[LogEntry, ...]]:
        """What `Store.add` stores."""
        return self.records, self.log


def take_in(transaction: Transaction, posted: Posted, exchange_key: SigningKey, per_day: int = PER_DAY) -> Admission:
    """Decides on a request while nobody else writes to the root.

    Args:
        transaction: of `Store.add`.
        posted: what `examine` gave.
        exchange_key: for receipts and retractions.
        per_day: objects that the member may publish a day.

    Raises:
        Refused: at least one object cannot be taken.
        OverQuota: there were too many today.
        TrustError: the root has no collection of retractions.
    """
    known = transaction.known(posted.collection.id, [each.id for each in posted.objects])
    revoked = [each.id for each in posted.objects if each.revoked]
    desk = Desk.at(transaction, posted.collection.id, exchange_key, revoked)
    admission = admit(posted, known, desk)
    if admission.records and not transaction.quota("objects", len(admission.records), per_day):
        raise OverQuota("The member has published as much today as it may.", hint="Go on tomorrow (UTC).")
    return admission


def admit(posted: Posted, known: Mapping[str, Sequence[Known]], desk: Desk) -> Admission:
    """Decides on a request, given what is known of its objects.

    Raises:
        Refused: at least one of them cannot be taken.
    """
    histories: dict[str, list[Known]] = defaultdict(list, {key: list(each) for key, each in known.items()})
    there: dict[int, str] = {}
    fresh, refusals = [], []
    for each in sorted(posted.objects, key=lambda one: (one.version, one.index)):
        try:
            message = _judged(each, histories[each.id], posted, desk)
        except TrustError as error:
            refusals.append(Refusal(each.index, each.id, str(error)))
            continue
        if message is None:
            fresh.append(each)
            histories[each.id].append(Known(each.version, posted.principal.member.name, each.level, each.revoked))
        else:
            there[each.index] = message
    if refusals:
        raise Refused(sorted(refusals, key=lambda one: one.index or 0))
    fresh.sort(key=lambda one: one.index)
    pairs = [pair for each in fresh for pair in _stored(each, posted, histories[each.id], desk)]
    taken = (Taken(each.id, timestamps.text(each.version), there.get(each.index) or None) for each in posted.objects)
    return Admission(tuple(record for record, _ in pairs), tuple(line for _, line in pairs), tuple(taken))


def _judged(each: Examined, history: Sequence[Known], posted: Posted, desk: Desk) -> str | None:
    """None: it is new. A text: it is there already, and what to say of that.

    Raises:
        TrustError: it may not stand beside what is there.
    """
    own = posted.principal.member
    others = desk.identities - {own.identity}
    if {each.id, each.by} & others:
        raise TrustError("It speaks in the name of another member.")
    if not history:
        _check_id(each, frozenset({own.identity, each.by or own.identity}), others, strict=posted.root.allow_list)
    standing = [one for one in history if not one.deleted]
    if any(each.version == one.version for one in standing):
        return ""
    return _following(each, history if lasting(each.id, each.version) else standing, own.name)


def _following(each: Examined, history: Sequence[Known], own: str) -> str | None:
    """As `_judged`, of an object no version of which is the very one."""
    if any(one.publisher != own for one in history):
        if each.revoked or each.id[-22] != "5":
            raise TrustError("It is another member's object.", hint="Say a sighting, an opinion or a note.")
        return _TAKEN_BACK if all(one.deleted for one in history) else _SEEN
    if any(one.revoked for one in history):
        raise TrustError("It was revoked, and nothing follows that.", hint="Publish under another id.")
    if any(each.version < one.version for one in history if not one.deleted):
        raise TrustError("modified: a newer version is there already.")
    if any(each.version <= one.version for one in history):
        raise TrustError("modified: not after the version that was deleted.")
    if any(each.level < one.level for one in history):
        raise TrustError("object_marking_refs: wider than those of the version before.")
    return None


def _check_id(each: Examined, own: frozenset[str], others: frozenset[str], *, strict: bool) -> None:
    """Raises TrustError where the id of a new object may be that of another member's future word."""
    if each.telling and squats(each.id, each.type, each.telling, own=own, others=others, strict=strict):
        hint = "Take a random UUID, or one that follows from your own identity."
        raise TrustError("Its id may be that of another member's word.", hint=hint)


def _stored(
    each: Examined, posted: Posted, history: Sequence[Known], desk: Desk
) -> Iterator[tuple[NewRecord, LogEntry]]:
    """The record of an object and, where it is revoked, that of its retraction; each with its line in the log."""
    record = NewRecord(
        collection=posted.collection.id,
        id=each.id,
        version=timestamps.text(each.version),
        type=each.type,
        spec_version=each.spec_version,
        level=each.level,
        publisher=posted.principal.member.name,
        origin=posted.collection.id,
        body=each.body,
        revoked=each.revoked,
        signature=each.signature,
        key_id=each.key_id,
    )
    yield desk.logged(record)
    if each.revoked and owned(desk, each.id, record.publisher):
        yield desk.logged(retraction(desk, record, min(one.level for one in history)))
