"""Keys that nobody used, on the same texts: what a false alarm looks like here.

    null = of_wrong_keys(lambda key: score(key).log10_p, count=300, seed=0, used={key.value for key in keys})

A test is exact by its law. Whether the law describes these texts, this tokenizer and this code is seen here: of keys
that marked nothing, no more than one in twenty may find p < 0.05.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import islice

import numpy as np
from scipy import stats

from stillwatch.forensics.model import Null

SPREAD = 0.25  # of -log10 p: what one bar of the picture is wide
NONE = Null(keys=0, share_05=0.0, share_01=0.0, ks_p=1.0)


def of_wrong_keys(log10_p: Callable[[int], float], *, count: int, seed: int, used: Collection[int] = ()) -> Null:
    """The distribution of p over keys drawn at random.

    Args:
        log10_p: of a key of 64 bits, on the texts that are tested.
        count: how many keys are drawn; 0 for none.
        seed: of the draw.
        used: keys that are tested, which are not drawn.
    """
    if count == 0:
        return NONE
    log10_ps = np.array([log10_p(key) for key in islice(_drawn(seed, used), count)])
    ps = 10**log10_ps
    return Null(
        keys=count,
        share_05=float(np.mean(ps < 0.05)),
        share_01=float(np.mean(ps < 0.01)),
        ks_p=float(stats.kstest(ps, "uniform").pvalue),
        spread=tuple(np.bincount((-log10_ps / SPREAD).astype(np.intp)).tolist()),
    )


def _drawn(seed: int, used: Collection[int]) -> Iterator[int]:
    rng = np.random.default_rng(seed)
    while True:
        key = int(rng.integers(1 << 64, dtype=np.uint64))
        if key not in used:
            yield key
