"""The border: what may leave of a campaign, what must become tokens first, and what is held back and why.

    draft = said(campaign, campaign.signature)
    draft.held                                      # (field, why), for the dry run
    draft.values                                    # by token class: to be made tokens, never to leave as they are
    whole = draft.with_tokens("2026Q4", tokens)     # `Said`: everything that may leave, and nothing else

`Said` has no field that could hold a prompt, an account, an exact count or a moment, and `outgoing.objects` sees
nothing else. Counts are orders of magnitude, times are days, means and words are OPRF tokens.
"""

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol, get_args

from stillwatch.errors import PrivacyError
from stillwatch.indicators import atlas, buckets, ids
from stillwatch.indicators.buckets import Bucket
from stillwatch.indicators.extensions import LEAST_ACCOUNTS
from stillwatch.indicators.patterns import FEWEST_TOKENS, MOST_TOKENS, Class

#: What all campaigns here are after.
GOAL = "AML.T0024.002"
#: Others' words are not said back to them.
ECHO = "alliance"
SHARED_LEAST = 2  # accounts
HANDFUL = 10  # accounts

TokenClass = Literal["payment", "mail-domain", "address", "shingle", "word"]


class Reason(Protocol):
    """A piece of evidence, as findings have it."""

    @property
    def family(self) -> str: ...  # noqa: D102 — see campaigns.findings
    @property
    def bits(self) -> float: ...  # noqa: D102
    @property
    def technique(self) -> str: ...  # noqa: D102


class Found(Protocol):
    """A campaign, as findings have it (`campaigns.findings.Campaign`, or the same out of findings.json)."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def bits(self) -> float: ...  # noqa: D102
    @property
    def first_seen(self) -> datetime: ...  # noqa: D102
    @property
    def last_seen(self) -> datetime: ...  # noqa: D102
    @property
    def requests(self) -> int: ...  # noqa: D102
    @property
    def accounts(self) -> Sized: ...  # noqa: D102
    @property
    def evidence(self) -> Sequence[Reason]: ...  # noqa: D102


class Marks(Protocol):
    """What a campaign can be known by elsewhere."""

    @property
    def template(self) -> Sequence[int]:
        """Names of the wrapper's shingles, 32 bits each."""

    @property
    def vocabulary(self) -> Sequence[int]:
        """Names of words, 32 bits each."""

    @property
    def shared(self) -> Mapping[str, Sequence[str]]:
        """By `payment`, `mail_domain`, `address`: pseudonyms of what at least two of its accounts hold."""


class Held(NamedTuple):
    """Something that stays here."""

    field: str
    why: str


@dataclass(frozen=True)
class Said:
    """All that may leave of a campaign."""

    key: str  # a UUID that names the campaign and tells nothing of it
    confidence: int  # 0 to 100
    first_seen: date
    last_seen: date
    accounts: Bucket
    requests: Bucket
    families: tuple[str, ...]
    techniques: tuple[str, ...]  # MITRE ATLAS
    key_epoch: str | None = None  # of the tokens
    template: tuple[str, ...] = ()  # tokens
    vocabulary: tuple[str, ...] = ()  # tokens
    shared: Mapping[Class, tuple[str, ...]] = field(default_factory=dict)  # tokens
    set_id: str | None = None  # names the set of accounts for private set intersection


@dataclass(frozen=True)
class Draft:
    """What would leave, before tokens: `values` are still as they are here and must never leave so."""

    said: Said
    values: Mapping[TokenClass, tuple[int | str, ...]]
    held: tuple[Held, ...]

    def with_tokens(self, epoch: str, tokens: Mapping[TokenClass, Sequence[str]]) -> Said:
        """Put tokens in the place of values.

        Args:
            epoch: of the key that made them, such as 2026Q4.
            tokens: by class, 32 hex digits each.

        Raises:
            PrivacyError: tokens of something that is held back.
        """
        if kept := sorted(klass for klass, given in tokens.items() if given and klass not in self.values):
            raise PrivacyError(f"Tokens of class {kept[0]} were made of what is held back.")
        unique = {klass: tuple(sorted(set(given))) for klass, given in tokens.items()}
        return replace(
            self.said,
            key_epoch=epoch,
            template=_told(unique.get("shingle", ()), FEWEST_TOKENS),
            vocabulary=_told(unique.get("word", ()), FEWEST_TOKENS),
            shared={klass: _told(unique[klass]) for klass in get_args(Class) if unique.get(klass)},
        )


_STAYS: tuple[Held, ...] = (
    Held("id", "hashed: it follows from the account ids"),
    Held("accounts", "ids stay here; their number goes as an order of magnitude"),
    Held("requests", "goes as an order of magnitude"),
    Held("requests_before_crossing, usage_input_tokens, usage_output_tokens, taken", "volumes stay here"),
    Held("timeline, crossed_at", "moments stay here; first_seen and last_seen go as days"),
    Held("bits, prior, severity", "go as a confidence from 0 to 100"),
    Held("evidence", "only its families and techniques go; figures and wording stay here"),
    Held("lookalikes_considered", "stays here: it words what customers do"),
    Held("links", "who shares what with whom stays here"),
    Held("shared_text", "text stays here"),
    Held("indicators", "which of others' indicators fit is told to them alone, as sightings that a person judged"),
    Held("review", "who judged, and how, stays here"),
)

_CLASSES: Mapping[str, Class] = {"payment": "payment", "mail_domain": "mail-domain", "address": "address"}


def said(campaign: Found, marks: Marks | None = None) -> Draft:
    """Reduce a campaign to what may be said of it.

    Args:
        campaign: from findings.json or from a scan.
        marks: what it can be known by elsewhere; None where the scan kept nothing of it.

    Raises:
        PrivacyError: nothing of it is one's own observation.
    """
    own = [e for e in campaign.evidence if e.family != ECHO and e.bits > 0]
    if not own:
        raise PrivacyError("All that speaks for the campaign came from other members: there is nothing to tell them.")
    echoed = sum(e.bits for e in campaign.evidence if e.family == ECHO)
    values, kept = _values(len(campaign.accounts), marks)
    bits = {e.family: sum(other.bits for other in own if other.family == e.family) for e in own}
    families = sorted(bits, key=lambda family: (-bits[family], family))
    whole = Said(
        key=ids.derived("campaign", campaign.id).removeprefix("campaign--"),
        confidence=confidence(campaign.bits - echoed),
        first_seen=campaign.first_seen.date(),
        last_seen=campaign.last_seen.date(),
        accounts=buckets.of(len(campaign.accounts)),
        requests=buckets.of(campaign.requests),
        families=tuple(families),
        techniques=tuple(sorted({GOAL, *(e.technique for e in own)} & atlas.TECHNIQUES.keys())),
    )
    return Draft(whole, values, (*_STAYS, *kept, *([_ECHOED] if echoed else [])))


_ECHOED = Held("evidence of the family alliance", "what other members said is not said back to them")


def confidence(bits: float) -> int:
    """Turn log2 odds into STIX's confidence: even odds are 50, a bit more or less is 2, and 95 is the most.

    The probability that the bits mean (1 - 2^-bits) would be 100 for every campaign. It holds if the model of the
    provider's traffic is right, which another member cannot check: hence the slow scale and its end.
    """
    return round(min(95.0, max(5.0, 50 + 2 * bits)))


def _values(accounts: int, marks: Marks | None) -> tuple[Mapping[TokenClass, tuple[int | str, ...]], list[Held]]:
    """What may become tokens, and what may not for want of accounts."""
    if marks is None:
        return {}, [Held("signature", "the findings hold none: scan again with this stillwatch")]
    values: dict[TokenClass, tuple[int | str, ...]] = {}
    held: list[Held] = []
    for klass, name, things in _things(marks):
        if why := _too_few(klass, len(things), accounts):
            held.append(Held(f"signature.{name}", why))
        else:
            values[klass] = things
    means = [klass for klass in values if klass in _CLASSES.values()]
    if sum(len(values[klass]) for klass in means) == 1 and accounts < HANDFUL:
        del values[means[0]]
        held.append(
            Held("signature.shared", f"the one thing that fewer than {HANDFUL} accounts share is nearly a name")
        )
    return values, held


def _things(marks: Marks) -> Iterator[tuple[TokenClass, str, tuple[int | str, ...]]]:
    if marks.template:
        yield "shingle", "template", tuple(marks.template)
    if marks.vocabulary:
        yield "word", "vocabulary", tuple(marks.vocabulary)
    for name, klass in _CLASSES.items():
        if things := marks.shared.get(name):
            yield klass, f"shared.{name}", tuple(things)


def _too_few(klass: TokenClass, things: int, accounts: int) -> str | None:
    if klass not in ("shingle", "word"):
        return "held by one account alone" if accounts < SHARED_LEAST else None
    if accounts < LEAST_ACCOUNTS:
        return f"words of fewer than {LEAST_ACCOUNTS} accounts could be somebody's"
    return f"fewer than {FEWEST_TOKENS} pieces would fit too many texts" if things < FEWEST_TOKENS else None


def _told(tokens: tuple[str, ...], least: int = 1) -> tuple[str, ...]:
    """As many as a pattern takes: tokens look drawn by chance, so the first in their order are a fair sample."""
    return tokens[:MOST_TOKENS] if len(tokens) >= least else ()
