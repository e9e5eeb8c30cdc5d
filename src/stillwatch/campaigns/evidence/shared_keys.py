"""Things that strangers share: cards, mail domains, addresses, other people's conversations.

Sees: cards, private or disposable mail domains, addresses and conversation turns that parties of the cluster have in
common although they are openly nothing to each other. How many such things a cluster of this size would show by chance
follows from how widely each is held in the whole log, so that a popular mail provider or a carrier's address counts for
nothing.
Misses: operators who buy a card, a domain and an address for every account.
Innocent and alike: a team, a class, a company (they are one party, see `campaigns.parties`); customers of one reseller.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

from stillwatch.campaigns.bits import absence, clip, surprise_of_many
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence
from stillwatch.campaigns.holdings import Keys

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

RARE = 100
COMMON, COMMON_SHARE = 20, 0.005  # what more outsiders hold is common property: a mail provider, a carrier, small talk
SLACK = 0.25  # added to what is expected: chance links are less even than a Poisson count
WHOLE = 0.15  # share of the parties that must hold such things for them to speak of the cluster and not of a few in it
USUAL_RATE = 0.1  # shared things per party that campaigns show as a rule, half of what the published ones did

_WORDS = {
    "payment": ("payment cards", "AML.T0021", 12.0),
    "mail_domain": ("mail domains", "AML.T0021", 9.0),
    "address": ("network addresses", "AML.T0008.005", 3.5),  # the weakest: addresses are rented, shared and sold
    "turn": ("turns of conversations, presented by accounts that never asked them,", "AML.T0012", 10.0),
}


def weigh(cluster: Cluster, keys: Keys, beside: float = 0.0) -> Evidence | None:
    """Bits of the things of one kind that two or more of the cluster's parties hold. None where nobody holds any.

    Args:
        cluster: accounts that were not chosen for what they share.
        keys: the kind of thing.
        beside: how many more might as well have been chosen. They are counted as holding nothing: whoever picks those
            who share something out of a crowd finds that they do.
    """
    if not keys.held.shape[1]:
        return None
    words, technique, most = _WORDS[keys.name]
    things, expected = _strikingly_shared(cluster, keys, beside)
    observed, reach = len(things), _reach(cluster, keys, things, beside)
    bits = min(most, surprise_of_many(observed, 1.5 * expected + SLACK)) * min(1.0, reach / WHOLE)
    if not observed and keys.family == "sign_up":
        bits = absence(cluster.parties, USUAL_RATE)
    says = (
        f"{observed} {words} are shared by accounts that are openly nothing to each other "
        f"({reach:.0%} of the customers who ask alike); {expected:.1f} would be by chance among as many."
    )
    return Evidence(keys.family, keys.name, clip(bits, -2.5, most), observed, round(expected, 3), technique, says)


def striking(cluster: Cluster, keys: Keys) -> I64:
    """The things (columns) of one kind that strangers of the cluster share strikingly often."""
    return _strikingly_shared(cluster, keys)[0] if keys.held.shape[1] else np.zeros(0, np.int64)


def _strikingly_shared(cluster: Cluster, keys: Keys, beside: float = 0.0) -> tuple[I64, float]:
    """Which things are held by more of the cluster's parties than chance would do once in `RARE` times.

    And how many things would look so if as many accounts were drawn at random. Accounts, not parties: a company of ten
    has ten chances to hold a popular domain.
    """
    held, accounts = cluster.held(keys), cluster.population.accounts
    share, common = _share(cluster, keys, beside), max(COMMON, COMMON_SHARE * accounts)
    rare = held.outside <= common
    # what the cluster itself holds is no background: it counts half
    least, tails = _striking(held.outside[rare] + (held.members[rare] + 1) // 2, share)
    degrees, counts = keys.degrees
    others = counts - np.bincount(np.searchsorted(degrees, keys.degree[held.things]), minlength=len(degrees))
    few = degrees <= common
    expected = float(tails.sum() + (others[few] * _by_degree(keys, share, degrees[few])).sum())
    return held.things[rare][held.parties[rare] >= least], expected


def _by_degree(keys: Keys, share: float, degrees: I64) -> F64:
    """How often chance has a thing of each degree strikingly held; clusters of about one size ask alike."""
    if share not in keys.chances:
        keys.chances[share] = _striking(degrees, share)[1]
    return keys.chances[share]


def _share(cluster: Cluster, keys: Keys, beside: float) -> float:
    """The chance that a holder of a thing is one of so many accounts, if they are like everybody.

    Or like those who hold common property of that kind, if that is more: people come through carriers, firms do not.
    Rounded up by an eighth of a bit at most, so that clusters of about one size ask alike.
    """
    held, (degrees, counts) = cluster.held(keys), keys.degrees
    holders = int((degrees * counts)[degrees > COMMON].sum())
    among_all = len(cluster) / max(1, cluster.population.accounts)
    among_holders = int(held.members[held.outside > COMMON].sum()) / max(1, holders)
    share = max(among_all, among_holders, 1e-12) * (1 + beside / max(1, len(cluster)))
    return min(1.0, float(2 ** (np.ceil(8 * np.log2(share)) / 8)))


def _striking(degree: I64, share: float) -> tuple[F64, F64]:
    """From how many parties on a thing of that degree is strikingly held, and how often chance brings that about."""
    least = np.maximum(2, stats.binom.isf(1 / RARE, degree, share) + 1)
    return np.asarray(least), np.asarray(stats.binom.sf(least - 1, degree, share))


def _reach(cluster: Cluster, keys: Keys, things: I64, beside: float) -> float:
    """The share of the cluster's parties that hold any of these things."""
    holds = np.isin(cluster.rows, keys.holders(things)[1])
    return len(np.unique(cluster.party[holds])) / max(1.0, cluster.parties + beside)
