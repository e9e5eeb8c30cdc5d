"""From a plan, what was found and its grade to the verdict that says all of it.

    document = build(plan, facts, grade(facts), made=now, timeline=events)

The same plan and facts give the same document, so that whoever has a bundle can make it anew and compare.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import log10

from stillwatch import __version__
from stillwatch.forensics import caveats, estimates, model
from stillwatch.forensics import plan as planned
from stillwatch.forensics.facts import Facts
from stillwatch.forensics.grading import Graded
from stillwatch.forensics.verdict import (
    VERSION,
    Alternative,
    Campaign,
    Estimate,
    Event,
    Figure,
    Lead,
    LeftOut,
    Null,
    Requirement,
    Rerun,
    Result,
    Subject,
    Test,
    VerdictDocument,
)
from stillwatch.forensics.wording import P, count, listed, probability


def build(
    plan: planned.Plan,
    facts: Facts,
    graded: Graded,
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


def _headline(plan: planned.Plan, graded: Graded) -> str:
    suspect, alpha = plan.suspect.id, probability(log10(plan.alpha))
    return {
        "shown": f"Shown at alpha = {alpha}: {suspect} was trained on answers that carried our keys.",
        "corroborated": f"Corroborated, not shown: what was found speaks for {suspect} being trained on our answers.",
        "lead": f"A lead, no evidence: something about {suspect} is worth a controlled test.",
        "none": f"Nothing was shown of {suspect}. That is no finding of innocence.",
    }[graded.grade]


def _sentences(facts: Facts, graded: Graded, campaigns: tuple[Campaign, ...]) -> Iterator[str]:
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


def _campaigns(facts: Facts) -> Iterator[Campaign]:
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


def _subject(subject: planned.Subject, facts: Facts) -> Subject:
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


def _results(plan: planned.Plan, facts: Facts) -> Iterator[Result]:
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


def _estimates(plan: planned.Plan, facts: Facts) -> Iterator[Estimate]:
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
