"""How often a contributor was right, in the eyes of others: a weight for each kind of signature.

Of each contributor and kind we keep Beta(a, b) over the share of its indicators that hold:

    a = 1 + (8 if the operator admitted it) + sum over the other members of their true positives
    b = 1 + sum over the other members of their false positives

The operator's admission, which follows a look at who it is and how it works, counts for eight true positives: without
any, nobody's first word could spare anybody anything, and with more, it would outweigh what members find.

An outcome counts by its age, `remaining(age, MEMORY)`, so that a member can recover and cannot rest on old merit. What
one member says of one contributor and kind counts for at most VOICE outcomes altogether, its true and false positives
scaled down alike: no single member makes or breaks a reputation. The weight is the lower 5 % bound of the posterior
(scipy.stats.beta): 0.05 of a stranger of whom nobody spoke, 0.55 after four true positives; 0.72 of one whom the
operator admitted, 0.61 after one false positive, 0.94 after forty true ones by ten.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from scipy.stats import beta

from stillwatch.exchange.trust.decay import DAY, remaining
from stillwatch.exchange.trust.statements import Claim, Outcome, Statement

PRIOR = 1.0  # of a and of b: nothing is known
ADMISSION = 8.0  # true positives that the operator's admission is worth
BOUND = 0.05
VOICE = 4.0  # outcomes
MEMORY = 365 * DAY  # twice the life of the longest-lived signature, and time to be reviewed


@dataclass(frozen=True)
class Reputation:
    """Beta(a, b) over the share of a contributor's indicators of one kind that hold."""

    a: float = PRIOR
    b: float = PRIOR

    @property
    def weight(self) -> float:
        """The share that it has at least, with 95 % certainty: 0 to 1."""
        return float(beta.ppf(BOUND, self.a, self.b))


def reputations(
    claims: Mapping[str, Claim], words: Iterable[Statement], now: int, *, admitted: Collection[str] = ()
) -> dict[tuple[str, str], Reputation]:
    """The reputation of each contributor for each kind of signature that it published.

    Args:
        claims: the indicators by id.
        words: the last word of each party that counts about each of these indicators that is not its own.
        now: the exchange's time, in microseconds.
        admitted: publishers whom the operator admitted.

    Returns:
        By (publisher, kind).
    """
    voices: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for word in words:
        if word.outcome is not Outcome.UNSURE:
            claim = claims[word.indicator]
            side = int(word.outcome is Outcome.FALSE_POSITIVE)
            voices[claim.publisher, claim.kind, word.teller][side] += remaining(now - word.time, MEMORY)
    sums = {
        (claim.publisher, claim.kind): [PRIOR + ADMISSION * (claim.publisher in admitted), PRIOR]
        for claim in claims.values()
    }
    for (publisher, kind, _), (right, wrong) in voices.items():
        scale = VOICE / max(VOICE, right + wrong)
        sums[publisher, kind][0] += right * scale
        sums[publisher, kind][1] += wrong * scale
    return {key: Reputation(a, b) for key, (a, b) in sums.items()}
