"""What every gateway does with a request, whatever protocol it comes by: judge it, and remember how it ended.

    guarding = Guarding.of(settings)                 # once a process
    guarding.start()                                 # the background thread; again after a fork
    heard = guarding.hear(who, raw, encoding)        # or Heard(account=..., prompt=bodies.prompt_of(decoded))
    verdict = guarding.judge(heard)                  # microseconds, no I/O, no exception
    if verdict.status:
        status, headers, body = guarding.answer(verdict, "openai")
    guarding.heard(heard, verdict, Outcome(200, input_tokens=12, output_tokens=80))
    guarding.close()                                 # hands on what is left

Whatever goes wrong lets the request pass or answers 503, as `gateway.fail` says, and is counted by name in `counts`.
A background thread swaps the snapshot, exchanges budgets and hands on what was seen, every `report_seconds`.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Self

import msgspec

from stillwatch.config import Config, GatewayConfig, Settings, load
from stillwatch.errors import InputError, StillwatchError
from stillwatch.gateway import answers, recognise
from stillwatch.gateway.bodies import NO_PROMPT, Prompt, inflated, read
from stillwatch.gateway.breaker import Breaker
from stillwatch.gateway.identity import Who
from stillwatch.gateway.reporting import Reporting
from stillwatch.gateway.state import State, fingerprint
from stillwatch.gateway.tap import Row, Rows
from stillwatch.response.decide import PASS, Asked, Verdict, decide
from stillwatch.response.model import Kind, Rung
from stillwatch.response.relay.protocol import Relay
from stillwatch.response.snapshot import Snapshot
from stillwatch.traffic.pseudonyms import Key

if TYPE_CHECKING:
    from stillwatch.gateway.canaries import Canaries

_PATIENCE = 10.0  # seconds for the last report


class Heard(msgspec.Struct, frozen=True, gc=False):
    """One request, as a gateway heard it.

    Attributes:
        account: who asks; "": nobody said, which is counted.
        organization, api_key: likewise, where they are known.
        address: of the client; it becomes a token as it is folded.
        prompt: what of the body counts.
        size: bytes of the body.
        fault: why the body was not read, by the name under which it is counted; "" if it was.
        time: when it came, seconds since 1970; 0: now.
    """

    account: str
    organization: str = ""
    api_key: str = ""
    address: str = ""
    prompt: Prompt = NO_PROMPT
    size: int = 0
    fault: str = ""
    time: float = 0.0


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How a request ended.

    Attributes:
        status: the HTTP status that the client got; 499 if it left before.
        input_tokens, output_tokens: if the gateway knows them.
        answer: else the beginning and the end of the answer's body, from which they are read later.
        events: of a stream; about one a token, where it does not tell.
        sealed: pieces of the answer that hold reasoning blocks (`bodies.received`).
    """

    status: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    answer: bytes = b""
    events: int = 0
    sealed: bytes = b""


class Guarding:
    """One process's judgement of requests.

    Args:
        config: of the gateway.
        relay: where measures come from and what was seen goes; None: neither.
        key: under which addresses become tokens; None: one that is forgotten.
        snapshot: what is in force until the relay says otherwise.
    """

    def __init__(
        self,
        config: GatewayConfig | None = None,
        *,
        relay: Relay | None = None,
        key: Key | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.config = config or GatewayConfig()
        self.counts: dict[str, int] = {}
        self.state = State(snapshot or Snapshot())
        self._relay, self._key = relay, key or Key.ephemeral()
        self.canaries: Canaries | None = None  # what is planted in answers; None: nothing
        self._breaker = Breaker(self.config.budget_ms / 1000)
        self._thread: threading.Thread | None
        self._begin()
        recognise.warm()
        _after_forks(weakref.ref(self))

    @classmethod
    def of(cls, settings: Settings | None = None) -> Self:
        """As the settings say; without any, those of the working folder's `stillwatch.toml` and the environment.

        Raises:
            ConfigError: a setting is wrong, or the relay's address is none.
        """
        config = (settings or load(None, os.environ)).config
        guarding = cls(config.gateway, relay=_relay(config), key=_key(config))
        guarding.canaries = _canaries(config, guarding.count)
        return guarding

    def _begin(self) -> None:
        """What belongs to one process alone: locks, the thread, the name and the numbers of its reports."""
        self._lock, self._stop, self._thread = threading.Lock(), threading.Event(), None
        self.rows = Rows(self._key, self.state.charge, self.state.receive)
        self._reporting = Reporting(self._relay, self.state, self.rows, self.counts, self.count)
        self._numbers = count()

    def start(self) -> None:
        """Start the background thread, if it does not run."""
        if self._thread is None:
            with self._lock:
                self._thread = self._thread or self._started()

    def _started(self) -> threading.Thread:
        self._stop = threading.Event()
        how = (self.config.report_seconds, self._stop)
        thread = threading.Thread(target=self._reporting.run, args=how, name="stillwatch", daemon=True)
        thread.start()
        return thread

    @property
    def running(self) -> bool:
        """Whether the background thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Hand on what is left, and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            self.report()
        else:
            self._stop.set()
            thread.join(_PATIENCE)

    def report(self) -> None:
        """Report now, where no thread does."""
        self._reporting.report()

    def count(self, name: str, n: int = 1) -> None:
        """Add to `counts`."""
        with self._lock:
            self.counts[name] = self.counts.get(name, 0) + n

    def hear(self, who: Who, raw: bytes, encoding: str = "") -> Heard:
        """A request from its raw body; one that cannot be read has a `fault`.

        Args:
            who: `identity.Identity.read`.
            raw: the body as it came.
            encoding: its Content-Encoding.
        """
        prompt, fault = NO_PROMPT, ""
        try:
            prompt = read(inflated(raw, encoding, self.config.most_body_bytes))
        except InputError:
            fault = "encoded" if encoding else "unreadable"
        except Exception:  # noqa: BLE001 — a fault of ours must not be the customer's
            fault = "failed"
        return Heard(who.account, who.organization, who.api_key, who.address, prompt, len(raw), fault)

    def judge(self, heard: Heard) -> Verdict:
        """What happens to a request. Does no I/O, and never raises."""
        return self._timed(self._judged, heard)

    def recognise(self, heard: Heard) -> Verdict:
        """What would have happened to a request that was judged by who asks alone, and has passed since.

        Whoever is recognised by it is reported; it is neither decided nor counted nor charged a second time. Does no
        I/O, and never raises.
        """
        return self._timed(self._late, heard)

    def _timed(self, judged: Callable[[Heard, float], Verdict], heard: Heard) -> Verdict:
        started = time.perf_counter()
        try:
            verdict = judged(heard, heard.time or time.time())
        except Exception:  # noqa: BLE001 — a fault of ours must not be the customer's
            verdict = self._unjudged(PASS, "failed")
        if self._breaker.took(time.perf_counter() - started):
            self.count("breaker_opened")
        return verdict

    def _judged(self, heard: Heard, now: float) -> Verdict:
        verdict, turns = self._decided(heard, now)
        self.count("decided")
        if verdict is not PASS:
            self._act(heard, verdict, turns, now)
        if not verdict.status and (fault := heard.fault or ("" if heard.account else "no_account")):
            return self._unjudged(verdict, fault)
        return verdict

    def _late(self, heard: Heard, now: float) -> Verdict:
        verdict, _ = self._decided(heard, now)
        if heard.fault:
            self.count(f"fault.{heard.fault}")
        if verdict.sighting or verdict.custom == "shown":  # by its text: that was not decided on before
            self._sight(heard, verdict, now)
            if verdict.status:
                self.count("too_late")
            else:
                self._passed(verdict)
        return verdict

    def _decided(self, heard: Heard, now: float) -> tuple[Verdict, tuple[int, int]]:
        """The verdict, and the turns' fingerprints."""
        state = self.state
        state.at(now)
        campaign, kind, turns = self._recognised(heard)
        asked = Asked(heard.account, heard.organization, heard.api_key, campaign, kind)
        return decide(asked, state.snapshot, state.spent, now), turns

    def _recognised(self, heard: Heard) -> tuple[str, Kind | None, tuple[int, int]]:
        """As whose the request is recognised and by what, and its turns' fingerprints."""
        prompt, state = heard.prompt, self.state
        if not prompt.messages:
            return "", None, (0, 0)
        if not self._breaker.closed():
            self.count("fault.slow")
            return "", None, (0, 0)
        asked, before = prompt.turns
        turns = fingerprint(asked), fingerprint(before)
        campaign, kind = state.turns.recognise(heard.account, *turns, time.monotonic())
        if not campaign and (campaign := recognise.owner_of(prompt.system, asked, state.snapshot)):
            kind = "template"
        if not campaign and prompt.reasoning and (campaign := self._receivers(heard)):
            kind = "reasoning"
        return campaign, kind, turns

    def _receivers(self, heard: Heard) -> str:
        """The campaign of another account that received a reasoning block which this one presents."""
        other = self.state.receiver(heard.account, heard.prompt.reasoning)
        if not other:
            return ""
        self.count("reasoning_of_another")
        measure = self.state.snapshot.accounts.get(other)
        return measure.campaign if measure else ""

    def _act(self, heard: Heard, verdict: Verdict, turns: tuple[int, int], now: float) -> None:
        """Write down what a measure does, and charge its budget."""
        self._sight(heard, verdict, now)
        if not verdict.status:
            self._passed(verdict)
            return
        self.count(f"denied.{verdict.action.word}")
        if verdict.campaign:
            self.state.turns.deny(heard.account, verdict.campaign, turns, time.monotonic())

    def _sight(self, heard: Heard, verdict: Verdict, now: float) -> None:
        """Report whom the request's text gave away."""
        if verdict.sighting and heard.account:
            self.count(f"recognised.{verdict.sighting}")
            self._reporting.sight(heard.account, verdict.campaign, verdict.sighting, now)
        if verdict.custom:
            self.count(f"{verdict.custom}.{verdict.campaign}")

    def _passed(self, verdict: Verdict) -> None:
        """Count what passes under a measure, and charge the budget."""
        if verdict.simulated:
            self.count(f"simulated.{verdict.action.word}")
        elif verdict.action > Rung.OBSERVE:
            self.count(f"measured.{verdict.action.word}")
            if verdict.action >= Rung.BUDGET:
                self.state.charge(verdict.budget, 1, 0)

    def _unjudged(self, verdict: Verdict, fault: str) -> Verdict:
        """Pass, or answer 503, as the settings say."""
        self.count(f"fault.{fault}")
        self.count(f"failed_{self.config.fail}")
        return verdict if self.config.fail == "open" else Verdict(status=503, fault=fault)

    def heard(self, heard: Heard, verdict: Verdict, outcome: Outcome) -> None:
        """Remember how a request ended; of a denied one too. Never raises, never waits."""
        try:
            kept = not heard.account or self.rows.add(self._row(heard, verdict, outcome))
        except Exception:  # noqa: BLE001 — the answer is out already
            kept = False
        if not kept:
            self.count("tap_dropped")

    def _row(self, heard: Heard, verdict: Verdict, outcome: Outcome) -> Row:
        return Row(
            f"{self._reporting.gateway}-{next(self._numbers)}",
            heard.time or time.time(),
            heard.account,
            heard.organization,
            heard.address,
            heard.prompt,
            heard.size,
            outcome.status,
            outcome.input_tokens,
            outcome.output_tokens,
            outcome.answer,
            outcome.events,
            outcome.sealed,
            (),
            verdict.budget if verdict.action >= Rung.BUDGET and not verdict.simulated else "",
        )

    def answer(self, verdict: Verdict, style: answers.Style) -> tuple[int, answers.Headers, bytes]:
        """What a client of this style is told in place of the model's answer."""
        return answers.answer(verdict, style, self.state.snapshot.gate, time.time())

    def headers(self, verdict: Verdict) -> answers.Headers:
        """What is added to the model's answer: of a warning, its notice."""
        return answers.headers(verdict, self.state.snapshot.gate, time.time())


def _after_forks(alive: weakref.ref[Guarding]) -> None:
    """A child process has none of its parent's threads, and reports under a name of its own."""

    def begin() -> None:
        if guarding := alive():
            guarding._begin()  # noqa: SLF001

    os.register_at_fork(after_in_child=begin)


def _canaries(config: Config, count: Callable[[str], None]) -> "Canaries | None":
    if config.gateway.canaries == "off":
        return None
    from stillwatch.gateway.canaries import Canaries  # noqa: PLC0415 — loaded where it is used

    return Canaries.of(config, count)


def _relay(config: Config) -> Relay | None:
    if config.response.relay is None:
        return None
    from stillwatch.response.relay.places import open_relay  # noqa: PLC0415 — Redis is loaded where it is used

    return open_relay(config.response.relay)


def _key(config: Config) -> Key:
    """The key of the scans, else one that is forgotten."""
    try:
        return Key.load(config.pseudonyms.key_file)
    except StillwatchError:
        if config.pseudonyms.required or config.pseudonyms.key_file.exists():
            raise
        return Key.ephemeral()
