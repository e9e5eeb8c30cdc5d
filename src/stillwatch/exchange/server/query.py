"""The parameters of a query (TAXII 2.1, section 3.4), strictly: what is malformed is a 400, not a guess.

    asked = read(request.scope["query_string"], FILTERS["objects"])
    asked.query(page_size=1000, after=None)                # model.Query, for the store

Unknown parameters are ignored, as the standard has it; each known one may stand once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from stillwatch.exchange.model import Query, Versions
from stillwatch.exchange.server.errors import Problem
from stillwatch.indicators import timestamps

Kind = Literal["objects", "manifest", "object", "versions", "delete", "stream"]

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,248}[a-z0-9]--[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TYPE = re.compile(r"[A-Za-z0-9_-]{1,250}")
_SPEC_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")
_LIMIT = re.compile(r"[0-9]{1,16}")
_LARGEST = 2**53 - 1  # TAXII's integers, section 2
_MANY = 1000  # values of one filter


@dataclass(frozen=True)
class Asked:
    """A query as the client put it."""

    added_after: int | None = None
    limit: int | None = None
    next: str | None = None
    filters: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def versions(self) -> Versions:
        """Which versions of each object."""
        match self.filters.get("version", ("last",)):
            case ("all",):
                return "all"
            case ("last",):
                return "last"
            case ("first",):
                return "first"
            case several:
                return several

    def query(self, *, page_size: int, after: int | None = None) -> Query:
        """What the store is asked."""
        return Query(
            added_after=self.added_after,
            ids=self.filters.get("id", ()),
            types=self.filters.get("type", ()),
            spec_versions=self.filters.get("spec_version", ()),
            versions=self.versions,
            after=after,
            limit=min(self.limit or page_size, page_size),
        )


def well_formed_id(text: str) -> bool:
    """Whether it could be the id of a STIX object."""
    return _ID.fullmatch(text) is not None


def read(query_string: bytes, kind: Kind) -> Asked:
    """Reads what an endpoint of this kind knows; the rest is ignored.

    Raises:
        Problem: 400.
    """
    given = _once(query_string, KNOWN[kind])
    filters = {name: _filter(name, given[f"match[{name}]"]) for name in _VALUES if f"match[{name}]" in given}
    return Asked(
        added_after=_time(given["added_after"], "added_after") if "added_after" in given else None,
        limit=_limit(given["limit"]) if "limit" in given else None,
        next=given.get("next"),
        filters=filters,
    )


def _once(query_string: bytes, known: frozenset[str]) -> dict[str, str]:
    try:
        text = query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise _malformed("query", "the query must be percent-encoded UTF-8 of at most 100 fields") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in known and name in given:
            raise _malformed(name, f"{name} may stand once; separate several values with commas")
        if name in known:
            given[name] = value
    return given


def _filter(name: str, text: str) -> tuple[Any, ...]:
    """The values of one filter, in one order, each once: a cursor must know the query again."""
    values = text.split(",")
    if len(values) > _MANY:
        raise _malformed(name, f"match[{name}] may have {_MANY} values at most")
    return tuple(sorted(set(_VALUES[name](values)), key=str))


def _matching(name: str, form: re.Pattern[str]) -> Callable[[list[str]], list[Any]]:
    def check(values: list[str]) -> list[Any]:
        if not all(form.fullmatch(value) for value in values):
            raise _malformed(name, f"a value of match[{name}] cannot be one")
        return list(values)

    return check


def _versions(values: list[str]) -> list[Any]:
    """Keywords and times may stand together; `all` stands alone, says the standard."""
    if values == ["all"]:
        return ["all"]
    return [value if value in {"last", "first"} else _time(value, "match[version]") for value in values]


_VALUES: Mapping[str, Callable[[list[str]], list[Any]]] = {
    "id": _matching("id", _ID),
    "type": _matching("type", _TYPE),
    "spec_version": _matching("spec_version", _SPEC_VERSION),
    "version": _versions,
}

_PAGED = ("limit", "next", "added_after")
_MATCHES = ("match[id]", "match[type]", "match[spec_version]", "match[version]")

#: What each kind of endpoint knows (sections 5.3 to 5.8).
KNOWN: Mapping[Kind, frozenset[str]] = {
    "objects": frozenset(_PAGED + _MATCHES),
    "manifest": frozenset(_PAGED + _MATCHES),
    "object": frozenset((*_PAGED, "match[spec_version]", "match[version]")),
    "versions": frozenset((*_PAGED, "match[spec_version]")),
    "delete": frozenset(("match[spec_version]", "match[version]")),
    "stream": frozenset(("added_after", *_MATCHES)),
}


def _time(text: str, name: str) -> int:
    try:
        return timestamps.parse(text)
    except ValueError:
        raise _malformed(name, f"{name} must be a timestamp such as 2026-11-02T09:00:00.000000Z") from None


def _limit(text: str) -> int:
    number = int(text) if _LIMIT.fullmatch(text) else 0
    if not 0 < number <= _LARGEST:
        raise _malformed("limit", "limit must be a positive integer")
    return number


def _malformed(name: str, says: str) -> Problem:
    code = "bad-" + re.sub(r"[^a-z]+", "-", name).strip("-")
    return Problem(400, "Malformed query", f"{says[0].upper()}{says[1:]}.", code)
