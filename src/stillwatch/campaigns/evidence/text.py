"""Words that come again and again in these accounts' requests, and hardly anywhere else.

Sees: a wrapper, a prefix, a system text, a rubric that many of the accounts send round changing content, also where it
is only a part of their traffic. Misses: no wrapper; every request worded afresh from scratch.
Innocent and alike: a popular client's prompt, a prompt that went round, a public benchmark, a product's system text.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import clip
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence

SELECTION = 4.0
COMMON_AMONG = 0.1  # a cluster's own words are held by this share of its members at least
LIFT = 8.0  # and this many times as often as by others

I64 = npt.NDArray[np.int64]


def own_words(cluster: Cluster) -> I64:
    """The shingles (columns of the population's text keys) that are the cluster's own."""
    held, n = cluster.held(cluster.population.keys["text"]), max(1, cluster.parties)
    common = held.parties >= max(3, COMMON_AMONG * n)
    return held.things[common & (held.parties / n >= LIFT * (held.outside + 0.5) / cluster.outsiders)]


def weigh(cluster: Cluster) -> Evidence:
    """Bits of the share of members that hold the cluster's own words, against others."""
    population = cluster.population
    holds = np.zeros(len(population), bool)
    holds[population.keys["text"].holders(own_words(cluster))[1]] = True
    inside = len(np.unique(cluster.party[holds[cluster.rows]])) / max(1, cluster.parties)
    outside = (holds & cluster.outside).sum() / max(1, len(cluster.others))
    floor = 1 / max(1, int(population.drawn.sum()))
    bits = np.log2((inside + floor) / (outside + floor)) - SELECTION if inside >= COMMON_AMONG else -1.0
    says = (
        f"{inside:.0%} of the customers in this group keep sending the same words, with other content round them; "
        f"{outside:.2%} of everybody else ever sent any of them."
    )
    bits, outside = clip(bits, -1, 8), round(float(outside), 4)
    return Evidence("text", "shared_text", bits, round(inside, 3), outside, "AML.T0065", says)
