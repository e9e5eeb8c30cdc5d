"""One server in this process: an open socket, uvicorn around an ASGI application, TLS or not, an orderly end.

    with listen("127.0.0.1", 8089) as socket:
        server = Server(app, socket, ready=lambda: print("serving"))
        server.run()                          # until SIGTERM or SIGINT, or `server.stop()` from another thread

Uvicorn is part of extras: only who serves imports this module, and where it is missing, importing it says so.
"""

import signal
import socket as sockets
import ssl
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from stillwatch.errors import ConfigError

try:
    import uvicorn
except ModuleNotFoundError as missing:
    _HINT = "Install it: pip install 'stillwatch[gateway]' or 'stillwatch[exchange]'."
    raise ConfigError(f"A server needs {missing.name}.", hint=_HINT) from None

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_OPTIONS: dict[str, Any] = {
    "interface": "asgi3",
    "http": "httptools",
    "ws": "none",
    "lifespan": "off",
    "loop": "uvloop",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "timeout_graceful_shutdown": 5,  # seconds for requests at work when the process is told to end
    "timeout_keep_alive": 75,
}


def listen(host: str, port: int) -> sockets.socket:
    """Opens the socket; port 0 takes a free one.

    Raises:
        ConfigError: the address is another's, or none of this machine.
    """
    try:
        family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
        return sockets.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(f"The server cannot listen here ({error.strerror}).", where=f"{host}:{port}") from None


class Server:
    """A server that ends in good order: no new requests, the others answered.

    Args:
        app: of ASGI 3.
        socket: where it listens; closed in the end.
        tls: None: none.
        ready: called as soon as it answers.
        ending: called when it is told to end, so that answers without an end come to one.
        options: of `uvicorn.Config`, where they are not those above.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        socket: sockets.socket,
        *,
        tls: ssl.SSLContext | None = None,
        ready: Callable[[], None] = lambda: None,
        ending: Callable[[], None] = lambda: None,
        **options: Any,  # noqa: ANN401 — uvicorn's
    ) -> None:
        config = uvicorn.Config(app, **(_OPTIONS | options))
        config.load()
        config.ssl = tls
        self._socket, self._uvicorn = socket, _Uvicorn(config, ready, ending)

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
    """Tells when it is ready, and when it ends: event streams would wait for ever."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready, self._ending, self._told = ready, ending, False

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._told:  # a second signal comes in the midst of the first: what is set here has a lock
            self._told = True
            self._ending()
        super().handle_exit(sig, frame)
