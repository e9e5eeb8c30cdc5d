"""The HTTP side of the OTLP receiver: takes bodies, bounded in every way, and hands them to somebody who answers.

    receiver = Receiver("127.0.0.1:4318", take, count, token=None)
    receiver.start()                            # a thread with uvicorn on it
    def take(export): ...; export.answer(200)   # now or later, from any thread

https://opentelemetry.io/docs/specs/otlp/#otlphttp: POST /v1/traces, protobuf or JSON, gzip or not. 429, 502, 503
and 504 tell a client to try again; all else that is refused it drops.
"""

import asyncio
import hmac
import ipaddress
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from stillwatch.errors import ConfigError
from stillwatch.serving import Server, listen

MOST_BYTES = 16 << 20  # of a body, as it comes
MOST_HELD = 128 << 20  # of all bodies that are here at once
BODY_SECONDS = 10.0  # in which a body must have come
ANSWER_SECONDS = 30.0  # in which it must be on disk

_PATH = "/v1/traces"
_KINDS = {"application/x-protobuf": False, "application/json": True}
_ENCODINGS = frozenset({"", "identity", "gzip"})
_CONNECTIONS = 256
_KEEP_ALIVE_SECONDS = 5  # an idle connection is one of these

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class Answer(NamedTuple):
    """What a client is told.

    Attributes:
        status: of HTTP.
        reason: in a few fixed words; counted under these.
        rejected: spans of a body that was accepted, which could not be read.
    """

    status: int
    reason: str = ""
    rejected: int = 0


@dataclass(frozen=True)
class Export:
    """A body that waits for its answer."""

    body: bytes
    json: bool
    gzip: bool
    answered: Future[Answer] = field(default_factory=Future)

    def answer(self, answer: Answer) -> None:
        """Tell the client; nothing happens if it has left or was told before."""
        with suppress(InvalidStateError):
            self.answered.set_result(answer)


class _RefusedError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = Answer(status, reason)


class Receiver:
    """Listens from the beginning on; serves from `start` on.

    Args:
        address: HOST:PORT; port 0 takes a free one.
        take: is handed each body, on the server's thread; False if it has no room for it.
        count: is told why a body was refused, on the server's thread.
        token: what clients must bring as bearer; without one, only clients of this machine are listened to.

    Attributes:
        address: with the port that was taken.

    Raises:
        ConfigError: the address is none, another's, or open to others without a token.
    """

    def __init__(
        self, address: str, take: Callable[[Export], bool], count: Callable[[str], None], *, token: str | None = None
    ) -> None:
        host, port = _parts(address)
        if token is None and not _is_loopback(host):
            hint = "Listen on 127.0.0.1, or set a token (--otlp-token FILE)."
            raise ConfigError("Anybody could send requests that never were.", where=address, hint=hint)
        self._socket = listen(host, port)
        self.address = f"{f'[{host}]' if ':' in host else host}:{self._socket.getsockname()[1]}"
        self._take, self._count, self._token, self._held = take, count, token, 0
        self._server = Server(
            self._serve, self._socket, limit_concurrency=_CONNECTIONS, timeout_keep_alive=_KEEP_ALIVE_SECONDS
        )
        self._thread = threading.Thread(target=self._server.run, name="stillwatch-otlp", daemon=True)

    def start(self) -> None:
        """Serve, if that was not begun."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Take no more; what waits for an answer may still get it."""
        self._server.stop()
        if self._thread.ident is None:
            self._socket.close()

    async def _serve(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        json = _KINDS.get(_kind(headers), False)
        try:
            answer = await self._answer(scope, headers, receive)
        except _RefusedError as refused:
            answer = refused.answer
            self._count(answer.reason)
        await _send(send, answer, json=json)

    async def _answer(self, scope: _Message, headers: Mapping[str, str], receive: _Receive) -> Answer:
        self._check(scope, headers)
        parts: list[bytes] = []
        try:
            await self._body(parts, receive)
            gzip = headers.get("content-encoding", "") == "gzip"
            export = Export(b"".join(parts), _KINDS[_kind(headers)], gzip)
            if not self._take(export):
                raise _RefusedError(503, "busy")
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.wrap_future(export.answered)
        except TimeoutError:
            raise _RefusedError(503, "not written down in time") from None
        finally:
            self._held -= sum(map(len, parts))

    def _check(self, scope: _Message, headers: Mapping[str, str]) -> None:
        if scope["path"] != _PATH:
            raise _RefusedError(404, "not a place for traces")
        if scope["method"] != "POST":
            raise _RefusedError(405, "not POST")
        brought = headers.get("authorization", "").removeprefix("Bearer ")
        if self._token is not None and not hmac.compare_digest(brought.encode("latin-1"), self._token.encode()):
            raise _RefusedError(401, "no token")
        if _kind(headers) not in _KINDS:
            raise _RefusedError(415, "content type")
        if headers.get("content-encoding", "") not in _ENCODINGS:
            raise _RefusedError(415, "content encoding")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > MOST_BYTES:
            raise _RefusedError(413, "too large")

    async def _body(self, parts: list[bytes], receive: _Receive) -> None:
        """Collects the body; `parts` holds what came also where that is refused."""
        more, size = True, 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _RefusedError(400, "broken off")
                    part = message.get("body", b"")
                    size += len(part)
                    if size <= MOST_BYTES:
                        parts.append(part)
                        self._held += len(part)
                    elif size > 2 * MOST_BYTES:  # until then it is thrown away: who is cut off never reads why
                        raise _RefusedError(413, "too large")
                    if self._held > MOST_HELD:
                        raise _RefusedError(503, "busy")
                    more = message.get("more_body", False)
        except TimeoutError:
            raise _RefusedError(408, "too slow") from None
        if size > MOST_BYTES:
            raise _RefusedError(413, "too large")


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").split(";")[0].strip().lower()


async def _send(send: _Send, answer: Answer, *, json: bool) -> None:
    body = (_json if json else _protobuf)(answer)
    headers = [
        (b"content-type", b"application/json" if json else b"application/x-protobuf"),
        (b"content-length", str(len(body)).encode()),
    ]
    if answer.status == 503:
        headers.append((b"retry-after", b"1"))
    if answer.status >= 400:
        headers.append((b"connection", b"close"))  # whatever of the body is still to come, nobody waits for
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _json(answer: Answer) -> bytes:
    if answer.status >= 400:
        return msgspec.json.encode({"message": answer.reason})
    partial = {"rejectedSpans": str(answer.rejected), "errorMessage": answer.reason}
    return msgspec.json.encode({"partialSuccess": partial} if answer.rejected else {})


def _protobuf(answer: Answer) -> bytes:
    """The same in protobuf's wire format, by hand: two small messages, whatever version of the classes is installed."""
    reason = answer.reason.encode()
    if answer.status >= 400:
        return _field(2, reason)  # google.rpc.Status.message
    if not answer.rejected:
        return b""
    return _field(1, b"\x08" + _varint(answer.rejected) + _field(2, reason))  # ExportTracePartialSuccess


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _parts(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ConfigError("This is no HOST:PORT.", where=address, hint="Such as 127.0.0.1:4318 or [::1]:4318.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
