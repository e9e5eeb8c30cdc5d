"""Any other log, by a mapping in TOML: our column = where it stands in the record.

    [columns]
    request_id = "id"
    time = { path = "received", unit = "ms" }       # s, ms, us, ns; ISO 8601 needs none
    account_id = "auth.customer"
    input_messages = "body.messages"                # or a plain text; system messages are told apart
    output_text = "answer.choices.0.message.content"
    operation_duration = { path = "took", unit = "ms" }       # seconds without a unit
    usage_input_tokens = "usage.in"
    operation_name = { value = "chat" }             # the same for all

A path walks into objects (`a.b`), lists (`a.0`) and JSON texts. `request_id`, `time` and `account_id` are required.
"""

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from stillwatch.errors import ConfigError
from stillwatch.traffic.readers import durations
from stillwatch.traffic.readers.bodies import output_text, prompt
from stillwatch.traffic.rows import NUMERIC, Record, Row, dig, instant, number, plain
from stillwatch.traffic.schema import REQUESTS

_REQUIRED = tuple(column.name for column in REQUESTS if not column.nullable)

_OF_A_UNIT = ("time", "operation_duration")


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a column comes from: a path, or one value for all rows."""

    path: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    value: str | int | float | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    columns: dict[str, str | Place]


@dataclass(frozen=True)
class Mapping:
    """A format described in TOML."""

    columns: dict[str, Place]
    file: str
    name: str = "mapping"

    def recognises(self, record: Record) -> bool:  # noqa: ARG002 - the user has said so
        """Everything: who gives a mapping says what the log is."""
        return True

    def read(self, record: Record) -> Iterator[Row]:
        """One request."""
        row = {column: _value(column, place, record) for column, place in self.columns.items()}
        if "input_messages" in row:
            system, row["input_messages"] = prompt(row["input_messages"])
            row["system_instructions"] = row.get("system_instructions") or system
        yield row

    def check(self, columns: Iterable[str], *, every: bool) -> None:
        """Hold the paths against the columns that a log has.

        Args:
            columns: of a table, or the keys of a log's first records.
            every: they are all that there are (a table); otherwise only the required ones must be among them.

        Raises:
            ConfigError: a path names a column that is not there.
        """
        known = set(columns)
        for column, place in self.columns.items():
            path = place.path
            if path is None or path in known or path.partition(".")[0] in known or not (every or column in _REQUIRED):
                continue
            raise ConfigError(
                f"The log has no column {path!r}, from which {column} should come.",
                where=self.file,
                hint=_nearest(path.partition(".")[0], known),
            )


def load(path: Path) -> Mapping:
    """Read a mapping.

    Raises:
        ConfigError: unreadable, not TOML, an unknown column or option, or a required column left out.
    """
    where = str(path)
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except OSError as error:
        raise ConfigError(f"The mapping cannot be read ({error.strerror}).", where=where) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The mapping is no TOML ({error}).", where=where) from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"The mapping is not as it should be: {error}.", where=where) from error
    places = {column: Place(path=place) if isinstance(place, str) else place for column, place in file.columns.items()}
    _check_names(places, where)
    return Mapping(places, where)


def _check_names(places: dict[str, Place], where: str) -> None:
    for column, place in places.items():
        if column not in REQUESTS.names:
            raise ConfigError(
                f"There is no column {column!r} to map to.", where=where, hint=_nearest(column, REQUESTS.names)
            )
        if (place.path is None) == (place.value is None):
            raise ConfigError(f"{column} needs either a path or a value.", where=where)
        if place.unit and column not in _OF_A_UNIT:
            raise ConfigError(f"{column} takes no unit; only {' and '.join(_OF_A_UNIT)} do.", where=where)
    if lacking := [column for column in _REQUIRED if column not in places]:
        raise ConfigError(f"The mapping lacks {', '.join(lacking)}.", where=where, hint="Every request needs them.")


def _nearest(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known[:30])}."


def _value(column: str, place: Place, record: Record) -> object:
    value = place.value if place.path is None else dig(record, place.path)
    if column == "time":
        return instant(number(value), unit=place.unit)
    if column == "operation_duration":
        return durations.lasting(value, place.unit or "s")
    if column == "output_text":
        return output_text(value)
    if column == "system_instructions":
        return plain(value, column)
    return number(value) if column in NUMERIC else value
