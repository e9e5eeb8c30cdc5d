"""From what was found, and how, to a grade: lead, corroborated, shown at alpha.

    graded = grade(facts)
    graded.grade, graded.requirements        # each with whether it is met, and in words

Every requirement (`requirements`) is listed with every verdict, met or not: whoever reads it sees what is missing.
"""

from dataclasses import dataclass

from stillwatch.forensics.facts import Facts
from stillwatch.forensics.model import Grade, TestResult
from stillwatch.forensics.requirements import (
    CORROBORATES,
    Requirement,
    corroborates,
    is_lead,
    refuted,
    shows,
    without_test,
)


@dataclass(frozen=True)
class Graded:
    """A grade, and why.

    Attributes:
        grade: `none` says that nothing was shown; it never says that a model is innocent.
        test: the test that comes furthest, which the requirements are told of; "" where none has a result.
        requirements: of the way by a test, in order; all of them, met or not.
        instead: of the other way to `corroborated`, without a test.
    """

    grade: Grade
    test: str
    requirements: tuple[Requirement, ...]
    instead: tuple[Requirement, ...]


def grade(facts: Facts) -> Graded:
    """Grade what was found.

    Each test of the suspect is held against all requirements, and the one that comes furthest gives the grade: their p
    are adjusted for one another (Holm 1979), so that choosing among them is paid for. A signal that lacks what
    corroborates is a lead, unless the controls or the wrong keys refute the test.

    Args:
        facts: all that was found, by the subjects' names.
    """
    instead = tuple(without_test(facts))
    judged = [_Judged(facts, result) for result in facts.suspect if not result.problem and result.keys]
    best = max(judged, key=lambda each: each.rank, default=_Judged(facts, None))
    reached: Grade = best.grade
    if reached != "shown" and all(each.met for each in instead):
        reached = "corroborated"
    elif reached == "none" and any(is_lead(each) for each in facts.leads):
        reached = "lead"
    return Graded(reached, best.result.test if best.result else "", best.requirements, instead)


class _Judged:
    """One test of the suspect, or none, held against all requirements."""

    def __init__(self, facts: Facts, result: TestResult | None) -> None:
        self.result = result
        self.requirements = (*corroborates(facts, result), *shows(facts, result))
        unmet = {each.grade for each in self.requirements if not each.met}
        self.grade: Grade = self._signal(facts) if "corroborated" in unmet else "corroborated"
        if not unmet:
            self.grade = "shown"

    def _signal(self, facts: Facts) -> Grade:
        """Without a commitment or a plan it is a lead; refuted by controls or wrong keys it is nothing."""
        if self.result is None or self.result.log10_p >= CORROBORATES:
            return "none"
        return "none" if refuted(facts, self.result) else "lead"

    @property
    def rank(self) -> tuple[int, int, float]:
        """How far the test comes, to be compared."""
        place = ("none", "lead", "corroborated", "shown").index(self.grade)
        return place, sum(each.met for each in self.requirements), -(self.result.log10_p if self.result else 0.0)
