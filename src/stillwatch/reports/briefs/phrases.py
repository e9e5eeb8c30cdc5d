"""Sentences that several briefs say in the same words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from stillwatch.reports import wording
from stillwatch.reports.briefs.model import Material
from stillwatch.reports.document import Campaign, FindingsDocument
from stillwatch.reports.impact.document import Estimate, Interval
from stillwatch.reports.impact.sections import amount
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


def name(campaign: Campaign) -> str:
    """A campaign's id, as long as fits a line."""
    shown = printable(campaign.id)
    return shown if len(shown) <= 24 else f"{shown[:23]}…"


def kinds(families: Iterable[str]) -> str:
    """Kinds of evidence, in a row."""
    return ", ".join(label(family)[:40] for family in families)


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
    fits = Counter(label(each.name.replace("-", " ")) for each in considered if each.fits)
    told = f"{count(len(considered), 'innocent explanation was', 'innocent explanations were')} held against them"
    if not fits:
        return f"{told}; none fits."
    return f"{told}; these fit in part and are counted against: {', '.join(list(fits)[:4])}."


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


def done(measures: "Measures | None") -> Iterator[str]:
    """What was done about it, a sentence each."""
    if measures is None:
        yield "No ledger of measures was given with this brief: what was done is not told here."
        return
    if not measures.enabled:
        yield "All measures are switched off at the moment."
    for step in measures.steps:
        word = _RUNGS.get(step.rung.word, step.rung.word)
        yield f"{count(step.ever, 'account was', 'accounts were')} {word}; of {step.now:,} that stands now."
    if not measures.touched:
        yield "No account was touched."
    yield from _around(measures)


def _around(measures: "Measures") -> Iterator[str]:
    if measures.simulated:
        yield f"For {count(measures.simulated, 'account')} measures were written down and not applied."
    if measures.waiting:
        yield f"{count(measures.waiting, 'proposal waits', 'proposals wait')} for a person's signature."
    if measures.lifted:
        yield f"{count(measures.lifted, 'measure was', 'measures were')} ended before time."
    yield appeals(measures)


def appeals(measures: "Measures") -> str:
    """What those affected said, and what became of it."""
    told = measures.appeals
    if not told:
        return "Nobody has appealed." if measures.touched else "There was nothing to appeal."
    outcomes = ", ".join(f"{number:,} {outcome}" for outcome, number in told.items())
    return f"{count(sum(told.values()), 'appeal')}: {outcomes}."


def highest(measures: "Measures | None") -> str:
    """The strongest measure that stands, for a table."""
    if measures is None:
        return "not told"
    standing = [step for step in measures.steps if step.now]
    if not standing:
        return "none" if not measures.steps else "ended"
    top = max(standing, key=lambda step: step.rung)
    return f"{top.rung.word}, {count(top.now, 'account')}"


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
        + (
            f", {share(found.busiest.campaigns, found.busiest.everybody)} of the busiest hour."
            if found.busiest
            else ". The busiest hour is not told by these findings."
        )
    )


def trained(verdicts: "Iterable[VerdictDocument]", *, named: bool) -> Iterator[str]:
    """What tests of models showed, each with its grade.

    Args:
        verdicts: on models.
        named: whether models are named; otherwise they are numbered.
    """
    for number, verdict in enumerate(verdicts, 1):
        who = printable(verdict.suspect) if named else f"Model {number}"
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
