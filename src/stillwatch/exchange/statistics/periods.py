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

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Reads `2026-10`.

        Raises:
            ConfigError: it is no month from 1970 to 9998.
        """
        return cls(*_read(_MONTH, text, "That is no month such as 2026-10."))

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

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        """Reads `2026Q4`.

        Raises:
            ConfigError: it is no quarter from 1970 to 9998.
        """
        return cls(*_read(_QUARTER, text, "That is no quarter such as 2026Q4."))

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
        ConfigError: it is neither.
    """
    return Quarter.parse(text) if "Q" in text else Month.parse(text)


def _read(pattern: re.Pattern[str], text: str, problem: str) -> tuple[int, int]:
    found = pattern.fullmatch(text)
    if not found or not 1970 <= int(found[1]) <= 9998:
        raise ConfigError(problem, where="period")
    return int(found[1]), int(found[2])
