"""The statistics of forensic tests: several tests at once, intervals, and how much text a test needs.

    holm([-9.2, -0.4])                   # log10 p, adjusted for both
    holm_results(results)                # for all keys of all tests of a subject
    clopper_pearson(14, 20)              # an interval for a share
    binomial_interval(200, 0.01)         # how many false alarms of 200 are still as promised

Probabilities are log10 throughout; the exact tails are those of the schemes' laws (`schemes.laws`).
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from stillwatch.forensics.model import Scheme, TestResult
from stillwatch.forensics.schemes.laws import log10_binomial_tail, log10_gamma_tail

__all__ = [
    "binomial_interval",
    "clopper_pearson",
    "holm",
    "holm_results",
    "log10_binomial_tail",
    "log10_gamma_tail",
    "needed",
]

#: What a test is planned to find, unless told otherwise: scores that lie 5 % above chance (about what 5 % of marked
#: training text do to a green list: 0.263 where 0.25 is expected), with p < 1e-6, in nine of ten cases.
EXCESS, LOG10_P, POWER = 0.05, -6.0, 0.9


def holm(log10_ps: Sequence[float]) -> list[float]:
    """Adjusts p-values of tests that were made together (Holm 1979, "A simple sequentially rejective procedure").

    Args:
        log10_ps: of each test.

    Returns:
        The adjusted log10 p of each, in the same order: what is below log10 alpha is rejected with a probability of at
        most alpha of any false rejection, however the tests depend on each other.
    """
    if not log10_ps:
        return []
    given = np.asarray(log10_ps, float)
    order = np.argsort(given)
    steps = given[order] + np.log10(np.arange(len(given), 0, -1))
    adjusted = np.empty(len(given))
    adjusted[order] = np.minimum(0.0, np.maximum.accumulate(steps))
    return [float(each) for each in adjusted]


def holm_results(results: Sequence[TestResult]) -> tuple[TestResult, ...]:
    """Adjusts the keys of all tests of a plan, for each subject by itself.

    Returns:
        The results in the same order; what a result without keys says stays as it is.
    """
    by_subject = defaultdict[str, list[float]](list)
    for result in results:
        by_subject[result.subject] += [each.log10_p for each in result.keys]
    adjusted = {subject: iter(holm(log10_ps)) for subject, log10_ps in by_subject.items()}
    return tuple(
        replace(result, keys=tuple(replace(each, log10_p_holm=next(adjusted[result.subject])) for each in result.keys))
        for result in results
    )


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval for a probability of which k of n trials showed (Clopper and Pearson 1934)."""
    if n == 0:
        return 0.0, 1.0
    interval = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def binomial_interval(n: int, p: float, confidence: float = 0.95) -> tuple[int, int]:
    """How many of n trials of probability p succeed with this confidence: the least and the most."""
    least, most = stats.binom.interval(confidence, n, p)
    return int(least), int(most)


def needed(scheme: Scheme, excess: float = EXCESS, log10_p: float = LOG10_P, *, power: float = POWER) -> int:
    """How many scores a test needs to find a model whose mean score lies above what is expected.

    Args:
        scheme: whose scores.
        excess: of the mean score, relative to the mean that is expected: 0.05 for 0.2625 where 0.25 is.
        log10_p: that is to be reached.
        power: in which share of cases.

    Returns:
        The least number, to one in a thousand. The scores' variance is taken to be their mean, which is a little more
        than it is for green tokens and what it is for exponential scores.
    """
    mean = scheme.law.expected(1) * (1 + excess)
    spread = float(stats.norm.ppf(power)) * math.sqrt(mean)

    def reached(n: int) -> bool:
        return scheme.law.log10_tail(n * mean - spread * math.sqrt(n), n) <= log10_p

    high = 1
    while not reached(high):
        high *= 2
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
