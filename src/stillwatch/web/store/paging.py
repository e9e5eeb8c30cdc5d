"""Pages that begin where the one before ended, in an order that an index has: the last takes no longer than the first.

cursor = Cursor(cases.c.bits, cases.c.number, descending=True)
rows, following = page_of(connection, select(cases), cursor, after=None, most=50)
rows, following = page_of(connection, select(cases), cursor, after=following, most=50)
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, func, or_

from stillwatch.web.asking import Invalid

MOST = 1000  # rows of a page


@dataclass(frozen=True)
class Cursor:
    """An order of rows: by a column, and by a second one that is never the same twice.

    Attributes:
        by, then: the two.
        descending: in which direction, for both.
        few: the rows are to be found first and then sorted; else they are met in this order, by its index.
    """

    by: Column[Any]
    then: Column[Any]
    descending: bool
    few: bool = False

    def after(self, text: str) -> ColumnElement[bool]:
        """Rows beyond the one that a page ended with.

        Raises:
            Invalid: the text is none of ours.
        """
        value, last = self._read(text)
        if self.descending:
            return and_(self.by <= value, or_(self.by < value, self.then < last))
        return and_(self.by >= value, or_(self.by > value, self.then > last))

    def text(self, row: Row[Any]) -> str:
        """Where a row stands, as it stands in an address."""
        values = [getattr(row, self.by.name), getattr(row, self.then.name)]
        return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")

    @property
    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """For ORDER BY."""
        by = unindexed(self.by) if self.few else self.by
        return (by.desc(), self.then.desc()) if self.descending else (by.asc(), self.then.asc())

    def _read(self, text: str) -> tuple[Any, Any]:
        try:
            value, last = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[Any])
            return msgspec.convert(value, _type(self.by)), msgspec.convert(last, _type(self.then))
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            hint = "Begin at the first page."
            raise Invalid("This is the place of no page.", where="after", hint=hint) from None


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, so that no planner takes an index of the column for it."""
    return func.coalesce(column, column)


def page_of(
    connection: Connection, query: Select[Any], cursor: Cursor, after: str | None, most: int
) -> tuple[Sequence[Row[Any]], str | None]:
    """Rows of one page, and where the next begins; None: nothing follows.

    Raises:
        Invalid: `after` is of no page.
    """
    most = max(1, min(most, MOST))
    beyond = query if after is None else query.where(cursor.after(after))
    rows = connection.execute(beyond.order_by(*cursor.order).limit(most + 1)).all()
    return rows[:most], cursor.text(rows[most - 1]) if len(rows) > most else None


def _type(column: Column[Any]) -> Any:  # noqa: ANN401 — a type, for msgspec
    python = column.type.python_type
    return {int: int, float: float, str: str}.get(python, datetime)
