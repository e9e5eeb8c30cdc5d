"""What Prometheus may know of `stillwatch serve gateway`: how often what happened. No label names anybody."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from stillwatch.gateway.guarding import Guarding
from stillwatch.gateway.server import Answer, Handler

_KIND = "text/plain; version=0.0.4; charset=utf-8"


def routes(guarding: Guarding) -> dict[str, Handler]:
    """GET /metrics."""
    registry = CollectorRegistry()
    registry.register(_Counts(guarding))
    return {"/metrics": lambda _: Answer(200, (("content-type", _KIND),), generate_latest(registry))}


class _Counts(Collector):
    """`Guarding.counts`, as they are at the moment."""

    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding

    def collect(self) -> Iterable[Metric]:
        """One counter, by event."""
        family = CounterMetricFamily("stillwatch_gateway_events", "What happened, by event.", labels=["event"])
        for event, number in sorted(dict(self._guarding.counts).items()):
            family.add_metric([event], number)
        yield family
