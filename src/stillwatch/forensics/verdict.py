"""verdict.json: what was found of one suspect, how surely, and what was not tested; every report is rendered from it.

    text = dumps(document)                      # of `concluding.build`
    document = loads(text, where="verdict.json")

It holds no key, no prompt and no answer. `python -m stillwatch.forensics.verdict` writes its JSON Schema to
docs/verdict.schema.json.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stillwatch.errors import InputError, mistakes
from stillwatch.forensics import model

VERSION: Literal["1"] = "1"
SCHEMA = Path("docs/verdict.schema.json")

Count = Annotated[int, Field(ge=0)]
Log10 = Annotated[float, Field(le=0, description="log10 of a probability")]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    """Every part of the document: nothing unknown, nothing changed, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Event(_Part):
    """Something that happened to the evidence, in the order of time."""

    at: AwareDatetime
    says: str = Field(description="what happened")
    by: str = Field(default="", description="who did it or vouches for it: a short name of a key, an authority")
    digest: str = Field(default="", description="SHA-256 of what it is about")


class Subject(_Part):
    """A model that was tested."""

    id: str
    role: model.Role
    source: str = Field(description="how its answers were got")
    released: str = Field(description="day, or empty if that is not known")
    why: str
    share: Share | None = Field(description="of a positive control's training text, how much was keyed")
    counted: bool = Field(description="False: a control that may have been trained after the exposure")


class Test(_Part):
    """A test of the plan, in words."""

    __test__ = False  # no class of tests, whatever pytest thinks of the name

    name: str
    kind: model.Kind
    says: str = Field(description="what it asks")
    scheme: str
    width: int | None
    rule: str
    keys: Count
    least: Count


class Figure(_Part):
    """What one key says of one subject."""

    key: str
    campaign: str
    n: Count
    total: float
    expected: float
    rate: float | None = Field(description="total by n; None where a mean says nothing")
    low: float | None = Field(description="lower end of the 95 % interval of the rate")
    high: float | None
    chance: float | None = Field(description="the rate that is expected of a model that never saw what was keyed")
    log10_p: Log10
    log10_p_holm: Log10 = Field(description="adjusted for all keys and tests")


class Null(_Part):
    """The same texts under keys that nobody used."""

    keys: Count
    share_05: Share
    share_01: Share
    ks_p: Share
    spread: tuple[Count, ...] = Field(description="how many have -log10 p in [0, 0.25), [0.25, 0.5), ...")


class LeftOut(_Part):
    """How much was not scored, and why."""

    why: str
    n: Count


class Result(_Part):
    """What one test found of one subject."""

    test: str
    subject: str
    role: model.Role
    n: Count
    needed: Count
    log10_p: Log10
    keys: tuple[Figure, ...]
    null: Null
    left_out: tuple[LeftOut, ...]
    problem: str


class Estimate(_Part):
    """What share of keyed text in its training a suspect's result is compatible with."""

    test: str
    low: Share
    high: Share
    says: str


class Campaign(_Part):
    """A campaign of detection's findings, and what the keys say that marked the answers to it."""

    id: str
    accounts: Count | None = Field(description="None if the findings do not tell")
    keys: tuple[str, ...]
    log10_p: Log10
    reached: bool = Field(description="below alpha")
    says: str


class Requirement(_Part):
    """One thing that a grade needs, and whether it is met."""

    name: str
    grade: Literal["corroborated", "shown"]
    wants: str
    met: bool
    says: str


class Lead(_Part):
    """A similarity that is no evidence."""

    name: str
    says: str
    wrong: Share | None
    of: Count


class Rerun(_Part):
    """Somebody else scored the same answers."""

    by: str
    blinded: bool
    differs: tuple[str, ...]


class Alternative(_Part):
    """Another explanation of a positive result."""

    name: str
    says: str


class VerdictDocument(_Part):
    """What was found of one suspect, and what was not tested."""

    version: Literal["1"]
    generator: str
    made: AwareDatetime
    title: str
    author: str
    by: str = Field(description="the short name of the key that signed the run")
    plan: str = Field(description="SHA-256 of the plan")
    commitments: str = Field(description="the root over all key records; empty if there is none")
    stamped: bool = Field(description="whether somebody else vouches for the time of the commitment")
    alpha: float
    suspect: str
    grade: model.Grade
    test: str = Field(description="the one that the grade and the requirements are told of")
    headline: str
    says: tuple[str, ...]
    p_says: str
    requirements: tuple[Requirement, ...]
    instead: tuple[Requirement, ...] = Field(description="of the other way to `corroborated`")
    campaigns: tuple[Campaign, ...]
    subjects: tuple[Subject, ...]
    tests: tuple[Test, ...]
    results: tuple[Result, ...]
    estimates: tuple[Estimate, ...]
    leads: tuple[Lead, ...]
    reruns: tuple[Rerun, ...]
    departures: tuple[str, ...]
    tested: tuple[str, ...]
    not_tested: tuple[str, ...]
    limits: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    timeline: tuple[Event, ...]


def dumps(document: VerdictDocument) -> str:
    """Write the document as JSON text, the same text for the same document."""
    return document.model_dump_json(indent=2) + "\n"


def loads(text: str | bytes, *, where: str = "verdict.json") -> VerdictDocument:
    """Read the document from JSON text.

    Args:
        text: what `dumps` wrote.
        where: the name of the file, for the error.

    Raises:
        InputError: not JSON, not a verdict, another version of one, or one that does not hold together.
    """
    hint = "`stillwatch probe run` writes one."
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("The file is not JSON, or is cut off.", where=where, hint=hint) from None
    if not isinstance(content, dict) or not {"version", "grade"} <= content.keys():
        raise InputError("This is not a verdict.", where=where, hint=hint)
    if content["version"] != VERSION:
        raise InputError(f"The verdict is of another version than {VERSION}, which is read here.", where=where)
    try:
        return VerdictDocument.model_validate_json(text)
    except ValidationError as error:
        first = mistakes(error)[0]
        raise InputError(f"The verdict does not hold together: {first.place}: {first.says}.", where=where) from None


def schema() -> str:
    """Write the JSON Schema of the document."""
    return json.dumps(VerdictDocument.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
