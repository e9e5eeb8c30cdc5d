"""The application of `stillwatch serve gateway`: bare ASGI and a table of routes.

    routes = guardrail.routes(guarding) | nginx.routes(guarding)
    app = App(routes, token=None, most_body_bytes=16 << 20)
    serving.Server(app, serving.listen("127.0.0.1", 8089)).run()          # until SIGTERM or Ctrl-C

An adapter offers `routes(guarding) -> Routes`: by path, one plain function from a `Call` to an `Answer`. A path that
ends in "/" stands for all below it. Handlers judge in microseconds and wait for nothing: they need not be asynchronous.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple

BODY_SECONDS = 10.0  # in which a body must have come
_OCTETS = "surrogateescape"

Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """What a gateway asks.

    Attributes:
        method: such as "POST".
        path: percent-decoded, without the query.
        headers: by name in lower case, values of UTF-8 with other octets as surrogates; of one name the last.
        body: as it came; None if it is larger than the server takes.
        client: the peer's address; "" on a UNIX socket.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    client: str


class Answer(NamedTuple):
    """What it is told."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Handler = Callable[[Call], Answer]
Routes = Mapping[str, Handler]

#: What everybody may ask, token or not: it says nothing.
OPEN_PATHS = frozenset({"/healthz"})

#: Where a proxy brings the token whose `authorization` and `x-api-key` are its client's.
TOKEN = "x-stillwatch-token"  # noqa: S105 — a header's name


def plain(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> Answer:
    """An answer of text."""
    return Answer(status, (("content-type", kind),), text.encode())


class App:
    """An ASGI application over a table of routes.

    Args:
        routes: by path.
        token: what callers must bring, as `x-stillwatch-token`, `x-api-key` or bearer; None: nobody needs one.
        most_body_bytes: a larger body is not kept; the handler is called with None in its place.
        fault: called where a handler fails, so that it is counted; the caller gets 500 and no word of why.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        token: str | None,
        most_body_bytes: int,
        fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._routes = {"/healthz": _healthy} | dict(routes)
        self._below = sorted((path for path in self._routes if path.endswith("/")), key=len, reverse=True)
        self._token, self._most, self._fault = token.encode() if token else None, most_body_bytes, fault

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Message, receive: Callable[[], Any]) -> Answer:
        path = scope["path"]
        handler = self._routes.get(path) or self._routes.get(next(filter(path.startswith, self._below), ""))
        headers = {name.decode("latin-1"): value.decode("utf-8", _OCTETS) for name, value in scope["headers"]}
        if handler is None:
            return plain(404, "There is nothing here.\n")
        if path not in OPEN_PATHS and not self._known(headers):
            return plain(401, "The token is missing or wrong.\n")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive)
        except TimeoutError:
            return plain(408, "The body did not come.\n")
        try:
            return handler(Call(scope["method"], path, headers, body, (scope.get("client") or ("",))[0]))
        except Exception as error:  # noqa: BLE001 — whoever asks goes on as if nobody had answered
            self._fault(error)
            return plain(500, "This could not be judged.\n")

    def _known(self, headers: Mapping[str, str]) -> bool:
        if self._token is None:
            return True
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        brought = headers.get(TOKEN) or headers.get("x-api-key") or bearer
        return hmac.compare_digest(brought.encode("utf-8", _OCTETS), self._token)

    async def _body(self, receive: Callable[[], Any]) -> bytes | None:
        """The body; what is beyond the limit is read and forgotten, so that the connection can be used again."""
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size <= self._most:
                parts.append(part)
            else:
                parts.clear()
        return b"".join(parts) if size <= self._most else None


def _healthy(_: Call) -> Answer:
    return plain(200, "ok\n")
