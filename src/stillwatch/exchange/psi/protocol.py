"""The four steps, over OpenMined's PSI.

    terms = Terms.new("account", "values")
    key_a, setup = offer(terms, mine)                                              # A
    key_b, request = ask(setup, theirs)                                            # B
    response = respond(Kept(key_a, setup.sha256), terms, len(mine), request)       # A, once for each offer
    reveal(Kept(key_b, request.sha256), theirs, setup, response)                   # B: common values, or their number

Values go through a hash to the curve and one's own secret scalar before anything leaves; sizes are bounded on both
sides, for who asks with one value asks about one customer, and who asks with all possible values asks about everybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import TypeVar

import private_set_intersection.python as openmined
from google.protobuf.message import DecodeError

from stillwatch.errors import ExchangeError, PrivacyError, TrustError
from stillwatch.exchange.psi.messages import Header, Message, Name, Terms

FEWEST = 25  # values in a set: the accounts below which a template does not leave either
MOST = 250_000  # about a minute and a half of work for each member
TOLD_FROM = 10  # a smaller number of common values is told as "fewer than 10" where only the size is asked
_POINT = 33  # bytes: a compressed point of P-256
_T = TypeVar("_T")
_Buffer = TypeVar("_Buffer", openmined.ServerSetup, openmined.Request, openmined.Response)
_UNUSED_RATE = 1e-9  # of false positives; the raw form that we take has none


@dataclass(frozen=True)
class Kept:
    """What a member keeps between two steps of a run."""

    key: bytes = field(repr=False)
    before: str  # SHA-256 of its message, which the next one must name


def offer(terms: Terms, values: Sequence[bytes]) -> tuple[bytes, Message]:
    """The first step, of the member whose set is asked about.

    Returns:
        A secret key for `respond`, and the setup message.

    Raises:
        PrivacyError: too few or too many values.
    """
    check_size(len(values), "Your set")
    server = openmined.server.CreateWithNewKey(terms.reveal == "values")
    elements = _elements(terms, values)
    setup = server.CreateSetupMessage(_UNUSED_RATE, len(values), elements, openmined.DataStructure.RAW)
    return server.GetPrivateKeyBytes(), _message("setup", terms, len(values), setup.SerializeToString())


def ask(setup: Message, values: Sequence[bytes]) -> tuple[bytes, Message]:
    """The second step, of the member who wants to know.

    Returns:
        A secret key for `reveal`, and the request.

    Raises:
        PrivacyError: too few or too many values, here or there.
        ExchangeError: the setup is no setup.
    """
    check_size(len(values), "Your set")
    check_size(_setup_size(setup), "The other member's set")
    terms = Terms.of(setup.header)
    client = openmined.client.CreateWithNewKey(terms.reveal == "values")
    key: bytes = client.GetPrivateKeyBytes()
    request = client.CreateRequest(_elements(terms, shuffled(values, key)))
    return key, _message("request", terms, len(values), request.SerializeToString(), answers=setup)


def respond(kept: Kept, terms: Terms, size: int, request: Message) -> Message:
    """The third step, of the member who offered; the key is to be forgotten with it.

    Args:
        kept: the key, and the hash of the setup.
        terms: those of the offer.
        size: how many values were offered.
        request: the other member's message.

    Raises:
        TrustError: the request answers another setup, or asks for more than was offered.
        PrivacyError: too few or too many values are asked about.
        ExchangeError: the request is no request.
    """
    if request.header.answers != kept.before or Terms.of(request.header) != terms:
        raise TrustError("The request does not belong to this offer.", hint="Ask the other member for the right file.")
    parsed = _parsed(openmined.Request(), request.body)
    check_size(_counted(parsed.encrypted_elements, request), "The other member's set")
    if parsed.reveal_intersection != (terms.reveal == "values"):
        raise TrustError("The request asks for more than was offered.")
    server = openmined.server.CreateFromKey(kept.key, terms.reveal == "values")
    response = _computed(lambda: server.ProcessRequest(parsed))
    return _message("response", terms, size, response.SerializeToString(), answers=request)


def reveal(kept: Kept, values: Sequence[bytes], setup: Message, response: Message) -> list[bytes] | int:
    """The last step, of the member who wanted to know.

    Args:
        kept: the key, and the hash of the request.
        values: the same as in the request, in any order.
        setup: the other member's first message.
        response: the other member's second message.

    Returns:
        Its own values that the other has too; or only their number, if that is what was agreed on.

    Raises:
        TrustError: the response answers another request, or another set.
        ExchangeError: the response is no response.
    """
    terms = Terms.of(setup.header)
    if response.header.answers != kept.before or Terms.of(response.header) != terms:
        raise TrustError("The response does not belong to this request.")
    parsed = _parsed(openmined.Response(), response.body)
    if len(parsed.encrypted_elements) != len(values):
        raise TrustError("The response is about another number of values than these.")
    client = openmined.client.CreateFromKey(kept.key, terms.reveal == "values")
    offered = _parsed(openmined.ServerSetup(), setup.body)
    if terms.reveal == "size":
        return int(_computed(lambda: client.GetIntersectionSize(offered, parsed)))
    ordered = shuffled(values, kept.key)
    return [ordered[index] for index in _computed(lambda: client.GetIntersection(offered, parsed))]


def told(size: int) -> int | str:
    """A number of common values as it may be told."""
    return size if size >= TOLD_FROM else f"fewer than {TOLD_FROM}"


def check_size(size: int, whose: str) -> None:
    """Checks the size of a set.

    Raises:
        PrivacyError: too few or too many values.
    """
    if not FEWEST <= size <= MOST:
        hint = f"From {FEWEST:,} to {MOST:,} are taken: fewer would ask about persons, more would try out everybody."
        raise PrivacyError(f"{whose} has {size:,} values.", hint=hint)


def shuffled(values: Sequence[bytes], key: bytes) -> list[bytes]:
    """The values in an order that only the key knows, the same each time."""
    return sorted(values, key=lambda value: blake2b(value, key=key, digest_size=16).digest())


def _elements(terms: Terms, values: Sequence[bytes]) -> list[str]:
    """Values as the library takes them; bound to their class, so that a word never meets an account."""
    return [f"{terms.token_class}:{value.hex()}" for value in values]


def _message(name: Name, terms: Terms, size: int, body: bytes, answers: Message | None = None) -> Message:
    header = Header(
        message=name,
        run=terms.run,
        token_class=terms.token_class,
        reveal=terms.reveal,
        size=size,
        body=sha256(body).hexdigest(),
        answers=answers.sha256 if answers else None,
    )
    return Message(header, body)


def _setup_size(setup: Message) -> int:
    parsed = _parsed(openmined.ServerSetup(), setup.body)
    return _counted(parsed.raw.encrypted_elements, setup)


def _counted(elements: Sequence[bytes], message: Message) -> int:
    """How many there are, which is what the header must say."""
    if len(elements) != message.header.size or any(len(element) != _POINT for element in elements):
        raise ExchangeError("The message does not hold what it says.")
    return len(elements)


def _parsed(empty: _Buffer, body: bytes) -> _Buffer:
    try:
        empty.ParseFromString(body)
    except DecodeError:
        raise ExchangeError("The message is damaged.") from None
    return empty


def _computed(step: Callable[[], _T]) -> _T:
    try:
        return step()
    except RuntimeError:  # the library's word for whatever is no point of the curve
        raise ExchangeError("The message holds what is no part of this protocol.") from None
