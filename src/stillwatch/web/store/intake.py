"""A findings document comes in: each campaign becomes the newest version of the case that it is.

    taken = take(store, document, now)
    taken.new, taken.changed, taken.same

One transaction a document; the same document again changes nothing. Campaigns are read in batches, so that the memory
that this takes follows from a batch and not from what the store holds. What people did stays as it is: accounts that
they split from a case stay in theirs, merged cases stay merged. What nobody reports any more stays, and is `gone`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from stillwatch.reports.document import Campaign, FindingsDocument, Review
from stillwatch.reports.impact.load import load_of
from stillwatch.response.ledger.entries import findable
from stillwatch.web.store import recording
from stillwatch.web.store.arriving import Arrival, Scanned, arrive
from stillwatch.web.store.events import Opened, Reviewed, fold
from stillwatch.web.store.matching import Known
from stillwatch.web.store.model import Taken
from stillwatch.web.store.reading import events_of, newest_scan
from stillwatch.web.store.store import Store
from stillwatch.web.store.tables import head, imports

_BATCH = 5_000  # accounts that are looked up at a time

#: Who opens a case again when its evidence changed.
SCAN = "scan"


def take(store: Store, document: FindingsDocument, now: datetime) -> Taken:
    """Takes a document in.

    Args:
        store: where to.
        document: what a scan found.
        now: the time.

    Raises:
        ExchangeError: the database cannot be used; nothing of the document is in it then.
    """
    digest = _digest(document)
    with store.writing() as connection:
        scan = newest_scan(connection)
        if connection.scalar(select(imports.c.digest).where(imports.c.number == scan)) == digest:
            return Taken(known=True)
        _import(connection, scan + 1, document, digest, now)
        new = changed = same = 0
        for batch in _batches(document.campaigns):
            counts = _take(connection, batch, Scanned(scan + 1, document.window.end), now)
            new, changed, same = new + counts.new, changed + counts.changed, same + counts.same
        recording.expire(connection, now)
    return Taken(new, changed, same)


def _take(connection: Connection, batch: Sequence[Campaign], scan: Scanned, now: datetime) -> Taken:
    members = [frozenset(findable(each.account_id) for each in campaign.accounts) for campaign in batch]
    known = Known.of(connection, [findable(each.id) for each in batch], frozenset().union(*members))
    taken = known.brought(scan.number)
    arrivals: list[Arrival] = []
    for campaign, accounts in zip(batch, members, strict=True):
        match = known.match(findable(campaign.id), accounts, taken)
        taken |= match.parts.keys() | ({match.number} if match.number else set())
        arrivals.append(Arrival(campaign, match))
    numbers, counts = arrive(connection, arrivals, known.named.keys(), scan)
    for campaign, number in zip(batch, numbers, strict=True):
        if campaign.review:
            _reviewed(connection, number, campaign.id, campaign.review, now)
    return counts


def _reviewed(connection: Connection, number: int, campaign_id: str, review: Review, now: datetime) -> None:
    """Takes in a verdict that was given elsewhere, as by `stillwatch review`, and that one no longer stands."""
    before = events_of(connection, number)
    verdicts = [each for each in before if isinstance(each.body, Reviewed)]
    state = fold(before)
    if all(each.at < review.at for each in verdicts):
        body = Reviewed(review.verdict, review.reason, campaign_id, review.until)
        state = recording.add(connection, number, body, who=review.author, now=review.at)
    judged = state.verdict
    if not review.stands and judged and judged.at == review.at and judged.who in {review.author, review.second}:
        recording.add(connection, number, Opened(review.says), who=SCAN, now=now)


def _batches(campaigns: Sequence[Campaign]) -> Iterator[list[Campaign]]:
    batch: list[Campaign] = []
    size = 0
    for campaign in campaigns:
        batch.append(campaign)
        size += len(campaign.accounts) + 1
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _digest(document: FindingsDocument) -> str:
    digest = hashlib.sha256(document.model_dump_json(exclude={"campaigns", "traffic"}).encode())
    for campaign in document.campaigns:
        digest.update(campaign.model_dump_json().encode())
    return digest.hexdigest()


def _import(connection: Connection, number: int, document: FindingsDocument, digest: str, now: datetime) -> None:
    row = {
        "number": number,
        "digest": digest,
        "at": now,
        "start": document.window.start,
        "end": document.window.end,
        "campaigns": len(document.campaigns),
        "inputs": document.inputs.model_dump_json(),
        "load": load_of(document).model_dump_json(),
        "generator": findable(document.generator),
    }
    connection.execute(insert(imports), row)
    connection.execute(update(head).values(scan=number))
