"""Objects for the forum: campaigns that nobody has seen yet, and their next versions."""

import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from stillwatch.indicators import timestamps
from stillwatch.indicators.said import Said

Object = dict[str, Any]


def said(**changes: Any) -> Said:
    """What may leave of a campaign that nobody has seen yet."""
    today = now().date()
    content: dict[str, Any] = {
        "key": str(uuid.uuid4()),
        "confidence": 75,
        "first_seen": today - timedelta(days=20),
        "last_seen": today - timedelta(days=2),
        "accounts": "10-99",
        "requests": "1e4-1e5",
        "families": ("text", "sign_up"),
        "techniques": ("AML.T0024.002",),
        "key_epoch": "2026Q4",
        "template": tokens(25),
        "shared": {"payment": tokens(4)},
    }
    return Said(**(content | changes))


def tokens(count: int) -> tuple[str, ...]:
    """New tokens."""
    return tuple(sorted(secrets.token_hex(16) for _ in range(count)))


def indicators(objects: Iterable[Object]) -> list[Object]:
    """The indicators among objects."""
    return [each for each in objects if each["type"] == "indicator"]


def moved(obj: Object, *, seconds: float = 1.0, **changes: Any) -> Object:
    """The next version of an object."""
    later = timestamps.parse(obj["modified"]) + int(seconds * 1_000_000)
    return obj | {"modified": timestamps.written(datetime.fromtimestamp(later / 1e6, UTC))} | changes


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)
