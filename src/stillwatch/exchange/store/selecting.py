"""What a member finds: the query of every read.

Versions are chosen among those that the member may read and whose spec_version fits (all that may be read and fit, and
the newest spec_version of each object where none is named): a hidden newer version makes no older one disappear.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, union_all

from stillwatch.exchange.access import readable
from stillwatch.exchange.model import Principal, Query
from stillwatch.exchange.store.tables import object_

Kind = Literal["last", "first"]

# A query for few types asks for each by its index and merges; one for many looks at everything.
_MANY_TYPES = 16

Rows = Select[*tuple[Any, ...]]  # of columns that the caller chooses

_mine = object_.c
_others = object_.alias("other")


def page(columns: Sequence[ColumnElement[object]], principal: Principal, collection: str, query: Query) -> Rows:
    """One record more than `query.limit`, from the cursor on, in the order of `date_added`: whether more follow.

    One statement, so that it sees one state of the collection.
    """
    types = sorted(set(query.types))
    if not 1 < len(types) <= _MANY_TYPES:
        return _ordered(columns, matching(principal, collection, query), query)
    each = [
        _ordered(columns, and_(matching(principal, collection, query, typed=False), _mine.type == name), query)
        for name in types
    ]
    merged = union_all(*(select(part.subquery()) for part in each)).subquery()
    return select(merged).order_by(merged.c.date_added).limit(query.limit + 1)


def _ordered(columns: Sequence[ColumnElement[object]], found: ColumnElement[bool], query: Query) -> Rows:
    # by ids there are few: found by their index, not by walking the collection in its order
    order = _mine.date_added + 0 if query.ids else _mine.date_added
    return select(*columns).where(found).order_by(order).limit(query.limit + 1)


def matching(principal: Principal, collection: str, query: Query, *, typed: bool = True) -> ColumnElement[bool]:
    """The condition on `object` that a record must fulfil; `limit` is not part of it."""
    found = [_mine.collection == collection, readable(principal, collection, _mine)]
    after = max((time for time in (query.added_after, query.after) if time is not None), default=None)
    if after is not None:
        found.append((_mine.date_added + 0 if query.ids else _mine.date_added) > after)
    if query.ids:
        found.append(_mine.id.in_(storable(query.ids)))
    if query.types and typed:
        found.append(_mine.type.in_(storable(query.types)))
    if query.spec_versions:
        found.append(_mine.spec_version.in_(storable(query.spec_versions)))
    else:
        found.append(_none(principal, collection, _others.c.spec_version > _mine.spec_version))
    return and_(*found, _versions(principal, collection, query))


def _versions(principal: Principal, collection: str, query: Query) -> ColumnElement[bool]:
    if query.versions == "all":
        return true()
    chosen = (query.versions,) if isinstance(query.versions, str) else query.versions
    exact = [version for version in chosen if isinstance(version, int)]
    kinds: list[Kind] = [kind for kind in ("last", "first") if kind in chosen]
    parts = [_outermost(principal, collection, query, kind) for kind in kinds]
    return or_(*parts, _mine.version.in_(exact)) if exact else or_(*parts)


def _outermost(principal: Principal, collection: str, query: Query, kind: Kind) -> ColumnElement[bool]:
    further = _others.c.version > _mine.version if kind == "last" else _others.c.version < _mine.version
    same_spec = _others.c.spec_version == _mine.spec_version
    fits = _others.c.spec_version.in_(storable(query.spec_versions)) if query.spec_versions else same_spec
    alone = _none(principal, collection, and_(fits, further))
    return and_(~_mine.superseded, alone) if kind == "last" else alone


def _none(principal: Principal, collection: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """No other version that the member may read fulfils a condition.

    A scalar subquery, not `NOT EXISTS`: PostgreSQL would turn that into a join over the whole collection.
    """
    same = and_(_others.c.collection == collection, _others.c.id == _mine.id)
    other = select(true()).where(same, condition, readable(principal, collection, _others.c)).limit(1)
    return ~func.coalesce(other.correlate(object_).scalar_subquery(), false())


def storable(texts: Iterable[str]) -> list[str]:
    """Those that a database can hold: nothing with a NUL or a broken surrogate is in it, and asking would fail."""
    return [text for text in texts if ("\0" not in text and text.isascii()) or _encodable(text)]


def _encodable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
