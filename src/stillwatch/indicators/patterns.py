"""Signatures of behaviour: what an indicator with `pattern_type: model-api-sig` says, as values.

    pattern = parse(text)            # a strict model, or ValueError
    write(pattern)                   # RFC 8785, the one text that it has

A pattern is data: thresholds and opaque tokens. Nothing in it is evaluated, ever; there is no field that could hold an
expression, a path or a template, and whoever does not know a `kind` or an `alg` leaves the indicator alone.

Tokens are OPRF outputs (RFC 9497) of local values under a key of the exchange, cut to 128 bits. No signature can point
at one account: there is no token class for accounts, and shared means count only where at least two accounts hold them.
"""

import json
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from stillwatch.errors import mistakes
from stillwatch.indicators import ids
from stillwatch.indicators.buckets import Bucket

PATTERN_TYPE = "model-api-sig"
PATTERN_VERSION = "1.0"
MOST_TOKENS = 4096  # of a class
#: Characters of a pattern: the largest has three classes of tokens.
LONGEST = 512 * 1024
#: One alone may be a turn of phrase.
FEWEST_TOKENS = 2

Token = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
Epoch = Annotated[str, Field(pattern=r"^[0-9]{4}Q[1-4]$")]
Duration = Annotated[str, Field(pattern=r"^P([1-9][0-9]{0,2}D|T[1-9][0-9]{0,2}[HM])$")]
Share = Annotated[float, Field(ge=0.1, le=1)]
Class = Literal["payment", "mail-domain", "address"]
Feature = Literal[
    "interarrival_cv",
    "max_tokens_mode_share",
    "peak_concurrency_per_account",
    "requests_per_active_hour",
]

TextTokens = Annotated[tuple[Token, ...], Field(min_length=FEWEST_TOKENS, max_length=MOST_TOKENS)]
SharedTokens = Annotated[tuple[Token, ...], Field(min_length=1, max_length=MOST_TOKENS)]


class _Part(BaseModel):
    """Every part of a pattern: nothing unknown, nothing changed, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Part = TypeVar("Part", bound=_Part)


class _Tokens(_Part):
    """A pattern of opaque tokens."""

    v: Literal[1] = 1
    token_prf: Name = "voprf-ristretto255-sha512"  # noqa: S105 — the name of a function
    key_epoch: Epoch


class PromptTemplate(_Tokens):
    """A wrapper around changing content: the sampled shingles of what stays the same."""

    kind: Literal["prompt-template"] = "prompt-template"
    alg: Name = "fracminhash"
    shingle: Name
    norm: Name
    keep: int = Field(ge=1, le=2**32, description="one shingle of so many is kept")
    tokens: TextTokens
    min_containment: Share = Field(description="share of the tokens that a request must hold")

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        return _once(self, self.tokens)


class Vocabulary(_Tokens):
    """Words that a campaign's requests use together and others do not."""

    kind: Literal["vocabulary"] = "vocabulary"
    tokens: TextTokens
    min_containment: Share = Field(description="share of the tokens that a cluster's requests must hold")

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        return _once(self, self.tokens)


class AccountNetwork(_Tokens):
    """What the accounts of a campaign share: cards, mail domains, addresses; never the accounts themselves."""

    kind: Literal["account-network"] = "account-network"
    edges: dict[Class, SharedTokens] = Field(min_length=1)
    min_overlap: int = Field(ge=2, le=1000, description="accounts that must hold one of the tokens before it counts")
    size_bucket: Bucket = Field(description="accounts of the campaign")
    set_id: Annotated[str, Field(pattern=r"^set--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = Field(
        default=None, description="names the set of accounts that may be compared by private set intersection"
    )

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        for tokens in self.edges.values():
            _once(self, tokens)
        return self


class Range(_Part):
    """Bounds of a feature, both included."""

    min: Annotated[float, Field(ge=0, le=1e9)] | None = None
    max: Annotated[float, Field(ge=0, le=1e9)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a range without bounds")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("a range that nothing is in")
        return self


class Cadence(_Part):
    """How machines ask: even gaps, many at once, one setting. Never the hour of the day."""

    v: Literal[1] = 1
    kind: Literal["cadence"] = "cadence"
    features: dict[Feature, Range] = Field(min_length=2)
    window: Duration
    all_of: bool = Field(description="True: every range must hold; False: one is enough")


class Never(_Part):
    """What stands in the place of a withdrawn signature: it matches nothing."""

    v: Literal[1] = 1
    kind: Literal["never"] = "never"


Pattern = PromptTemplate | Vocabulary | AccountNetwork | Cadence | Never
_ANY: TypeAdapter[Pattern] = TypeAdapter(Annotated[Pattern, Field(discriminator="kind")])


@lru_cache(maxsize=16)  # one indicator is read by several in a row: its structure, its reach
def parse(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        ValueError: it is none of ours, breaks a limit, or is not written as RFC 8785 has it.
    """
    if len(text) > LONGEST:
        raise ValueError("a pattern that is too long")
    try:
        pattern = _ANY.validate_json(text.encode())
    except UnicodeEncodeError:
        raise ValueError("a pattern that is not Unicode") from None
    except ValidationError as error:
        raise ValueError(_worded(error)) from None
    if write(pattern) != text:
        raise ValueError("a pattern that is not in its canonical form (RFC 8785)")
    return pattern


def write(pattern: Pattern) -> str:
    """Write a pattern as the one text that it has (RFC 8785).

    rfc8785 is slow on long lists of tokens. All texts of a pattern are plain ASCII, and the only fraction beside tokens
    lies between 0.1 and 1, so json writes the same, but for a whole number: the tests hold the two equal.
    """
    value = pattern.model_dump(mode="json", exclude_none=True)
    if isinstance(pattern, Cadence):
        return ids.canonical(value).decode()
    if value.get("min_containment") == 1:
        value["min_containment"] = 1
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _once(part: Part, tokens: tuple[str, ...]) -> Part:
    if any(one >= other for one, other in pairwise(tokens)):
        raise ValueError("tokens that are not sorted, or given twice")
    return part


def _worded(error: ValidationError) -> str:
    first = mistakes(error)[0]
    if first.kind.startswith("union_tag"):
        return "a pattern of no known kind"
    place = ascii(first.place)[1:81]  # names in it are the sender's
    return f"pattern: {place}: {first.says}" if place else f"pattern: {first.says}"
