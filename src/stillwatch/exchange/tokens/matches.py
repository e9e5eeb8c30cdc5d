"""Which of a member's own values stand, as tokens, in the indicators that it has.

    wanted = sought(indicators, "payment", now)              # {epoch: {token: ids of indicators}}
    found = search(wanted, values, client)                   # asks for tokens in the epochs that occur

What is revoked, no longer valid or not understood is left out; what is of an epoch whose key is destroyed is told.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.exchange.tokens.classes import TokenClass
from stillwatch.exchange.tokens.client import TokenClient
from stillwatch.exchange.tokens.prf import TOKEN_PRF
from stillwatch.exchange.tokens.values import Values
from stillwatch.indicators.patterns import PATTERN_TYPE, AccountNetwork, Pattern, PromptTemplate, Vocabulary, parse

Sought = Mapping[str, Mapping[str, frozenset[str]]]  # epoch: token: ids of the indicators that hold it


@dataclass(frozen=True)
class Match:
    """An indicator, and those of the member's own values that are in it."""

    indicator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What a search found, and of which epochs nothing can be found any more."""

    matches: tuple[Match, ...]
    past: tuple[str, ...]


def sought(indicators: Iterable[Mapping[str, Any]], klass: TokenClass, now: datetime) -> Sought:
    """The tokens of a class in indicators that are in force, by epoch.

    Args:
        indicators: STIX objects; those that are no indicator of ours are passed over.
        klass: the class.
        now: for `valid_until`.
    """
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for indicator in indicators:
        epoch, tokens = _tokens(indicator, klass) if _in_force(indicator, now) else ("", ())
        for token in tokens:
            found[epoch][token].add(str(indicator["id"]))
    return {epoch: {token: frozenset(ids) for token, ids in held.items()} for epoch, held in found.items()}


def in_bundle(path: Path) -> list[dict[str, Any]]:
    """The objects of a file: a STIX bundle or a TAXII envelope.

    Raises:
        InputError: it is neither.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}).", where=str(path)) from None
    except (ValueError, RecursionError):
        document = None
    objects = document.get("objects") if isinstance(document, dict) else None
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise InputError("holds no STIX objects.", where=str(path), hint='Give a bundle: {"objects": […]}.')
    return objects


def search(
    wanted: Sought, values: Values, client: TokenClient, progress: Callable[[float], None] = lambda _fraction: None
) -> Found:
    """Looks for values in what is sought.

    Args:
        wanted: what `sought` found, in one root and class.
        values: one's own, of that class.
        client: for that root.
        progress: told the share that is done.

    Raises:
        PrivacyError: today's quota does not suffice.
        ExchangeError: the exchange cannot be reached, or answers what it should not.
    """
    readable = [epoch for epoch in sorted(wanted) if epoch in client.epochs] if wanted else []
    found: list[Match] = []
    for number, epoch in enumerate(readable):

        def advance(done: float, before: int = number) -> None:
            progress((before + done) / len(readable))

        tokens = client.tokens(values.token_class, epoch, list(values.items), advance)
        found += matches(wanted[epoch], dict(zip(tokens, values.items.values(), strict=True)))
    return Found(tuple(found), tuple(sorted(wanted.keys() - set(readable))))


def matches(wanted: Mapping[str, frozenset[str]], own: Mapping[str, str]) -> list[Match]:
    """The indicators that hold tokens of one's own, most values first.

    Args:
        wanted: ids of indicators by token, of one epoch.
        own: one's own values by token, of the same epoch and class.
    """
    values: dict[str, list[str]] = defaultdict(list)
    for token in wanted.keys() & own.keys():
        for indicator in wanted[token]:
            values[indicator].append(own[token])
    found = [Match(indicator, tuple(sorted(held))) for indicator, held in values.items()]
    return sorted(found, key=lambda match: (-len(match.values), match.indicator))


def _in_force(indicator: Mapping[str, Any], now: datetime) -> bool:
    if (
        indicator.get("type") != "indicator"
        or indicator.get("pattern_type") != PATTERN_TYPE
        or indicator.get("revoked")
    ):
        return False
    until = indicator.get("valid_until")
    try:
        return until is None or datetime.fromisoformat(until).astimezone(UTC) > now
    except (TypeError, ValueError):
        return False


def _tokens(indicator: Mapping[str, Any], klass: TokenClass) -> tuple[str, tuple[str, ...]]:
    """The epoch and the tokens of a class in one indicator."""
    try:
        pattern = parse(str(indicator.get("pattern")))
    except ValueError:
        return "", ()
    if getattr(pattern, "token_prf", None) != TOKEN_PRF:
        return "", ()
    return pattern.key_epoch, _of_class(pattern, klass)  # type: ignore[union-attr]


def _of_class(pattern: Pattern, klass: TokenClass) -> tuple[str, ...]:
    match pattern, klass:
        case PromptTemplate(), "shingle":
            return pattern.tokens
        case Vocabulary(), "word":
            return pattern.tokens
        case AccountNetwork(), "payment" | "mail-domain" | "address":
            return pattern.edges.get(klass, ())
    return ()
