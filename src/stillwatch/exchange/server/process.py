"""One server process: an open socket, TLS or not, uvicorn around the application, an orderly end.

    server = Server(create(exchange), socket=listen("127.0.0.1", 8443), tls=None)
    server.run()                              # until SIGTERM or SIGINT, or `server.stop()` from another thread

State lives in the database alone, so that several processes may serve one exchange side by side.
"""

import signal
import socket as sockets
import ssl
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from stillwatch.errors import ConfigError
from stillwatch.exchange.server.connection import Protocol

GRACE_SECONDS = 10  # for requests at work when the process is told to end
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> sockets.socket:
    """Opens the socket; port 0 takes a free one.

    Raises:
        ConfigError: the address is another's, or none of this machine.
    """
    try:
        family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
        opened = sockets.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        says = getattr(error, "strerror", None) or error
        raise ConfigError(f"The server cannot listen here ({says}).", where=f"{host}:{port}") from None
    return opened


class Server:
    """A server that ends in good order: no new requests, event streams closed, the others answered."""

    def __init__(
        self,
        app: FastAPI,
        socket: sockets.socket,
        *,
        tls: ssl.SSLContext | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="on",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=60,
        )
        config.load()
        config.ssl = tls
        self._socket, self._uvicorn = socket, _Uvicorn(config, app.state.exchange.closing, ready)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._socket.getsockname()[1]
        return port

    def run(self) -> None:
        """Serves until a signal, or `stop`; a signal that was obeyed is not raised again."""
        if threading.current_thread() is threading.main_thread():
            for each in _SIGNALS:
                signal.signal(each, lambda *_: None)
        self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ends it, from any thread."""
        self._uvicorn.handle_exit(signal.SIGTERM, None)


class _Uvicorn(uvicorn.Server):
    """Tells when it is ready, and tells event streams when it ends: they would wait for ever."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing, self._ready = closing, ready

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._closing.set()
        super().handle_exit(sig, frame)
