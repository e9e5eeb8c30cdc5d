"""What is known while a request is decided on, beside its objects, and how a record gets its line in the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stillwatch.errors import TrustError
from stillwatch.exchange.log.entries import Opening, Receipt, committed, object_hash, snapshot
from stillwatch.exchange.model import LogEntry, NewRecord
from stillwatch.exchange.store import audience
from stillwatch.exchange.store.transaction import Transaction
from stillwatch.signing import SigningKey


@dataclass(frozen=True)
class Desk:
    """Of one request."""

    exchange_key: SigningKey
    retractions: str  # the id of the root's collection of retractions
    publisher: str  # the STIX identity of the member
    group: str  # who can read the collection: entries.snapshot
    identities: frozenset[str]  # of all members
    now: int
    owners: Mapping[str, str] = field(
        default_factory=dict
    )  # of what is withdrawn: who said it first in the root, by id

    @classmethod
    def at(
        cls, transaction: Transaction, collection: str, exchange_key: SigningKey, withdrawn: Sequence[str]
    ) -> "Desk":
        """What holds while nobody else writes to the root.

        Args:
            transaction: of the request.
            collection: the id of the one that it is about.
            exchange_key: for receipts and retractions.
            withdrawn: ids of what is revoked or deleted.

        Raises:
            TrustError: the root has no collection of retractions.
        """
        retractions = transaction.collection("retractions")
        if retractions is None:
            raise TrustError("The root has no collection of retractions.", where=transaction.root.name)
        connection = transaction.connection
        return cls(
            exchange_key=exchange_key,
            retractions=retractions.id,
            publisher=transaction.principal.member.identity if transaction.principal else "",
            group=snapshot(audience.readers(connection, collection), exchange_key),
            identities=audience.identities(connection),
            now=transaction.now,
            owners=audience.first_publishers(connection, transaction.root.name, withdrawn),
        )

    def logged(self, record: NewRecord) -> tuple[NewRecord, LogEntry]:
        """A record with its receipt, and its line in the log."""
        opening = Opening("add", object_hash(record.body), self.publisher, record.collection, self.group)
        line = committed(opening, now=self.now, id=record.id, version=record.version)
        receipt = Receipt.of(line, opening, self.exchange_key)
        return replace(record, receipt=receipt.body, receipt_key_id=receipt.key_id), line
