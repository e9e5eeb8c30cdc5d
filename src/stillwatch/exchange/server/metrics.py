"""What Prometheus may know: how many, how long, how it ended. No label tells a member, an object or a collection."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The measurements of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        route = ("method", "route")
        self.requests = Counter("stillwatch_requests", "Requests answered.", (*route, "status"), registry=self.registry)
        self.seconds = Histogram(
            "stillwatch_request_seconds",
            "Time to the end of the response.",
            route,
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.at_work = Gauge("stillwatch_requests_at_work", "Requests at work.", registry=self.registry)
        self.streams = Gauge("stillwatch_streams", "Event streams open.", registry=self.registry)
        self.added = Counter("stillwatch_objects_added", "Versions of objects stored.", registry=self.registry)
        self.read = Counter("stillwatch_objects_read", "Versions of objects served.", registry=self.registry)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
