"""What the accounts ask for together, against what everybody else asks for.

Sees: accounts that work on one list, although no two requests are alike and nothing is wrapped round them.
Misses: relayed customers' questions, which are what everybody asks; very few requests an account.
Innocent and alike: everybody with one interest or in one script (they are many, and the measure is how many others come
as near), jobs over one public benchmark.
"""

import numpy as np

from stillwatch.campaigns.bits import clip
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence

SELECTION = 4.0  # bits: clusters were looked for, so the best of many is nothing special
LEAST = 0.25  # below, accounts have no subject in common, only a leaning
NEAR = 0.75  # an island has empty water round it; a cut through a continent has neighbours just beyond the border


def _nearer(cluster: Cluster, least: float) -> tuple[int, int, float]:
    """How many of how many outsiders come as near to the cluster's contents as `least`; how near half of them come."""
    sample, directions = cluster.population.sample
    near = directions @ cluster.centre.astype(np.float32)
    theirs = near[~np.isin(sample, cluster.rows, assume_unique=True)]
    return int((theirs >= least).sum()), len(theirs), float(np.median(theirs)) if len(theirs) else 0.0


def leaning(cluster: Cluster) -> float:
    """Bits of how few outsiders come as near as half of the members do: a first look, any cut of a crowd may pass."""
    nearer, outside, _ = _nearer(cluster, float(np.median(cluster.own_cosines)))
    return float(-np.log2((1 + nearer) / (1 + outside))) - SELECTION


def weigh(cluster: Cluster) -> Evidence:
    """Bits of how few outsiders come three quarters as near to the cluster's contents as its own members do."""
    own = float(np.median(cluster.own_cosines))
    nearer, outside, usual = _nearer(cluster, NEAR * own)
    bits = -np.log2((1 + nearer) / (1 + outside)) - SELECTION if own > LEAST else -SELECTION
    says = (
        f"Half of these accounts ask for things as close to one another as {own:.2f} (1 is the same); "
        f"{nearer} of {outside:,} other accounts come three quarters as close."
    )
    bits = clip(bits, -SELECTION, 8)
    return Evidence("content", "one_subject", bits, round(own, 3), round(usual, 3), "AML.T0040", says)
