"""What a reader of a log format has to give; a plug-in needs no more.

class Ours:
    name = "ours"

    def recognises(self, record):
        return "prompt" in record and "customer" in record

    def read(self, record):
        yield {"request_id": record["id"], "time": record["at"], "account_id": record["customer"], ...}
"""

from collections.abc import Iterable
from typing import Protocol

from stillwatch.traffic.rows import Record, Row, RowError


class Reader(Protocol):
    """Turns the records of one format into requests. Files, compression, tables and JSON are dealt with before."""

    @property
    def name(self) -> str:
        """What `format=` calls it."""

    def recognises(self, record: Record) -> bool:
        """Whether a record is of this format.

        Args:
            record: a JSON object of the log's head; or a table's columns, each with its value in the first row.
        """

    def read(self, record: Record) -> Iterable[Row | RowError]:
        """The requests that a record holds: usually one, none if it is something else (a span of a database call).

        A row has columns of `schema.REQUESTS`, any left out; values may be as loose as `rows.checked` allows.

        Raises:
            RowError: the record is broken. Where one record holds several requests, yield the error instead, so that
                the others are still read.
        """
