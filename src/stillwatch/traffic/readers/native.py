"""Our own schema, as `schema.REQUESTS` has it: column names are the record's keys."""

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.traffic.rows import Record, Row
from stillwatch.traffic.schema import REQUESTS

_REQUIRED = frozenset(column.name for column in REQUESTS if not column.nullable)
_TELLING = frozenset({"input_messages", "system_instructions", "usage_output_tokens", "request_model", "output_text"})


@dataclass(frozen=True)
class Native:
    """The native schema, with system texts in `system_instructions` already."""

    name: str = "native"

    def recognises(self, record: Record) -> bool:
        """All required columns; or one short, with others of ours."""
        here = record.keys() & _REQUIRED
        return here == _REQUIRED or (len(here) == len(_REQUIRED) - 1 and bool(record.keys() & _TELLING))

    def read(self, record: Record) -> Iterator[Row]:
        """The record as it is."""
        yield dict(record)
