"""Calendar months in UTC, as `2026-10`, and their quarters, as `2026Q4`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from stillwatch.errors import ConfigError
from stillwatch.indicators import timestamps

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


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
        found = _MONTH.fullmatch(text)
        if not found or not 1970 <= int(found[1]) <= 9998:
            raise ConfigError("That is no month such as 2026-10.", where="month")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

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
