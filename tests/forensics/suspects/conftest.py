"""A real endpoint on a free port of this machine that behaves as badly as a test tells it to."""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest

from stillwatch.forensics.plan import Endpoint, Sampling
from stillwatch.forensics.suspects import asking
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.endpoint import Access, ask
from stillwatch.forensics.suspects.prompts import Prompt
from stillwatch.forensics.suspects.recording import Transcript
from stillwatch.forensics.suspects.transcript import answers, summary
from stillwatch.serving import Server, listen

PLAN = "ab" * 32
QUICK = Sampling(per_minute=60_000, at_once=4, timeout_seconds=10)  # as many questions as the endpoint takes


@dataclass
class Suspect:
    """What an endpoint was asked, and what it answers.

    `behave` is given how many requests came before and the body of this one; it gives a text (which is answered as a
    chat would), or status, headers and body.
    """

    behave: object = lambda _number, body: f"You said {prompt_of(body)}"
    asked: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    at_work: int = 0
    most_at_work: int = 0
    url: str = ""

    @property
    def times(self):
        """How often each prompt was asked."""
        return Counter(prompt_of(body) for body in self.asked)

    async def __call__(self, scope, receive, send):
        content, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            content, more = content + message.get("body", b""), message.get("more_body")
        body = json.loads(content)
        number = len(self.asked)
        self.asked.append(body)
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        self.paths.append(scope["path"])
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self._answer(number, body, send)
        finally:
            self.at_work -= 1

    async def _answer(self, number, body, send):
        told = self.behave(number, body)
        if hasattr(told, "__await__"):
            told = await told
        status, headers, content = (200, {}, chat(told)) if isinstance(told, str) else told
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": content})


def prompt_of(body):
    return body["prompt"] if "prompt" in body else body["messages"][0]["content"]


def chat(text, *, model="suspect-1", fingerprint="fp-1"):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"model": model, "system_fingerprint": fingerprint, "choices": [choice]}).encode()


class Trial:
    """A suspect, and a run that asks it."""

    chat = staticmethod(chat)
    prompts = tuple(Prompt(f"p-{n}", f"Tell me something about number {n}.") for n in range(12))

    def __init__(self, path):
        self.path, self.suspect, self.cleaning = path, None, None
        self._running = []

    def serve(self, behave=None, tls=None):
        """Serves a suspect on a free port until the test ends."""
        self.suspect, ready = Suspect(), threading.Event()
        if behave:
            self.suspect.behave = behave
        # uvloop leaves a connection open whose handshake failed
        server = Server(self.suspect, listen("127.0.0.1", 0), ready=ready.set, tls=tls, loop="asyncio")
        thread = threading.Thread(target=server.run)
        thread.start()
        self._running.append((server, thread))
        assert ready.wait(20)
        self.suspect.url = f"http{'s' if tls else ''}://127.0.0.1:{server.port}/v1"
        return self.suspect

    def access(self, *, api="chat", **more):
        return Access(Endpoint(url=self.suspect.url, model="suspect-1", api=api), **more)

    def transcript(self, plan=PLAN):
        return Transcript(self.path, plan=plan)

    def sampling(self, **changes):
        return QUICK.model_copy(update=changes)

    def run(self, *, prompts=None, progress=lambda _: None, access=None, **sampling):
        """Asks the suspect; goes on where the last run stopped."""
        access = access or self.access()
        with self.transcript() as transcript:
            ask(access, prompts or self.prompts, self.sampling(**sampling), transcript, progress=progress)

    def answers(self):
        self.cleaning = Cleaning()
        return list(answers(self.path, self.cleaning))

    @property
    def summary(self):
        return summary(self.path)

    @property
    def outcomes(self):
        return dict(self.summary.outcomes)

    def close(self):
        for server, thread in self._running:
            server.stop()
            thread.join(20)


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """A run that does not wait long between two attempts."""
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.005)
    made = Trial(tmp_path / "suspect.jsonl")
    yield made
    made.close()
