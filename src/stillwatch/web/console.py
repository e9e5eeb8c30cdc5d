"""What the pages work on: settings, store, clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stillwatch.config import Settings
from stillwatch.web.heard import Heard
from stillwatch.web.kept import Kept
from stillwatch.web.store import Store

if TYPE_CHECKING:
    from stillwatch.web.following import Following


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Console:
    """What the pages work on."""

    settings: Settings
    store: Store
    following: "Following | None" = None  # the findings that are taken in as they change
    clock: Callable[[], datetime] = _now
    secure: bool = False  # behind TLS: cookies go nowhere else
    exchange: Kept = field(default_factory=Kept)  # what was read of the exchange's state
    relay: Heard = field(default_factory=Heard)  # what gateways were told
