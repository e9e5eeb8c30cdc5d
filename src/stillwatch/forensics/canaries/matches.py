"""How many choices agree with a key that the model never saw: exact, for slots with any numbers of variants.

    log10_tail([2, 2, 4], 3)         # log10 of the probability of three matches or more

With one number of variants it is the binomial law; with several the sum of independent binomials (Poisson's), put
together in log space, so that nothing underflows.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

LN10 = float(np.log(10))

Logs = npt.NDArray[np.float64]


def log10_tail(variants: Iterable[int], matches: int) -> float:
    """log10 of the probability of so many matches or more.

    Args:
        variants: of each slot that was compared, how many variants it has.
        matches: how many agree with the key.
    """
    return min(float(logsumexp(log_pmf(variants)[matches:])) / LN10, 0.0)


def log_pmf(variants: Iterable[int]) -> Logs:
    """The natural logarithm of the probability of 0, 1, 2, ... matches; one more than there are slots."""
    return _log_pmf(tuple(sorted(Counter(int(n) for n in variants).items())))


@lru_cache(maxsize=8)  # the keys of a test mostly have the same slots
def _log_pmf(groups: tuple[tuple[int, int], ...]) -> Logs:
    total = np.zeros(1)
    for n, slots in groups:
        total = _convolved(total, _binomial(slots, 1 / n))
    total.setflags(write=False)
    return total


def _binomial(slots: int, p: float) -> Logs:
    k = np.arange(slots + 1)
    ways = gammaln(slots + 1) - gammaln(k + 1) - gammaln(slots - k + 1)
    return np.asarray(ways + k * np.log(p) + (slots - k) * np.log1p(-p), np.float64)


def _convolved(one: Logs, other: Logs) -> Logs:
    """The law of a sum, one term of the shorter at a time."""
    short, long = sorted((one, other), key=len)
    total = np.full(len(one) + len(other) - 1, -np.inf)
    for place, weight in enumerate(short):
        part = slice(place, place + len(long))
        total[part] = np.logaddexp(total[part], weight + long)
    return total
