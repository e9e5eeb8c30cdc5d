"""The test of window masses: of what a suspect writes after a window, how much is on the key's green list.

    masses = gather(tokens, scheme.width)
    result = test("masses", "a model", masses, scheme, keys, least=1000, wrong_keys=300, seed=0)

Where the same windows come up often, a model shows more than one token for each. The mean mass of a window over its n
occurrences counts with the weight sqrt(n), which is what its spread would have it be; each pair of a window and a token
is still drawn once by the key. Neither this statistic nor that of unique pairs is always the stronger one: whoever
plans both adjusts for both.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from stillwatch.errors import ConfigError
from stillwatch.forensics.model import Ids, Key, Scheme, Scores, TestResult, Tokens
from stillwatch.forensics.radioactivity import null
from stillwatch.forensics.radioactivity.judging import Sum, judged
from stillwatch.forensics.radioactivity.statistics import LOG10_P, needed
from stillwatch.forensics.schemes.laws import Binomial
from stillwatch.forensics.text.windows import MOST, Gathering, Only, hashed

_STEP = 0.5  # half of what a window that was seen once adds: a sum of steps exceeds its smooth approximation by as much
_NEAR = 1e-3  # standard deviations from the mean, within which the saddlepoint formula cancels
_SURE = -30.0  # standard deviations below the mean, where any larger sum is certain


@dataclass(frozen=True)
class Masses:
    """What a suspect wrote after each window, and how often.

    Attributes:
        windows: (n, width): of pairs of a window and a token, each pair once.
        tokens: (n,).
        weights: (n,): the share of the window's occurrences that this token followed, times the root of their number.
        count: how many windows there are.
        left_out: how many tokens were not kept, by why.
    """

    windows: Ids
    tokens: Ids
    weights: Scores
    count: int
    left_out: tuple[tuple[str, int], ...] = ()


def gather(
    tokens: Iterable[Tokens], width: int, *, most: int = MOST, history: int | None = None, only: Only | None = None
) -> Masses:
    """The masses of all windows that do not stand in an answer's own prompt; as `text.windows.gather`."""
    gathering = Gathering(width, "pair", most=most)
    for each in tokens:
        gathering.read(each, history, only)
    pairs = gathering.occurrences()
    names, window = np.unique(hashed(pairs.windows), return_inverse=True)
    seen = np.bincount(window, pairs.counts, minlength=len(names))
    left_out = tuple((why, count) for why, count in gathering.left_out if why != "repeated")  # it counts here
    return Masses(pairs.windows, pairs.tokens, pairs.counts / np.sqrt(seen[window]), len(names), left_out)


def test(  # noqa: PLR0913 -- what a plan fixes
    name: str,
    subject: str,
    masses: Masses,
    scheme: Scheme,
    keys: Sequence[Key],
    *,
    least: int,
    wrong_keys: int,
    seed: int,
    log10_alpha: float = LOG10_P,  # noqa: PT028 -- no test of pytest's
) -> TestResult:
    """What several keys say of the masses.

    Args:
        name: the test's, in the plan.
        subject: who is tested; a blind label until the results are unsealed.
        masses: that were gathered.
        scheme: by which answers were marked; one with a green list.
        keys: that are tested.
        least: windows below which there is no result, but a problem.
        wrong_keys: how many keys are drawn for the null.
        seed: of that draw.
        log10_alpha: what p of one key is to reach, for the number of windows that are needed.

    Raises:
        ConfigError: the test has no keys, or its scheme no green list.
    """
    gamma = _gamma(scheme, name)
    whole = Tail(masses.weights, gamma)

    def score(key: int) -> Sum:
        scores = scheme.scores(key, masses.windows, masses.tokens)
        total = float(np.nansum(scores * masses.weights))  # not by BLAS, whose threads cost more than they do here
        new = ~np.isnan(scores)
        tail = whole if new.all() else Tail(masses.weights[new], gamma)
        return Sum(masses.count, total, tail.expected, tail.log10(total))

    more = needed(scheme, log10_p=log10_alpha)
    result = TestResult(
        name, "mass", subject, scheme.name, "window", masses.count, more, (), null.NONE, masses.left_out
    )
    return judged(result, score, keys, least=least, wrong_keys=wrong_keys, seed=seed)


def _gamma(scheme: Scheme, name: str) -> float:
    if not isinstance(scheme.law, Binomial):
        raise ConfigError(
            f"A test of masses needs a green list, and {scheme.name} has none.",
            where=f"test {name}",
            hint="Use the kind `closed` or `reading`.",
        )
    return scheme.law.gamma


class Tail:
    """The tail of a weighted sum of independent green tokens, by Lugannani and Rice's saddlepoint formula (1980).

    It goes as deep as the sums do, where drawing K keys at random ends at 1 / (K + 1). Half a step is taken off the sum
    before, so that it errs towards innocence.

    Args:
        weights: of each pair.
        gamma: the probability that a pair is green.
    """

    def __init__(self, weights: Scores, gamma: float) -> None:
        self._weights, counts = np.unique(weights, return_counts=True)
        self._counts, self._gamma = counts.astype(np.float64), gamma
        self.expected = gamma * float(self._weights @ self._counts)

    def log10(self, total: float) -> float:
        """log10 of the probability of this sum or a larger one."""
        total -= _STEP
        if total <= 0:
            return 0.0
        at = self._saddlepoint(total)
        w = math.copysign(math.sqrt(max(0.0, 2 * (at * total - self._cumulant(at)))), at)
        if w < _SURE:
            return 0.0
        correction = 1 / (at * math.sqrt(self._variance(at))) - 1 / w if abs(w) > _NEAR else self._limit()
        mills = math.sqrt(math.pi / 2) * float(special.erfcx(w / math.sqrt(2)))
        return min(0.0, (math.log((mills + correction) / math.sqrt(2 * math.pi)) - w * w / 2) / math.log(10))

    def _saddlepoint(self, total: float) -> float:
        """Where the slope of the cumulant function is the sum: the tilt under which the sum would be expected."""
        far = 1.0 if total > self.expected else -1.0
        while (self._slope(far) - total) * far < 0:
            far *= 2
        return float(optimize.brentq(lambda at: self._slope(at) - total, 0.0, far, xtol=1e-14, rtol=1e-14))

    def _cumulant(self, at: float) -> float:
        log_moments = np.logaddexp(math.log1p(-self._gamma), math.log(self._gamma) + at * self._weights)
        return float(self._counts @ log_moments)

    def _tilted(self, at: float) -> Scores:
        return np.asarray(special.expit(at * self._weights + special.logit(self._gamma)))

    def _slope(self, at: float) -> float:
        return float((self._counts * self._weights) @ self._tilted(at))

    def _variance(self, at: float) -> float:
        q = self._tilted(at)
        return float((self._counts * self._weights**2) @ (q * (1 - q)))

    def _limit(self) -> float:
        """The correction at the mean, where the formula cancels: a sixth of the skewness, negative."""
        third = float(self._counts @ self._weights**3) * self._gamma * (1 - self._gamma) * (1 - 2 * self._gamma)
        return -third / 6 / math.pow(self._variance(0.0), 1.5)
