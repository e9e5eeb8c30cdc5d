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
- What is revoked is told in the root's retractions too, to all who could read any version of it; but only where the
  member published it first in the whole root, so that nobody withdraws what is another's by saying it elsewhere.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stillwatch.errors import ExchangeError, TrustError
from stillwatch.exchange.examination import Examined, Posted, Refusal, Refused, examine
from stillwatch.exchange.log.entries import Opening, Receipt, committed, object_hash, snapshot
from stillwatch.exchange.model import Known, Level, LogEntry, NewRecord, Record
from stillwatch.exchange.signing import SigningKey, canonical
from stillwatch.exchange.squatting import squats
from stillwatch.exchange.store import audience
from stillwatch.exchange.store.transaction import Transaction
from stillwatch.indicators import extensions, ids, markings, timestamps

__all__ = ["Admission", "OverQuota", "Refusal", "Refused", "Taken", "admit", "examine", "take_in", "withdraw"]

#: Objects that a member may publish a day: a forum of a hundred members stays within what one store takes.
PER_DAY = 200_000
_SEEN = "Another member said this first, and that is kept: say a sighting or an opinion."


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


@dataclass(frozen=True)
class Desk:
    """What is known at the moment of taking in, beside the objects."""

    exchange_key: SigningKey
    retractions: str  # the id of the root's collection of retractions
    group: str  # who can read the collection: entries.snapshot
    identities: frozenset[str]  # of all members
    now: int
    owners: Mapping[str, str] = field(default_factory=dict)  # of what is revoked: who said it first in the root, by id


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
    retractions = transaction.collection("retractions")
    if retractions is None:
        raise TrustError("The root has no collection of retractions.", where=posted.root.name)
    known = transaction.known(posted.collection.id, [each.id for each in posted.objects])
    readers = audience.readers(transaction.connection, posted.collection.id)
    identities = audience.identities(transaction.connection)
    group = snapshot(readers, exchange_key)
    revoked = [each.id for each in posted.objects if each.revoked]
    owners = audience.first_publishers(transaction.connection, posted.root.name, revoked)
    desk = Desk(exchange_key, retractions.id, group, identities, transaction.now, owners)
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


def withdraw(transaction: Transaction, records: Sequence[Record], exchange_key: SigningKey) -> list[LogEntry]:
    """The log's entries for objects that their publisher deletes; for `Store.delete`."""
    publisher = transaction.principal.member.identity if transaction.principal else ""
    lines = []
    for each in records:
        group = snapshot(audience.readers(transaction.connection, each.origin), exchange_key)
        opening = Opening("delete", object_hash(canonical(json.loads(each.body))), publisher, each.origin, group)
        lines.append(committed(opening, now=transaction.now, id=each.id, version=each.version))
    return lines


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
    if any(each.version == one.version for one in history):
        return ""
    if any(one.publisher != own.name for one in history):
        if each.revoked or each.id[-22] != "5":
            raise TrustError("It is another member's object.", hint="Say a sighting, an opinion or a note.")
        return _SEEN
    if any(one.revoked for one in history):
        raise TrustError("It was revoked, and nothing follows that.", hint="Publish under another id.")
    if any(each.version < one.version for one in history):
        raise TrustError("modified: a newer version is there already.")
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
    yield _logged(record, posted, desk)
    if each.revoked and desk.owners.get(each.id, record.publisher) == record.publisher:
        yield _logged(_retraction(record, min(one.level for one in history), desk), posted, desk)


def _retraction(record: NewRecord, level: Level, desk: Desk) -> NewRecord:
    """The note that tells of a revocation, signed by the exchange; as widely readable as any version was."""
    now = timestamps.text(desk.now)
    note = {
        "type": "note",
        "spec_version": "2.1",
        "id": ids.derived("note", "retraction", record.collection, record.id, record.version),
        "created": now,
        "modified": now,
        "content": "Withdrawn by its publisher.",
        "object_refs": [record.id],
        "object_marking_refs": markings.refs(markings.TLP[level]),
        "extensions": {
            extensions.RETRACTION: {
                "extension_type": "property-extension",
                "retracted_ref": record.id,
                "retracted_version": record.version,
                "retracted_at": now,
            }
        },
    }
    body = canonical(note)
    return NewRecord(
        collection=desk.retractions,
        id=str(note["id"]),
        version=now,
        type="note",
        spec_version="2.1",
        level=level,
        publisher=record.publisher,
        origin=record.collection,
        body=body,
        signature=desk.exchange_key.sign(body),
        key_id=desk.exchange_key.key_id,
    )


def _logged(record: NewRecord, posted: Posted, desk: Desk) -> tuple[NewRecord, LogEntry]:
    publisher = posted.principal.member.identity
    opening = Opening("add", object_hash(record.body), publisher, record.collection, desk.group)
    line = committed(opening, now=desk.now, id=record.id, version=record.version)
    receipt = Receipt.of(line, opening, desk.exchange_key)
    return replace(record, receipt=receipt.body, receipt_key_id=receipt.key_id), line
