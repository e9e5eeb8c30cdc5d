"""Calendar months in UTC, as `2026-10`, and quarters, as `2026Q4`: what a report is about.

period("2026-10")       # Month(2026, 10)
period("2026Q4")        # Quarter(2026, 4), whose budget the reports on its months spend, too
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from stillwatch.errors import ConfigError
from stillwatch.indicators import timestamps

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"([0-9]{4})Q([1-4])")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month."""

    year: int
    number: int  # 1 to 12

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def months(self) -> int:
        """How many months it has."""
        return 1

    @property
    def quarter(self) -> str:
        """The quarter that it belongs to."""
        return f"{self.year:04}Q{(self.number + 2) // 3}"

    @property
    def start(self) -> int:
        """Its first microsecond since 1970."""
        return timestamps.of(datetime(self.year, self.number, 1, tzinfo=UTC))

    @property
    def end(self) -> int:
        """The first microsecond after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1).start


@dataclass(frozen=True, order=True)
class Quarter:
    """Three calendar months."""

    year: int
    number: int  # 1 to 4

    def __str__(self) -> str:
        return f"{self.year:04}Q{self.number}"

    @property
    def months(self) -> int:
        """How many months it has."""
        return 3

    @property
    def quarter(self) -> str:
        """Itself, as text."""
        return str(self)

    @property
    def start(self) -> int:
        """Its first microsecond since 1970."""
        return Month(self.year, 3 * self.number - 2).start

    @property
    def end(self) -> int:
        """The first microsecond after it."""
        return Month(self.year, 3 * self.number).end


Period = Month | Quarter


def period(text: str) -> Period:
    """Reads either.

    Raises:
        ConfigError: it is neither, or not from 1970 to 9998.
    """
    for pattern, kind in ((_MONTH, Month), (_QUARTER, Quarter)):
        found = pattern.fullmatch(text)
        if found and 1970 <= int(found[1]) <= 9998:
            return kind(int(found[1]), int(found[2]))
    raise ConfigError("That is no month such as 2026-10 and no quarter such as 2026Q4.", where="period")
