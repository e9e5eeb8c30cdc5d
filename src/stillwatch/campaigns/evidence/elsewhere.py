"""What other providers found: means and words of a campaign of theirs turn up among these accounts.

Sees: the part of a campaign that is too small to be seen by itself, once another provider saw more of it. Misses:
operators who buy everything anew for every provider and word their requests anew.
Innocent and alike: a public benchmark that a campaign uses as well (words alone never count as a reason of their own),
a disposable mail domain of many hands (what many others here have as well counts for less).

A signal is somebody else's word. It is weighed by how rare here is what it names, and by how far its contributors are
believed; it is one reason among the two that a report needs, and never the one that says what is taken.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import clip
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence
from stillwatch.campaigns.holdings import picked
from stillwatch.campaigns.signals import Having

SELECTION = 2.0  # bits: clusters were looked for; signals were not, there are as many as others sent
WHOLE = 0.15  # share of the parties that must be known for the signal to speak of the cluster and not of a few in it
MEANS_MOST, WORDS_MOST = 8.0, 3.5  # words are what is asked, seen twice: fewer bits than an independent reason needs
ACCOUNT_MOST = 6.0
ALIKE = 0.75  # of the best signal's bits: another provider's word about the same campaign

F64 = npt.NDArray[np.float64]


def weigh(cluster: Cluster) -> list[Evidence]:
    """Bits of the signal that fits best: the share of the parties it names, against everybody else's."""
    known = cluster.population.known
    if not known.signals or not len(cluster):
        return []
    of_means, of_words = _by_signal(cluster)
    best = int(np.argmax(of_means + of_words))
    found = []
    if of_means[best] > 0:
        found.append(_evidence(cluster, known.means, best, "known_means", float(of_means[best])))
    if of_words[best] > 0:
        found.append(_evidence(cluster, known.words, best, "known_words", float(of_words[best])))
    return found


def fitting(cluster: Cluster) -> tuple[int, ...]:
    """The signals (their numbers) that fit this cluster nearly as well as the one that is weighed.

    Several providers may have found one campaign; who merely shares a domain with it is another one.
    """
    known = cluster.population.known
    if not known.signals or not len(cluster):
        return ()
    of_means, of_words = _by_signal(cluster)
    bits = of_means + of_words
    return tuple(np.flatnonzero((bits > 0) & (bits >= ALIKE * bits.max())).tolist())


def by_account(cluster: Cluster) -> F64:
    """For every account the bits by which what the best signal names speaks for its belonging; 0 where none does."""
    population, out = cluster.population, np.zeros(len(cluster.population))
    bits = _bits(cluster, population.known.means, MEANS_MOST) if population.known.signals else np.zeros(0)
    if bits.max(initial=0) > 0:
        best = int(np.argmax(bits))
        inside, outside = _shares(cluster, population.known.means)
        strength = np.log2(inside[[best]] / outside[[best]]).clip(0, ACCOUNT_MOST)
        holders = population.known.means.held[:, [best]].tocoo().row
        out[holders] = _believed(strength, [population.known.signals[best].weight])[0]
    return out


def _shares(cluster: Cluster, having: Having) -> tuple[F64, F64]:
    """Of each signal the share of the cluster's parties and of all other accounts that it names; never 0."""
    held = having.held
    member, signal = picked(held, cluster.rows)
    pairs = np.unique(cluster.party[member] * max(1, held.shape[1]) + signal)
    inside = np.bincount(pairs % max(1, held.shape[1]), minlength=held.shape[1]) / max(1, cluster.parties)
    others = having.accounts - np.bincount(signal, minlength=held.shape[1])
    floor = 1 / max(1, cluster.population.accounts)
    return inside + floor, others / cluster.outsiders + floor


def _by_signal(cluster: Cluster) -> tuple[F64, F64]:
    """Bits of each signal's means and of its words."""
    known = cluster.population.known
    return _bits(cluster, known.means, MEANS_MOST), _bits(cluster, known.words, WORDS_MOST)


def _bits(cluster: Cluster, having: Having, most: float) -> F64:
    inside, outside = _shares(cluster, having)
    signals = cluster.population.known.signals
    chosen = SELECTION + np.log2(max(1, len(signals)))  # the best of many fits by chance
    reach = np.minimum(1.0, inside / WHOLE)
    several = inside * cluster.parties >= 2  # one customer alone may have bought a second-hand card or domain
    most_of = np.where(several, most, min(most, WORDS_MOST))
    return _believed((np.log2(inside / outside) * reach - chosen).clip(0, most_of), [s.weight for s in signals])


def _believed(bits: F64, weights: Sequence[float]) -> F64:
    """What is left of bits if their source is right only so often: it adds to the chances, not to the bits."""
    weight = np.array(weights)
    return np.log2(1 - weight + weight * 2**bits)


def _evidence(cluster: Cluster, having: Having, signal: int, name: str, bits: float) -> Evidence:
    inside, outside = (share[signal] for share in _shares(cluster, having))
    what = "use cards, mail domains or sign-up addresses" if name == "known_means" else "send words"
    campaign = cluster.population.known.signals[signal].id
    says = (
        f"{inside:.0%} of the customers in this group {what} of {campaign}, which another provider found; "
        f"{outside:.2%} of everybody else here do."
    )
    technique = "AML.T0021" if name == "known_means" else "AML.T0065"
    return Evidence(
        "alliance", name, clip(bits, 0, 8), round(float(inside), 3), round(float(outside), 4), technique, says
    )
