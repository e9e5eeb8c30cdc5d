"""The operator's own indicators, which match nothing: whoever confirms one did not look, or lies.

    objects = decoys.make(real, relationships, now)
    register.change(store, root, lambda known: known.with_decoys(objects[0]["id"]))
    # only then published, as a member does, beside real ones: a decoy that nobody knows of is a false indicator

A token is 128 bits of a keyed function's output (RFC 9497), and cannot be told from random bits without evaluating the
function at the value that it stands for, and there is none. All else follows the real indicator that the decoy is
modelled on, and it is stored, signed, logged and served like any other.
"""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from stillwatch.errors import ExchangeError
from stillwatch.indicators import ids, patterns, timestamps

_TIMES = ("created", "modified", "valid_from", "valid_until")


def make(real: Mapping[str, Any], relationships: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """A decoy in the shape of a real indicator, related to what that is related to.

    Args:
        real: an indicator with tokens; its publisher becomes the decoy's.
        relationships: those that start at it.
        now: when the decoy says that it was made; all its times keep their distance from each other.

    Returns:
        The indicator, then its relationships.

    Raises:
        ExchangeError: the indicator has no tokens, or is not in our language.
    """
    if real.get("pattern_type") != patterns.PATTERN_TYPE:
        raise ExchangeError("An indicator in another language than ours makes no decoy.")
    pattern = patterns.write(_blank(patterns.parse(real["pattern"])))
    later = timedelta(microseconds=timestamps.of(now) - timestamps.parse(real["created"]))
    decoy = {**_moved(real, later), "id": ids.indicator(patterns.PATTERN_TYPE, pattern), "pattern": pattern}
    return [decoy, *(_rehung(_moved(one, later), decoy["id"]) for one in relationships)]


def _moved(obj: Mapping[str, Any], later: timedelta) -> dict[str, Any]:
    times = {name: _shifted(obj[name], later) for name in _TIMES if name in obj}
    return {**obj, **times}


def _shifted(time: str, later: timedelta) -> str:
    return timestamps.written(datetime.fromisoformat(time).astimezone(UTC) + later)


def _rehung(relationship: dict[str, Any], source: str) -> dict[str, Any]:
    target, type_ = relationship["target_ref"], relationship["relationship_type"]
    return {**relationship, "id": ids.relationship(source, type_, target), "source_ref": source}


def _blank(pattern: patterns.Pattern) -> patterns.Pattern:
    """The same pattern with tokens of nothing."""
    match pattern:
        case patterns.PromptTemplate() | patterns.Vocabulary():
            return pattern.model_copy(update={"tokens": _tokens(len(pattern.tokens))})
        case patterns.AccountNetwork(edges=edges, set_id=named):
            blank = {name: _tokens(len(tokens)) for name, tokens in edges.items()}
            return pattern.model_copy(update={"edges": blank, "set_id": f"set--{uuid.uuid4()}" if named else None})
        case _:
            raise ExchangeError("A cadence makes no decoy: it has no tokens, and what it describes may well exist.")


def _tokens(count: int) -> tuple[str, ...]:
    return tuple(sorted(secrets.token_hex(16) for _ in range(count)))
