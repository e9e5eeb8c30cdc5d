"""The exchange as one server process.

    server_of(create(exchange), listen("127.0.0.1", 8443)).run()      # until SIGTERM or SIGINT

State lives in the database alone, so that several processes may serve one exchange side by side.
"""

import socket as sockets
import ssl
from collections.abc import Callable

from fastapi import FastAPI

from stillwatch.exchange.server.connection import Protocol
from stillwatch.serving import Server

GRACE_SECONDS = 10  # for requests at work when the process is told to end


def server_of(
    app: FastAPI,
    socket: sockets.socket,
    *,
    tls: ssl.SSLContext | None = None,
    ready: Callable[[], None] = lambda: None,
) -> Server:
    """A server that knows clients by their certificates, and closes event streams when it ends."""
    return Server(
        app,
        socket,
        tls=tls,
        ready=ready,
        ending=app.state.exchange.closing.set,
        http=Protocol,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=60,
    )
