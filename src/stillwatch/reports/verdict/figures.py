"""The figures of a verdict in words, the same in every form."""

from dataclasses import dataclass
from datetime import UTC
from math import log10

from stillwatch.forensics.model import Grade, Role
from stillwatch.forensics.verdict import Campaign, Event, Figure, Lead, Requirement, Result, Subject, VerdictDocument
from stillwatch.forensics.wording import count, probability
from stillwatch.reports.wording import day

GRADES: dict[Grade, str] = {
    "none": "nothing shown",
    "lead": "a lead",
    "corroborated": "corroborated",
    "shown": "shown",
}


ROLES: dict[Role, str] = {"suspect": "suspect", "control": "innocent", "positive": "positive"}
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class KeyRow:
    """What one key says, in words.

    Attributes:
        rate: with its interval; a dash where there is none.
        reached: whether the adjusted p is below alpha.
    """

    test: str
    subject: str
    key: str
    campaign: str
    n: str
    rate: str
    chance: str
    p: str
    adjusted: str
    reached: bool


def keys(document: VerdictDocument) -> list[KeyRow]:
    """What every key says of the suspect, test by test."""
    return [_row(document, each, key) for each in of_suspect(document) for key in each.keys]


def of_suspect(document: VerdictDocument) -> list[Result]:
    """The suspect's results; those without one have a problem instead."""
    return [each for each in document.results if each.role == "suspect"]


def with_results(document: VerdictDocument) -> list[str]:
    """The tests in which any model has a result, in the order of the plan."""
    found = {each.test for each in document.results if each.keys}
    return [each.name for each in document.tests if each.name in found]


def others(document: VerdictDocument) -> list[tuple[Subject, list[KeyRow | None]]]:
    """Each control with its strongest key in each test of `with_results`; None where it has no result."""
    tests = with_results(document)
    found = {(each.subject, each.test): each for each in document.results if each.keys}
    return [
        (each, [_strongest(document, found.get((each.id, test))) for test in tests])
        for role in ("positive", "control")
        for each in document.subjects
        if each.role == role
    ]


def _strongest(document: VerdictDocument, result: Result | None) -> KeyRow | None:
    return _row(document, result, min(result.keys, key=lambda key: key.log10_p)) if result else None


def _row(document: VerdictDocument, result: Result, figure: Figure) -> KeyRow:
    return KeyRow(
        test=result.test,
        subject=result.subject,
        key=figure.key,
        campaign=figure.campaign,
        n=f"{figure.n:,}",
        rate=_rate(figure),
        chance=_share(figure, figure.chance),
        p=probability(figure.log10_p),
        adjusted=probability(figure.log10_p_holm),
        reached=reached(document, figure.log10_p_holm),
    )


def reached(document: VerdictDocument, log10_p: float) -> bool:
    """Whether a p is below the plan's alpha."""
    return log10_p < log10(document.alpha)


def _rate(figure: Figure) -> str:
    if figure.rate is None:
        return NOTHING
    return f"{_share(figure, figure.rate)} ({_share(figure, figure.low)} to {_share(figure, figure.high)})"


def _share(figure: Figure, value: float | None) -> str:
    """A share in percent; a mean of scores, whose chance is 1, as it is."""
    if value is None or figure.chance is None:
        return NOTHING
    return f"{value:.3f}" if figure.chance >= 1 else f"{value:.2%}"


def needs(document: VerdictDocument) -> list[tuple[str, tuple[Requirement, ...]]]:
    """The requirements by what they are needed for."""
    corroborated = tuple(each for each in document.requirements if each.grade == "corroborated")
    shown = tuple(each for each in document.requirements if each.grade == "shown")
    return [
        ("For corroborated, by a test", corroborated),
        (f"For shown at alpha = {alpha(document)}, besides", shown),
        ("For corroborated, without a test", document.instead),
    ]


def alpha(document: VerdictDocument) -> str:
    """The plan's error rate in words."""
    return probability(log10(document.alpha))


def accounts(campaign: Campaign) -> str:
    """How many accounts a campaign has."""
    return "size unknown" if campaign.accounts is None else count(campaign.accounts, "account")


def role(subject: Subject) -> str:
    """What a control is there for, and whether it counts."""
    return f"{ROLES[subject.role]}{'' if subject.counted else ', not counted'}"


def lead(lead: Lead) -> str:
    """A lead, never without how often it is wrong."""
    if lead.wrong is None:
        return f"{lead.name.capitalize()}. {lead.says} How often it is wrong is not known."
    others = f"{count(lead.of, 'model')} that {'has' if lead.of == 1 else 'have'} nothing to do with it"
    return f"{lead.name.capitalize()}. {lead.says} Of {others}, {lead.wrong:.0%} show as much."


def event(event: Event) -> str:
    """What happened to the evidence, and when (UTC)."""
    at = event.at.astimezone(UTC)
    digest = f"SHA-256 {event.digest[:16]}" if event.digest else ""
    by = ", ".join(filter(None, (event.by, digest)))
    return f"{day(at)} {at:%H:%M}: {event.says}" + (f" ({by})" if by else "")
