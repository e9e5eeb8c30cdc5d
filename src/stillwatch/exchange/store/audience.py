"""Who is in a root, who reads a collection and who said something first, over an open connection."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, union_all

from stillwatch.exchange.store.tables import collection, deletion, member, member_right, object_

_CHUNK = 1000  # ids of one statement


def readers(connection: Connection, collection: str) -> list[str]:
    """The STIX identities of the members that can read a collection, sorted."""
    rights = (member_right.c.member == member.c.name) & (member_right.c.collection == collection)
    reading = select(member.c.identity).join(member_right, rights).where(member_right.c.read, ~member.c.suspended)
    return sorted(connection.scalars(reading))


def identities(connection: Connection) -> frozenset[str]:
    """The STIX identities of all members."""
    return frozenset(connection.scalars(select(member.c.identity)))


def keys(connection: Connection, root: str) -> list[tuple[str, bytes]]:
    """Identity and registered public key of each member that has a right in a root and signs, by identity."""
    inside = select(member_right.c.member).join(collection, collection.c.id == member_right.c.collection)
    signing = member.c.name.in_(inside.where(collection.c.root == root)) & member.c.public_key.is_not(None)
    query = select(member.c.identity, member.c.public_key).where(signing).order_by(member.c.identity)
    return [(row.identity, row.public_key) for row in connection.execute(query)]


def first_publishers(connection: Connection, root: str, ids: Sequence[str]) -> dict[str, str]:
    """Who published each object first, in whatever collection of a root, be it deleted since: name by id."""
    inside = select(collection.c.id).where(collection.c.root == root)
    found: dict[str, str] = {}
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        each = [
            select(table.c.date_added, table.c.id, table.c.publisher).where(
                table.c.collection.in_(inside), table.c.id.in_(chunk)
            )
            for table in (object_, deletion)
        ]
        for row in connection.execute(union_all(*each).order_by("date_added")):
            found.setdefault(row.id, row.publisher)
    return found
