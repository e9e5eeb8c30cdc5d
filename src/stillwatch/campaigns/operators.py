"""One operator or two: clusters are taken apart and put together by what they share.

Two clusters are one campaign if strangers in the one hold the same cards, domains or conversations as strangers in the
other, far beyond chance. One cluster is two campaigns if its accounts ask for two different things and nothing but that
resemblance holds the halves together.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import surprise_of_many
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.population import Population

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

LINKED = 6.0  # bits of surprise at what two clusters share
APART = 0.8  # samples of one work list come out at 0.95 and more, different lists with one wrapper at 0.6
LEAST = 3
COMMON = 30  # what more hold is nobody's in particular


def linked(one: Cluster, other: Cluster) -> bool:
    """Whether two disjoint clusters share more than chance would have them share."""
    surprise, size = 0.0, one.population.accounts
    for name in ("payment", "mail_domain", "turn"):
        keys = one.population.keys[name]
        a, b = one.held(keys), other.held(keys)
        both, in_a, in_b = np.intersect1d(a.things, b.things, assume_unique=True, return_indices=True)
        rare = keys.degree[both] - a.members[in_a] - b.members[in_b]
        degrees, counts = keys.degrees
        few = degrees[degrees <= COMMON]
        chance = (few * one.parties / size).clip(max=1) * (few * other.parties / size).clip(max=1)
        by_chance = 1.5 * float((counts[degrees <= COMMON] * chance).sum()) + 0.25
        surprise = max(surprise, surprise_of_many(int((rare <= COMMON).sum()), by_chance))
    return surprise >= LINKED


def halves(cluster: Cluster, hints: Sequence[I64] = ()) -> tuple[I64, I64] | None:
    """The two groups (rows) that a cluster falls into, if their contents are apart and nothing else links them.

    Tried are the two sides of the main axis of its contents, and the `hints` (rows) that lie within it, largest first.
    """
    for side in _possible_sides(cluster, hints):
        if min(side.sum(), (~side).sum()) >= LEAST and affinity(cluster, side) < APART:
            own, other = (Cluster(cluster.population, cluster.rows[half]) for half in (side, ~side))
            if not linked(own, other):
                return own.rows, other.rows
    return None


def _possible_sides(cluster: Cluster, hints: Sequence[I64]) -> Iterator[Bool]:
    yield _main_sides(cluster)
    member = np.zeros(len(cluster.population), bool)
    member[cluster.rows] = True
    for rows in hints:
        if 0.9 * len(rows) <= member[rows].sum() < len(cluster):
            yield np.isin(cluster.rows, rows)


def affinity(cluster: Cluster, side: Bool) -> float:
    """Cosine of what two sides ask for, freed of the scatter of their accounts: 1 for two samples of one work list.

    Mean cosine across, over the geometric mean of the mean cosines within (Spearman 1904, correction for attenuation).
    """
    if min(side.sum(), (~side).sum()) < 2:
        return 1.0
    own = cluster.population.contents.directions(cluster.rows[side]).sum(0).astype(np.float64)
    other, n, m = cluster.sum_of_directions - own, int(side.sum()), int((~side).sum())
    within = ((own @ own - n) / (n * (n - 1))) * ((other @ other - m) / (m * (m - 1)))
    return float(own @ other / (n * m) / within**0.5) if within > 0 else 1.0


def _main_sides(cluster: Cluster) -> Bool:
    """Spherical 2-means, begun on the sides of the main axis of variation; deterministic."""
    directions = cluster.population.contents.directions(cluster.rows).astype(np.float64)
    centred = directions - directions.mean(0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    side = centred @ (axis * np.sign(axis[np.abs(axis).argmax()])) > 0
    for _ in range(10):
        if side.all() or not side.any():
            break
        moved = directions @ (_unit(directions[side].sum(0)) - _unit(directions[~side].sum(0))) > 0
        if np.array_equal(moved, side):
            break
        side = moved
    return side


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
