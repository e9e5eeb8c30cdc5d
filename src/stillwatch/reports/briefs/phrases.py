"""Sentences that several briefs say in the same words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from stillwatch.indicators import buckets
from stillwatch.reports import wording
from stillwatch.reports.briefs.model import Material
from stillwatch.reports.document import Campaign, FindingsDocument
from stillwatch.reports.impact.document import Estimate, Interval
from stillwatch.reports.impact.sections import amount
from stillwatch.reports.strain import peak_share, throttled_words
from stillwatch.reports.wording import count, day, label, printable, share

if TYPE_CHECKING:
    from stillwatch.forensics.verdict import VerdictDocument
    from stillwatch.reports.measures import Measures

#: What a kind of evidence looks at, for somebody who has read no other page.
FAMILIES: Mapping[str, str] = {
    "text": "many accounts send the same rare wording around changing content",
    "sign_up": "accounts share means of payment or mail domains, as unrelated accounts hardly ever do",
    "network": "accounts share addresses that hardly anybody else uses",
    "content": "the accounts work through one subject together",
    "time": "accounts act in step: one starts where another stops",
    "protocol": "a conversation that begins under one account goes on under another",
    "client": "accounts use the same rare settings",
    "alliance": "other providers observed the same",
}

_RUNGS: Mapping[str, str] = {
    "warn": "told that the terms of service are in question",
    "cap": "given shorter answers, without log probabilities or raw reasoning",
    "budget": "held to a budget of requests and tokens an hour",
    "verify": "asked to say who they are before anything else is answered",
    "hold": "held, on a person's signature",
}

NO_ORIGIN = (
    "Behaviour, not origin: who stands behind the accounts is not said, and country, language or nationality are never "
    "evidence."
)


def about(material: Material) -> str:
    """The time that a brief is about, and when it was made."""
    window = material.findings.window
    return f"{wording.span(window.start, window.end)}. Made on {day(material.made)}; times in UTC."


def short(text: str, most: int) -> str:
    """Others' words, cut to a number of characters."""
    shown = printable(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def name(campaign: Campaign) -> str:
    """A campaign's id, as long as fits a line."""
    return short(campaign.id, 20)


def kinds(families: Iterable[str]) -> str:
    """Kinds of evidence, in a row."""
    return short(", ".join(map(label, families)), 60)


def odds(campaign: Campaign) -> str:
    """How much the evidence weighs, in a few words."""
    return wording.odds(campaign.bits).removeprefix("odds of ").removesuffix(" for a campaign")


def accounts(campaigns: Iterable[Campaign]) -> int:
    """Accounts of some campaigns, each once."""
    return len({account.account_id for campaign in campaigns for account in campaign.accounts})


def judged(campaign: Campaign) -> str:
    """What a person said of it."""
    review = campaign.review
    if review is None:
        return "not yet reviewed"
    return f"{review.verdict}, {day(review.at)}" + ("" if review.stands else ", before the evidence changed")


def reviews(findings: FindingsDocument) -> str:
    """How many of the campaigns a person has looked at."""
    standing = findings.standing
    said = Counter(campaign.review.verdict for campaign in standing if campaign.review and campaign.review.stands)
    dismissed = len(findings.campaigns) - len(standing)
    aside = f" {count(dismissed, 'more was', 'more were')} rejected and not counted." if dismissed else ""
    if not said:
        return f"No person has judged this evidence yet.{aside}"
    told = ", ".join(f"{said[verdict]:,} {verdict}" for verdict in ("confirmed", "unsure") if said[verdict])
    left = len(standing) - sum(said.values())
    open_ = f", {left:,} not judged on this evidence" if left else ""
    return f"People judged the {count(len(standing), 'campaign')}: {told}{open_}.{aside}"


def innocent(campaigns: Iterable[Campaign]) -> str:
    """What innocent explanations were held against the evidence, and which of them fit."""
    considered = [each for campaign in campaigns for each in campaign.lookalikes_considered]
    fits = Counter(short(label(each.name.replace("-", " ")), 30) for each in considered if each.fits)
    told = f"{count(len(considered), 'innocent explanation was', 'innocent explanations were')} held against them"
    if not fits:
        return f"{told}; none fits."
    return f"{told}; these fit in part and are counted against: {', '.join(list(fits)[:3])}."


def errors(material: Material) -> str:
    """How often detection is wrong, as it was measured."""
    known = {each.name: each.interval for each in material.impact.assumptions}
    return (
        f"How often this is wrong: of what is attributed to campaigns {_percent(known['precision'])} did go to one; of "
        f"all that goes to campaigns {_percent(known['recall'])} is found (5% to 95% quantiles)."
    )


def _percent(interval: Interval) -> str:
    low, high = (f"{100 * value:.0f}" for value in (interval.low, interval.high))
    return f"{low}%" if low == high else f"{low}% to {high}%"


def estimate(material: Material, scope: str, name: str) -> Estimate:
    """One estimate of the impact."""
    found = next(each for each in material.impact.scopes if each.id == scope)
    return next(each for each in found.estimates if each.name == name)


def between(estimate: Estimate) -> str:
    """An estimate from its 5 % to its 95 % quantile."""
    low, high = (amount(value, estimate.unit) for value in (estimate.interval.low, estimate.interval.high))
    return low if low == high else f"{low} to {high}"


def magnitude(number: int) -> str:
    """An order of magnitude: "100 to 999"."""
    if number < 1:
        return "none"
    low, high = buckets.bounds(buckets.of(number))
    return f"{low:,} to {high:,}" if high else f"more than {low:,}"


def done(measures: "Measures | None", *, exact: bool = True, brief: bool = False) -> Iterator[str]:
    """What was done about it, a sentence each.

    Args:
        measures: None where there is no ledger.
        exact: whether accounts are counted; otherwise their order of magnitude is told.
        brief: whether all measures share a sentence.
    """
    if measures is None:
        yield "No ledger of measures was given with this brief: what was done is not told here."
        return
    if not measures.enabled:
        yield "All measures are switched off at the moment."
    if brief and measures.steps:
        steps = ", ".join(f"{step.rung.word} {step.ever:,} ({step.now:,})" for step in measures.steps)
        yield f"Accounts by measure, and in brackets those for which it stands now: {steps}."
    for step in () if brief else measures.steps:
        word = _RUNGS.get(step.rung.word, step.rung.word)
        ever, now = (f"{number:,}" if exact else magnitude(number) for number in (step.ever, step.now))
        yield f"{ever} {'account was' if ever == '1' else 'accounts were'} {word}; it stands for {now} of them now."
    if not measures.touched:
        yield "No account was touched."
    yield from _around(measures, exact=exact)


def _around(measures: "Measures", *, exact: bool) -> Iterator[str]:
    told = []
    if measures.simulated:
        number = f"{measures.simulated:,}" if exact else magnitude(measures.simulated)
        told.append(f"for {number} accounts measures were written down and not applied")
    if measures.waiting:
        told.append(f"{count(measures.waiting, 'proposal waits', 'proposals wait')} for a person's signature")
    if measures.lifted:
        told.append(f"{count(measures.lifted, 'measure was', 'measures were')} ended before time")
    if told:
        yield f"Besides, {'; '.join(told)}."
    yield appeals(measures)


def appeals(measures: "Measures") -> str:
    """What those affected said, and what became of it."""
    told = measures.appeals
    if not told:
        return "Nobody has appealed." if measures.touched else "There was nothing to appeal."
    outcomes = ", ".join(f"{number:,} {outcome}" for outcome, number in told.items())
    return f"{count(sum(told.values()), 'appeal')}: {outcomes}."


def load(material: Material) -> Iterator[str]:
    """What the campaigns put on the service, counted."""
    found = material.impact.load
    asked = share(found.campaigns_requests, found.everybody_requests)
    yield (
        f"Load: {asked} of all requests"
        + (
            f", {share(found.campaigns_output_tokens, found.everybody_output_tokens)} of all output tokens"
            if found.everybody_output_tokens
            else ""
        )
        + (f", {peak}." if (peak := peak_share(found)) else ". The busiest hour is not told by these findings.")
    )
    if found.throttling:
        yield throttled_words(found.throttling)
    elif found.busiest:
        yield "Whether others were throttled meanwhile cannot be told from this log."


def trained(verdicts: "Iterable[VerdictDocument]", *, named: bool) -> Iterator[str]:
    """What tests of models showed, each with its grade.

    Args:
        verdicts: on models.
        named: whether models are named; otherwise they are numbered.
    """
    for number, verdict in enumerate(verdicts, 1):
        who = short(verdict.suspect, 40) if named else f"Model {number}"
        headline = verdict.headline.replace(verdict.suspect, who)
        reached = [each for each in verdict.campaigns if each.reached]
        keys = f" Its keys marked answers to {count(len(reached), 'campaign')}." if reached else ""
        yield f"{printable(headline)}{keys}"


def stronger_than_watching(campaigns: Iterable[Campaign]) -> str:
    """On how many kinds of evidence the campaigns rest."""
    least = min((len(campaign.families) for campaign in campaigns), default=0)
    return (
        f"Each rests on {count(least, 'kind')} of evidence at least; a score adds up what each kind speaks for and "
        "against, and is no probability of guilt."
    )
