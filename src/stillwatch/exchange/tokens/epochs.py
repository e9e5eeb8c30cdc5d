"""A key lives for a quarter of a year and is readable for one more: `2026Q4`.

`Epoch.at(now)` is the one in which tokens are made; those of `Epoch.previous` can still be made, so that what was
published on the last day of a quarter can be matched; those before cannot, for their keys are destroyed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_WRITTEN = re.compile(r"(?P<year>[1-9][0-9]{3})Q(?P<quarter>[1-4])", re.ASCII)


@dataclass(frozen=True, order=True)
class Epoch:
    """A quarter of a year, in UTC."""

    year: int
    quarter: int  # 1 to 4

    @classmethod
    def at(cls, moment: datetime) -> Self:
        """The quarter that a moment is in."""
        day = moment.astimezone(UTC)
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `2026Q4`.

        Raises:
            ValueError: something else.
        """
        if not (found := _WRITTEN.fullmatch(text)):
            raise ValueError("an epoch is a year and a quarter, 2026Q4")
        return cls(int(found["year"]), int(found["quarter"]))

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter}"

    @property
    def previous(self) -> "Epoch":
        """The quarter before."""
        return Epoch(self.year - (self.quarter == 1), (self.quarter - 2) % 4 + 1)

    @property
    def next(self) -> "Epoch":
        """The quarter after."""
        return Epoch(self.year + (self.quarter == 4), self.quarter % 4 + 1)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, 3 * self.quarter - 2, 1, tzinfo=UTC)

    @property
    def readable_until(self) -> datetime:
        """When its key is destroyed: at the end of the quarter after."""
        return self.next.next.start


def readable(now: datetime) -> tuple[Epoch, Epoch]:
    """The epochs for which tokens are made: this quarter and the last."""
    current = Epoch.at(now)
    return current, current.previous
