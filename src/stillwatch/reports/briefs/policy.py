"""The statement for a policy maker: numbered actors, method, resellers, timing, safeguards, scale, what is uncertain.

The order follows what an assessment of model extraction asks for (entity, method, role of providers of account
networks, timing, safeguards, what was not shared). Nothing exact leaves: counts are orders of magnitude, times are
months, models and actors are numbered, and no account, text, name or country is in it.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from stillwatch.reports.briefs import phrases
from stillwatch.reports.briefs.model import Brief, Material
from stillwatch.reports.document import Campaign
from stillwatch.reports.sections import Section
from stillwatch.reports.wording import TECHNIQUES, count, label, printable, share

MOST_ACTORS = 30
SHOWN_OF_EACH = ("answers", "list_price", "replacement_cost", "teacher_hours")

#: Evidence that an account belongs to a pool which is bought, rented or resold, by family and by technique.
_POOL = frozenset({"sign_up", "network", "protocol"})
_POOLED = "AML.T0008.005"

_NOT_SHARED = (
    "Accounts, their number exactly, and who holds them.",
    "Prompts, answers, and the wording that campaigns use.",
    "Names of customers, of models that are suspected, and of people who judged.",
    "Exact times and volumes, means of payment, addresses.",
    "Thresholds, features and settings of the detection, which would help somebody to pass below it.",
    "Country, language or nationality of anybody: they are no part of the evidence.",
)


def brief(material: Material) -> Brief:
    """Write it."""
    return Brief(
        reader="policy",
        title="Statement on coordinated extraction of a model's capabilities",
        about=f"{_span(material.findings.window.start, material.findings.window.end)}.",
        lead=tuple(_lead(material)),
        figures=(),
        sections=tuple(_sections(material)),
        handling="Orders of magnitude and intervals only; no account, text, name or country is in this statement.",
        generator=material.findings.generator,
    )


def _lead(material: Material) -> Iterator[str]:
    standing = material.findings.standing
    if not standing:
        yield "In this time no coordinated extraction was found. That is no statement that there was none."
        return
    confirmed = sum(
        campaign.review is not None and campaign.review.stands and campaign.review.verdict == "confirmed"
        for campaign in standing
    )
    yield (
        f"One provider's request log shows {count(len(standing), 'actor')} that operated many accounts together to "
        f"collect a model's answers; people confirmed {confirmed:,} of them so far. Actors are numbered, not named: an "
        "actor is a group of accounts that behave as one, and no finding about a person, a company or a country."
    )


def _sections(material: Material) -> Iterator[Section]:
    standing = material.findings.standing
    if standing:
        yield _actors(standing)
        yield _method(standing)
        yield Section("Role of resellers and of networks of accounts", points=tuple(_pools(standing)))
        yield Section("Timing", points=tuple(_timing(standing)))
        yield _scale(material)
    yield Section("Whether a model was trained on it", points=tuple(_trained(material)))
    yield Section("Safeguards and measures taken", points=tuple(phrases.done(material.measures, exact=False)))
    yield Section("What was not shared", points=_NOT_SHARED)
    yield Section("Uncertainty, and other explanations", points=tuple(_uncertain(material)))


def _actors(standing: tuple[Campaign, ...]) -> Section:
    more = len(standing) - MOST_ACTORS
    return Section(
        "Actors",
        (f"The {MOST_ACTORS} with most evidence; {more:,} more are not listed.",) if more > 0 else (),
        ("actor", "odds for it", "kinds of evidence", "accounts", "requests", "active", "a person said"),
        tuple(
            (
                f"Actor {number}",
                phrases.odds(campaign),
                phrases.kinds(campaign.families),
                phrases.magnitude(len(campaign.accounts)),
                phrases.magnitude(campaign.requests),
                _span(campaign.first_seen, campaign.last_seen),
                campaign.review.verdict if campaign.review and campaign.review.stands else "not yet reviewed",
            )
            for number, campaign in enumerate(standing[:MOST_ACTORS], 1)
        ),
        frozenset({3, 4}),
    )


def _method(standing: tuple[Campaign, ...]) -> Section:
    families = dict.fromkeys(each.family for c in standing for each in c.evidence if each.bits > 0)
    techniques = dict.fromkeys(each.technique for c in standing for each in c.evidence if each.bits > 0)
    named = ", ".join(f"{each} ({TECHNIQUES[each]})" for each in sorted(techniques) if each in TECHNIQUES)
    return Section(
        "Method",
        ("How the actors are known, and by how many of them each kind of evidence is shown.",),
        ("evidence", "what is observed", "actors"),
        tuple(
            (label(family), phrases.FAMILIES[family], f"{_with(family, standing):,} of {len(standing):,}")
            for family in families
            if family in phrases.FAMILIES
        ),
        frozenset({2}),
        points=(f"Techniques of MITRE ATLAS: {named}.",) if named else (),
    )


def _with(family: str, campaigns: Iterable[Campaign]) -> int:
    return sum(any(each.family == family and each.bits > 0 for each in c.evidence) for c in campaigns)


def _pools(standing: tuple[Campaign, ...]) -> Iterator[str]:
    numbers = [number for number, campaign in enumerate(standing, 1) if _pooled(campaign)]
    if numbers:
        who = ", ".join(map(str, numbers[:MOST_ACTORS])) + (" and others" if len(numbers) > MOST_ACTORS else "")
        yield (
            f"Actors {who} show marks of accounts that were opened, paid for or operated together: this is what a "
            "network of accounts that is bought, rented or resold looks like. Who runs it is not known."
        )
    else:
        yield "No actor shows marks of accounts that were opened, paid for or operated together."
    yield (
        "A reseller may have customers of its own among these accounts. They are accused of nothing, and measures "
        "spare requests that are theirs where they can be told apart."
    )


def _pooled(campaign: Campaign) -> bool:
    return any(each.bits > 0 and (each.family in _POOL or each.technique == _POOLED) for each in campaign.evidence)


def _timing(standing: tuple[Campaign, ...]) -> Iterator[str]:
    first = min(campaign.first_seen for campaign in standing)
    last = max(campaign.last_seen for campaign in standing)
    requests = sum(campaign.requests for campaign in standing)
    before = sum(campaign.requests_before_crossing for campaign in standing)
    yield f"First activity in {_month(first)}, last in {_month(last)}."
    yield f"{share(before, requests)} of the answers were served before the evidence sufficed."
    yield "How this relates to the release of a model is not told by a request log."


def _scale(material: Material) -> Section:
    found, everything = ("found", "all")
    return Section(
        "Scale",
        (
            "From the 5% to the 95% quantile, on assumptions about prices and errors that are published with it.",
            "The rows measure different things and are not added up.",
        ),
        ("estimate", "of what was found", "with what detection misses"),
        (
            *(
                (
                    phrases.estimate(material, found, name).title,
                    phrases.between(phrases.estimate(material, found, name)),
                    phrases.between(phrases.estimate(material, everything, name)),
                )
                for name in SHOWN_OF_EACH
            ),
            *((each.title, "not estimated", "not estimated") for each in material.impact.not_estimated),
        ),
        frozenset({1, 2}),
        points=(*phrases.load(material),),
    )


def _trained(material: Material) -> Iterator[str]:
    if not material.verdicts:
        yield "Not tested. That answers were taken does not show that a model was trained on them."
        return
    yield from phrases.trained(material.verdicts, named=False)
    yield (
        "p is the probability of such a result if the model was trained without access to keyed answers; it is no "
        "probability of theft. A result tells which answers were learned from, not who passed them on."
    )


def _uncertain(material: Material) -> Iterator[str]:
    yield phrases.errors(material)
    if material.findings.standing:
        yield phrases.innocent(material.findings.standing)
    yield from (
        f"{each.name.capitalize()}: {printable(each.says)}"
        for verdict in material.verdicts[:1]
        for each in verdict.alternatives
    )
    yield "Copies made from bought transcripts leave no trace in a log; nor do small or slow campaigns."
    yield "Access that the terms of service allow is no part of this: research, evaluation, an application."
    yield "A copy that learned from answers does not thereby have all that the model can do."
    yield phrases.NO_ORIGIN


def _span(start: datetime, end: datetime) -> str:
    first, last = _month(start), _month(end)
    return first if first == last else f"{first} to {last}"


def _month(time: datetime) -> str:
    return f"{time.astimezone(UTC):%B %Y}"
