"""What a running exchange is made of; every request finds it as `request.app.state.exchange`."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stillwatch.exchange.server.limits import Limits
from stillwatch.exchange.server.metrics import Metrics
from stillwatch.exchange.store.store import Store
from stillwatch.signing import SigningKey


def microseconds() -> int:
    """The time now, in whole microseconds since 1970."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Exchange:
    """The parts of a running exchange, and the operator's choices."""

    store: Store
    signing_key: SigningKey  # the exchange's own: receipts, checkpoints
    public_url: str  # as members see it: `https://exchange.example`, without a slash at the end
    cursor_key: bytes  # 32 bytes; signs `next`. The same in every process, and after a restart
    token_key: bytes  # 32 bytes; signs access tokens
    title: str = "stillwatch exchange"
    page_size: int = 1000  # objects; a client that asks for more gets this
    clock: Callable[[], int] = microseconds
    basic: bool = False  # whether HTTP Basic is taken
    token_seconds: int = 600  # how long an access token lasts
    metrics_token: str | None = None  # what /metrics asks for; None: it is not served
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    closing: threading.Event = field(default_factory=threading.Event)  # set: event streams end
