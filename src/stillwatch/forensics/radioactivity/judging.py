"""From the sums of scores under several keys to a result: adjusted for all keys, beside the null of wrong keys.

judged(blank, score, keys, wrong_keys=300, seed=0)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stillwatch.errors import ConfigError
from stillwatch.forensics.model import Key, KeyResult, TestResult
from stillwatch.forensics.radioactivity import null
from stillwatch.forensics.radioactivity.statistics import EXCESS, holm


@dataclass(frozen=True)
class Sum:
    """The sum of all scores under one key.

    Attributes:
        n: how many scores it has.
        total: the sum.
        expected: of a model that never saw what was keyed.
        log10_p: log10 of the probability of this sum or a larger one, if the model never saw what was keyed.
    """

    n: int
    total: float
    expected: float
    log10_p: float


def judged(  # noqa: PLR0913 -- what a plan fixes
    result: TestResult,
    score: Callable[[int], Sum],
    keys: Sequence[Key],
    *,
    least: int,
    wrong_keys: int,
    seed: int,
) -> TestResult:
    """Fills in what each key says; or why there is no result.

    Args:
        result: on how much it rests; no key is judged yet.
        score: of a key of 64 bits, the sum of all scores.
        keys: that are tested.
        least: how many scores there must be.
        wrong_keys: how many keys are drawn for the null.
        seed: of that draw.

    Raises:
        ConfigError: the test has no keys.
    """
    if not keys:
        raise ConfigError("It has no keys to test with.", where=f"test {result.test}", hint="Name them in the plan.")
    sums = [score(key.value) for key in keys] if result.n >= least else []
    fewest = min((each.n for each in sums), default=result.n)  # not every key draws anew for every window
    if fewest < least:
        return _without(replace(result, n=fewest), least)
    adjusted = holm([each.log10_p for each in sums])
    told = tuple(
        KeyResult(key.id, key.campaign, each.n, each.total, each.expected, each.log10_p, p_holm)
        for key, each, p_holm in zip(keys, sums, adjusted, strict=True)
    )
    used = {key.value for key in keys}
    found = null.of_wrong_keys(lambda key: score(key).log10_p, count=wrong_keys, seed=seed, used=used)
    return replace(result, keys=told, null=found)


def _without(result: TestResult, least: int) -> TestResult:
    says = (
        f"{result.n:,} of the text's windows can be scored, and the plan asks for {least:,}; a model whose scores lie"
        f" {EXCESS:.0%} above chance is found at the error rate of the plan from about {result.needed:,} on."
    )
    repeated = dict(result.left_out).get("repeated", 0)
    if repeated > result.n:
        says += f" The text repeats itself: {repeated:,} windows were left out because they had been counted."
    return replace(result, problem=says)
