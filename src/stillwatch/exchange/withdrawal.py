"""What is revoked or deleted, told in the root's retractions to all who could read any version of it.

    note = retraction(desk, record, level)        # for intake, where an object is revoked
    lines = withdraw(transaction, records, key)   # for Store.delete: the log's lines; the note is taken in with them

Only where the member published the object first in the whole root, so that nobody withdraws what is another's by saying
it elsewhere. What is deleted stays its publisher's, marked and revoked as it was (`store.deletions`): see `intake`.
"""

import json
from collections.abc import Sequence

from stillwatch.errors import TrustError
from stillwatch.exchange.desk import Desk
from stillwatch.exchange.log.entries import Opening, committed, object_hash
from stillwatch.exchange.model import Known, Level, LogEntry, NewRecord, Record
from stillwatch.exchange.store.transaction import Transaction
from stillwatch.indicators import extensions, ids, markings, timestamps
from stillwatch.indicators.published import PUBLISHED
from stillwatch.signing import SigningKey, canonical


def lasting(object_id: str, version: int) -> bool:
    """Whether an object is somebody's for good.

    What comes with the software is not, nor is an observable, which has no versions: anybody says the same there.
    """
    return object_id not in PUBLISHED and version != 0


def retraction(desk: Desk, record: NewRecord | Record, level: Level) -> NewRecord:
    """The note that tells of it, signed by the exchange.

    Args:
        desk: of the request.
        record: the version that revokes the object, or the newest that was deleted.
        level: how widely it goes: as the widest version did.
    """
    now = timestamps.text(desk.now)
    note = {
        "type": "note",
        "spec_version": "2.1",
        "id": ids.derived("note", "retraction", record.origin, record.id, record.version),
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
        origin=record.origin,
        body=body,
        signature=desk.exchange_key.sign(body),
        key_id=desk.exchange_key.key_id,
    )


def owned(desk: Desk, object_id: str, publisher: str) -> bool:
    """Whether nobody else published an object before, in whatever collection of the root."""
    return desk.owners.get(object_id, publisher) == publisher


def withdraw(transaction: Transaction, records: Sequence[Record], exchange_key: SigningKey) -> list[LogEntry]:
    """Tells of versions of one object that its publisher deletes; for `Store.delete`.

    Returns:
        The log's entries for them.

    Raises:
        TrustError: the version that revokes the object would go, and others stay.
    """
    newest = max(records, key=lambda each: timestamps.parse(each.version))
    desk = Desk.at(transaction, newest.origin, exchange_key, [newest.id])
    history = transaction.known(newest.origin, [newest.id])[newest.id]
    if _ends(records, history) and lasting(newest.id, history[-1].version) and owned(desk, newest.id, newest.publisher):
        note, line = desk.logged(retraction(desk, newest, min(one.level for one in history)))
        transaction.take_in([note], [line])
    return [_deleted(desk, each) for each in records]


def _ends(records: Sequence[Record], history: Sequence[Known]) -> bool:
    """Whether nothing is left of an object that was not withdrawn before."""
    standing = [one for one in history if not one.deleted]
    revoked = any(one.revoked for one in history)
    if len(standing) == len(records):
        return not revoked
    gone = {timestamps.parse(each.version) for each in records}
    if any(one.revoked and one.version in gone for one in standing):
        raise TrustError("What revokes an object goes only with all of its versions.")
    return False


def _deleted(desk: Desk, record: Record) -> LogEntry:
    content = object_hash(canonical(json.loads(record.body)))
    opening = Opening("delete", content, desk.publisher, record.origin, desk.group)
    return committed(opening, now=desk.now, id=record.id, version=record.version)
