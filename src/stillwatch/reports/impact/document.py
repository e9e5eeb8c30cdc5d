"""impact.json: what was taken, what it comes to, on which assumptions, and what cannot be told.

text = dumps(assess(findings, assumptions))
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stillwatch.reports.document import Taken, Window

VERSION: Literal["1"] = "1"

Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]


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
    """Requests in the hour that begins at `time`, failed ones too; null where the findings or the log do not tell."""

    time: AwareDatetime
    everybody: Count
    campaigns: Count
    everybody_with_status: Count | None = None
    campaigns_with_status: Count | None = None
    everybody_throttled: Count | None = Field(default=None, description="answered with status 429")
    campaigns_throttled: Count | None = None
    everybody_with_duration: Count | None = None
    campaigns_with_duration: Count | None = None
    everybody_busy_seconds: Amount | None = Field(default=None, description="how long those took together")
    campaigns_busy_seconds: Amount | None = None


class AtOnce(_Part):
    """Requests under way at once, on average over the hour that had most of them."""

    basis: Literal["durations", "mean"] = Field(
        description="durations: their time, added up. mean: their rate, times the mean of the durations that are known"
    )
    time: AwareDatetime
    everybody: Amount
    campaigns: Amount
    known: Amount = Field(description="the share of all requests whose duration is known")
    mean_seconds: Amount


class Rate(_Part):
    """How many of others' requests were throttled in some hours, with a 95 % interval of that share."""

    hours: Count
    requests: Count = Field(description="with a status")
    throttled: Count
    low: Amount | None = Field(description="null where the days are too few")
    high: Amount | None


class Difference(_Part):
    """One share less another, with a 95 % interval."""

    middle: float
    low: float | None
    high: float | None


class Throttling(_Part):
    """Requests answered with status 429: observed, which shows no cause."""

    everybody: Count
    campaigns: Count
    above: Count = Field(description="an hour with more requests of campaigns than this is active")
    active: Rate = Field(description="of others, in active hours")
    otherwise: Rate = Field(description="of others, in all other hours")
    difference: Difference | None = Field(description="active less otherwise; null where there are no hours of one")


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
    at_once: AtOnce | None = Field(default=None, description="null where no duration is known")
    throttling: Throttling | None = Field(default=None, description="null where no status is known")
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
