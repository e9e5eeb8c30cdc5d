"""From somebody's records to profiles: what all sources of a watch do alike.

    folding = Folding.of(settings.input, key)
    folded = folding.records(map(parsed, contents))        # JSON texts in any format that is known
    folded.profiles, folded.requests, folded.rejected

Reading, checks and pseudonyms are those of a scan (`traffic`), so that the result is a scan's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from stillwatch.config import InputConfig
from stillwatch.errors import ConfigError
from stillwatch.profiles.accounts import COLUMNS, Profiles, profile, zero
from stillwatch.traffic import Key, Rejects
from stillwatch.traffic.intake import Intake, Place
from stillwatch.traffic.jsonl import read_record, record_of
from stillwatch.traffic.readers import Reader, known
from stillwatch.traffic.readers.mapping import load
from stillwatch.traffic.rows import Record, Row, RowError
from stillwatch.traffic.schema import LazyBatch

NO_FORMAT = "unknown format"


@dataclass(frozen=True)
class Folded:
    """Some requests.

    Attributes:
        profiles: of those who sent them.
        requests: how many there were.
        rejected: rows that could not be read.
    """

    profiles: Profiles
    requests: int
    rejected: int


@dataclass(frozen=True)
class Folding:
    """How records become profiles.

    Attributes:
        key: under which addresses become tokens.
        readers: of the formats that are tried, in this order.
    """

    key: Key
    readers: tuple[Reader, ...]

    @classmethod
    def of(cls, given: InputConfig, key: Key) -> Self:
        """As the settings say.

        Raises:
            ConfigError: there is no such format, or the mapping is wrong.
        """
        if given.mapping is not None:
            return cls(key, (load(given.mapping),))
        readers = known(given.grain)
        chosen = tuple(reader for reader in readers if given.format in (None, reader.name))
        if not chosen:
            names = ", ".join(reader.name for reader in readers)
            raise ConfigError(f"There is no format {given.format!r}.", where="format", hint=f"There are: {names}.")
        return cls(key, chosen)

    def intake(self) -> Intake:
        """A gate for one piece: rejects are counted a piece, so that they do not pile up for months."""
        return Intake(Rejects(), self.key, columns=COLUMNS)

    def batches(self, batches: Iterable[LazyBatch], intake: Intake) -> Folded:
        """The requests of batches that were read through an intake."""
        profiles, requests = zero(), 0
        for decode in batches:
            batch = decode()
            profiles.absorb(profile(batch))
            requests += batch.num_rows
        return Folded(profiles, requests, intake.rejects.count)

    def records(self, records: Iterable[Record | RowError]) -> Folded:
        """The requests in records, each of whichever format recognises it."""
        return self.rows(row for line, record in enumerate(records, 1) for row in self._rows(record, line))

    def rows(self, rows: Iterable[tuple[Place, Row | RowError]]) -> Folded:
        """The requests among rows that were read; each has a place of its own."""
        found, intake = list(rows), self.intake()
        return self.batches([lambda: intake.admit_rows(found, "")] if found else [], intake)

    def _rows(self, record: Record | RowError, line: int) -> Iterator[tuple[Place, Row | RowError]]:
        if isinstance(record, RowError):
            yield Place(line), record
        elif reader := next((reader for reader in self.readers if reader.recognises(record)), None):
            yield from read_record(dict(record), line, reader)
        else:
            yield Place(line), RowError(NO_FORMAT)


def parsed(content: bytes) -> Record | RowError:
    """The JSON object in a text, or why there is none."""
    try:
        return record_of(content)
    except RowError as error:
        return error
