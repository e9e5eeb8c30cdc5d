"""verdict.json: what was found of one suspect, how surely, and what was not tested; every report is rendered from it.

    document = build(plan, facts, grade(facts), made=now, timeline=events)
    text = dumps(document)
    document = loads(text, where="verdict.json")

It holds no key, no prompt and no answer. The same plan and facts give the same text, so that whoever has a bundle can
make it anew and compare. `python -m stillwatch.forensics.verdict` writes its JSON Schema to docs/verdict.schema.json.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from math import log10
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stillwatch import __version__
from stillwatch.errors import InputError
from stillwatch.forensics import caveats, estimates, grading, model
from stillwatch.forensics import plan as planned
from stillwatch.forensics.wording import P, count, listed, probability

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


def build(
    plan: planned.Plan,
    facts: grading.Facts,
    graded: grading.Graded,
    *,
    made: datetime,
    timeline: Iterable[Event] = (),
) -> VerdictDocument:
    """Put a verdict together.

    Args:
        plan: what was fixed before the first question.
        facts: all that was found, by the subjects' ids in the plan.
        graded: the grade of these facts.
        made: when.
        timeline: of the evidence: commitment, stamps, exposure, questions, scoring, unsealing, re-runs.
    """
    campaigns = tuple(_campaigns(facts))
    return VerdictDocument(
        version=VERSION,
        generator=f"stillwatch {__version__}",
        made=made,
        title=plan.title,
        author=plan.author,
        by=facts.by,
        plan=plan.digest,
        commitments=plan.commitments or "",
        stamped=facts.stamped,
        alpha=plan.alpha,
        suspect=plan.suspect.id,
        grade=graded.grade,
        test=graded.test,
        headline=_headline(plan, graded),
        says=tuple(_sentences(facts, graded, campaigns)),
        p_says=P,
        requirements=tuple(Requirement(**vars(each)) for each in graded.requirements),
        instead=tuple(Requirement(**vars(each)) for each in graded.instead),
        campaigns=campaigns,
        subjects=tuple(_subject(each, facts) for each in plan.subjects),
        tests=tuple(map(_test, plan.tests)),
        results=tuple(_results(plan, facts)),
        estimates=tuple(_estimates(plan, facts)),
        leads=tuple(Lead(**vars(each)) for each in facts.leads),
        reruns=tuple(Rerun(**vars(each)) for each in facts.reruns),
        departures=facts.departures,
        tested=tuple(caveats.tested(plan, facts)),
        not_tested=tuple(caveats.not_tested(plan, facts)),
        limits=tuple(caveats.limits(plan, facts, graded)),
        alternatives=tuple(Alternative(name=name, says=says) for name, says in caveats.ALTERNATIVES.items()),
        timeline=tuple(sorted(timeline, key=lambda event: event.at)),
    )


def _headline(plan: planned.Plan, graded: grading.Graded) -> str:
    suspect, alpha = plan.suspect.id, probability(log10(plan.alpha))
    return {
        "shown": f"Shown at alpha = {alpha}: {suspect} was trained on answers that carried our keys.",
        "corroborated": f"Corroborated, not shown: what was found speaks for {suspect} being trained on our answers.",
        "lead": f"A lead, no evidence: something about {suspect} is worth a controlled test.",
        "none": f"Nothing was shown of {suspect}. That is no finding of innocence.",
    }[graded.grade]


def _sentences(facts: grading.Facts, graded: grading.Graded, campaigns: tuple[Campaign, ...]) -> Iterator[str]:
    """What to tell first: the strongest result, whose answers, what is missing."""
    result = next((each for each in facts.suspect if each.test == graded.test), None)
    if result is None:
        yield "No planned test has a result for the suspect."
    else:
        yield (
            f"In the test {result.test} the strongest of {count(len(result.keys), 'key')} has p ="
            f" {probability(result.log10_p)}, adjusted for all keys and tests of the plan."
        )
    if fed := [each for each in campaigns if each.reached]:
        names = listed(tuple(_named(each) for each in fed))
        yield f"The keys that reach alpha marked answers to {names}, and nobody else's."
    missing = tuple(each.name for each in graded.requirements if not each.met)
    if missing and graded.grade != "none":
        yield f"For the grade shown at alpha it lacks: {listed(missing)}."


def _named(campaign: Campaign) -> str:
    return campaign.id if campaign.accounts is None else f"{campaign.id} ({count(campaign.accounts, 'account')})"


def _campaigns(facts: grading.Facts) -> Iterator[Campaign]:
    found = [key for result in facts.suspect for key in result.keys]
    sizes: dict[str, int | None] = dict(facts.campaigns)
    for name in sorted(sizes.keys() | {key.campaign for key in found if key.campaign}):
        keys = [key for key in found if key.campaign == name]
        log10_p = min((key.log10_p_holm for key in keys), default=0.0)
        reached = log10_p < log10(facts.alpha)
        says = "No key of this campaign has a result."
        if keys:
            p = probability(log10_p)
            says = f"p = {p}: " + (
                "what was served to its accounts was trained on." if reached else "nothing was shown for this campaign."
            )
        yield Campaign(
            id=name,
            accounts=sizes.get(name),
            keys=tuple(dict.fromkeys(key.key for key in keys)),
            log10_p=_rounded(log10_p),
            reached=reached,
            says=says,
        )


def _subject(subject: planned.Subject, facts: grading.Facts) -> Subject:
    asked = subject.endpoint
    files = count(len(subject.texts), "file")
    return Subject(
        id=subject.id,
        role=subject.role,
        source=f"asked as {asked.model} at {asked.url}" if asked else f"{files} of answers at hand",
        released=subject.released.isoformat() if subject.released else "",
        why=subject.why,
        share=subject.share,
        counted=subject.id not in facts.released_late,
    )


def _test(test: planned.Test) -> Test:
    return Test(
        name=test.name,
        kind=test.kind,
        says=caveats.ASKS[test.kind],
        scheme=test.scheme or "",
        width=test.width,
        rule=test.rule if test.scheme else "",
        keys=len(test.keys),
        least=test.least,
    )


def _results(plan: planned.Plan, facts: grading.Facts) -> Iterator[Result]:
    """By test, the suspect first, then positive controls, then innocent ones."""
    by_role: dict[model.Role, dict[str, tuple[model.TestResult, ...]]] = {
        "suspect": {plan.suspect.id: facts.suspect},
        "positive": facts.positives,
        "control": facts.controls,
    }
    for test in plan.tests:
        for role, subjects in by_role.items():
            for name, results in subjects.items():
                yield from (_result(each, name, role) for each in results if each.test == test.name)


def _result(result: model.TestResult, subject: str, role: model.Role) -> Result:
    return Result(
        test=result.test,
        subject=subject,
        role=role,
        n=result.n,
        needed=result.needed,
        log10_p=_rounded(result.log10_p),
        keys=tuple(_figure(result, key) for key in result.keys),
        null=_null(result.null),
        left_out=tuple(LeftOut(why=why, n=n) for why, n in result.left_out),
        problem=result.problem,
    )


def _null(null: model.Null) -> Null:
    rounded = {name: _rounded(value) for name, value in vars(null).items() if isinstance(value, float)}
    return Null(**vars(null) | rounded)


def _figure(result: model.TestResult, key: model.KeyResult) -> Figure:
    rate = estimates.rate(result, key)
    return Figure(
        key=key.key,
        campaign=key.campaign,
        n=key.n,
        total=_rounded(key.total),
        expected=_rounded(key.expected),
        rate=_rounded(rate.value) if rate else None,
        low=_rounded(rate.low) if rate else None,
        high=_rounded(rate.high) if rate else None,
        chance=_rounded(rate.chance) if rate else None,
        log10_p=_rounded(key.log10_p),
        log10_p_holm=_rounded(key.log10_p_holm),
    )


def _estimates(plan: planned.Plan, facts: grading.Facts) -> Iterator[Estimate]:
    shares = {each.id: each.share for each in plan.subjects if each.share is not None}
    for result in facts.suspect:
        positives = {
            shares[name]: each
            for name, found in facts.positives.items()
            if name in shares
            for each in found
            if each.test == result.test and each.keys
        }
        if between := estimates.keyed_share(result, positives):
            low, high = map(_rounded, between)
            yield Estimate(
                test=result.test,
                low=low,
                high=high,
                says=f"Compatible with {low:.1%} to {high:.1%} of keyed text in the training, if the suspect learns as"
                " the positive controls did.",
            )


def _rounded(value: float) -> float:
    """Six significant digits: enough for any reader, and the same on every machine."""
    return float(f"{value:.6g}") + 0.0  # no -0.0


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
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"The verdict does not hold together: {place}: {first['msg']}.", where=where) from None


def schema() -> str:
    """Write the JSON Schema of the document."""
    return json.dumps(VerdictDocument.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
