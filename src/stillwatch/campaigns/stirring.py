"""Who is looked at anew by a scan that goes on: those who are new, or asked so much more that they may look different.

    looking = Looking(before, way, growth=0.05, whole_days=7)
    found = judge(people, accounts, settings, engine, scope=looking.scope)
    looking.after(named)                                   # for the next scan

What nobody of did anything worth mentioning looks as it did. So what a campaign takes before it is looked at again is
bounded by the growth, and by the days after which everybody is looked at in any case: neighbours may have come whom
only the whole shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stillwatch.campaigns.census import Census
from stillwatch.campaigns.scope import Scope
from stillwatch.profiles.store.looked import About, Looked

_DAY = 86_400 * 10**6
_EARLY = _DAY // 2  # whoever scans at night does not do so at the same minute, nor does a log end at it


@dataclass
class Looking:
    """One look at everybody or at some.

    Attributes:
        before: what the last one looked at; None where nobody can say.
        way: what decides how is looked (`About.way`); what was looked at otherwise counts as never looked at.
        growth: share by which an account's requests must have grown; 0: everybody is looked at each time.
        whole_days: days of the log after which everybody is looked at.
        asked: who is looked at, once that is known.
    """

    before: Looked | None
    way: str
    growth: float
    whole_days: int
    asked: Scope = field(default_factory=Scope)
    _everybody: Census = field(default_factory=Census)

    def scope(self, everybody: Census) -> Scope:
        """Whom this scan looks at."""
        self._everybody = everybody
        if self.before is not None and self._some(self.before):
            now, then = everybody.requests_of.astype(np.float64), self.before.of(everybody.keys).astype(np.float64)
            anew = (now - then >= self.growth * then) | (now < then)  # fewer, where something was forgotten
            self.asked = Scope(self.before.about.named, np.sort(everybody.keys[anew]))
        return self.asked

    def _some(self, before: Looked) -> bool:
        """Whether it is enough to look at some."""
        recently = self._everybody.last - before.about.whole < self.whole_days * _DAY - _EARLY
        return self.growth > 0 and before.about.way == self.way and recently

    def after(self, named: Sequence[Sequence[str]]) -> Looked:
        """What has been looked at now, and the clusters (account ids) that were named."""
        keys, made, whole = self._everybody.keys, self._everybody.requests_of, self._everybody.last
        order = np.argsort(keys)
        keys, made = keys[order], made[order]
        if self.asked.among is not None and self.before is not None:
            made, whole = np.where(np.isin(keys, self.asked.among), made, self.before.of(keys)), self.before.about.whole
        return Looked(About(self.way, whole, tuple(tuple(ids) for ids in named)), keys, made)
