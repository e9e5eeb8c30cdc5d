"""What the server remembers besides objects, over an open connection: statuses, quotas, JSON documents."""

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from stillwatch.exchange.store.tables import document, quota, status

DAY = 86_400_000_000  # microseconds
_KEPT = 14  # days of quotas


def put_status(  # noqa: PLR0913, PLR0917 — a row has that many parts
    connection: Connection, root: str, member: str, status_id: str, body: bytes, now: int
) -> None:
    """Keeps the status of a request, and forgets those older than a day."""
    connection.execute(delete(status).where(status.c.at < now - DAY))
    connection.execute(insert(status).values(root=root, id=status_id, member=member, at=now, body=body))


def status_of(connection: Connection, root: str, member: str, status_id: str, now: int) -> bytes | None:
    """The status of a member's own request, for a day."""
    own = (status.c.root == root) & (status.c.id == status_id) & (status.c.member == member)
    return connection.scalar(select(status.c.body).where(own, status.c.at >= now - DAY))


def spend(  # noqa: PLR0913, PLR0917 — as above
    connection: Connection, member: str, name: str, amount: int, per_day: int, now: int
) -> bool:
    """Takes an amount of today's quota (UTC), if that much is left; else takes nothing."""
    today = now // DAY
    if amount > per_day:
        return False
    connection.execute(delete(quota).where(quota.c.member == member, quota.c.day < today - _KEPT))
    inserting = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(quota)
    used = inserting.values(member=member, name=name, day=today, used=amount).on_conflict_do_update(
        index_elements=[quota.c.member, quota.c.name, quota.c.day],
        set_={"used": quota.c.used + amount},
        where=quota.c.used + amount <= per_day,
    )
    return connection.scalar(used.returning(quota.c.used)) is not None


def spent(connection: Connection, member: str, name: str, now: int) -> int:
    """How much of today's quota is used."""
    own = (quota.c.member == member) & (quota.c.name == name) & (quota.c.day == now // DAY)
    return connection.scalar(select(quota.c.used).where(own)) or 0


def put_document(connection: Connection, root: str, name: str, value: object, *, secret: bool) -> None:
    """Puts a JSON document in the place of the one of this name."""
    connection.execute(delete(document).where(document.c.root == root, document.c.name == name))
    body = json.dumps(value, separators=(",", ":")).encode()
    connection.execute(insert(document).values(root=root, name=name, secret=secret, body=body))


def document_named(connection: Connection, root: str, name: str) -> Any:  # noqa: ANN401 — any JSON value
    """A JSON document; None where there is none."""
    body = connection.scalar(select(document.c.body).where(document.c.root == root, document.c.name == name))
    return None if body is None else json.loads(body)
