"""What a client reads: what happened, why in plain words, until when, and how to appeal.

    text(gate, measure.action, decision=measure.decision, until=measure.until, reason=measure.reason)

A policy may word each rung itself (`[rungs.verify] notice`); what stands in braces is filled in. A notice says nothing
about features or thresholds: whoever is wrongly measured is told by a person, whoever is not would learn from it.
"""

from datetime import UTC, datetime
from string import Formatter

from stillwatch.response.model import Reason, Rung
from stillwatch.response.snapshot import Gate

FIELDS = ("decision", "until", "why", "appeal_url", "terms_url", "verify_url")

#: Reasons in plain words; each ends the sentence "... because ...".
WHY: dict[Reason, str] = {
    "coordinated_extraction": "requests of this account appear to be part of a coordinated collection of answers",
    "reasoning_extraction": "requests of this account appear to collect the model's internal reasoning",
    "capability_resale": "this account appears to resell access",
    "account_compromise": "somebody other than its owner appears to use this account or its key",
    "ramp_exceeded": "its use grew faster than its plan allows",
    "unspecified": "of our terms of service",
}

_APPEAL = "If this is wrong, a person will look at it: {appeal_url} (quote {decision})."

#: By rung, where the policy words none.
DEFAULTS: dict[Rung, str] = {
    Rung.WARN: "Please note our terms of service ({terms_url}). We write because {why}. Nothing is limited now. "
    + _APPEAL,
    Rung.CAP: "Until {until} answers are shorter and without log probabilities, raw reasoning and further choices, "
    "because {why}. " + _APPEAL,
    Rung.BUDGET: "The hourly budget that applies until {until} is used up. It applies because {why}. " + _APPEAL,
    Rung.VERIFY: "Please say who you are before you go on: {verify_url}. This is asked until {until}, because {why}. "
    + _APPEAL,
    Rung.HOLD: "This account is on hold until {until}, because {why}. A person decided this. " + _APPEAL,
}


def check(template: str) -> str:
    """A notice as a policy may word it.

    Raises:
        ValueError: it names something else in braces, or a brace is open.
    """
    for _, name, form, conversion in Formatter().parse(template):
        if name is not None and (name not in FIELDS or form or conversion):
            raise ValueError(f"a notice knows no {{{name}}}, only {', '.join(f'{{{field}}}' for field in FIELDS)}")
    return template


def worded(own: dict[Rung, str], *, appeal: str, terms: str, verify: str) -> dict[str, str]:
    """The notices of a gate, by rung: the policy's own words or the usual ones; support, where there is no URL."""
    words = DEFAULTS | own
    for name, url, instead in (
        ("{appeal_url}", appeal, "write to the support address that you know"),
        ("{terms_url}", terms, "as agreed"),
        ("{verify_url}", verify, "write to the support address that you know"),
    ):
        words = words if url else {rung: text.replace(name, instead) for rung, text in words.items()}
    return {rung.word: text for rung, text in words.items()}


def text(gate: Gate, action: Rung, *, decision: str, until: float, reason: Reason) -> str:
    """The notice for one measure.

    Args:
        gate: addresses, and the words of each rung.
        action: the rung.
        decision: the decision's id.
        until: seconds since 1970.
        reason: from the closed vocabulary.

    Returns:
        "" for a rung that tells nobody anything.
    """
    text = gate.notices.get(action.word, "")
    for name, value in (
        ("why", WHY[reason]),
        ("decision", decision),
        ("until", f"{datetime.fromtimestamp(until, UTC):%d %B %Y, %H:%M} UTC"),
        ("appeal_url", gate.appeal_url + decision),
        ("terms_url", gate.terms_url),
        ("verify_url", gate.verify_url),
    ):
        text = text.replace(f"{{{name}}}", value)
    return text
