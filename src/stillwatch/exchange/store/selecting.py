"""What a member finds: the query of every read.

Versions are chosen among those that the member may read and whose spec_version fits (all that may be read and fit, and
the newest spec_version of each object where none is named): a hidden newer version makes no older one disappear.

A page costs the same whatever there is besides it, of other types, of older versions, or that the member may not read:
the question is cut into branches (by level, by whether superseded, by type), each of which walks one index in the order
of `date_added` and stops when the page is full. So its time tells nobody how much is hidden, either.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import product
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, or_, select, true, union_all

from stillwatch.exchange.access import readable, right
from stillwatch.exchange.model import Collection, Level, Member, Principal, Query, Right
from stillwatch.exchange.store.tables import object_

Rows = Select[*tuple[Any, ...]]  # the columns are chosen by name
Columns = Literal["records", "signatures", "versions"]
Kind = Literal["last", "first"]

_MANY_TYPES = 8  # for more of them, each level is searched for all of them together
_BEGINNING = -(2**62)  # microseconds, before all times

_mine = object_.c
_others = object_.alias("other")

_COLUMNS = MappingProxyType(
    {
        "records": "id version date_added type spec_version level publisher origin body",
        "signatures": "id version date_added signature key_id receipt receipt_key_id leaf",
        "versions": "version date_added",
    }
)


def page(columns: Columns, principal: Principal, collection: Collection, query: Query) -> tuple[Rows, dict[str, int]]:
    """One record more than `query.limit`, from the cursor on, in the order of `date_added`: whether more follow.

    One statement, so that it sees one state of the collection.

    Returns:
        The statement, and its parameters.
    """
    shape = replace(query, added_after=None, after=None, limit=0)
    rights = tuple(sorted(principal.rights.items()))
    # built once for a member and a question: that takes ten times as long as to run it
    build = _statement if not query.ids and isinstance(query.versions, str) else _statement.__wrapped__
    after = _after(query)
    parameters = {"after": _BEGINNING if after is None else after, "limit": query.limit + 1}
    return build(columns, principal.member, rights, collection, shape), parameters


@lru_cache(maxsize=256)
def _statement(
    columns: Columns, member: Member, rights: tuple[tuple[str, Right], ...], collection: Collection, query: Query
) -> Rows:
    principal = Principal(member, dict(rights))
    # by ids there are few: found by their index, not by walking the collection in its order
    when = _mine.date_added + 0 if query.ids else _mine.date_added
    branches = [true()] if query.ids else list(_branches(principal, collection, query))
    found = matching(principal, collection.id, query if query.ids else replace(query, types=()))
    parts = [
        select(_mine.date_added).where(found, branch, when > bindparam("after")).order_by(when).limit(_limit())
        for branch in branches
    ]
    merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
    first = select(merged.c.date_added).order_by(merged.c.date_added).limit(_limit()).subquery()
    same = and_(_mine.collection == collection.id, _mine.date_added == first.c.date_added)
    chosen = [_mine[name] for name in _COLUMNS[columns].split()]
    return select(*chosen).join_from(first, object_, same).order_by(_mine.date_added)


def _limit() -> ColumnElement[int]:
    return bindparam("limit", type_=_mine.date_added.type)


def _branches(principal: Principal, collection: Collection, query: Query) -> Iterator[ColumnElement[bool]]:
    """Conditions that exclude each other, and of which every record that may be read fulfils one."""
    if collection.kind == "objects":
        widest = right(principal, collection.id).level
    else:  # what is retracted comes from several collections
        widest = max((each.level for each in principal.rights.values() if each.read), default=Level.CLEAR)
    superseded = (~_mine.superseded,) if query.versions == "last" else (~_mine.superseded, _mine.superseded)
    types = sorted(set(storable(query.types)))
    # not `type` itself: that would lead to the index by type, in which these are not in order
    any_type = func.coalesce(_mine.type, "").in_(types) if query.types else true()
    for old, level in product(superseded, Level):
        here = and_(old, _mine.level == int(level))
        if level > widest:
            yield and_(here, _mine.publisher == principal.member.name, any_type)
        elif 0 < len(types) <= _MANY_TYPES:
            yield from (and_(here, _mine.type == each) for each in types)
        else:
            yield and_(here, any_type)


def matching(principal: Principal, collection: str, query: Query) -> ColumnElement[bool]:
    """The condition on `object` that a record must fulfil; `limit` is not part of it."""
    found = [_mine.collection == collection, readable(principal, collection, _mine)]
    after = _after(query)
    if after is not None:
        found.append(_mine.date_added > after)
    if query.ids:
        found.append(_mine.id.in_(storable(query.ids)))
    if query.types:
        found.append(_mine.type.in_(storable(query.types)))
    if query.spec_versions:
        found.append(_mine.spec_version.in_(storable(query.spec_versions)))
    else:
        found.append(_none(principal, collection, _others.c.spec_version > _mine.spec_version))
    return and_(*found, _versions(principal, collection, query))


def _after(query: Query) -> int | None:
    return max((time for time in (query.added_after, query.after) if time is not None), default=None)


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
    # by ids, it would lead SQLite to the index of all that is not superseded
    return and_(~_mine.superseded, alone) if kind == "last" and not query.ids else alone


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
