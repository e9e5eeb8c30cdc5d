"""What a policy is asked, and what it answers.

    choice = decider.decide(case)      # Choice(Rung.CAP, because="coordinated", reason="coordinated_extraction")

A table of rules decides (`rules`), or Cedar (`cedar`); neither can leave the laws of `ruling`.
"""

from dataclasses import dataclass, field
from typing import Protocol

from stillwatch.response.model import Origin, Reason, Rung


@dataclass(frozen=True)
class Case:
    """All that a policy may look at; nothing about country, language or nationality.

    Attributes:
        severity: of the campaign: low, medium, high, critical.
        families: how many independent groups of evidence speak for the campaign.
        family: the families of evidence in these groups.
        origin: whose evidence it is: own, imported, both.
        accounts: how many accounts the campaign has.
        bits: log2 odds that it is a campaign.
        evidence_age_days: days since the account's (of a campaign: its last) request.
        lookalike: innocent explanations that fit the campaign, by slug.
        plan: the account's; None if unknown.
        account_age_days: days since sign-up; None if unknown.
        account_bits: how surely the account belongs; None where the case is whoever is recognised next.
        account, campaign: ids, for a decider that names them.
    """

    severity: str
    families: int
    origin: Origin
    accounts: int
    bits: float
    evidence_age_days: float
    family: frozenset[str] = frozenset()
    lookalike: frozenset[str] = frozenset()
    plan: str | None = None
    account_age_days: float | None = None
    account_bits: float | None = None
    account: str | None = field(default=None, compare=False)
    campaign: str = field(default="", compare=False)


@dataclass(frozen=True)
class Choice:
    """What a policy wants.

    Attributes:
        action: the rung.
        because: the rule that fitted, by name.
        reason: what a client is told, from the closed vocabulary.
        fault: what went wrong in deciding; "" for nothing.
    """

    action: Rung
    because: str
    reason: Reason = "coordinated_extraction"
    fault: str = ""


class Decider(Protocol):
    """Whatever decides: pure, the same case has the same answer."""

    def decide(self, case: Case) -> Choice | None:
        """What is to be done; None: nothing, not even written down."""
