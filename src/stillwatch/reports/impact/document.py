"""impact.json: what was taken, what it comes to, on which assumptions, and what cannot be told.

text = dumps(assess(findings, assumptions))
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stillwatch.reports.document import Taken, Window

VERSION: Literal["1"] = "1"

Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Interval(_Part):
    """The 5 %, 50 % and 95 % quantiles of the draws."""

    low: float
    middle: float
    high: float


class Swing(_Part):
    """What an estimate becomes if one assumption stands at its 5 % or 95 % quantile and the others at their medians."""

    assumption: str
    at_low: float
    at_high: float


class Estimate(_Part):
    """One quantity; estimates measure different things and are never added up."""

    name: str
    title: str
    unit: str
    formula: str
    interval: Interval
    moved_by: tuple[Swing, ...] = Field(description="one assumption at a time, what moves it most first")


class NotEstimated(_Part):
    """A quantity that telemetry cannot tell."""

    title: str
    says: str


class Scope(_Part):
    """One campaign, all that were found, or all with what detection misses."""

    id: str = Field(description="a campaign's id, `found` or `all`")
    title: str
    requests: Count
    requests_before_crossing: Count
    taken: tuple[Taken, ...] = Field(description="as the log has it, by model and kind")
    estimates: tuple[Estimate, ...]


class LoadHour(_Part):
    """Requests in the hour that begins at `time`, failed ones too."""

    time: AwareDatetime
    everybody: Count
    campaigns: Count


class Load(_Part):
    """What the campaigns asked of the service, as the log has it."""

    everybody_requests: Count
    campaigns_requests: Count
    everybody_input_tokens: Count | None = Field(description="null where the findings do not tell")
    campaigns_input_tokens: Count
    everybody_output_tokens: Count | None
    campaigns_output_tokens: Count
    busiest: LoadHour | None = Field(description="the hour with most requests of everybody")
    busiest_without: LoadHour | None = Field(description="the hour that would be busiest without the campaigns")
    by_hour: tuple[LoadHour, ...]


class Assumption(_Part):
    """One number that is assumed."""

    name: str
    law: str
    parameters: dict[str, float]
    unit: str
    source: str
    interval: Interval


class ImpactDocument(_Part):
    """What campaigns took, and what it comes to."""

    version: Literal["1"]
    generator: str
    window: Window
    draws: int
    seed: int
    scopes: tuple[Scope, ...] = Field(description="all with what is missed, all found, then each campaign")
    not_estimated: tuple[NotEstimated, ...]
    load: Load
    assumptions: tuple[Assumption, ...]
    notes: tuple[str, ...] = Field(description="what cannot be told from these findings, and what was taken instead")


def dumps(document: ImpactDocument) -> str:
    """Write the document as JSON text, the same text for the same document."""
    return document.model_dump_json(indent=2) + "\n"
