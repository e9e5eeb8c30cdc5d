"""Roots, collections, members and their rights, over an open connection."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from stillwatch.errors import ConfigError
from stillwatch.exchange.model import Collection, CollectionKind, Level, Member, Principal, Right, Root
from stillwatch.exchange.store.tables import collection, member, member_right, root

AnyRow = Row[*tuple[Any, ...]]

#: Paths of the server that no root may take.
RESERVED = frozenset({"taxii2", "oauth", "metrics", "healthz", "openapi.json", "docs"})

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,126}")  # no colon: HTTP Basic ends the name with one
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

RETRACTIONS: CollectionKind = "retractions"


def roots(connection: Connection) -> tuple[Root, ...]:
    """All roots, in the order in which they were added."""
    return tuple(_root(row) for row in connection.execute(select(root).order_by(root.c.position)))


def root_named(connection: Connection, name: str) -> Root | None:
    """One root."""
    row = connection.execute(select(root).where(root.c.name == name)).first()
    return _root(row) if row else None


def add_root(connection: Connection, new: Root) -> None:
    """Adds a root; `complete` gives it its collection of retractions.

    Raises:
        ConfigError: there is one of this name, or the name cannot be one.
    """
    if not _NAME.fullmatch(new.name) or new.name in RESERVED:
        hint = f"Up to 63 of a-z, 0-9, - and _; not {', '.join(sorted(RESERVED))}."
        raise ConfigError("A root cannot have this name.", where=new.name, hint=hint)
    if new.max_content_length <= 0:
        raise ConfigError("A root must take some bytes.", where=new.name)
    if root_named(connection, new.name):
        raise ConfigError("There is a root of this name already.", where=new.name)
    position = connection.scalar(select(func.count()).select_from(root))
    connection.execute(
        insert(root).values(
            name=new.name,
            position=position,
            title=new.title,
            description=new.description,
            max_content_length=new.max_content_length,
            allow_list=new.allow_list,
            log_size=0,
        )
    )


def complete(connection: Connection, root_name: str) -> None:
    """Gives a root its collection of retractions, if it has none."""
    if not any(each.kind == RETRACTIONS for each in collections(connection, root_name)):
        says = "What was withdrawn, for clients that know no other way."
        alias = None if collection_named(connection, root_name, RETRACTIONS) else RETRACTIONS
        add_collection(connection, Collection(str(uuid.uuid4()), root_name, "Retractions", alias, says, RETRACTIONS))


def collections(connection: Connection, root_name: str) -> tuple[Collection, ...]:
    """The collections of a root, in the order in which they were added."""
    query = select(collection).where(collection.c.root == root_name).order_by(collection.c.position)
    return tuple(_collection(row) for row in connection.execute(query))


def collection_named(connection: Connection, root_name: str, name: str) -> Collection | None:
    """One collection of a root, by its id or its alias."""
    named = or_(collection.c.id == name, collection.c.alias == name)
    row = connection.execute(select(collection).where(collection.c.root == root_name, named)).first()
    return _collection(row) if row else None


def add_collection(connection: Connection, new: Collection) -> None:
    """Adds a collection to a root.

    Raises:
        ConfigError: there is no such root, one with this id or alias already, or they cannot be id and alias.
    """
    if not _UUID4.fullmatch(new.id):
        raise ConfigError("The id of a collection is a UUID of version 4.", where=new.id)
    if new.alias is not None and (not _NAME.fullmatch(new.alias) or _UUID4.fullmatch(new.alias)):
        raise ConfigError(
            "A collection cannot have this alias.", where=new.alias, hint="Up to 63 of a-z, 0-9, - and _."
        )
    if not root_named(connection, new.root):
        raise ConfigError(
            "There is no root of this name.", where=new.root, hint="`stillwatch exchange root add` adds it."
        )
    if connection.scalar(select(collection.c.id).where(collection.c.id == new.id)):
        raise ConfigError("There is a collection of this id already.", where=new.id)
    if new.alias and collection_named(connection, new.root, new.alias):
        raise ConfigError("There is a collection of this alias already.", where=f"{new.root}/{new.alias}")
    position = connection.scalar(select(func.count()).select_from(collection))
    connection.execute(
        insert(collection).values(
            id=new.id,
            root=new.root,
            position=position,
            title=new.title,
            alias=new.alias,
            description=new.description,
            kind=new.kind,
            last_added=0,
        )
    )


def members(connection: Connection) -> tuple[Member, ...]:
    """All members, by name."""
    return tuple(_member(row) for row in connection.execute(select(member).order_by(member.c.name)))


def member_where(connection: Connection, **known: str) -> Member | None:
    """One member, by a column that is unique."""
    row = connection.execute(select(member).filter_by(**known)).first()
    return _member(row) if row else None


def secret_hash(connection: Connection, name: str) -> str | None:
    """What a member's secret is checked against."""
    return connection.scalar(select(member.c.secret_hash).where(member.c.name == name))


def principal(connection: Connection, name: str) -> Principal | None:
    """A member with its rights; None where there is none, or it is suspended."""
    found = member_where(connection, name=name)
    if found is None or found.suspended:
        return None
    return Principal(found, rights(connection, name))


def rights(connection: Connection, name: str) -> dict[str, Right]:
    """A member's rights, by the id of the collection."""
    rows = connection.execute(select(member_right).where(member_right.c.member == name))
    return {row.collection: Right(row.read, row.write, Level(row.level)) for row in rows}


def add_member(connection: Connection, new: Member, hashed: str | None, given: Mapping[str, Right]) -> None:
    """Adds a member with its rights.

    Raises:
        ConfigError: its name, identity or certificate is another's or none, or there is no such collection.
    """
    if not _MEMBER.fullmatch(new.name):
        hint = "Letters, digits and . _ @ -, up to 127."
        raise ConfigError("A member cannot have this name.", where=new.name, hint=hint)
    for what in ("name", "identity", "fingerprint"):
        value = getattr(new, what)
        if value is not None and member_where(connection, **{what: value}):
            raise ConfigError(f"There is a member with this {what} already.", where=new.name)
    connection.execute(
        insert(member).values(
            name=new.name,
            identity=new.identity,
            auth=new.auth,
            suspended=new.suspended,
            quarantined=new.quarantined,
            public_key=new.public_key,
            fingerprint=new.fingerprint,
            secret_hash=hashed,
            revision=new.revision,
        )
    )
    _put_rights(connection, new.name, given)


def grant(connection: Connection, name: str, given: Mapping[str, Right]) -> None:
    """Gives rights in the place of those that a member had in the same collections; one that allows nothing is none.

    Raises:
        ConfigError: there is no such member or collection.
    """
    change(connection, name, {})
    _put_rights(connection, name, given)


def _put_rights(connection: Connection, name: str, given: Mapping[str, Right]) -> None:
    """Who may do something in a root reads its retractions: what they show depends on the other rights."""
    found = select(collection.c.id, collection.c.root).where(collection.c.id.in_(given))
    in_roots = {row.id: row.root for row in connection.execute(found)}
    if unknown := sorted(given.keys() - in_roots.keys()):
        raise ConfigError("There is no collection of this id.", where=unknown[0])
    put = {key: each for key, each in given.items() if each.read or each.write}
    touched = {in_roots[key] for key in put}
    lists = select(collection.c.id).where(collection.c.root.in_(touched), collection.c.kind == RETRACTIONS)
    put |= {key: Right(read=True, write=False) for key in connection.scalars(lists) if key not in given}
    replaced = member_right.c.collection.in_([*given, *put])
    connection.execute(delete(member_right).where(member_right.c.member == name, replaced))
    rows = [
        {"member": name, "collection": key, "read": each.read, "write": each.write, "level": int(each.level)}
        for key, each in put.items()
    ]
    if rows:
        connection.execute(insert(member_right), rows)


def change(connection: Connection, name: str, values: Mapping[str, Any]) -> Member:
    """Changes a member, and makes its revision one greater: what is remembered of its access no longer holds.

    Raises:
        ConfigError: there is no such member, or the certificate is another's.
    """
    other = values.get("fingerprint") and member_where(connection, fingerprint=values["fingerprint"])
    if other and other.name != name:
        raise ConfigError("There is a member with this certificate already.", where=name)
    changed = update(member).where(member.c.name == name).values(**values, revision=member.c.revision + 1)
    row = connection.execute(changed.returning(*member.c)).first()
    if row is None:
        raise ConfigError(
            "There is no member of this name.", where=name, hint="`stillwatch exchange member list` lists."
        )
    return _member(row)


def _root(row: AnyRow) -> Root:
    return Root(row.name, row.title, row.description, row.max_content_length, row.allow_list)


def _collection(row: AnyRow) -> Collection:
    return Collection(row.id, row.root, row.title, row.alias, row.description, row.kind)


def _member(row: AnyRow) -> Member:
    return Member(
        name=row.name,
        identity=row.identity,
        auth=row.auth,
        suspended=row.suspended,
        quarantined=row.quarantined,
        public_key=row.public_key,
        fingerprint=row.fingerprint,
        revision=row.revision,
    )
