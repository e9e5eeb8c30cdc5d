"""The closed test: on what a suspect wrote, in our tokens.

    scorable = gather(tokens, scheme.width, "window")
    result = test("prose", "a model", scorable, scheme, keys, rule="window", least=1000, wrong_keys=300, seed=0)

Every window was fixed by the suspect before we looked; under a key that it never saw, the scores are independent and
have the scheme's law, whatever the model is (Sander et al. 2024, "Watermarking Makes Language Models Radioactive").
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from stillwatch.forensics.model import Key, Rule, Scheme, Scorable, TestResult
from stillwatch.forensics.radioactivity import null
from stillwatch.forensics.radioactivity.judging import Sum, judged
from stillwatch.forensics.radioactivity.statistics import LOG10_P, needed


def test(  # noqa: PLR0913 -- what a plan fixes
    name: str,
    subject: str,
    scorable: Scorable,
    scheme: Scheme,
    keys: Sequence[Key],
    *,
    kind: Literal["closed", "reading"] = "closed",  # noqa: PT028 -- no test of pytest's
    rule: Rule,
    least: int,
    wrong_keys: int,
    seed: int,
    log10_alpha: float = LOG10_P,  # noqa: PT028 -- no test of pytest's
) -> TestResult:
    """What several keys say of what was gathered.

    Args:
        name: the test's, in the plan.
        subject: who is tested; a blind label until the results are unsealed.
        scorable: of `gather`, or of `reading.gather`.
        scheme: by which answers were marked.
        keys: that are tested.
        kind: whether the suspect wrote it, or would have (`reading`); the same law holds.
        rule: by which it was gathered.
        least: scores below which there is no result, but a problem.
        wrong_keys: how many keys are drawn for the null.
        seed: of that draw.
        log10_alpha: what p of one key is to reach, for the number of scores that are needed.

    Raises:
        ConfigError: the test has no keys.
    """

    def score(key: int) -> Sum:
        scores = scheme.scores(key, scorable.windows, scorable.tokens)
        n, total = int(np.count_nonzero(~np.isnan(scores))), float(np.nansum(scores))
        return Sum(n, total, scheme.law.expected(n), scheme.law.log10_tail(total, n))

    n, more = len(scorable.tokens), needed(scheme, log10_p=log10_alpha)
    result = TestResult(name, kind, subject, scheme.name, rule, n, more, (), null.NONE, scorable.left_out)
    return judged(result, score, keys, least=least, wrong_keys=wrong_keys, seed=seed)
