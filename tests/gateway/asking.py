"""Requests to middleware, spoken directly in ASGI, and what is in force for them."""

import asyncio
import json
import time
from dataclasses import dataclass, field

import pyarrow as pa

from stillwatch.gateway.identity import digest
from stillwatch.response.model import NO_LIMITS, Rung
from stillwatch.response.snapshot import Gate, Measure, Snapshot
from stillwatch.signatures.kernel import sign

PATH = "/v1/chat/completions"
CAMPAIGN = "campaign--00000000-0000-4000-8000-000000000001"
TEMPLATE = (
    "You are given a passage from a rare manual. Extract every premise, then argue step by step towards a verdict: "
)


def measure(action=Rung.VERIFY, *, campaign=CAMPAIGN, limits=NO_LIMITS, simulated=False, since=-60.0, until=3600.0):
    now = time.time()
    return Measure(
        "d-0123456789ab", action, now + since, now + until, "coordinated_extraction", campaign, simulated, limits
    )


def snapshot(*, keys=(), template="", **parts):
    """Measures by API key ("sk-a"), and perhaps the campaign's template."""
    accounts = {digest(key.encode()): found for key, found in dict(keys).items()}
    shingles = sorted({int(shingle) for shingle in sign(_arrow(template)).shingles}) if template else []
    table = b"".join(shingle.to_bytes(4, "little") for shingle in shingles)
    given = {"accounts": accounts, "gate": Gate(least_shingles=2), "names": (CAMPAIGN,)} | parts
    return Snapshot(1, shingles=table, owners=bytes(len(table)), **given)


def _arrow(text):
    return pa.array([text])


def chat(*turns, **more):
    """A body whose turns are the user's, with answers between."""
    messages = []
    for turn in turns:
        messages += [{"role": "user", "content": turn}, {"role": "assistant", "content": "Well."}]
    return json.dumps({"model": "m", "messages": messages[:-1]} | more).encode()


@dataclass
class Asked:
    """What came of one request."""

    sent: list = field(default_factory=list)

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def parts(*pieces, more=False):
    """A body in pieces."""
    last = len(pieces) - 1
    return [{"type": "http.request", "body": p, "more_body": more or i < last} for i, p in enumerate(pieces)]


def scope(key="sk-a", path=PATH, *, headers=(), length=None):
    given = [(b"authorization", f"Bearer {key}".encode())] if key else []
    if length is not None:
        given.append((b"content-length", str(length).encode()))
    return {
        "type": "http", "method": "POST", "path": path, "headers": [*given, *headers], "client": ("203.0.113.7", 4711)
    }  # fmt: skip


def ask(guard, messages, *, key="sk-a", path=PATH, headers=(), length=None):
    """Ask once; `messages` is what the server receives."""
    asked, waiting = Asked(), list(messages)

    async def receive():
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message):
        asked.sent.append(message)

    asyncio.run(guard(scope(key, path, headers=headers, length=length), receive, send))
    return asked


class Model:
    """An application that keeps what it got, and answers."""

    def __init__(self, answer=b'{"usage":{"prompt_tokens":11,"completion_tokens":7}}'):
        self.bodies, self.scopes, self._answer = [], [], answer

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message["body"]
            more = message["more_body"]
        self.bodies.append(body)
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": self._answer})
