"""When a campaign could first have been seen.

With the accounts as they are known at the end, the score is computed again on what they had done by each of a number
of moments. The first at which it passes the line is `crossed_at`. That is hindsight as to who belongs; what a scan
would have found at a moment is told by `scan --until`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.footage import Footage
from stillwatch.campaigns.population import Population, build
from stillwatch.campaigns.selection import passing_score
from stillwatch.config import ScanConfig
from stillwatch.profiles.accounts import Profiles, merge, zero

I64 = npt.NDArray[np.int64]

OTHERS = 2048  # accounts that stand for everybody else
MOMENTS = 32


def moments(start: int, end: int) -> I64:
    """The moments at which campaigns are looked at, µs since 1970: closer together at the beginning."""
    share = (np.arange(1, MOMENTS + 1) / (MOMENTS + 1)) ** 1.5
    return np.unique(start + (share * (end - start)).astype(np.int64))


def crossings(
    population: Population, accounts: pa.Table | None, members: list[I64], footage: Footage, settings: ScanConfig
) -> list[int | None]:
    """For each campaign (rows of its members) the first cut of the footage at which it passes the line, if it does.

    Found by bisection: evidence grows with what is done.
    """
    others = (
        np.setdiff1d(np.flatnonzero(population.drawn), np.concatenate(members)) if members else np.zeros(0, np.int64)
    )
    others = others[:: max(1, len(others) // OTHERS)]
    background = population.profiles.taken(others)
    so_far = list(_so_far(footage.slices))
    n = len(footage.cuts)

    @cache
    def at(cut: int) -> Population:
        return build(merge(background, so_far[cut]), accounts, population.known.signals)

    def first(who: pa.StringArray) -> int | None:
        cut = bisect_left(range(n), True, key=lambda cut: _passes(at(cut), who, settings))
        return cut if cut < n else None

    return [first(population.profiles.ids.take(pa.array(rows))) for rows in members]


def _so_far(slices: list[Profiles]) -> Iterator[Profiles]:
    """What was done before each cut."""
    done = zero()
    for part in slices[:-1]:
        done = merge(done, part)
        yield done


def _passes(population: Population, who: pa.StringArray, settings: ScanConfig) -> bool:
    return passing_score(Cluster(population, population.rows(who)), settings) is not None
