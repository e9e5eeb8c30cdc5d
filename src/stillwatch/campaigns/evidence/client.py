"""One way of setting temperature and length, in the hands of strangers.

Sees: a script that one operator runs through many accounts. Misses: settings left unset, or varied.
Innocent and alike: the defaults of a popular client (they are common outside, too, and so weigh nothing).
"""

import numpy as np
from scipy import stats

from stillwatch.campaigns.bits import clip
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence
from stillwatch.campaigns.population import Population
from stillwatch.profiles.state import UNSET

SELECTION = 4.0
WHOLE = 0.5  # share of them that one script sets alike; what fewer have in common is a habit of their trade
MOST = 3.5  # settings are few and copied from examples: never one of the two independent reasons


def usual_styles(population: Population) -> np.ndarray:
    """For each account the settings that it uses in most of its requests; UNSET where it leaves them open or varies."""
    styles, counts = population.profiles["styles"], population.profiles["styled"]
    most = counts.argmax(1)
    rows = np.arange(len(counts))
    dominant = counts[rows, most] >= 0.6 * population.profiles["requests"]
    return np.where(dominant, styles[rows, most], UNSET)


def weigh(cluster: Cluster) -> Evidence | None:
    """Bits of the share of parties with the cluster's commonest settings. None where most leave them open."""
    usual = usual_styles(cluster.population)
    own = usual[cluster.rows][np.unique(cluster.party, return_index=True)[1]]
    own = own[own != UNSET]
    if len(own) < 3:
        return None
    values, counts = np.unique(own, return_counts=True)
    commonest, k, n = values[counts.argmax()], int(counts.max()), len(own)
    outside = usual[cluster.others]
    outside = outside[outside != UNSET]
    share = (1 + (outside == commonest).sum()) / (2 + len(outside))
    surprise = -stats.binom.logsf(k - 1, n, min(0.9, 2 * share)) / np.log(2) - SELECTION
    bits = clip(surprise, -1, MOST) * (min(1.0, k / n / WHOLE) if surprise > 0 else 1.0)
    says = (
        f"{k} of the {n} customers here who set temperature and length set them exactly alike; "
        f"{share:.1%} of all others who set them use these values."
    )
    return Evidence("client", "same_settings", bits, k / n, round(float(share), 4), "AML.T0040", says)
