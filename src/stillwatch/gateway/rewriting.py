"""An ASGI answer that is held until it is whole, rewritten, and sent; what is no plain JSON passes piece by piece.

rewriting = Rewriting(send, rewrite, count)
await app(scope, receive, rewriting.send)
await rewriting.release()                   # what is still held, if the application broke off
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_MOST = 4 << 20  # bytes of an answer that is held
_OVER_THE_BODY = frozenset({b"etag", b"content-md5", b"digest", b"content-digest", b"repr-digest", b"signature"})


class Rewriting:
    """One answer.

    Args:
        send: where it goes.
        rewrite: from a whole body to the one that is sent instead; None: it stays as it is. It does not raise.
        count: called with the name of why an answer was not rewritten.
    """

    def __init__(
        self, send: Send, rewrite: Callable[[bytes], Awaitable[bytes | None]], count: Callable[[str], None]
    ) -> None:
        self._send, self._rewrite, self._count = send, rewrite, count
        self._held: list[Message] = []
        self._size = 0

    async def send(self, message: Message) -> None:
        """What the application answers."""
        if message["type"] == "http.response.start" and self._is_plain(message):
            self._held.append(message)
        elif self._held and message["type"] == "http.response.body":
            await self._take(message)
        else:
            await self.release()
            await self._send(message)

    async def release(self) -> None:
        """Send what is held, as it is."""
        held, self._held = self._held, []
        for message in held:
            await self._send(message)

    async def _take(self, message: Message) -> None:
        self._held.append(message)
        self._size += len(message.get("body", b""))
        if self._size > _MOST:
            self._count("canaries.too_long")
            await self.release()
        elif not message.get("more_body", False):
            body = await self._rewrite(b"".join(part.get("body", b"") for part in self._held[1:]))
            if body is not None:
                self._held = [_resized(self._held[0], len(body)), {"type": "http.response.body", "body": body}]
            await self.release()

    def _is_plain(self, start: Message) -> bool:
        """Whether a body is JSON, not encoded, and nothing else in the answer depends on its bytes."""
        headers = {name.lower(): value for name, value in start.get("headers", ())}
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind == b"text/event-stream":
            self._count("canaries.streamed")
        encoded = headers.get(b"content-encoding", b"identity") != b"identity"
        plain = kind == b"application/json" and not encoded and not headers.keys() & _OVER_THE_BODY
        return bool(plain) and start["status"] == 200


def _resized(start: Message, length: int) -> Message:
    headers = [(name, value) for name, value in start.get("headers", ()) if name.lower() != b"content-length"]
    return {**start, "headers": [*headers, (b"content-length", b"%d" % length)]}
