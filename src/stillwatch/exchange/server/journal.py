"""One line of JSON for each request, and one observation for Prometheus.

    {"time": "…", "level": "info", "event": "request", "request_id": "…", "method": "GET", "route": "/{root}/", …}

The line has the route's template instead of the path, and neither query, header, body, address nor member: what a log
does not hold, it does not leak.
"""

import json
import logging
import secrets
import time
from typing import TextIO

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.exchange.server.exchange import Exchange, microseconds
from stillwatch.indicators import timestamps

LOGGER = "stillwatch.exchange"
_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})


class Journal:
    """The outermost ASGI middleware: gives each request its id and tells how it ended."""

    def __init__(self, app: ASGIApp, exchange: Exchange) -> None:
        self.app, self.exchange, self.log = app, exchange, logging.getLogger(LOGGER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measures from the first byte of the request to the last of the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begun = 500, time.perf_counter()
        scope["request_id"] = f"e-{secrets.token_hex(8)}"
        self.exchange.metrics.at_work.inc()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")  # it is this member's alone
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self.exchange.metrics.at_work.dec()
            self._tell(scope, status, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self.exchange.metrics.requests.labels(method, route, str(status)).inc()
        self.exchange.metrics.seconds.labels(method, route).observe(seconds)
        if self.log.isEnabledFor(logging.INFO):
            fields = {"request_id": scope["request_id"], "method": method, "route": route, "status": status}
            self.log.info("request", extra={"fields": fields | {"ms": round(seconds * 1000, 2)}})


class Lines(logging.Formatter):
    """Writes records as lines of JSON, without the messages of exceptions: those may quote what a member sent."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        event = record.msg if record.name == LOGGER else record.name
        line = {"time": timestamps.text(microseconds()), "level": record.levelname.lower(), "event": event}
        if record.name != LOGGER and not record.exc_info:
            line["message"] = record.getMessage()
        elif record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line | getattr(record, "fields", {}))


def log_to(stream: TextIO, *, requests: bool = True) -> None:
    """Sends the server's log to a stream, and uvicorn's warnings with it.

    Args:
        stream: such as standard error.
        requests: False leaves the line of each request out.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    for name, level in ((LOGGER, logging.INFO if requests else logging.WARNING), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
