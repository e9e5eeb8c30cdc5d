"""What was answered, and what it cost: the same question has one answer, and each quarter's budget is spent once.

The noise of an answer is drawn once. Whoever could draw it again and again would average it away.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from stillwatch.errors import PrivacyError
from stillwatch.exchange.statistics.months import Month

#: Of one report. Half a unit: no outsider's odds about one member change by more than a factor of 1.65.
EPSILON = 0.5
#: Of all that was published in one quarter, over all reports ever made of it.
BUDGET = 4.0


class Answer(BaseModel):
    """What was said of one topic in one month."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str
    month: str
    epsilon: float = Field(gt=0)
    within: int  # objects: 95 of 100 cells are off by no more
    cells: Mapping[str, str | None]  # orders of magnitude; None: fewer than three members


class Ledger(BaseModel):
    """All answers of one root."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: tuple[Answer, ...] = ()

    def found(self, topic: str, month: Month) -> Answer | None:
        """The answer that was given before, if one was."""
        asked = topic, str(month)
        return next((answer for answer in self.answers if (answer.topic, answer.month) == asked), None)

    def left(self, quarter: str) -> float:
        """What is left of a quarter's budget."""
        spent = (a.epsilon for a in self.answers if Month.parse(a.month).quarter == quarter)
        return BUDGET - sum(spent)

    def spend(self, answer: Answer) -> Self:
        """The ledger with one answer more.

        Raises:
            PrivacyError: the quarter's budget does not suffice.
        """
        quarter = Month.parse(answer.month).quarter
        if answer.epsilon > self.left(quarter):
            hint = "What was answered before is answered again; nothing new can be said of that quarter."
            raise PrivacyError("The privacy budget is spent.", where=quarter, hint=hint)
        return self.model_copy(update={"answers": (*self.answers, answer)})
