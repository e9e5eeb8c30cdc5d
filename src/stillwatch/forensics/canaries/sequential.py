"""A test that may be looked at after every answer: a bet against the null, whose wealth is the evidence.

    seen = audit(matched, variants, alpha=1e-6, most=2000)       # alpha and most are planned before the first look
    seen.over                                                    # else ask for one choice more, and look again
    seen.log10_e, seen.log10_p

Under the null nobody makes money by betting, so that the wealth reaches 1/alpha with probability alpha at most, however
often one looks and whenever one stops (Ville 1939; Shafer, "Testing by betting", JRSS A 2021). The bet: the suspect
follows the key in a share s of its choices, with as much money on each s of a grid; the wealth is the mean of the
likelihood ratios (Robbins 1970; Waudby-Smith and Ramdas, JRSS B 2024).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from stillwatch.forensics.canaries.matches import LN10, Logs

#: Shares of choices in which a suspect may follow the key; fixed, as whoever chose them after looking would win always.
SHARES = np.array((0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9))


@dataclass(frozen=True)
class Audit:
    """All looks so far, until the line is reached or there are as many as was planned.

    Attributes:
        alpha: the error rate.
        most: looks after which it ends at the latest.
        looks: log10 of the e-value after each; every one is kept.
    """

    alpha: float
    most: int
    looks: tuple[float, ...]

    @property
    def log10_e(self) -> float:
        """log10 of the e-value now."""
        return self.looks[-1] if self.looks else 0.0

    @property
    def log10_p(self) -> float:
        """log10 of a p-value that holds at any time of stopping: one over the largest e-value so far."""
        return min(0.0, -max(self.looks, default=0.0))

    @property
    def reached(self) -> bool:
        """Whether the wealth has come to 1/alpha."""
        return self.log10_p <= float(np.log10(self.alpha))

    @property
    def over(self) -> bool:
        """Whether nothing more is asked; what is asked nevertheless does not count."""
        return self.reached or len(self.looks) >= self.most


def audit(matched: Sequence[bool], variants: Sequence[int], *, alpha: float, most: int) -> Audit:
    """Looks after every choice.

    Args:
        matched: whether the suspect chose as the key does, in the order of asking. Which slot is asked next may depend
            on all that was seen, but not on the key.
        variants: of each slot, how many it has.
        alpha: the error rate that was planned.
        most: looks that were planned.
    """
    looks = log10_e_values(matched[:most], variants[:most])
    there = np.flatnonzero(looks >= -np.log10(alpha))
    return Audit(alpha, most, tuple(looks[: there[0] + 1 if len(there) else None].tolist()))


def log10_e_values(matched: Sequence[bool], variants: Sequence[int]) -> Logs:
    """log10 of the wealth after each choice."""
    hits, null = np.asarray(matched, bool)[:, None], 1 / np.asarray(variants, float)[:, None]
    rate = null + SHARES * (1 - null)
    gains = np.where(hits, np.log(rate / null), np.log1p(-rate) - np.log1p(-null))
    return np.asarray(logsumexp(np.cumsum(gains, axis=0), axis=1) - np.log(len(SHARES)), np.float64) / LN10
