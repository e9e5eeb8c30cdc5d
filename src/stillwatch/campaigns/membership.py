"""Who belongs to a cluster, account by account: the same evidence, asked of one account against the others.

A proposal is a rough cut. Here it grows by those who are like its members and loses those who are not, until it stays
as it is. An account's bits are log2 of the odds that it belongs: what it asks for, whether it sends the cluster's own
words, and whether it shares a card, a domain, an address or a conversation with members. To be named takes `LEAST`
bits; being near in content alone is bounded, so that it does not suffice where the contents are not far from what is
usual.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import median
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.evidence import content, elsewhere, text
from stillwatch.campaigns.evidence.text import own_words
from stillwatch.campaigns.evidence.time import in_step
from stillwatch.campaigns.holdings import Keys
from stillwatch.campaigns.operators import affinity
from stillwatch.campaigns.population import Population

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

LEAST = 4.0  # bits: sixteen to one
ROUNDS = 4
REASON = 2.0  # bits of shared things that are one: a mail domain of many hands is none
ISLAND = 4.0  # bits of content from which on hardly anybody else is near
SOME = 0.25  # planted campaigns have other reasons for a third of their accounts at least
FAIR = 0.9  # affinity of those with and without: samples of one work list come out at 0.95 and more
TAILS = 4  # degrees of freedom of Student's t: contents stray further than normal deviates
CONTENT_CAP, TEXT_CAP, LINK_CAP = 9.0, 10.0, 8.0
OTHERWISE_CAP, ABSENT_CAP = 4.0, 2.0  # least for other contents, for none of the words: a reseller has other custom too
STEP_CAP, STEP_SHARE = 4.0, 4.0  # unrelated programs may run at the same hours: a quarter of the bits, and four at most
FLOOR = 0.04  # least spread of cosines among members


@dataclass(frozen=True)
class Membership:
    """The accounts of a cluster (rows ascending) and the bits by which each belongs."""

    rows: I64
    bits: F64


def settle(population: Population, rows: I64) -> Membership:
    """Grow and prune a proposal until it stays as it is (or `ROUNDS` have passed)."""
    found = Membership(rows, np.zeros(len(rows)))
    for _ in range(ROUNDS):
        if len(found.rows) < 3:
            return found
        bits = belonging(Cluster(population, found.rows))
        kept = np.flatnonzero(bits >= LEAST)
        same = np.array_equal(kept, found.rows)
        found = Membership(kept, bits[kept])
        if same:
            break
    return _with_reasons(population, found)


def _with_reasons(population: Population, found: Membership) -> Membership:
    """Leave out whom only the subject of the requests names.

    Unless nobody else asks for anything like it, and those with another reason are no few and a fair sample of all. A
    wrapper of the cluster's own is such a reason; a subject or a turn of phrase is not.
    """
    if len(found.rows) < 3:
        return found
    cluster = Cluster(population, found.rows)
    linked = (_by_all_links(cluster)[found.rows] >= REASON) | (in_step(cluster, found.rows) >= STEP_SHARE / 2)
    another, words = linked, text.weigh(cluster)
    if words.observed >= 0.8 and words.expected <= 0.005:  # a wrapper that nearly all of them send, and nobody else
        another = linked | (_by_text(cluster)[found.rows] >= TEXT_CAP / 2)
    fair = affinity(cluster, linked) >= FAIR
    island = min(ISLAND, float(np.log2(population.accounts)) - content.SELECTION - 1)
    if fair and another.mean() >= SOME and content.weigh(cluster).bits >= island:
        return found
    kept = another if fair else linked  # who borrows a popular client's prompt does not make its users his
    return Membership(found.rows[kept], found.bits[kept])


def belonging(cluster: Cluster, *, links: bool = True) -> F64:
    """For every account of the population the bits by which it belongs to the cluster; members against the others.

    Without `links`, only what is asked and when counts: for judging the links themselves.
    """
    bits = np.log2(len(cluster) / cluster.outsiders) + _by_content(cluster) + _by_text(cluster)
    if links:
        bits += _by_all_links(cluster)
    open_ = np.flatnonzero(bits >= LEAST - STEP_CAP)  # for the others their hours change nothing
    bits[open_] += (in_step(cluster, open_) / STEP_SHARE).clip(-0.5, STEP_CAP)
    return bits


def without_links(cluster: Cluster) -> tuple[Cluster, float]:
    """Which of its accounts belong to a cluster by what they ask and when alone; and how many others do as well."""
    bits, others = belonging(cluster, links=False), cluster.others
    alike = np.delete(bits >= 0, cluster.rows).sum()  # of a sample, those who are there besides count as themselves
    drawn = (bits[others] >= 0).mean() * cluster.outsiders if len(others) else 0.0
    return Cluster(cluster.population, cluster.rows[bits[cluster.rows] >= 0]), max(float(alike), float(drawn))


def _by_content(cluster: Cluster) -> F64:
    """Log ratio of how usual an account's nearness is among members and among others with as many words."""
    population, rows = cluster.population, cluster.rows
    near = population.contents.cosines(cluster.centre[:, None].astype(np.float32))[:, 0].astype(np.float64)
    near[rows] = cluster.own_cosines
    size, bits = population.contents.sizes, np.zeros(len(population))
    level, spread = _among_members(size[rows], near[rows], size)
    for stratum in population.contents.strata:
        theirs = near[stratum[cluster.outside[stratum]]]
        if len(theirs) < 8:
            continue
        middle = median(theirs)
        wide = max(0.05, 1.4826 * median(np.abs(theirs - middle)))
        usual = _log_t((near[stratum] - middle) / wide) - np.log2(wide)
        bits[stratum] = _log_t(np.minimum(0, near[stratum] - level[stratum]) / spread) - np.log2(spread) - usual
    speaking = np.flatnonzero(bits > 0)
    bits[speaking] = np.minimum(bits[speaking], _rarity(near[speaking], near[cluster.outside]))
    return bits.clip(-OTHERWISE_CAP, CONTENT_CAP)


def _rarity(near: F64, others: F64) -> F64:
    """-log2 of the share of others that come at least as near: what many others do as well tells nobody apart.

    The others of a common language, trade or interest are no normal deviates of the crowd; they are counted.
    """
    nearer = len(others) - np.searchsorted(np.sort(others), near, side="left")
    return -np.log2((nearer + 1) / (len(others) + 1))


def _log_t(x: F64) -> F64:
    """log2 of Student's density with TAILS degrees of freedom, up to a constant."""
    return -(TAILS + 1) / 2 * np.log2(1 + x**2 / TAILS)


def _among_members(size: F64, near: F64, all_sizes: F64) -> tuple[F64, float]:
    """How near a member with so many words is expected to be, and how far members stray from that.

    Few words point less surely: nearness grows with their number, along a line fitted to the members.
    """
    centred = size - size.mean()
    slope = max(0.0, float((centred * near).sum() / ((centred**2).sum() + 10)))
    usual, middle = median(near), median(size)
    expected = usual + slope * (all_sizes - middle)
    strays = np.abs(near - (usual + slope * (size - middle)))
    return expected.clip(0.1, 0.99), max(FLOOR, 1.4826 * median(strays))


def _by_text(cluster: Cluster) -> F64:
    """Bits of how many of the cluster's own words (0 to 3 or more) an account holds."""
    population, rows = cluster.population, cluster.rows
    holders = population.keys["text"].holders(own_words(cluster))[1]
    count = np.minimum(3, np.bincount(holders, minlength=len(population)))
    inside = np.bincount(count[rows], minlength=4) + 0.25
    outside = np.bincount(count[cluster.outside], minlength=4) + 0.25
    bits = np.log2(inside / inside.sum() / (outside / outside.sum()))
    bits[1:] = np.maximum.accumulate(bits[1:].clip(0))  # more of them never says less
    return bits.clip(-ABSENT_CAP, TEXT_CAP)[count]


def _by_all_links(cluster: Cluster) -> F64:
    """Bits of everything that an account shares with members of other parties."""
    names = ("payment", "mail_domain", "address", "turn")
    shared = [_by_links(cluster, cluster.population.keys[name]) for name in names] + [elsewhere.by_account(cluster)]
    return np.minimum(np.sum(shared, axis=0), LINK_CAP)


def _by_links(cluster: Cluster, keys: Keys) -> F64:
    """Bits of the rarest thing that an account shares with a member of another party."""
    population, rows = cluster.population, cluster.rows
    if not keys.held.shape[1]:
        return np.zeros(len(population))
    held = cluster.held(keys)

    def strength(inside: I64) -> F64:
        odds = np.log2((np.maximum(inside, 0) + 0.1) / len(rows) / ((held.outside + 0.5) / cluster.outsiders))
        return np.where(inside > 0, odds.clip(0, 6), 0)

    bits = _largest(keys, held.things, strength(held.parties))
    bits[rows] = _largest(keys, held.things, strength(held.parties - 1))[rows]
    return bits * population.tells if keys.name == "turn" else bits


def _largest(keys: Keys, things: I64, strength: F64) -> F64:
    """For each account the strength of the strongest thing it holds."""
    strong = np.flatnonzero(strength > 0)
    which, holders = keys.holders(things[strong])
    out = np.zeros(keys.held.shape[0])
    np.maximum.at(out, holders, strength[strong][which])
    return out
