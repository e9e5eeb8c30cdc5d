"""What was deleted, over an open connection: that it was there, and whose, so that nobody else takes up its id."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from stillwatch.exchange.model import Known, Level
from stillwatch.exchange.store.tables import collection as collection_
from stillwatch.exchange.store.tables import deletion, object_

_COLUMNS = [each.name for each in deletion.c]


def remember(connection: Connection, collection: str, dates: Sequence[int]) -> None:
    """Remembers versions, named by their date_added, before they are deleted."""
    there = select(*(object_.c[name] for name in _COLUMNS))
    gone = there.where(object_.c.collection == collection, object_.c.date_added.in_(dates))
    connection.execute(insert(deletion).from_select(_COLUMNS, gone))


def known(connection: Connection, collection: str, ids: Sequence[str]) -> list[tuple[str, Known]]:
    """The deleted versions of some objects, each with its id, in no order."""
    c = deletion.c
    rows = connection.execute(select(deletion).where(c.collection == collection, c.id.in_(ids)))
    return [(row.id, Known(row.version, row.publisher, Level(row.level), row.revoked, deleted=True)) for row in rows]


def leaves(connection: Connection, root: str) -> list[int | None]:
    """Of each version that was deleted in a root: the entry of the log that tells of its publication, if one does."""
    inside = select(collection_.c.id).where(collection_.c.root == root)
    return list(connection.scalars(select(deletion.c.leaf).where(deletion.c.collection.in_(inside))))
