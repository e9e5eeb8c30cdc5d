"""What kind of log a file is, and in whose format, told by its head alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from stillwatch.errors import InputError
from stillwatch.traffic import parquet, tabular
from stillwatch.traffic.jsonl import cut, documents, record_of
from stillwatch.traffic.readers import Mapping, Reader
from stillwatch.traffic.rows import RowError
from stillwatch.traffic.schema import ACCOUNTS
from stillwatch.traffic.streams import Stream

Kind = Literal["lines", "document", "csv", "parquet"]
_HEAD = 1 << 18
_SAMPLES = 200
_OF_ACCOUNTS = frozenset(ACCOUNTS.names) - {"account_id", "organization_id"}


@dataclass(frozen=True)
class Head:
    """What the start of a file shows.

    Args:
        kind: how the bytes are arranged.
        samples: the first records; of a table, its columns with the values of the first row.
        empty: there is no row at all.
    """

    kind: Kind
    samples: tuple[dict[str, Any], ...]
    empty: bool = False

    @property
    def is_accounts(self) -> bool:
        """Whether this is an accounts table rather than a log."""
        return any(
            "account_id" in sample and "request_id" not in sample and bool(_OF_ACCOUNTS & sample.keys())
            for sample in self.samples[:1]
        )


def head_of(stream: Stream) -> Head:
    """Look at a log.

    Raises:
        InputError: it cannot be read.
    """
    blocks = [block for block in islice(cut(stream, _HEAD), 4) if not block.broken]
    content = b"".join(block.content for block in blocks)
    if content.startswith(parquet.MAGIC):
        rows, columns = parquet.head(stream.restarted())
        return Head("parquet", (columns,), empty=not rows)
    samples = tuple(islice(_objects(content), _SAMPLES))
    if samples and not _is_csv(stream.file):
        return Head("lines", samples)
    if not content.strip():
        return Head("lines", (), empty=not stream.damage)
    if _is_csv(stream.file) or _looks_tabular(content):
        return _of_table(stream.restarted())
    return _of_document(stream, content)


def _objects(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.split(b"\n"):
        try:
            if line.strip():
                yield record_of(line)
        except RowError:
            continue


def _is_csv(file: str) -> bool:
    return file.lower().removesuffix(".gz").removesuffix(".zst").endswith(".csv")


def _looks_tabular(content: bytes) -> bool:
    header = content.split(b"\n", 1)[0]
    return b"," in header and not any(sign in header for sign in (b"{", b"[", b"\0"))


def _of_table(stream: Stream) -> Head:
    found = next((record for _, record in tabular.records(stream) if not isinstance(record, RowError)), None)
    return Head("csv", (found,) if found else (), empty=found is None)


def _of_document(stream: Stream, content: bytes) -> Head:
    """A list or one object over many lines; anything else is taken for broken lines."""
    if content.lstrip()[:1] not in (b"[", b"{"):
        return Head("lines", ())
    try:
        found = documents(stream.restarted().all(), stream.file)
    except InputError:
        if content.lstrip()[:1] == b"[":
            raise
        return Head("lines", ())
    samples = []
    for document in found[:_SAMPLES]:
        try:
            samples.append(record_of(document))
        except RowError:
            continue
    return Head("document", tuple(samples), empty=not found)


def choose(head: Head, readers: Sequence[Reader], file: str) -> Reader:
    """The reader for a log: the first that recognises one of its first records.

    Raises:
        InputError: none does.
        ConfigError: a mapping does not fit.
    """
    for sample in head.samples:
        for reader in readers:
            if reader.recognises(sample):
                return reader
    names = ", ".join(reader.name for reader in readers)
    raise InputError(
        "The log is in no format that stillwatch knows.",
        where=file,
        hint=f"It knows {names}; describe others by a mapping.",
    )


def check_mapping(head: Head, mapping: Mapping) -> None:
    """Hold a mapping against the columns that a log has.

    Raises:
        ConfigError: it names one that is not there.
    """
    if head.samples:
        columns = {name for sample in head.samples for name in sample}
        mapping.check(columns, every=head.kind in ("csv", "parquet"))
