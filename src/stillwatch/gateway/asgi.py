"""The gateway as ASGI middleware: in front of any application, vLLM's and SGLang's servers included.

    vllm serve MODEL --middleware stillwatch.gateway.asgi.Guard      # settings: stillwatch.toml and the environment
    app.add_middleware(Guard)                                        # Starlette, FastAPI

A request's body is read as it comes, judged, and handed on unchanged; answers pass piece by piece, none is held back
but those in which choices are planted (`gateway.canaries`, off by default).
What is no POST to one of `gateway.paths`, WebSockets and the lifespan among it, passes untouched.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from stillwatch.config import Settings
from stillwatch.errors import InputError
from stillwatch.gateway import answers
from stillwatch.gateway.bodies import inflated, without
from stillwatch.gateway.guarding import Guarding, Heard, Outcome
from stillwatch.gateway.identity import Identity
from stillwatch.gateway.rewriting import Rewriting
from stillwatch.response.decide import Verdict

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LEFT = 499  # the client left before there was a status; nginx's word for it
_BEGIN, _END = 2048, 4096  # bytes of an answer that are kept for its usage: Anthropic tells the input at the start
_SEALED = 1 << 16  # and of pieces with reasoning blocks in them
_WITHHELD = {"include_reasoning": False}  # vLLM's word for no raw reasoning; servers that do not know it pass it over
_OF_THE_BODY = (b"content-length", b"content-encoding", b"transfer-encoding")


class Guard:
    """ASGI middleware.

    Args:
        app: the application.
        settings: None: `stillwatch.toml` of the working folder and the environment.
        guarding: what judges, where it is shared with other adapters; made from the settings by default.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(self, app: App, settings: Settings | None = None, *, guarding: Guarding | None = None) -> None:
        self.app, self.guarding = app, guarding or Guarding.of(settings)
        self._paths, self._most = self.guarding.config.paths, self.guarding.config.most_body_bytes
        self._identity = Identity.of(self.guarding.config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            if scope["method"] == "POST" and scope["path"].rstrip("/").endswith(self._paths):
                await self._guarded(scope, receive, send)
                return
        elif scope["type"] == "lifespan":
            await self._alive(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _alive(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's life is ours; where a server has no lifespan, the first request starts the thread."""
        self.guarding.start()
        try:
            await self.app(scope, receive, send)
        finally:
            self.guarding.close()

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarding = self.guarding
        guarding.start()
        exchange = _Exchange(receive, send)
        heard = await self._heard(scope, exchange)
        verdict = guarding.judge(heard)
        try:
            if verdict.status:
                await exchange.deny(*guarding.answer(verdict, answers.style_of(scope["path"])))
                return
            if verdict.capped or heard.prompt.opted_out:
                scope = self._stripped(scope, exchange, verdict)
            if verdict.decision:
                exchange.added = guarding.headers(verdict)
            rewriting = self._planting(heard, verdict, exchange)
            await self.app(scope, exchange.receive, exchange.send)
            if rewriting:
                await rewriting.release()
        finally:
            guarding.heard(heard, verdict, exchange.outcome())

    def _planting(self, heard: Heard, verdict: Verdict, exchange: "_Exchange") -> Rewriting | None:
        """Where a measure of a campaign is in force and the settings say so, the answer gets the campaign's choices."""
        canaries = self.guarding.canaries
        if canaries is None or not canaries.concern(verdict):
            return None

        async def rewrite(body: bytes) -> bytes | None:
            try:
                answer = msgspec.json.decode(body)
                return msgspec.json.encode(answer) if await canaries.plant(heard, verdict, answer) else None
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                self.guarding.count("canaries.unreadable")
                return None

        return exchange.rewritten(rewrite, self.guarding.count)

    async def _heard(self, scope: Scope, exchange: "_Exchange") -> Heard:
        headers, peer = dict(scope["headers"]), scope.get("client")
        who = self._identity.read(headers, scope["path"], peer[0] if peer else "")
        length = headers.get(b"content-length", b"")
        if len(length) > 18 or (length.isdigit() and int(length) > self._most):
            fault = "too_large"
        else:
            fault = await exchange.read(self._most)
        if fault:
            return Heard(who.account, who.organization, who.api_key, who.address, fault=fault)
        return self.guarding.hear(who, exchange.body, _encoding(headers))

    def _stripped(self, scope: Scope, exchange: "_Exchange", verdict: Verdict) -> Scope:
        """Take out of the body what the client may not set."""
        headers = scope["headers"]
        try:
            plain = inflated(exchange.body, _encoding(dict(headers)), self._most)
            body = without(plain, capped=verdict.capped, limits=verdict.limits, also=_WITHHELD)
        except InputError:
            self.guarding.count("uncapped")
            return scope
        self.guarding.count("stripped")
        exchange.body = body
        kept = [(name, value) for name, value in headers if name not in _OF_THE_BODY]
        return {**scope, "headers": [*kept, (b"content-length", b"%d" % len(body))]}


class _Exchange:
    """One request and its answer, on their way: what was read is handed on, what is answered passes and is noted."""

    __slots__ = (
        "_begin",
        "_end",
        "_events",
        "_more",
        "_read",
        "_receive",
        "_sealed",
        "_send",
        "_status",
        "added",
        "body",
        "left",
    )

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.body, self.left = b"", False
        self.added: answers.Headers = {}  # to the answer's headers
        self._read = self._more = False
        self._status, self._begin, self._end, self._events, self._sealed = 0, b"", b"", 0, b""

    async def read(self, most: int) -> str:
        """Read the body, little more than `most` bytes of it; returns why it is not whole, "" if it is."""
        self._read = True
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.body = message.get("body", b"")
        else:
            await self._read_on(message, most)
        if self.left:
            return "broken_off"
        return "too_large" if self._more or len(self.body) > most else ""

    async def _read_on(self, message: Message, most: int) -> None:
        parts = bytearray()
        while message["type"] == "http.request":
            parts += message.get("body", b"")
            self._more = message.get("more_body", False)
            if not self._more or len(parts) > most:
                break
            message = await self._receive()
        else:
            self.left = True
        self.body = bytes(parts)

    async def receive(self) -> Message:
        """What the application reads: first what was read already, then what comes."""
        if self._read:
            self._read = False
            body, self.body = self.body, b""
            return {"type": "http.request", "body": body, "more_body": self._more}
        if self.left:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self.left = message["type"] == "http.disconnect"
        return message

    async def send(self, message: Message) -> None:
        """What the application answers, at once."""
        if message["type"] == "http.response.body":
            self._note(message.get("body", b""))
        elif message["type"] == "http.response.start":
            self._status = message["status"]
            if self.added:
                headers = [*message.get("headers", ()), *_encoded(self.added)]
                message = {**message, "headers": headers}
        await self._send(message)

    def _note(self, part: bytes) -> None:
        if not self._begin:
            self._begin, rest = part[:_BEGIN], part[_BEGIN:]
        else:
            rest = part
        if rest:
            self._end = rest[-_END:] if len(rest) >= _END else (self._end + rest)[-_END:]
        if (b'"signature"' in part or b'"encrypted_content"' in part or b'"rs_' in part) and len(
            self._sealed
        ) < _SEALED:
            self._sealed += part[:_SEALED]
        self._events += part.startswith((b"data:", b"event:"))

    def rewritten(self, rewrite: Callable[[bytes], Awaitable[bytes | None]], count: Callable[[str], None]) -> Rewriting:
        """From now on a plain answer is held until it is whole, and rewritten."""
        rewriting = Rewriting(self._send, rewrite, count)
        self._send = rewriting.send
        return rewriting

    async def deny(self, status: int, headers: answers.Headers, body: bytes) -> None:
        """Answer in place of the application."""
        encoded = [*_encoded(headers), (b"content-length", b"%d" % len(body))]
        self._status = status
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})
        await self._send({"type": "http.response.body", "body": body})

    def outcome(self) -> Outcome:
        """How it ended, as far as it got."""
        status = self._status or (LEFT if self.left else 500)
        return Outcome(status, answer=self._begin + self._end, events=self._events, sealed=self._sealed)


def _seals(part: bytes) -> bool:
    """Whether reasoning blocks may be in a piece of an answer; the rest is the background's work."""
    return b'"signature"' in part or b'"encrypted_content"' in part or b'"redacted_' in part or b'"rs_' in part


def _encoding(headers: Mapping[bytes, bytes]) -> str:
    """The Content-Encoding; "" for none."""
    given = headers.get(b"content-encoding")
    return given.decode("latin-1").strip().lower() if given else ""


def _encoded(headers: answers.Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
