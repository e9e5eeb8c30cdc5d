"""The keyed function behind the tokens: who asks does not learn the key, who answers does not learn the values.

    asked = PRF.blind([b"203.0.113.7"])
    answer = PRF.evaluate(seed, info, asked.elements)          # at the exchange
    asked.finalize(answer, public_key)                         # 64 bytes a value, the proof checked

RFC 9497, ristretto255-SHA512, mode 0x01 (VOPRF), by the library `voprf`. `TokenPRF` is all that the rest knows of it,
for the library is young: another implementation of the same RFC gives the same tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from voprf import ristretto

from stillwatch.errors import TrustError

#: The suite and mode, as patterns name it (`token_prf`).
TOKEN_PRF = "voprf-ristretto255-sha512"  # noqa: S105 — the name of a function
ELEMENT = 32  # bytes
PROOF = 64
SEED = 32
BATCH = 1024  # elements that one proof covers

_T = TypeVar("_T")


class MalformedElement(ValueError):  # noqa: N818 — a ValueError by its name
    """Bytes that encode no element of the group, or the identity (RFC 9497, section 5.1)."""


@dataclass(frozen=True)
class Evaluation:
    """What the exchange gives back: an element for each that it was given, and one proof for all."""

    elements: tuple[bytes, ...]
    proof: bytes


class Blinded(Protocol):
    """Values on their way: what is sent, and what turns the answer into outputs."""

    @property
    def elements(self) -> tuple[bytes, ...]:
        """The blinded elements, 32 bytes each, as random as the blinds."""

    def finalize(self, evaluation: Evaluation, public_key: bytes) -> list[bytes]:
        """The outputs, 64 bytes each.

        Raises:
            TrustError: the answer was not made with the key that was published.
        """


class TokenPRF(Protocol):
    """A verifiable oblivious pseudorandom function, both sides."""

    def public_key(self, seed: bytes, info: bytes) -> bytes:
        """The public key of the key pair that seed (32 bytes) and info give (`DeriveKeyPair`)."""

    def evaluate(self, seed: bytes, info: bytes, blinded: Sequence[bytes]) -> Evaluation:
        """`BlindEvaluate`, with one proof.

        Raises:
            MalformedElement: an element that is none.
        """

    def blind(self, values: Sequence[bytes]) -> Blinded:
        """Blinds values, each of 1 to 65,535 bytes; the blinds are new each time."""


@dataclass(frozen=True)
class _Asked:
    elements: tuple[bytes, ...]
    _clients: tuple[ristretto.Client, ...]

    def finalize(self, evaluation: Evaluation, public_key: bytes) -> list[bytes]:
        wire = evaluation.proof + b"".join(evaluation.elements)
        output = _checked(lambda: ristretto.VerifiableBatchOutput.deserialize(wire))
        key = _checked(lambda: ristretto.PublicKey.deserialize(public_key))
        return _checked(lambda: ristretto.Client.finalize_batch(self._clients, output, key))


class Voprf:
    """`TokenPRF` by the library `voprf`, whose functions hold Python's lock while they compute."""

    def public_key(self, seed: bytes, info: bytes) -> bytes:
        """See `TokenPRF`."""
        return ristretto.Evaluator.from_seed(seed, info).public_key.serialize()

    def evaluate(self, seed: bytes, info: bytes, blinded: Sequence[bytes]) -> Evaluation:
        """See `TokenPRF`."""
        evaluator = ristretto.Evaluator.from_seed(seed, info)
        wire = evaluator.evaluate_batch([_element(each) for each in blinded]).serialize()
        elements = tuple(wire[at : at + ELEMENT] for at in range(PROOF, len(wire), ELEMENT))
        return Evaluation(elements, wire[:PROOF])

    def blind(self, values: Sequence[bytes]) -> Blinded:
        """See `TokenPRF`."""
        pairs = [ristretto.Client.blind(value) for value in values]
        return _Asked(tuple(element.serialize() for _, element in pairs), tuple(client for client, _ in pairs))


PRF: TokenPRF = Voprf()


def _element(encoded: bytes) -> ristretto.BlindedInput:
    if len(encoded) != ELEMENT:  # the library takes more bytes and drops them
        raise MalformedElement("an element has 32 bytes")
    try:
        return ristretto.BlindedInput.deserialize(encoded)
    except ValueError:
        raise MalformedElement("no element of ristretto255, or the identity") from None


def _checked(step: Callable[[], _T]) -> _T:
    """The result of a step over what the exchange sent.

    A wrong proof ends voprf 0.2.0 in a Rust panic, which is no `Exception`; it is one by its name only, for the class
    cannot be imported.
    """
    try:
        return step()
    except ValueError:
        pass
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":
            raise
    hint = "Tokens of another key match nothing. Ask the operator, by another way than the exchange."
    raise TrustError("The answer was not made with the key that the exchange published.", hint=hint)
