"""Who may read, write and delete what: the only place that decides it, in Python and, equal to it, in SQL.

    may_read(principal, collection.id, record)               # for one record
    select(...).where(readable(principal, collection.id, table.c))   # the same, for a query

A member reads an object if it reads the collection, reads the collection that the object came from (a retraction comes
from the collection of what it retracts), and the object's marking is no narrower than its right there, or the object is
its own. What may not be read is not found: no error, count, page or header tells it from what does not exist.
"""

from typing import Protocol

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from stillwatch.exchange.model import Level, Principal, Right

_NOTHING = Right(read=False, write=False)


class Published(Protocol):
    """What the policy looks at in a record."""

    @property
    def level(self) -> Level:
        """How widely it may go."""

    @property
    def publisher(self) -> str:
        """The name of the member that published it."""

    @property
    def origin(self) -> str:
        """The collection that the right to read is taken from."""


def right(principal: Principal, collection: str) -> Right:
    """What a member may do with a collection, by its id; nothing where nothing was said."""
    return principal.rights.get(collection, _NOTHING)


def may_read(principal: Principal, collection: str, record: Published) -> bool:
    """Whether a member may read a record of a collection."""
    origin = right(principal, record.origin)
    wide_enough = record.level <= origin.level or record.publisher == principal.member.name
    return right(principal, collection).read and origin.read and wide_enough


def may_write(principal: Principal, collection: str) -> bool:
    """Whether a member may publish in a collection."""
    return right(principal, collection).write


def may_delete(principal: Principal, collection: str, record: Published) -> bool:
    """Whether a member may delete a record: its own, where it reads and writes."""
    own = record.publisher == principal.member.name
    return own and may_write(principal, collection) and may_read(principal, collection, record)


def readable(
    principal: Principal, collection: str, columns: ReadOnlyColumnCollection[str, ColumnElement[object]]
) -> ColumnElement[bool]:
    """`may_read` as SQL.

    Args:
        principal: who asks.
        collection: the id of the collection that is read.
        columns: those of the records: level, publisher, origin.
    """
    if not right(principal, collection).read:
        return false()
    origins = [(name, each.level) for name, each in sorted(principal.rights.items()) if each.read]
    by_level = [
        and_(columns.origin.in_([name for name, level in origins if level == limit]), columns.level <= int(limit))
        for limit in sorted({level for _, level in origins})
    ]
    own = and_(columns.publisher == principal.member.name, columns.origin.in_([name for name, _ in origins]))
    return or_(*by_level, own)
