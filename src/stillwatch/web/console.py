"""What the pages work on: settings, store, clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stillwatch.config import Settings
from stillwatch.web.store import Store


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Console:
    """What the pages work on."""

    settings: Settings
    store: Store
    findings: Path | None = None  # the document that is taken in as it changes
    clock: Callable[[], datetime] = _now
    secure: bool = False  # behind TLS: cookies go nowhere else
