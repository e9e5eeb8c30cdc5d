"""How many choices a test needs.

    needed(2, 0.6, log10_alpha=-6, power=0.9)        # 915

A model that follows the key in a share s of slots, and guesses in the others, matches at the rate 1/n + s(1 - 1/n).
"""

import numpy as np
from scipy.stats import binom, norm

from stillwatch.errors import InputError

MOST = 50_000_000  # choices that nobody will ever have asked for
_LEAST_LOG10 = -300.0  # doubles hold tails down to here


def match_rate(n: int, share: float) -> float:
    """The rate of matches of a model that follows the key in a share of slots."""
    return 1 / n + share * (1 - 1 / n)


def power(n: int, rate: float, choices: int, log10_alpha: float) -> float:
    """The probability that so many choices of a model with this rate of matches give p below alpha."""
    return float(_power(np.array([choices]), 1 / n, rate, 10**log10_alpha)[0])


def needed(n: int, rate: float, *, log10_alpha: float, power: float = 0.9) -> int:
    """The least number of choices from which on the power is reached.

    Args:
        n: variants of a slot; where slots differ, the smallest.
        rate: of matches that is to be found; above 1/n.
        log10_alpha: log10 of the error rate, -300 at least. With k keys tested together, that of alpha/k.
        power: the probability of finding it.

    Raises:
        InputError: there is no such test, or it needs more choices than anybody will ask for.
    """
    if n < 2 or not 1 / n < rate <= 1 or not _LEAST_LOG10 <= log10_alpha < 0 or not 0 < power < 1:
        hint = "The rate lies between 1/n and 1, the power between 0 and 1, alpha between 1e-300 and 1."
        raise InputError("There is no such test of choices.", hint=hint)
    guess = _normal(1 / n, rate, log10_alpha, power)
    if guess > MOST:
        raise InputError(f"A rate of {rate:.4g} among {n} variants takes more choices than anybody will ask for.")
    # The exact power falls by a tooth wherever one more match is needed: near the normal guess, the last fall counts.
    span = np.arange(max(1, int(guess * 0.7) - 50), int(guess * 1.3) + 200)
    short = np.flatnonzero(_power(span, 1 / n, rate, 10**log10_alpha) < power)
    return int(span[short[-1] + 1]) if len(short) else int(span[0])


def _power(choices: np.ndarray, null: float, rate: float, alpha: float) -> np.ndarray:
    critical = binom.isf(alpha, choices, null) + 1  # P(X > isf) <= alpha
    return np.asarray(binom.sf(critical - 1, choices, rate))


def _normal(null: float, rate: float, log10_alpha: float, power: float) -> float:
    """By the normal approximation (Fleiss, Statistical Methods for Rates and Proportions, 1981, section 2.2)."""
    at_null = -norm.ppf(10**log10_alpha) * np.sqrt(null * (1 - null))
    at_rate = norm.ppf(power) * np.sqrt(rate * (1 - rate))
    return float(((at_null + at_rate) / (rate - null)) ** 2)
