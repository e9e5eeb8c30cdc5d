"""What goes over the wire between a member and the token service, checked on both sides.

    GET  /{root}/ext/tokens/                  KeyDirectory
    POST /{root}/ext/tokens/{class}/{epoch}/  Blinded -> Evaluated

Bytes are base 64 in its one spelling (RFC 4648, section 4): every element has the same length, whatever its value.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from stillwatch.errors import TrustError
from stillwatch.exchange.log.entries import SALT_BYTES, Opening, committed, object_hash, read
from stillwatch.exchange.model import LogEntry
from stillwatch.exchange.tokens.prf import BATCH, ELEMENT, PROOF, TOKEN_PRF, Evaluation
from stillwatch.signing import (
    SIGNATURE_BYTES,
    SigningKey,
    canonical,
    from_base64,
    to_base64,
    verify_bytes,
)

#: Bytes of the largest request: a full batch, and room for spaces.
LARGEST = 64 * 1024
#: Who "publishes" keys in the log: not a member.
EXCHANGE = "exchange"

ElementText = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
ProofText = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]
EpochText = Annotated[str, Field(pattern=r"^[1-9][0-9]{3}Q[1-4]$")]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Blinded(_Message):
    """Blinded elements to evaluate."""

    blinded: list[ElementText] = Field(min_length=1, max_length=BATCH)

    @classmethod
    def of(cls, elements: Sequence[bytes]) -> Self:
        """The message for elements."""
        return cls(blinded=[to_base64(element) for element in elements])

    @property
    def elements(self) -> tuple[bytes, ...]:
        """The elements as bytes.

        Raises:
            TrustError: base 64 in another spelling.
        """
        return tuple(from_base64(element, length=ELEMENT) for element in self.blinded)


class Evaluated(_Message):
    """The evaluated elements, in the order of the request, and one proof for all of them."""

    evaluated: list[ElementText] = Field(max_length=BATCH)
    proof: ProofText

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        """The message for an evaluation."""
        return cls(evaluated=[to_base64(each) for each in evaluation.elements], proof=to_base64(evaluation.proof))

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation as bytes.

        Raises:
            TrustError: base 64 in another spelling.
        """
        elements = tuple(from_base64(each, length=ELEMENT) for each in self.evaluated)
        return Evaluation(elements, from_base64(self.proof, length=PROOF))


class EpochKeys(_Message):
    """The public keys of an epoch, with the line that the log has of them and what opens it."""

    root: str
    token_prf: str = TOKEN_PRF
    epoch: EpochText
    readable_until: str = Field(description="RFC 3339: when the secret keys are destroyed")
    keys: dict[str, ElementText] = Field(description="by class")
    entry: str = Field(default="", description="the line in the log, canonical JSON")
    salt: str = Field(default="", description="base 64")
    signature: str = Field(default="", description="of the line, by the exchange; base 64")

    def logged(self, key: SigningKey, now: int) -> tuple[Self, LogEntry]:
        """The same with a new line for the log, and that line.

        Args:
            key: the exchange's.
            now: microseconds since 1970.
        """
        line = committed(self._opening(), now=now)
        told = self.model_copy(update={"entry": line.entry.decode(), "salt": to_base64(line.salt)})
        return told.signed(key), line

    def signed(self, key: SigningKey) -> Self:
        """The same with the exchange's signature of the line."""
        return self.model_copy(update={"signature": to_base64(key.sign(self.entry.encode()))})

    def verify(self, root: str, exchange_key: bytes) -> None:
        """Checks that the exchange has promised to log just these keys for the root: for all members the same.

        Raises:
            TrustError: it has not.
        """
        entry, salt = self.entry.encode(), from_base64(self.salt, length=SALT_BYTES)
        if self.root != root or read(entry)["commitment"] != self._opening().commitment(salt):
            raise TrustError("The exchange's line in the log is about other token keys.")
        verify_bytes(exchange_key, entry, from_base64(self.signature, length=SIGNATURE_BYTES))

    def _opening(self) -> Opening:
        statement = self.model_dump(mode="json", exclude={"entry", "salt", "signature"})
        return Opening("key", object_hash(canonical(statement)), EXCHANGE, "", "")


class Quota(_Message):
    """How many values of a class a member may have evaluated."""

    per_day: int = Field(ge=0, description="in a day (UTC)")
    left: int = Field(ge=0, description="today")


class KeyDirectory(_Message):
    """The keys in force in a root, newest first, and the asking member's quotas."""

    epochs: list[EpochKeys]
    quotas: dict[str, Quota] = Field(default_factory=dict)
    batch: int = Field(default=BATCH, description="elements that a request may have")

    def keys(self, epoch: str) -> Mapping[str, str]:
        """The public keys of an epoch by class, base 64; empty where it has none."""
        return next((each.keys for each in self.epochs if each.epoch == epoch), {})
