"""How far a policy may reach by itself: so many accounts an hour for each rung, then a person.

    room = Room.left(policy, standing, now)
    room.take(Rung.CAP)      # False: this one has to wait

Whatever is wrong with a policy, a detector or a log, nobody finds out by closing a thousand accounts overnight.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from stillwatch.response.model import Decision, Rung
from stillwatch.response.policy.policy import Policy

HOUR = timedelta(hours=1)


@dataclass
class Room:
    """How many accounts each rung may still touch in this hour; what observes touches nobody."""

    left: dict[Rung, int]

    @classmethod
    def of(cls, policy: Policy, standing: Iterable[Decision], now: datetime) -> "Room":
        """What the measures of the last hour that nobody signed leave."""
        taken = Counter(d.action for d in standing if d.scope == "account" and d.by is None and d.since > now - HOUR)
        return cls({rung: table.accounts_an_hour - taken[rung] for rung, table in policy.rungs.items()})

    def take(self, rung: Rung) -> bool:
        """Whether there was room for one more account, which is then taken."""
        if rung == Rung.OBSERVE:
            return True
        if self.left[rung] < 1:
            return False
        self.left[rung] -= 1
        return True
