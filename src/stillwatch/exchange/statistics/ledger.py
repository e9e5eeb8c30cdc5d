"""What was answered, and what it cost: the same question has one answer, and each quarter's budget is spent once.

The noise of an answer is drawn once. Whoever could draw it again and again would average it away.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from stillwatch.errors import PrivacyError
from stillwatch.exchange.statistics.periods import Period, period

#: Of a report on one month. Half a unit: no outsider's odds about one member change by more than a factor of 1.65.
EPSILON = 0.5
#: Of a report on a quarter: its four topics are the quarter's whole budget, and each says more than three months do.
QUARTER_EPSILON = 1.0
#: Of all that was published in one quarter, over all reports ever made of it.
BUDGET = 4.0


class Answer(BaseModel):
    """What was said of one topic in one month or quarter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str
    period: str  # such as 2026-10 or 2026Q4
    epsilon: float = Field(gt=0)
    within: int  # objects: 95 of 100 cells are off by no more
    cells: Mapping[str, str | None]  # orders of magnitude; None: fewer than three members


class Ledger(BaseModel):
    """All answers of one root."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: tuple[Answer, ...] = ()

    def found(self, topic: str, about: Period) -> Answer | None:
        """The answer that was given before, if one was."""
        asked = topic, str(about)
        return next((answer for answer in self.answers if (answer.topic, answer.period) == asked), None)

    def left(self, quarter: str) -> float:
        """What is left of a quarter's budget."""
        spent = (a.epsilon for a in self.answers if period(a.period).quarter == quarter)
        return BUDGET - sum(spent)

    def spend(self, answer: Answer) -> Self:
        """The ledger with one answer more.

        Raises:
            PrivacyError: the quarter's budget does not suffice.
        """
        quarter = period(answer.period).quarter
        if answer.epsilon > self.left(quarter):
            hint = "What was answered before is answered again; nothing new can be said of that quarter."
            raise PrivacyError("The privacy budget is spent.", where=quarter, hint=hint)
        return self.model_copy(update={"answers": (*self.answers, answer)})
