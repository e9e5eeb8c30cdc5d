"""Who vouches for an object: its publisher's signature and the exchange's receipt, against the key directory.

    vouching = Vouching(directory, collection_id, records)      # records of `/ext/signatures/`
    publisher, assurance = vouching.check(obj, version)         # raises TrustError

A receipt is the exchange's promise that the publication stands in the log; the publisher's signature is more, for not
even the exchange could make it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import TrustError
from stillwatch.exchange.client.mirror import Assurance
from stillwatch.exchange.log.directory import EXCHANGE, Directory
from stillwatch.exchange.log.entries import SALT_BYTES, Receipt
from stillwatch.indicators import timestamps
from stillwatch.signing import SIGNATURE_BYTES, from_base64, verify


@dataclass(frozen=True)
class Vouching:
    """What an exchange gave beside the objects of one page."""

    directory: Directory
    collection: str  # its id
    records: Mapping[tuple[str, int], Mapping[str, Any]]
    signer: str | None = None  # who must have signed, where that is not the publisher

    @classmethod
    def of(
        cls, directory: Directory, collection: str, records: Iterable[object], *, signer: str | None = None
    ) -> "Vouching":
        """From records as they were served; what is none is left out, and its object then not vouched for."""
        found: dict[tuple[str, int], Mapping[str, Any]] = {}
        for each in records:
            match each:
                case {"id": str(name), "version": str(version), **rest}:
                    found[name, _microseconds(version)] = {str(key): value for key, value in rest.items()}
        return cls(directory, collection, found, signer)

    def check(self, obj: Mapping[str, Any], version: int) -> tuple[str, Assurance]:
        """Tells who published an object and how sure that is; see `checking.Vouched`.

        Raises:
            TrustError: the exchange vouches for nothing or for something else, or the signature does not hold.
        """
        record = self.records.get((obj["id"], version))
        if record is None:
            raise TrustError("the exchange does not vouch for it")
        receipt = Receipt.parse(record.get("receipt"))
        salt = from_base64(record.get("salt"), length=SALT_BYTES)
        public = self.directory.key(EXCHANGE, receipt.key_id)
        receipt.check(obj, collection=self.collection, salt=salt, public=public)
        if record.get("signature") is None:
            return receipt.publisher, "logged"
        signature = from_base64(record["signature"], length=SIGNATURE_BYTES)
        verify(self.directory.key(self.signer or receipt.publisher, str(record.get("key_id"))), obj, signature)
        return receipt.publisher, "signed"

    def lines(self, size: int) -> Sequence[tuple[int, object]]:
        """Of objects that should stand in a log of this size: where, and the receipt that holds the line."""
        placed = [(record.get("log_index"), record.get("receipt")) for record in self.records.values()]
        return [(index, receipt) for index, receipt in placed if isinstance(index, int) and 0 <= index < size]


def _microseconds(version: str) -> int:
    try:
        return timestamps.parse(version)
    except ValueError:
        return -1
