"""Who asked within the last days, in memory: what is judged.

    window = Window(journal, days=28, most=1_000_000)      # as of the journal
    window.absorb(profiles, journal.append(profiles, positions))
    window.expire()                                        # once a day it is folded anew, without the oldest day
    judge(window.ordered())

However many accounts come, no more than `most` are kept, some 1 KB each. Who asked least is forgotten first, and of
these who has been silent for longest; members of known campaigns last. The journal has them until their day is over.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.profiles.accounts import Profiles, zero
from stillwatch.watch.journal import Journal

ROOM = 8  # an eighth of the accounts goes at once, so that a flood costs a rebuilding for so many, not for each


class Window:
    """The profiles of the last days. Not for several threads, save `protect`.

    Args:
        journal: what is folded anew when a day is over.
        days: how long a request counts.
        most: accounts that are kept.

    Attributes:
        evicted: accounts that were forgotten for want of room as requests came.

    Raises:
        InputError: the journal is damaged.
    """

    def __init__(self, journal: Journal, *, days: int, most: int) -> None:
        self._journal, self._days, self._most = journal, days, most
        self.protect(account for campaign in journal.raised for account in campaign.accounts)
        self._profiles, self._held, self.evicted = zero(), set[date](), 0
        self._fold_anew()

    def __len__(self) -> int:
        return len(self._profiles)

    def absorb(self, profiles: Profiles, day: date) -> None:
        """Add what the journal has of a day."""
        self._held.add(day)
        self._add(profiles)

    def expire(self) -> bool:
        """Leave out days that are over; True where that changed anything."""
        since = self._since
        if self._held == {day for day in self._journal.days if day >= since}:
            return False
        self._fold_anew()
        self._journal.forget(since, self._days)
        return True

    def protect(self, members: Iterable[str]) -> None:
        """These are members of known campaigns, and forgotten last; from any thread."""
        self._members = pa.array(members, pa.string())

    def ordered(self) -> Profiles:
        """A copy, in the order of the account ids."""
        return self._profiles.ordered()

    @property
    def newest(self) -> float:
        """The time of the newest request, seconds since 1970; 0 where there is none."""
        return float(self._profiles["last"].max()) / 1e6 if len(self) else 0.0

    @property
    def _since(self) -> date:
        return self._journal.today - timedelta(days=self._days)

    def _fold_anew(self) -> None:
        self._profiles, self._held = zero(), set()  # first: never the old and the new beside each other
        since, evicted = self._since, self.evicted
        for _, profiles in self._journal.replay(since):
            self._add(profiles)
        self._held, self.evicted = {day for day in self._journal.days if day >= since}, evicted

    def _add(self, profiles: Profiles) -> None:
        self._profiles.absorb(profiles)
        if len(self._profiles) > self._most:
            self._evict(len(self._profiles) - self._most + self._most // ROOM)

    def _evict(self, number: int) -> None:
        kept = np.sort(self._by_worth()[number:])
        some, self._profiles = self._profiles.taken(kept), zero()
        self._profiles.absorb(some)
        self.evicted += number

    def _by_worth(self) -> npt.NDArray[np.int64]:
        """The rows, those to be forgotten first first."""
        members = pc.is_in(self._profiles.ids, value_set=self._members).to_numpy(zero_copy_only=False)
        return np.lexsort((self._profiles["last"], self._profiles["requests"], members))
