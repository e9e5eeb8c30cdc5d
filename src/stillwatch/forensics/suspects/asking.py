"""How an endpoint is asked: so many at once, so many a minute, again where it passes, and given up where it does not.

What passes (429, 5xx, a connection that breaks or times out) is tried again, later each time; while an endpoint asks us
to wait (`Retry-After`), nobody asks it anything. An answer about us or about the address (401, 403, 404, a redirect)
ends the run, and so do ten questions that came to nothing before any was answered. What is under way
then is waited for and written down: it was asked, and may have to be paid.
"""

import asyncio
import itertools
import random
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx2

from stillwatch import __version__
from stillwatch.errors import ConfigError, StillwatchError, TrustError
from stillwatch.forensics.suspects import replies
from stillwatch.forensics.suspects.lines import Received

if TYPE_CHECKING:
    from stillwatch.forensics.plan import Sampling
    from stillwatch.forensics.suspects.endpoint import Access
    from stillwatch.forensics.suspects.lines import Key
    from stillwatch.forensics.suspects.recording import Transcript

LARGEST = 4 << 20  # bytes of an answer; the longest that a plan can ask for has a tenth of it
LARGEST_READ = 64 << 20  # of a text that is read, with the probabilities of all its tokens
KEPT = 1 << 16  # bytes of a reply that is too large
ATTEMPTS = 8  # with the waits below, a minute
FIRST_ATTEMPTS = 3  # before anything was heard of an endpoint: most likely its address is wrong
FIRST_WAIT = 0.5  # seconds, then twice as long each time
LONGEST_WAIT = 600.0  # seconds that an endpoint may keep us waiting at once
_LONGEST_BACKOFF = 60.0
_SLOWER = 1.5  # after each 429: whoever asks faster than an endpoint takes it spends its attempts on that
_NOTHING_BUT = 10  # questions that came to nothing, after which we no longer think that it is about the question

_HEADERS = ("content-encoding", "content-type", "date", "retry-after", "server", "x-request-id", "openai-version")
_REFUSALS = {
    401: "The endpoint wants a valid token.",
    402: "The endpoint wants to be paid.",
    403: "The endpoint does not let us in.",
    404: "The endpoint knows no such address or model.",
    405: "The endpoint takes no questions at this address.",
}
_AGAIN = "Nothing is lost: the same command goes on where this one stopped."


class EndpointError(StillwatchError):
    """An endpoint that refuses us or answers no more; a next run goes on where this one stopped."""

    exit_code = 3


class Asking:
    """One run at one endpoint.

    Args:
        access: where, and as whom.
        sampling: the pace.
        transcript: where everything is written down.
        url: where questions go.
        settled: called after each question that is settled.
    """

    def __init__(
        self, access: "Access", sampling: "Sampling", transcript: "Transcript", url: str, settled: Callable[[], None]
    ) -> None:
        self._access, self._sampling, self._transcript = access, sampling, transcript
        self._url, self._settled = url, settled
        self._gap = 60.0 / sampling.per_minute  # seconds between two questions
        self._next = 0.0  # when the next question may be sent, of the loop's clock
        self._reached = False
        self._error: BaseException | None = None
        self._over = asyncio.Event()  # after an error nothing more is asked, and what is under way is waited for
        self._good, self._nothing = 0, 0

    async def ask_all(self, questions: Iterator[tuple["Key", bytes]]) -> None:
        """Asks everything; returns when all of it is settled.

        Raises:
            EndpointError: the endpoint refuses us, or answers no more.
            TrustError: its certificate does not hold.
            TranscriptError: the transcript cannot be written.
        """
        async with self._client() as client:
            workers = (self._work(client, questions) for _ in range(self._sampling.at_once))
            await asyncio.gather(*workers, return_exceptions=True)
        if self._error:
            raise self._error

    def _client(self) -> httpx2.AsyncClient:
        headers = {
            "User-Agent": f"stillwatch/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
        if self._access.token:
            headers["Authorization"] = f"Bearer {self._access.token}"
        limits = httpx2.Limits(max_connections=self._sampling.at_once)
        timeout = httpx2.Timeout(self._sampling.timeout_seconds)
        return httpx2.AsyncClient(headers=headers, limits=limits, timeout=timeout, verify=self._tls())

    def _tls(self) -> ssl.SSLContext | bool:
        if self._access.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self._access.ca_file)
        except OSError as error:  # ssl.SSLError too
            place = str(self._access.ca_file)
            raise ConfigError(f"The certificate cannot be read ({error.strerror}).", where=place) from None

    async def _work(self, client: httpx2.AsyncClient, questions: Iterator[tuple["Key", bytes]]) -> None:
        try:
            for key, body in questions:  # shared by all workers: each takes the next
                if not await self._ask(client, key, body):
                    return
                self._settled()
        except BaseException as error:
            self._error = self._error or error
            self._over.set()
            raise

    async def _ask(self, client: httpx2.AsyncClient, key: "Key", body: bytes) -> bool:
        """Asks until it is settled, or until the run is over; returns whether it is settled."""
        for attempt in itertools.count(1):
            await self._turn()
            if self._over.is_set():
                break
            taken, why = await self._tried(client, key, body)
            self._reached = self._reached or taken is not None
            if taken and replies.settles(taken.status):
                self._judge(key, taken)
                return True
            if taken and taken.status < 500 and taken.status not in {408, 425, 429}:
                raise self._refused(taken.status)
            if attempt >= (ATTEMPTS if self._reached else FIRST_ATTEMPTS):
                raise EndpointError(f"The endpoint does not answer: {why}.", where=self._url, hint=_AGAIN)
            await self._wait(attempt, taken)
        return False

    async def _turn(self) -> None:
        """Waits for our turn: questions go out evenly, and none while the endpoint wants peace."""
        clock = asyncio.get_running_loop().time
        while (pause := self._next - clock()) > 0 and not self._over.is_set():  # it may move while we wait
            await self._sleep(pause)
        self._next = clock() + self._gap

    async def _sleep(self, seconds: float) -> None:
        """Waits, but not beyond the end of the run."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    async def _tried(self, client: httpx2.AsyncClient, key: "Key", body: bytes) -> tuple[Received | None, str]:
        question = self._transcript.question(key, self._url, body)
        try:
            async with asyncio.timeout(self._sampling.timeout_seconds):  # a server that drips has as long as any other
                taken = await self._taken(client, key, body)
        except (httpx2.TransportError, TimeoutError) as error:
            self._transcript.failure(question, type(error).__name__)
            if _certificate_fails(error):
                raise TrustError("The endpoint's certificate does not hold.", where=self._url) from None
            return None, type(error).__name__
        self._transcript.reply(question, taken)
        return taken, f"HTTP status {taken.status}"

    async def _taken(self, client: httpx2.AsyncClient, key: "Key", body: bytes) -> Received:
        most = LARGEST if key.wants == "answer" else LARGEST_READ
        async with client.stream("POST", self._url, content=body) as response:
            certificate = _certificate(response)
            headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
            content = bytearray()
            async for piece in response.aiter_raw():
                content += piece
                if len(content) > most:
                    return Received(
                        response.status_code, headers, bytes(content[:KEPT]), cut=True, certificate=certificate
                    )
        return Received(response.status_code, headers, bytes(content), cut=False, certificate=certificate)

    async def _wait(self, attempt: int, taken: Received | None) -> None:
        """As long as the endpoint asks, for everybody; else longer each time, for this question."""
        if taken and taken.status == 429:
            self._gap = min(self._gap * _SLOWER, _LONGEST_BACKOFF)
        asked = _retry_after(taken.headers) if taken else None
        if asked is None:
            jitter = random.uniform(0.8, 1.2)  # noqa: S311 — no secret
            await self._sleep(min(FIRST_WAIT * 2.0 ** (attempt - 1), _LONGEST_BACKOFF) * jitter)
            return
        if asked > LONGEST_WAIT:
            raise EndpointError(f"The endpoint wants {asked:,.0f} seconds of peace.", where=self._url, hint=_AGAIN)
        self._next = max(self._next, asyncio.get_running_loop().time() + asked)

    def _judge(self, key: "Key", taken: Received) -> None:
        """Ends a run that gets nowhere: a wrong model's name is refused with 400 by many, question after question."""
        said = replies.read(taken.status, taken.body, cut=taken.cut)
        good = said.outcome == "answered" or (key.wants == "predictions" and said.outcome == "empty")
        self._good += good
        self._nothing += not good
        if not self._good and self._nothing >= _NOTHING_BUT:
            says = f"The endpoint gave no answer to any of {self._nothing} questions ({said.outcome})."
            raise EndpointError(says, where=self._url, hint=f"{self._transcript.path} has what it said.")

    def _refused(self, status: int) -> EndpointError:
        says = _REFUSALS.get(status, f"The endpoint does not take our questions (HTTP status {status}).")
        if 300 <= status < 400:
            says = f"The endpoint redirects (HTTP status {status}), which is not followed."
        return EndpointError(says, where=self._url, hint=_AGAIN)


def _certificate(response: httpx2.Response) -> str:
    """SHA-256 of the certificate of the connection that this came over."""
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    der = tls.getpeercert(binary_form=True) if tls else None
    return sha256(der).hexdigest() if der else ""


def _certificate_fails(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _retry_after(headers: dict[str, str]) -> float | None:
    """Seconds that the endpoint asks us to wait: a number, or a date against its own clock; None where it asks nothing.

    RFC 9110, section 10.2.3.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal() and len(asked) <= 9:
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (ValueError, KeyError, TypeError):
        return None
