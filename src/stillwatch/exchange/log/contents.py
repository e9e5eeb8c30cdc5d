"""The objects of a store, held against its log: each is what was logged when it was published.

held = check_objects(store, root, directory, progress)      # raises TrustError
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stillwatch.errors import TrustError
from stillwatch.exchange.log.directory import EXCHANGE, Directory
from stillwatch.exchange.log.entries import Receipt
from stillwatch.exchange.log.verification import Progress
from stillwatch.exchange.model import Collection, Level, Member, Principal, Query, Record, Right, Signed
from stillwatch.exchange.store.store import Store

_ALL = Query(versions="all", spec_versions=("2.0", "2.1"))


@dataclass(frozen=True)
class Held:
    """How many objects there are, version by version."""

    logged: int
    unlogged: int  # without a receipt: loaded from elsewhere


def check_objects(store: Store, root: str, directory: Directory, progress: Progress) -> Held:
    """Checks every version of every object of a root: its receipt, its salt, its line.

    Raises:
        TrustError: an object is not what was logged; the message names it by its id.
    """
    collections = store.collections(root)
    auditor = Principal(Member("", "", "mtls"), {each.id: Right(True, False, Level.RED) for each in collections})
    logged = unlogged = 0
    for number, collection in enumerate(collections):
        for record, signed in _pairs(store, auditor, collection):
            if signed.receipt is None:
                unlogged += 1
                continue
            _check(store, root, collection, record, signed, directory)
            logged += 1
        progress("looking at the objects", (number + 1) / len(collections))
    return Held(logged, unlogged)


def _check(  # noqa: PLR0913, PLR0917 — one object and all that it is held against
    store: Store, root: str, collection: Collection, record: Record, signed: Signed, directory: Directory
) -> None:
    try:
        receipt = Receipt.parse(json.loads(signed.receipt or b""))
        public = directory.key(EXCHANGE, receipt.key_id)
        value = json.loads(record.body)
        receipt.check(value, collection=collection.id, salt=signed.salt or b"", public=public)
    except (TrustError, ValueError) as error:
        raise _changed(record) from error
    place = signed.log_index if signed.log_index is not None else -1
    if store.log_entries(root, place, place + 1) != [receipt.entry] or value.get("id") != record.id:
        raise _changed(record)


def _pairs(store: Store, auditor: Principal, collection: Collection) -> Iterator[tuple[Record, Signed]]:
    query, more = _ALL, True
    while more:
        page, beside = store.read(auditor, collection, query), store.signatures(auditor, collection, query)
        known = {each.date_added: each for each in beside.signatures}
        yield from ((each, known[each.date_added]) for each in page.records if each.date_added in known)
        more = page.more
        query = replace(query, after=page.records[-1].date_added) if more else query


def _changed(record: Record) -> TrustError:
    return TrustError(f"The object {record.id} (version {record.version}) is not what was logged.")
