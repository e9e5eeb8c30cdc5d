"""One operator or two: clusters are taken apart and put together by what they share.

Two clusters are one campaign if strangers in the one hold the same cards, domains or conversations as strangers in the
other, far beyond chance. One cluster is two campaigns if its accounts ask for two different things and nothing but that
resemblance holds the halves together.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import surprise_of_many
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.population import Population

I64 = npt.NDArray[np.int64]

LINKED = 6.0  # bits of surprise at what two clusters share
APART = 0.75  # halves are apart if accounts of one are so much less like the other's than like their own
LEAST = 3
COMMON = 30  # what more hold is nobody's in particular


def linked(one: Cluster, other: Cluster) -> bool:
    """Whether two disjoint clusters share more than chance would have them share."""
    surprise, size = 0.0, max(1, len(one.population))
    for name in ("payment", "mail_domain", "turn"):
        keys = one.population.keys[name]
        a, b = one.holding_parties(keys), other.holding_parties(keys)
        rare = keys.degree - one.holders(keys) - other.holders(keys) <= COMMON
        both = int(((a > 0) & (b > 0) & rare).sum())
        chance = (keys.degree * one.parties / size).clip(max=1) * (keys.degree * other.parties / size).clip(max=1)
        by_chance = 1.5 * float(chance[rare].sum()) + 0.25
        surprise = max(surprise, surprise_of_many(both, by_chance))
    return surprise >= LINKED


def halves(cluster: Cluster) -> tuple[I64, I64] | None:
    """The two groups (rows) that a cluster falls into, if their contents are apart and nothing else links them."""
    if len(cluster) < 2 * LEAST:
        return None
    directions = cluster.population.contents.directions(cluster.rows).astype(np.float64)
    side = _two_sides(directions)
    if min(side.sum(), (~side).sum()) < LEAST or not _are_apart(directions[side], directions[~side]):
        return None
    one, other = (Cluster(cluster.population, cluster.rows[s]) for s in (side, ~side))
    return None if linked(one, other) else (one.rows, other.rows)


def _two_sides(directions: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Spherical 2-means, begun on the sides of the main axis of variation; deterministic."""
    centred = directions - directions.mean(0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    side = centred @ axis > 0
    for _ in range(10):
        if side.all() or not side.any():
            break
        moved = directions @ (_unit(directions[side].sum(0)) - _unit(directions[~side].sum(0))) > 0
        if np.array_equal(moved, side):
            break
        side = moved
    return side


def _are_apart(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    across = float((one.mean(0) * other.mean(0)).sum())
    within = min(_mean_cosine(one), _mean_cosine(other))
    return across < APART * within


def _mean_cosine(directions: npt.NDArray[np.float64]) -> float:
    """Mean cosine of distinct pairs of unit vectors."""
    n = len(directions)
    total = directions.sum(0)
    return float((total @ total - n) / (n * (n - 1)))


def _unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def joined(population: Population, clusters: list[I64]) -> list[list[int]]:
    """Which clusters (row arrays, disjoint) belong together: lists of indices."""
    made = [Cluster(population, rows) for rows in clusters]
    group = list(range(len(made)))
    for i in range(len(made)):
        for j in range(i):
            if group[i] != group[j] and linked(made[i], made[j]):
                group = [group[j] if g == group[i] else g for g in group]
    return [[i for i, g in enumerate(group) if g == k] for k in sorted(set(group))]
