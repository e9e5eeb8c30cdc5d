"""The four steps as a member takes them: the protocol, its bounds, and what is written down of it.

    runs = Runs(Ledger(folder), now)
    setup, transcript = runs.offer(own, "size", partner="beta")
    request, transcript = runs.request(setup, own, partner="alpha")
    response, transcript = runs.respond(request)
    common, transcript = runs.reveal(response, own, setup)

The result is to be brought to safety before `finish` destroys the secret of the run; until then a step can be repeated
with the same message, and with no other.
"""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.errors import InputError, PrivacyError, TrustError
from stillwatch.exchange.psi import protocol
from stillwatch.exchange.psi.ledger import Ledger, Role, Transcript
from stillwatch.exchange.psi.messages import Message, Name, Reveal, Terms
from stillwatch.exchange.psi.protocol import Kept
from stillwatch.exchange.tokens.values import Values


@dataclass(frozen=True)
class Runs:
    """A member's runs, at a moment."""

    ledger: Ledger
    now: datetime

    def offer(
        self, own: Values, reveal: Reveal, *, partner: str, override: str | None = None
    ) -> tuple[Message, Transcript]:
        """Step 1: the setup, for the other member.

        Raises:
            PrivacyError: too few or too many values, or a second run within a day.
        """
        terms = Terms.new(own.token_class, reveal)
        transcript = Transcript.begun("offered", partner, terms, len(own.items), override)
        self.ledger.check_interval(transcript, self.now)
        key, setup = protocol.offer(terms, list(own.items))
        transcript = transcript.passed(setup, self.now)
        self.ledger.begin(transcript, key)
        return setup, transcript

    def request(
        self, setup: Message, own: Values, *, partner: str, override: str | None = None
    ) -> tuple[Message, Transcript]:
        """Step 2: the request, for the member who offered.

        Raises:
            PrivacyError: too few or too many values, or a second run within a day.
            ExchangeError: the setup is no setup.
        """
        transcript = Transcript.begun("asked", partner, Terms.of(setup.header), len(own.items), override)
        self.ledger.check_interval(transcript, self.now)
        if self.ledger.has(transcript.run):
            raise PrivacyError("This offer was asked about already, or is one's own.", hint="Ask for a new offer.")
        key, request = protocol.ask(setup, list(own.items))
        transcript = transcript.received(setup, self.now).passed(request, self.now)
        self.ledger.begin(transcript, key)
        return request, transcript

    def respond(self, request: Message) -> tuple[Message, Transcript]:
        """Step 3: the response, for the member who asked; for one request only.

        Raises:
            InputError: nothing of the kind was offered here.
            TrustError: the request does not belong to the offer.
            PrivacyError: the offer is used up, or a second run within a day.
            ExchangeError: the request is no request.
        """
        transcript = self._mine(request, "offered")
        if transcript.sha256("request") not in {None, request.sha256}:
            raise PrivacyError("Another request was answered already.", hint="A second needs a new offer.")
        self.ledger.check_interval(transcript, self.now)
        terms = Terms(transcript.run, transcript.token_class, transcript.reveal)
        kept = self._kept(transcript, "setup")
        response = protocol.respond(kept, terms, transcript.own_size, request)
        if transcript.sha256("request") is None:
            transcript = transcript.received(request, self.now).passed(response, self.now)
            self.ledger.update(transcript)
        return response, transcript

    def reveal(self, response: Message, own: Values, setup: Message) -> tuple[list[bytes] | int, Transcript]:
        """Step 4: the common values in their normal form, or their number.

        Raises:
            InputError: nothing of the kind was asked here, or with other values.
            TrustError: the messages do not belong together.
            ExchangeError: the response is no response.
        """
        transcript = self._mine(response, "asked")
        if setup.sha256 != transcript.sha256("setup"):
            raise TrustError("This is not the setup that was asked about.")
        if len(own.items) != transcript.own_size:
            what = f"{transcript.own_size:,} values were asked about, and these are {len(own.items):,}."
            raise InputError(what, hint="Give the file that the request was made of.")
        common = protocol.reveal(self._kept(transcript, "request"), list(own.items), setup, response)
        told = protocol.told(common) if isinstance(common, int) else len(common)
        if transcript.answered is None:
            transcript = transcript.passed(response, self.now).model_copy(update={"result": told})
            self.ledger.update(transcript)
        return common, transcript

    def finish(self, transcript: Transcript) -> None:
        """Destroys the secret of a run: nothing more can be learnt by it."""
        self.ledger.forget(transcript.run)

    def _mine(self, message: Message, role: Role) -> Transcript:
        transcript = self.ledger.transcript(message.header.run)
        if transcript.role != role:
            raise InputError("This message is for the other member.")
        return transcript

    def _kept(self, transcript: Transcript, before: Name) -> Kept:
        hashes = {passed.message: passed.sha256 for passed in transcript.messages}
        return Kept(self.ledger.secret(transcript.run), hashes[before])
