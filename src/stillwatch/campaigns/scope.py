"""Who is looked at: everybody, or those who did something new since they were looked at.

    judge(people, accounts, settings, engine)                                             # everybody
    judge(people, accounts, settings, engine, scope=lambda everybody: Scope(known, among))

Whoever is not asked about still counts: as background, as a member of a cluster that others suggest, and as a member of
those that were found before.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scope:
    """What a judgement looks at.

    Attributes:
        known: clusters (account ids) that were found before: what these have become is looked at in any case.
        among: accounts (`signed_up.key_of`, ascending) of whom every view is asked; None: of everybody.
    """

    known: Sequence[Collection[str]] = ()
    among: I64 | None = None

    @classmethod
    def of_known(cls, known: Sequence[Collection[str]]) -> "Scope":
        """Only what these clusters have become."""
        return cls(known, np.zeros(0, np.int64))

    @property
    def asks(self) -> bool:
        """Whether any view is asked of anybody."""
        return self.among is None or len(self.among) > 0

    def rows(self, key: I64) -> I64:
        """Where those stand of whom views are asked, among these accounts."""
        return np.arange(len(key)) if self.among is None else np.flatnonzero(np.isin(key, self.among))
