"""The log of a root, over an open connection: its entries, and the tiles of its tree."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from stillwatch.exchange.log import tiles as tree
from stillwatch.exchange.model import LogEntry
from stillwatch.exchange.store.tables import log_entry, root, tile
from stillwatch.indicators import timestamps
from stillwatch.merkle import leaf_hash

Connecting = Callable[[], AbstractContextManager[Connection]]


class Tiles:
    """The C2SP tiles of a root's log, as `exchange.log.tiles` asks for them."""

    def __init__(self, connecting: Connecting, root_name: str) -> None:
        self._connecting, self._root = connecting, root_name

    def read(self, level: int, index: int) -> bytes:
        """The tile's hashes; nothing where there is no tile."""
        with self._connecting() as connection:
            return connection.scalar(select(tile.c.content).where(self._place(level, index))) or b""

    def write(self, level: int, index: int, content: bytes) -> None:
        """Puts a tile in the place of its shorter self."""
        with self._connecting() as connection:
            connection.execute(delete(tile).where(self._place(level, index)))
            connection.execute(insert(tile).values(root=self._root, level=level, number=index, content=content))

    def _place(self, level: int, index: int) -> ColumnElement[bool]:
        return and_(tile.c.root == self._root, tile.c.level == level, tile.c.number == index)


def size(connection: Connection, root_name: str) -> int:
    """How many entries the log has."""
    return connection.scalar(select(root.c.log_size).where(root.c.name == root_name)) or 0


def append(connection: Connection, root_name: str, entries: Sequence[LogEntry]) -> range:
    """Adds entries at the end, and to the tree.

    Returns:
        Their numbers.
    """
    if not entries:
        return range(0)
    start = size(connection, root_name)
    tiles = Tiles(lambda: nullcontext(connection), root_name)
    end = tree.append(tiles, start, [leaf_hash(each.entry) for each in entries])
    rows = [_row(root_name, leaf, each) for leaf, each in enumerate(entries, start)]
    connection.execute(insert(log_entry), rows)
    connection.execute(update(root).where(root.c.name == root_name).values(log_size=end))
    return range(start, end)


def entries(connection: Connection, root_name: str, start: int, end: int) -> list[bytes]:
    """The entries from `start` to before `end`."""
    between = (log_entry.c.root == root_name) & (log_entry.c.leaf >= start) & (log_entry.c.leaf < end)
    return list(connection.scalars(select(log_entry.c.entry).where(between).order_by(log_entry.c.leaf)))


def _row(root_name: str, leaf: int, each: LogEntry) -> dict[str, object]:
    version = timestamps.parse(each.version) if each.version else None
    return {
        "root": root_name,
        "leaf": leaf,
        "entry": each.entry,
        "salt": each.salt,
        "id": each.id,
        "version": version,
    }
