"""What the accounts ask for together, against what everybody else asks for.

Sees: accounts that work on one list, although no two requests are alike and nothing is wrapped round them.
Misses: relayed customers' questions, which are what everybody asks; very few requests an account.
Innocent and alike: everybody with one interest or in one script (they are many, and the measure is how many others come
as near), jobs over one public benchmark.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import clip, median
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence

F32 = npt.NDArray[np.float32]

SELECTION = 4.0  # bits: clusters were looked for, so the best of many is nothing special
LEAST = 0.25  # below, accounts have no subject in common, only a leaning
NEAR = 0.75  # an island has empty water round it; a cut through a continent has neighbours just beyond the border


def _near(cluster: Cluster) -> F32:
    """How near outsiders come to the cluster's contents."""
    sample, directions = cluster.population.sample
    near: F32 = directions @ cluster.centre.astype(np.float32)
    return near[cluster.outside[sample]]


def _bits(theirs: F32, least: float) -> float:
    """Of how few outsiders come so near."""
    return float(-np.log2((1 + (theirs >= least).sum()) / (1 + len(theirs)))) - SELECTION


def leaning(cluster: Cluster) -> float:
    """Bits of how few outsiders come as near as half of the members do: a first look, any cut of a crowd may pass."""
    return _bits(_near(cluster), median(cluster.own_cosines))


def weigh(cluster: Cluster) -> Evidence:
    """Bits of how few outsiders come three quarters as near to the cluster's contents as its own members do."""
    own, theirs = median(cluster.own_cosines), _near(cluster)
    least, usual = NEAR * own, median(theirs) if len(theirs) else 0.0
    says = (
        f"Half of these accounts ask for things as close to one another as {own:.2f} (1 is the same); "
        f"{(theirs >= least).sum()} of {len(theirs):,} other accounts come three quarters as close."
    )
    bits = clip(_bits(theirs, least) if own > LEAST else -SELECTION, -SELECTION, 8)
    return Evidence("content", "one_subject", bits, round(own, 3), round(usual, 3), "AML.T0040", says)
