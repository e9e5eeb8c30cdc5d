"""What Prometheus may know of a watch: how much, how long, what was found, what failed. No label names an account.

    metrics = Metrics()
    metrics.read("files", requests=1000, rejected=2)     # from the loop
    metrics.judged(document, seconds=0.8)                # from the judgement
    asgi = app(metrics)                                  # GET /metrics, GET /healthz

Every thread may tell it; Prometheus' library is needed only where the page is served.
"""

import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from stillwatch.campaigns.findings import Severity
from stillwatch.errors import ConfigError
from stillwatch.reports.document import FindingsDocument
from stillwatch.response.model import Decision, Kind, Rung, Sighting

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PREFIX = "stillwatch_watch_"
SILENT_SECONDS = 60.0  # a loop that was not heard of for so long is not well

#: By name: what it says, its labels, and whether it only grows (then Prometheus' "_total" is added to the name).
SERIES: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "requests": ("Requests folded.", ("source",), True),
    "rejected": ("Rows that could not be read.", ("source",), True),
    "evicted": ("Accounts forgotten for want of room.", (), True),
    "gateway": ("What gateways counted.", ("event",), True),
    "sightings": ("Accounts that a gateway recognised as a campaign's.", ("kind",), True),
    "decisions": ("Decisions written into the ledger.", ("rung", "simulated"), True),
    "faults": ("What failed and is tried again.", ("part",), True),
    "notices": ("Notices, by what became of them.", ("channel", "outcome"), True),
    "judgements": ("Judgements of all accounts.", (), True),
    "judgement_seconds": ("Time that judgements took.", (), True),
    "judged_timestamp_seconds": ("When all accounts were judged last.", (), False),
    "newest_request_timestamp_seconds": ("Time of the newest request that was folded.", (), False),
    "accounts": ("Accounts in the window.", (), False),
    "campaigns": ("Campaigns that nobody has dismissed.", ("severity",), False),
    "campaign_accounts": ("Accounts of these campaigns.", (), False),
    "measures": ("Measures in force.", ("rung", "simulated"), False),
    "waiting": ("Decisions that wait for a person.", ("rung",), False),
    "enabled": ("0 while the switch has turned all measures off.", (), False),
    "notices_waiting": ("Notices that have not been sent yet.", ("channel",), False),
    "well": ("1 while the loop goes round.", (), False),
}  # fmt: skip

Outcome = Literal["sent", "failed", "dropped"]
Labels = tuple[str, ...]
_Message = MutableMapping[str, Any]
App = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


class Metrics:
    """The measurements of one watch."""

    def __init__(self) -> None:
        self._lock, self._heard = threading.Lock(), time.monotonic()
        self._values: dict[str, dict[Labels, float]] = {name: {} for name in SERIES}
        for name, (_, labels, _) in SERIES.items():
            if not labels:
                self._values[name][()] = 0.0
        self._set("enabled", {(): 1.0})
        self._add("sightings", {(kind,): 0 for kind in get_args(Kind)})
        self._set("campaigns", {(severity,): 0 for severity in get_args(Severity)})
        self.standing((), ())

    def alive(self, *, accounts: int, newest: float = 0.0) -> None:
        """The loop went round.

        Args:
            accounts: how many there are in the window.
            newest: time of the newest request in it, seconds since 1970; 0 for none.
        """
        self._heard = time.monotonic()
        self._set("accounts", {(): accounts})
        self._set("newest_request_timestamp_seconds", {(): newest})

    def read(self, source: str, *, requests: int, rejected: int = 0) -> None:
        """Requests of a source were folded, and rows that could not be read were left out."""
        self._add("requests", {(source,): requests})
        self._add("rejected", {(source,): rejected})

    def told(self, counts: Iterable[tuple[str, int]], sightings: Iterable[Sighting] = ()) -> None:
        """A gateway said what happened how often, and whom it recognised (`Piece.counts`, `Piece.sightings`)."""
        for event, number in counts:
            self._add("gateway", {(event,): number})
        self._add("sightings", Counter((sighting.kind,) for sighting in sightings))

    def evicted(self, accounts: int) -> None:
        """Accounts were forgotten for want of room."""
        self._add("evicted", {(): accounts})

    def failed(self, part: str) -> None:
        """Something failed and is tried again: "relay", "journal", "judgement", "ledger", or a source by its name."""
        self._add("faults", {(part,): 1})

    def judged(self, document: FindingsDocument, *, seconds: float) -> None:
        """All accounts were judged, which took so long."""
        found = Counter(campaign.severity for campaign in document.standing)
        self._add("judgements", {(): 1})
        self._add("judgement_seconds", {(): seconds})
        self._set("judged_timestamp_seconds", {(): time.time()})
        self._set("campaigns", {(severity,): found[severity] for severity in get_args(Severity)})
        self._set("campaign_accounts", {(): sum(len(campaign.accounts) for campaign in document.standing)})

    def decided(self, decisions: Iterable[Decision]) -> None:
        """New decisions stand in the ledger."""
        self._add("decisions", Counter(map(_kind, decisions)))

    def standing(self, decisions: Iterable[Decision], waiting: Iterable[Decision], *, enabled: bool = True) -> None:
        """These measures are in force, unless the switch is off; these decisions wait for a person."""
        rungs, unsigned = Counter(map(_kind, decisions)), Counter(decision.action for decision in waiting)
        self._set("measures", {(r.word, s): rungs[r.word, s] for r in Rung for s in ("false", "true")})
        self._set("waiting", {(rung.word,): unsigned[rung] for rung in Rung})
        self._set("enabled", {(): float(enabled)})

    def noticed(self, channel: str, outcome: Outcome, number: int = 1) -> None:
        """What became of so many notices of a channel."""
        self._add("notices", {(channel, outcome): number})

    def notices(self, channel: str, *, waiting: int) -> None:
        """So many notices of a channel have not been sent yet."""
        with self._lock:
            self._values["notices_waiting"][channel,] = waiting

    @property
    def well(self) -> bool:
        """Whether the loop went round within the last minute."""
        return time.monotonic() - self._heard < SILENT_SECONDS

    def value(self, name: str, *labels: str) -> float:
        """A value of `SERIES`: the sum over all that begin with these labels."""
        with self._lock:
            return sum(value for found, value in self._values[name].items() if found[: len(labels)] == labels)

    def collect(self) -> "Iterator[Metric]":
        """What a registry of Prometheus' asks for."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 — an extra

        self._set("well", {(): float(self.well)})
        for name, (says, labels, grows) in SERIES.items():
            family = (CounterMetricFamily if grows else GaugeMetricFamily)(PREFIX + name, says, labels=labels)
            with self._lock:
                values = dict(self._values[name])
            for found, value in values.items():
                family.add_metric(found, value)
            yield family

    def _add(self, name: str, numbers: Mapping[Labels, float]) -> None:
        with self._lock:
            values = self._values[name]
            for labels, number in numbers.items():
                values[labels] = values.get(labels, 0) + number

    def _set(self, name: str, values: Mapping[Labels, float]) -> None:
        with self._lock:
            self._values[name] = dict(values)


def _kind(decision: Decision) -> Labels:
    return decision.action.word, str(decision.simulated).lower()


def app(metrics: Metrics) -> App:
    """A bare ASGI application: /metrics for Prometheus; /healthz, 200 or 503, for whoever restarts what hangs.

    Raises:
        ConfigError: prometheus-client is not installed.
    """
    try:
        from prometheus_client import (  # noqa: PLC0415 — the extra may be missing
            CONTENT_TYPE_PLAIN_0_0_4,
            CollectorRegistry,
            ProcessCollector,
            generate_latest,
        )
    except ModuleNotFoundError:
        hint = "Install it: pip install 'stillwatch[gateway]'."
        raise ConfigError("Metrics need prometheus-client.", where="--metrics", hint=hint) from None
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)

    def answer(path: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)
        if path == "/healthz":
            return (200, "text/plain", b"ok\n") if metrics.well else (503, "text/plain", b"silent\n")
        return 404, "text/plain", b"/metrics and /healthz are here.\n"

    async def serve(
        scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        allowed = scope["method"] in {"GET", "HEAD"}
        status, kind, body = answer(scope["path"]) if allowed else (405, "text/plain", b"GET only.\n")
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return serve


async def _lifespan(receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]) -> None:
    """There is nothing to begin and nothing to end."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
