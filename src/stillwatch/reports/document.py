"""findings.json: the one document from which every report is rendered, strict and versioned.

    document = to_document(findings, reviews=ReviewStore(path).recall)
    text = dumps(document)
    document = loads(text, where="findings.json")
    campaign = document.campaign("c-3f9a")

It mirrors `stillwatch.campaigns.findings`, rounded so that people can read it and so that it still adds up:
`bits == prior + sum(evidence.bits)` holds in the file, not only in the scan. `python -m stillwatch.reports.document`
writes its JSON Schema to docs/findings.schema.json.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stillwatch import __version__
from stillwatch.campaigns import findings as scanned
from stillwatch.errors import InputError
from stillwatch.reports.wording import printable

VERSION: Literal["1"] = "1"
SCHEMA = Path("docs/findings.schema.json")

Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    """Every part of the document: nothing unknown, nothing changed, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Evidence(_Part):
    """One reason, in bits: above 0 it speaks for a campaign, below 0 against."""

    family: str
    name: str
    bits: float
    observed: float
    expected: float
    technique: str
    says: str


class Lookalike(_Part):
    """An innocent explanation, and whether it holds."""

    name: str
    fits: bool
    says: str


class Account(_Part):
    """One account of a campaign, and how surely it belongs."""

    account_id: str
    bits: float
    requests: Count
    first_seen: AwareDatetime
    last_seen: AwareDatetime


class Hour(_Part):
    """The load of the requests that began in the hour that begins at `time`; null where nobody counted."""

    time: AwareDatetime
    requests: Count
    with_status: Count | None = Field(default=None, description="requests whose status the log has")
    throttled: Count | None = Field(default=None, description="requests answered with status 429")
    usage_output_tokens: Count | None = None
    with_duration: Count | None = Field(default=None, description="requests whose duration the log has")
    busy_seconds: Annotated[float, Field(ge=0)] | None = Field(default=None, description="how long those took together")


class Link(_Part):
    """Accounts that share one thing, which is not told."""

    family: str
    name: str
    accounts: tuple[str, ...]


class TextPart(_Part):
    """A piece of a shared text: words that recur, or a slot whose content changes."""

    text: str
    slot: bool


class Signature(_Part):
    """What of a campaign's words so many accounts sent that it is nobody's own; it leaves as tokens only."""

    template: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = ()


class Taken(_Part):
    """Answers of one model and one kind that a campaign was given."""

    model: str = Field(description="as it was asked for; empty where the log does not say")
    kind: str = Field(description="reasoning, tool use, conversation or single question")
    answers: Count = Field(description="requests that did not fail")
    metered: Count = Field(description="those of them for which the log has the tokens")
    usage_input_tokens: Count
    usage_output_tokens: Count


class Review(_Part):
    """A person's verdict on a campaign, as it is remembered."""

    verdict: Literal["confirmed", "rejected", "unsure"]
    author: str
    reason: str
    at: AwareDatetime
    second: str = Field(default="", description="who decided the same, where two persons must")
    until: AwareDatetime | None = Field(default=None, description="when somebody is to look again; null: no end")
    stands: bool = Field(default=True, description="False: it ended or the evidence has changed; `says` tells how")
    says: str = ""

    @property
    def people(self) -> str:
        """Who decided."""
        return f"{self.author} and {self.second}" if self.second else self.author


class Campaign(_Part):
    """Accounts that act together, since when, what they took, and why we think so."""

    id: str = Field(pattern=r"^\S+$")
    bits: float = Field(description="log2 of the odds that this is a campaign: prior plus the bits of all evidence")
    prior: float
    severity: scanned.Severity
    families: tuple[str, ...]
    first_seen: AwareDatetime
    crossed_at: AwareDatetime = Field(description="when the evidence first passed the line")
    last_seen: AwareDatetime
    requests: Count
    requests_before_crossing: Count
    usage_input_tokens: Count
    usage_output_tokens: Count
    accounts: tuple[Account, ...]
    evidence: tuple[Evidence, ...]
    lookalikes_considered: tuple[Lookalike, ...]
    timeline: tuple[Hour, ...]
    links: tuple[Link, ...]
    shared_text: tuple[tuple[TextPart, ...], ...]
    signature: Signature = Signature()
    indicators: tuple[str, ...] = Field(default=(), description="ids of other providers' indicators that fit")
    taken: tuple[Taken, ...] | None = Field(default=None, description="by model and kind; null where nobody looked")
    review: Review | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = self.prior + sum(evidence.bits for evidence in self.evidence)
        if abs(self.bits - total) > 1e-6:
            raise ValueError("bits is not the prior plus the bits of the evidence")
        return self

    @property
    def dismissed(self) -> bool:
        """Whether a person rejected it and the evidence is still the same."""
        return self.review is not None and self.review.stands and self.review.verdict == "rejected"


class Window(_Part):
    """The time that the log covers."""

    start: AwareDatetime
    end: AwareDatetime


class Inputs(_Part):
    """What the scan read, and what it lacked."""

    files: Count
    requests: Count
    accounts: Count
    rejected: Count
    sign_up: bool = Field(description="an accounts table was given")
    notes: tuple[str, ...]
    usage_input_tokens: Count | None = Field(default=None, description="of everybody; null where nobody counted")
    usage_output_tokens: Count | None = None


class FindingsDocument(_Part):
    """The result of a scan, strongest campaign first."""

    version: Literal["1"]
    generator: str
    window: Window
    campaigns: tuple[Campaign, ...]
    inputs: Inputs
    traffic: tuple[Hour, ...] = Field(default=(), description="everybody's load; empty where nobody counted")

    @property
    def standing(self) -> tuple[Campaign, ...]:
        """The campaigns that nobody has dismissed: those that count."""
        return tuple(campaign for campaign in self.campaigns if not campaign.dismissed)

    def campaign(self, campaign_id: str) -> Campaign:
        """Find a campaign by its id, or by as much of its beginning as tells it apart.

        Raises:
            InputError: there is no such campaign, or more than one.
        """
        matches = [c for c in self.campaigns if c.id == campaign_id] or [
            c for c in self.campaigns if campaign_id and c.id.startswith(campaign_id)
        ]
        if len(matches) == 1:
            return matches[0]
        known = ", ".join(c.id for c in (matches or self.campaigns)[:5])
        problem = "More than one campaign begins with" if matches else "There is no campaign"
        raise InputError(
            f"{problem} {printable(campaign_id)!r}.",
            hint=f"Choose one of: {known}." if known else "The findings hold no campaign.",
        )


def to_document(
    findings: scanned.Findings, *, reviews: Callable[[Campaign], Review | None] | None = None
) -> FindingsDocument:
    """Turn what a scan found into the document.

    Args:
        findings: the result of a scan.
        reviews: tells what a person said of a campaign before (`ReviewStore.recall`).

    Raises:
        ValueError: a score is not the sum of its evidence; the scan is broken.
    """
    document = FindingsDocument(
        version=VERSION,
        generator=f"stillwatch {__version__}",
        window=Window(start=findings.start, end=findings.end),
        campaigns=tuple(_campaign(campaign) for campaign in findings.campaigns),
        inputs=Inputs(**asdict(findings.inputs)),
        traffic=_hours(findings.traffic),
    )
    return with_reviews(document, reviews) if reviews else document


def with_reviews(document: FindingsDocument, reviews: Callable[[Campaign], Review | None]) -> FindingsDocument:
    """Ask anew what people said of each campaign."""
    reviewed = tuple(c.model_copy(update={"review": reviews(c)}) for c in document.campaigns)
    return document.model_copy(update={"campaigns": reviewed})


def _campaign(campaign: scanned.Campaign) -> Campaign:
    exact = campaign.prior + sum(evidence.bits for evidence in campaign.evidence)
    if abs(campaign.bits - exact) > 1e-6:
        raise ValueError(f"campaign {campaign.id}: {campaign.bits} bits, but the evidence adds up to {exact}")
    prior = _thousandths(campaign.prior)
    evidence = tuple(_evidence(piece) for piece in campaign.evidence)
    fields = vars(campaign) | {
        "bits": _thousandths(prior + sum(piece.bits for piece in evidence)),
        "prior": prior,
        "accounts": tuple(Account(**vars(m) | {"bits": _thousandths(m.bits)}) for m in campaign.accounts),
        "evidence": evidence,
        "lookalikes_considered": tuple(Lookalike(**vars(each)) for each in campaign.lookalikes_considered),
        "timeline": _hours(campaign.timeline),
        "links": tuple(Link(**vars(link)) for link in campaign.links),
        "shared_text": tuple(tuple(TextPart(**vars(part)) for part in text) for text in campaign.shared_text),
        "signature": Signature(template=campaign.signature.template),
        "taken": None if campaign.taken is None else tuple(Taken(**vars(each)) for each in campaign.taken),
    }
    return Campaign(**fields)


def _hours(hours: tuple[scanned.Hour, ...]) -> tuple[Hour, ...]:
    return tuple(Hour(**vars(hour) | {"busy_seconds": round(hour.busy_seconds, 3)}) for hour in hours)


def _evidence(piece: scanned.Evidence) -> Evidence:
    rounded = {
        "bits": _thousandths(piece.bits),
        "observed": float(f"{piece.observed:.6g}"),
        "expected": float(f"{piece.expected:.6g}"),
    }
    return Evidence(**vars(piece) | rounded)


def _thousandths(bits: float) -> float:
    return round(bits, 3) + 0.0  # no -0.0


def dumps(document: FindingsDocument) -> str:
    """Write the document as JSON text, the same text for the same document."""
    return document.model_dump_json(indent=2) + "\n"


def loads(text: str | bytes, *, where: str = "findings.json") -> FindingsDocument:
    """Read the document from JSON text.

    Args:
        text: what `dumps` wrote.
        where: the name of the file, for the error.

    Raises:
        InputError: not JSON, not a findings document, another version of it, or one that does not hold together.
    """
    _recognise(text, where)
    try:
        return FindingsDocument.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = printable(".".join(str(step) for step in first["loc"]) or "the document")
        problem = first["msg"].removeprefix("Value error, ")
        raise InputError(
            f"The findings do not hold together: {place}: {problem}.", where=where, hint="Scan the log again."
        ) from None


def _recognise(text: str | bytes, where: str) -> None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" after line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"The file is not JSON, or is cut off{line}.",
            where=where,
            hint="`stillwatch scan LOGS -o FILE` writes one.",
        ) from None
    if not isinstance(content, dict) or not {"version", "campaigns"} <= content.keys():
        raise InputError(
            "This is not a findings document.", where=where, hint="`stillwatch scan LOGS -o FILE` writes one."
        )
    if content["version"] != VERSION:
        raise InputError(
            f"The findings are of version {printable(str(content['version']))}, this stillwatch reads {VERSION}.",
            where=where,
            hint="Scan the log again with this stillwatch.",
        )


def schema() -> str:
    """Write the JSON Schema of the document."""
    return json.dumps(FindingsDocument.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
