"""The table that decides: rules with conditions, of which the first that fits wins.

    [[rules]]
    name = "a campaign, on two independent reasons"
    severity = ["high", "critical"]        # words: one of these
    families = { least = 2 }               # numbers: from, to
    then = "verify"

What is not known of a case (an account's plan without an accounts table) fits no condition on it.
"""

import difflib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from stillwatch.campaigns.findings import Severity
from stillwatch.campaigns.score import GROUPS
from stillwatch.response.model import Origin, Reason, Rung
from stillwatch.response.policy.decider import Case, Choice

LOOKALIKES = ("one-customer", "popular-prompt", "public-benchmark", "class", "common-interest", "application")
FAMILIES = tuple(family for families, _ in GROUPS.values() for family in families)


def nearest(word: object, known: Iterable[str], kind: str) -> ValueError:
    """What to say of a word that is not known."""
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0)
    return ValueError(f"unknown {kind} {str(word)!r:.60}; did you mean {close[0]!r}?")


class Part(BaseModel):
    """A table of the policy: an unknown key is an error that names the nearest."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        if isinstance(given, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in given:
                if key not in known:
                    raise nearest(key, known, "key")
        return given


def rung_of(word: object) -> Rung:
    """The rung of a word."""
    words = {rung.word: rung for rung in Rung}
    if isinstance(word, Rung):
        return word
    if not isinstance(word, str) or word not in words:
        raise nearest(word, words, "action")
    return words[word]


def _among(known: Iterable[str], kind: str) -> BeforeValidator:
    words = tuple(known)

    def check(given: object) -> object:
        if not isinstance(given, list | tuple | set | frozenset) or not given:
            raise ValueError(f"is a list of {kind}s, such as [{words[0]!r}]")
        for word in given:
            if word not in words:
                raise nearest(word, words, kind)
        return frozenset(given)

    return BeforeValidator(check)


def _one_of(known: Iterable[str], kind: str) -> BeforeValidator:
    words = tuple(known)

    def check(given: object) -> object:
        if given not in words:
            raise nearest(given, words, kind)
        return given

    return BeforeValidator(check)


Action = Annotated[Rung, BeforeValidator(rung_of)]
ReasonWord = Annotated[Reason, _one_of(get_args(Reason), "reason")]
Severities = Annotated[frozenset[str], _among(get_args(Severity), "severity")]
Families = Annotated[frozenset[str], _among(FAMILIES, "family")]
Origins = Annotated[frozenset[str], _among([word for word in get_args(Origin) if word != "person"], "origin")]
Lookalikes = Annotated[frozenset[str], _among(LOOKALIKES, "look-alike")]


class Span(Part):
    """A condition on a number: from `least` on, up to `most`, both included."""

    least: float = float("-inf")
    most: float = float("inf")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.least > self.most:
            raise ValueError("least is above most: no number fits")
        return self

    def holds(self, value: float) -> bool:
        """Whether a number is within."""
        return self.least <= value <= self.most

    def covers(self, other: "Span") -> bool:
        """Whether whatever fits the other fits this one."""
        return self.least <= other.least and other.most <= self.most


class Rule(Part):
    """Conditions, all of which must hold, and the rung that they lead to."""

    name: str
    then: Action
    reason: ReasonWord = "coordinated_extraction"
    severity: Severities | None = Field(default=None, description="one of these")
    origin: Origins | None = Field(default=None, description="whose evidence: own, imported, both")
    family: Families | None = Field(default=None, description="one of these speaks, independently of the others")
    lookalike: Lookalikes | None = Field(default=None, description="one of these innocent explanations fits")
    plan: frozenset[str] | None = Field(default=None, min_length=1, description="the account's, one of these")
    families: Span | None = Field(default=None, description="how many independent families speak")
    accounts: Span | None = Field(default=None, description="how many accounts the campaign has")
    bits: Span | None = Field(default=None, description="log2 odds that it is a campaign")
    account_bits: Span | None = Field(default=None, description="how surely the account belongs")
    account_age_days: Span | None = Field(default=None, description="days since the account signed up")
    evidence_age_days: Span | None = Field(default=None, description="days since its last request")

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """By name, a set of words or a span."""
        given = {name: getattr(self, name) for name in _CONDITIONS}
        return {name: condition for name, condition in given.items() if condition is not None}

    def fits(self, case: Case) -> bool:
        """Whether all conditions hold; one on something unknown does not."""
        return all(_holds(condition, getattr(case, name)) for name, condition in self.conditions.items())

    def covers(self, other: "Rule") -> bool:
        """Whether every case that fits the other fits this one, too."""
        theirs = other.conditions
        return all(name in theirs and _covers(own, theirs[name]) for name, own in self.conditions.items())


_CONDITIONS = tuple(name for name in Rule.model_fields if name not in {"name", "then", "reason"})


def _holds(condition: Any, value: Any) -> bool:  # noqa: ANN401 — a condition has the type that its name says
    if value is None:
        return False
    if isinstance(condition, Span):
        return condition.holds(value)
    return bool(condition & value) if isinstance(value, frozenset) else value in condition


def _covers(own: Any, other: Any) -> bool:  # noqa: ANN401
    return bool(own.covers(other)) if isinstance(own, Span) else bool(own >= other)


class Table:
    """Rules in order; satisfies `Decider`."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules

    def decide(self, case: Case) -> Choice | None:
        """What the first rule that fits leads to."""
        rule = next((rule for rule in self.rules if rule.fits(case)), None)
        return Choice(rule.then, rule.name, rule.reason) if rule else None
