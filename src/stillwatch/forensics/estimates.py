"""How large an effect is: rates with their intervals, and the share of keyed text that a result is compatible with.

    rate(result, result.keys[0])                         # .value, .low, .high, .chance
    keyed_share(result, {0.05: positive, 0.2: other})    # (low, high), or None where it cannot be told

A p tells that there is an effect, not how large it is: with enough text the smallest one has a tiny p.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose

import numpy as np
from scipy.stats import gamma

from stillwatch.forensics.model import KeyResult, TestResult
from stillwatch.forensics.radioactivity.statistics import clopper_pearson

CONFIDENCE = 0.95  # of all intervals


@dataclass(frozen=True)
class Rate:
    """A mean score and what it may be.

    Attributes:
        value: total by n: a share of green tokens or of matches, or a mean of exponential scores.
        low, high: ends of its interval.
        chance: what is expected of a model that never saw what was keyed.
    """

    value: float
    low: float
    high: float
    chance: float


def rate(result: TestResult, key: KeyResult) -> Rate | None:
    """The rate of one key; None where a mean says nothing (a weighted sum, a sum of ranks, or no score at all).

    Shares have the interval of Clopper and Pearson (1934). Sums of exponential scores are taken for gamma-distributed
    with an unknown scale, which is exact without a mark and close with a faint one.
    """
    if result.kind in ("mass", "rephrasings") or not key.n:
        return None
    tail = (1 - CONFIDENCE) / 2
    if isclose(key.expected, key.n):
        low, high = (key.total / float(gamma.ppf(each, key.n)) for each in (1 - tail, tail))
    else:
        low, high = clopper_pearson(round(key.total), key.n, CONFIDENCE)
    return Rate(key.total / key.n, low, high, key.expected / key.n)


def keyed_share(suspect: TestResult, positives: Mapping[float, TestResult]) -> tuple[float, float] | None:
    """What share of keyed text in the training a result is compatible with, as an interval.

    Between positive controls whose share is known, and chance at 0, rates are interpolated linearly. It holds as far
    as the suspect learns as they did.

    Args:
        suspect: its result.
        positives: results of the same test on models that were trained on keyed text, by its share.

    Returns:
        None with fewer than two such models, without rates, or where more keyed text gave a lower rate.
    """
    found, known = _strongest(suspect), {share: _strongest(each) for share, each in sorted(positives.items())}
    if found is None or len(known) < 2:
        return None
    curve = [(0.0, found.chance), *((share, each.value) for share, each in known.items() if each)]
    shares, rates = (np.asarray(each) for each in zip(*curve, strict=True))
    if len(curve) <= len(known) or np.any(np.diff(rates) <= 0):
        return None
    low, high = np.interp((found.low, found.high), rates, shares, right=1.0)
    return float(low), float(high)


def _strongest(result: TestResult) -> Rate | None:
    key = min(result.keys, key=lambda each: each.log10_p, default=None)
    return rate(result, key) if key else None
