"""Who is in a root and who can read a collection at a moment, over an open connection; for the log's entries."""

from sqlalchemy import Connection, select

from stillwatch.exchange.store.tables import member, member_right


def readers(connection: Connection, collection: str) -> list[str]:
    """The STIX identities of the members that can read a collection, sorted."""
    rights = (member_right.c.member == member.c.name) & (member_right.c.collection == collection)
    reading = select(member.c.identity).join(member_right, rights).where(member_right.c.read, ~member.c.suspended)
    return sorted(connection.scalars(reading))


def identities(connection: Connection) -> frozenset[str]:
    """The STIX identities of all members."""
    return frozenset(connection.scalars(select(member.c.identity)))
